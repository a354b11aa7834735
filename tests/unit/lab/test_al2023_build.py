# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes into the build of the stand-in, and when it is built again."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lab.al2023 import build
from lab.al2023.table import HERE, read_table


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the recipe that a test may change."""
    copy = tmp_path / "al2023"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(build, "HERE", copy)
    return copy


@pytest.mark.parametrize("name", ["Dockerfile", "packages.yml", "specs/nginx.spec", "guest/turn.sh"])
def test_another_recipe_is_another_image(recipe: Path, name: str) -> None:
    before = build.recipe_digest("sha256:1")
    assert before == build.recipe_digest("sha256:1")
    (recipe / name).write_text((recipe / name).read_text() + "\n# changed\n")
    assert build.recipe_digest("sha256:1") != before


def test_another_guest_image_is_another_image() -> None:
    assert build.recipe_digest("sha256:1") != build.recipe_digest("sha256:2")


def test_the_context_holds_what_the_dockerfile_copies(tmp_path: Path) -> None:
    build.write_context(tmp_path)
    copied = {
        word
        for line in (tmp_path / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied
    assert all((tmp_path / word).exists() for word in copied)
    assert "nginx" not in (tmp_path / "preinstalled").read_text().split()
    assert "chrony" in (tmp_path / "preinstalled").read_text().split()


def fake_rpm(directory: Path, files: str) -> None:
    """An rpm that knows every package as nginx with these files."""
    program = directory / "rpm"
    program.write_text(
        f"#!/bin/sh\ncase $* in *--queryformat*) printf nginx ;; *--list*) printf '%s\\n' {files} ;; *) : ;; esac\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [("/usr/sbin/nginx", ""), ("/usr/bin/other", "nginx: paths /usr/sbin/nginx is claimed but not so")],
)
def test_packages_are_compared_with_the_table(tmp_path: Path, files: str, complaint: str) -> None:
    fake_rpm(tmp_path, files)
    (tmp_path / "nginx.rpm").touch()
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"nginx": [{"about": "paths", "source": "x", "values": ["/usr/sbin/nginx"]}]}))
    done = subprocess.run(
        [sys.executable, str(HERE / "guest/check.py"), str(table), str(tmp_path)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == complaint
    assert bool(done.returncode) == bool(complaint)


def test_the_claims_of_every_package_reach_the_build() -> None:
    assert set(json.loads(read_table().as_json())) == set(read_table().packages)
