# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the scripts refuse, and what they leave."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A directory with what scripts/release reads, for a version 1.2.0 that is in the changelog."""
    for directory in ("scripts", "changelogs/fragments"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("release", "versions"):
        shutil.copy(CHECKOUT / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / ".venv").symlink_to(CHECKOUT / ".venv")
    (tmp_path / "galaxy.yml").write_text("{namespace: groundwork, name: aws, version: 1.2.0}\n")
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases: {1.1.0: {}, 1.2.0: {}}\n")
    (tmp_path / "changelogs" / "fragments" / ".keep").touch()
    return tmp_path


@pytest.mark.parametrize("tag", ["1.3.0", "v1.3.0", "v1.1.0"])
def test_a_release_of_another_version_than_that_of_the_collection_is_refused(copied: Path, tag: str) -> None:
    done = run(copied / "scripts" / "release", tag)
    assert done.returncode == 1
    assert done.stderr == (
        f"Nothing was built for {tag.removeprefix('v')}: galaxy.yml says version 1.2.0. Change one of the two.\n"
    )
    assert not (copied / "dist").exists()


def test_a_release_that_the_changelog_does_not_have_is_refused(copied: Path) -> None:
    (copied / "changelogs" / "changelog.yaml").write_text("releases: {1.1.0: {}}\n")
    done = run(copied / "scripts" / "release", "v1.2.0")
    assert done.returncode == 1
    assert "Nothing was built for 1.2.0: changelogs/changelog.yaml has no such release." in done.stderr


@pytest.mark.parametrize("name", ["nat.yml", "nat.yaml"])
def test_a_release_with_fragments_that_are_in_no_release_is_refused(copied: Path, name: str) -> None:
    (copied / "changelogs" / "fragments" / name).touch()
    done = run(copied / "scripts" / "release", "v1.2.0")
    assert done.returncode == 1
    assert "changelogs/fragments has fragments that belong to no release" in done.stderr


def test_a_release_without_a_version_says_how_to_name_one(copied: Path) -> None:
    done = run(copied / "scripts" / "release")
    assert done.returncode == 2
    assert "scripts/release 0.1.0" in done.stderr


@pytest.fixture
def without_pythons(copied: Path) -> dict[str, str]:
    """A PATH on which there is no Python."""
    (copied / "bin").mkdir()
    (copied / "bin" / "dirname").symlink_to(shutil.which("dirname") or "")
    return {"PATH": str(copied / "bin"), "PYENV_ROOT": str(copied)}


@pytest.mark.parametrize(
    ("name", "core", "python"),
    [
        ("2.19", "2.19", "3.11"),
        ("oldest", "2.19", "3.11"),
        ("2.20", "2.20", "3.12"),
        ("2.21", "2.21", "3.13"),
        ("newest", "2.21", "3.13"),
    ],
)
def test_a_version_that_is_asked_for_fails_without_its_python(
    copied: Path, without_pythons: dict[str, str], name: str, core: str, python: str
) -> None:
    done = run(copied / "scripts" / "versions", name, **without_pythons)
    assert done.returncode == 1
    assert done.stderr == f"ansible-core {core}: not tested, Python {python} with venv is not installed\n"


def test_versions_are_left_out_without_their_python_when_none_is_asked_for(
    copied: Path, without_pythons: dict[str, str]
) -> None:
    done = run(copied / "scripts" / "versions", **without_pythons)
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["ansible-core 2.19", "ansible-core 2.21"]


def test_an_unknown_version_is_refused(copied: Path, without_pythons: dict[str, str]) -> None:
    done = run(copied / "scripts" / "versions", "2.18", **without_pythons)
    assert done.returncode == 2
    assert "not 2.18" in done.stderr


@pytest.mark.parametrize(
    ("inventory", "message"),
    [
        ("", "INVENTORY is empty: name a directory or file, as in INVENTORY=inventories/aws, or leave INVENTORY out"),
        ("a b", "There is no inventory 'a b' in {}: name a directory or file that is there"),
        ("a\nb", "There is no inventory 'a?b' in {}: name a directory or file that is there"),
        ("x,y", "ansible reads 'x,y' as a list of hosts: rename the inventory so that its path has no comma"),
        ("pipe", "There is no inventory 'pipe' in {}: name a directory or file that is there"),
    ],
)
def test_an_inventory_that_cannot_be_used_is_refused(inventory: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x,y").mkdir()
    os.mkfifo(tmp_path / "pipe")
    done = subprocess.run(
        [CHECKOUT / "scripts/check_inventory", inventory], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(message.format(tmp_path))
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("inventory", ["inventories/my aws", "it's"])
@pytest.mark.parametrize("target", ["validate", "site", "play-status"])
def test_make_passes_an_inventory_on_as_one_word(inventory: str, target: str, tmp_path: Path) -> None:
    """`make` itself splits its variables at spaces."""
    (tmp_path / "scripts").mkdir()
    for name in ("setup", "validate", "play"):
        script = tmp_path / "scripts" / name
        script.write_text(f'#!/bin/sh\n[ {name} = setup ] || printf "%s\\n" "$1"\n')
        script.chmod(0o755)
    command = ["make", "-s", "-f", CHECKOUT / "Makefile", target, f"INVENTORY={inventory}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == f"{inventory}\n", done.stderr


def test_make_validates_without_an_inventory_where_none_is_named(tmp_path: Path) -> None:
    command = ["make", "-n", "-f", CHECKOUT / "Makefile", "validate"]
    # Also the make that runs the tests names itself in the environment, and would have this one print directories.
    left_out = ("INVENTORY", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1].strip() == "scripts/validate"


ALL_CHECKS = [
    "examples/api/requirements-dev.txt",
    "roles/tool/files/tool.txt",
    "examples/web/package-lock.json",
    "roles/manager/files/package-lock.json",
    ".venv",
]


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A checkout with one lock of each kind, in which the tools are stubs that fail where their variable says so."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(CHECKOUT / "scripts" / "audit", tmp_path / "scripts" / "audit")
    for lock in ALL_CHECKS[:-1]:
        (tmp_path / lock).parent.mkdir(parents=True)
        (tmp_path / lock).touch()
    for stub in (".venv/bin/pip", ".venv/bin/npm", ".venv/audit/bin/python", ".venv/audit/bin/pip-audit"):
        path = tmp_path / stub
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#!/bin/sh\necho "$(basename "$0") $*"\ncase "$(basename "$0") $*" in $FAIL) exit 1 ;; esac\n')
        path.chmod(0o755)
    (tmp_path / ".venv/bin/python").symlink_to(CHECKOUT / ".venv/bin/python")
    return tmp_path


def list_checks(output: str) -> list[str]:
    return [line.removeprefix("== ") for line in output.splitlines() if line.startswith("== ")]


def test_an_audit_looks_up_everything_that_is_locked_or_pinned(audited: Path) -> None:
    done = run(audited / "scripts" / "audit", FAIL="none")
    assert (done.returncode, done.stderr) == (0, "")
    assert list_checks(done.stdout) == ALL_CHECKS
    # Without it, what cannot be looked up would pass.
    assert done.stdout.count("pip-audit --strict") == 3
    assert done.stdout.count("npm audit") == 2


@pytest.mark.parametrize("failing", ["*requirements-dev.txt", "npm audit*", "*site-packages"])
def test_an_audit_goes_on_after_a_finding_and_fails_in_the_end(audited: Path, failing: str) -> None:
    done = run(audited / "scripts" / "audit", FAIL=failing)
    assert done.returncode == 1
    assert list_checks(done.stdout) == ALL_CHECKS
    assert "Advisories were found, or could not be looked up" in done.stderr
