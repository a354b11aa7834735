# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command that builds a Python release installs from the lock that validation has looked at."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
HASHED = "flask==3.1.3 --hash=sha256:0\n"


def build_command(uv: Path) -> str:
    text = (CHECKOUT / "roles/app/vars/main.yml").read_text(encoding="utf-8")
    variables = {**yaml.safe_load(text), "gunicorn_python": "python3"}
    command: str = variables["app_builds"]["gunicorn"]
    while "{{" in command:
        command = re.sub(r"\{\{ (\w+) \}\}", lambda match: variables[match[1]], command)
    return command.replace("/usr/local/bin/uv", str(uv))


def build(
    folder: Path, files: dict[str, str], fail: str = "(nothing)"
) -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Run the build with an uv that only notes what it is asked, and fails on what holds the text ``fail``."""
    source, log, uv = folder / "source", folder / "log", folder / "uv"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    source.mkdir(exist_ok=True)
    (source / ".venv").mkdir()
    uv.write_text(
        f'#!/bin/sh\necho "$*" >> {log}\ncase "$*" in *"{fail}"*) echo told >&2; exit 3;; esac\n', encoding="utf-8"
    )
    uv.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-ec", build_command(uv)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    return log.read_text(encoding="utf-8").splitlines(), done


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"requirements.txt": HASHED}, ["--require-hashes --requirement requirements.txt"]),
        ({"requirements.txt": "flask==3.1.3\n"}, ["--python .venv/bin/python --requirement requirements.txt"]),
        (
            {".groundwork/requirements.txt": HASHED, "poetry.lock": "", "requirements.txt": "x"},
            ["--require-hashes --requirement .groundwork/requirements.txt"],
        ),
        (
            {"uv.lock": "", "pyproject.toml": "[project]\n", "requirements.txt": HASHED},
            ["--output-file .venv/requirements.txt", "--require-hashes --requirement .venv/requirements.txt"],
        ),
        (
            {"uv.lock": "", "pyproject.toml": "[project]\n[build-system]\n"},
            [
                "--output-file .venv/requirements.txt",
                "--require-hashes --requirement .venv/requirements.txt",
                "--no-deps --editable .",
            ],
        ),
    ],
)
def test_what_is_installed(files: dict[str, str], commands: list[str], tmp_path: Path) -> None:
    log, done = build(tmp_path, files)
    assert done.returncode == 0, done.stderr
    assert len(log) == len(commands) + 1
    assert all(line.endswith(command) for line, command in zip(log[1:], commands, strict=True)), log


@pytest.mark.parametrize(
    ("files", "text"),
    [({}, "no uv.lock, poetry.lock or requirements.txt"), ({"poetry.lock": ""}, "playbooks/validate.yml says why")],
)
def test_a_source_that_cannot_be_installed_says_so(files: dict[str, str], text: str, tmp_path: Path) -> None:
    _log, done = build(tmp_path, files)
    assert done.returncode == 1
    assert text in done.stderr


@pytest.mark.parametrize("fail", ["venv", "export", "install"])
def test_a_command_that_fails_fails_the_build(fail: str, tmp_path: Path) -> None:
    log, done = build(tmp_path, {"uv.lock": "", "pyproject.toml": "[build-system]\n"}, fail)
    assert done.returncode == 3
    assert fail in log[-1]
