# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The code of managed hosts works with Python 3.9, Amazon Linux 2023's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import ansible
import pytest

CHECKOUT = Path(__file__).resolve().parents[4]
COLLECTION = Path("ansible_collections/groundwork/aws/plugins")
HOST_CODE = sorted((CHECKOUT / "plugins/module_utils/_host").glob("*.py"))
HOST_MODULES = [
    file
    for file in sorted((CHECKOUT / "plugins/modules").glob("*.py"))
    if "plugins.module_utils._host" in file.read_text(encoding="utf-8")
]


def find_python39() -> str | None:
    """A Python 3.9 that starts: on PATH, where pyenv may have a shim without a version, or in pyenv."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [shutil.which("python3.9"), *map(str, sorted(root.glob("versions/3.9.*/bin/python3.9")))]
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A search path with what Ansible sends to a host: its module_utils, a module, and the host code."""
    (tmp_path / "ansible").mkdir()
    (tmp_path / "ansible/__init__.py").touch()
    (tmp_path / "ansible/module_utils").symlink_to(Path(ansible.__file__).parent / "module_utils")
    folder = tmp_path / COLLECTION
    for name in ("module_utils/_host", "modules"):
        (folder / name).mkdir(parents=True)
    for file in HOST_CODE:
        shutil.copy(file, folder / "module_utils/_host")
    for file in HOST_MODULES:
        shutil.copy(file, folder / "modules")
    return tmp_path


def test_every_file_of_managed_hosts_is_imported_by_python_39(
    packages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(HOST_MODULES) > 3
    python = find_python39()
    if python is None:
        with capsys.disabled():
            print("\nThere is no Python 3.9 on PATH or in pyenv: host code was not imported with it")
        return
    prefix = ".".join(COLLECTION.parts)
    names = [f"{prefix}.module_utils._host.{file.stem}" for file in HOST_CODE if file.stem != "__init__"]
    names += [f"{prefix}.modules.{file.stem}" for file in HOST_MODULES]
    script = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    environment = {"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [python, "-c", script, *names], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
