# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source import (
    SourceError,
    build_archive,
    make_archive,
    name_version,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_archive import unpack_archive

DEFAULTS: dict[str, Any] = {
    "directory": None,
    "git": None,
    "ref": "HEAD",
    "archive": None,
    "exclude": [],
    "version": None,
}


def tree(folder: Path) -> Path:
    root = folder / "source"
    (root / "lib").mkdir(parents=True)
    (root / "server.js").write_text("listen()")
    (root / "lib/app.js").write_text("app()")
    (root / "run").write_text("#!/bin/sh")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("lib/app.js")
    return root


def make(folder: Path, **options: Any) -> dict[str, Any]:
    """The result of the module, with the keys of its artifact at the top."""
    made = make_archive({**DEFAULTS, "cache": str(folder / "cache"), **options})
    return {**made, **made.pop("artifact")}


def names(result: dict[str, Any]) -> list[str]:
    with tarfile.open(result["path"]) as tar:
        return tar.getnames()


def git(folder: Path, *arguments: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a"}
    settings = {**os.environ, **who, "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=settings)


def repository(folder: Path) -> Path:
    root = tree(folder)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / ".gitignore").write_text("*.log\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=one")
    git(root, "tag", "v1.0.0")
    return root


def test_the_same_content_is_the_same_archive_byte_for_byte(tmp_path: Path) -> None:
    first = make(tmp_path / "a", directory=str(tree(tmp_path / "a")))
    other = tree(tmp_path / "b")
    os.utime(other / "server.js", (1, 1))
    (other / "server.js").chmod(0o600)
    second = make(tmp_path / "b", directory=str(other))
    assert first["digest"] == second["digest"]
    assert Path(first["path"]).read_bytes() == Path(second["path"]).read_bytes()


def test_other_users_of_the_controller_cannot_read_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = str(tree(tmp_path))
    make(tmp_path, directory=source)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    # The default one, which an earlier version has made.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    default = tmp_path / "home/groundwork/releases"
    default.mkdir(parents=True)
    default.chmod(0o755)
    assert Path(make(tmp_path, directory=source, cache=None)["path"]).parent == default
    assert default.stat().st_mode & 0o777 == 0o700
    # One that several users share.
    (tmp_path / "cache").chmod(0o770)
    make(tmp_path, directory=source)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o770


@pytest.mark.parametrize("change", ["content", "name", "executable", "link"])
def test_every_difference_is_another_digest(tmp_path: Path, change: str) -> None:
    root = tree(tmp_path)
    before = make(tmp_path, directory=str(root))["digest"]
    if change == "content":
        (root / "server.js").write_text("other()")
    elif change == "name":
        (root / "server.js").rename(root / "main.js")
    elif change == "executable":
        (root / "server.js").chmod(0o755)
    else:
        (root / "link").unlink()
        (root / "link").symlink_to("server.js")
    assert make(tmp_path, directory=str(root))["digest"] != before


def test_excluded_directories_are_left_out(tmp_path: Path) -> None:
    root = tree(tmp_path)
    for name in ("node_modules/x", ".venv/bin", "lib/__pycache__"):
        (root / name).mkdir(parents=True)
        (root / name / "file").write_text("x")
    (root / "notes.md").write_text("x")
    result = make(tmp_path, directory=str(root), exclude=["*.md"])
    assert names(result) == ["lib/app.js", "link", "run", "server.js"]
    assert result["version"] == result["digest"][:12]


def test_a_checkout_gives_what_git_does_not_ignore(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / "debug.log").write_text("x")
    (root / "new.js").write_text("uncommitted")
    (root / "run").unlink()
    assert names(make(tmp_path, directory=str(root))) == [".gitignore", "lib/app.js", "link", "new.js", "server.js"]


def test_a_directory_inside_a_checkout_is_its_own_root(tmp_path: Path) -> None:
    root = repository(tmp_path)
    assert names(make(tmp_path, directory=str(root / "lib"))) == ["app.js"]


def test_a_tag_of_a_repository(tmp_path: Path) -> None:
    root = repository(tmp_path)
    (root / "server.js").write_text("later()")
    git(root, "commit", "--quiet", "--all", "--message=two")
    result = make(tmp_path, git=str(root), ref="v1.0.0")
    assert result["version"].startswith("v1.0.0-")
    unpack_archive(Path(result["path"]), tmp_path / "out")
    assert (tmp_path / "out/server.js").read_text() == "listen()"
    assert make(tmp_path, git=str(root))["digest"] != result["digest"]


def test_the_commit_is_that_of_the_ref(tmp_path: Path) -> None:
    root = repository(tmp_path)
    tagged = head(root)
    (root / "server.js").write_text("later()")
    git(root, "commit", "--quiet", "--all", "--message=two")
    assert make(tmp_path, git=str(root), ref="v1.0.0")["commit"] == tagged
    assert make(tmp_path, git=str(root))["commit"] == head(root) != tagged


def test_the_commit_of_a_directory_is_the_last_one_that_changed_it(tmp_path: Path) -> None:
    root = repository(tmp_path)
    first = head(root)
    (root / "server.js").write_text("later()")
    assert make(tmp_path, directory=str(root))["commit"] == f"{first}-dirty"
    assert make(tmp_path, directory=str(root / "lib"))["commit"] == first
    git(root, "commit", "--quiet", "--all", "--message=two")
    assert make(tmp_path, directory=str(root))["commit"] == head(root)
    assert make(tmp_path, directory=str(root / "lib"))["commit"] == first
    (root / "lib" / "new.js").write_text("uncommitted")
    assert make(tmp_path, directory=str(root / "lib"))["commit"] == f"{first}-dirty"


def test_a_source_outside_a_checkout_has_no_commit(tmp_path: Path) -> None:
    root = tree(tmp_path)
    assert make(tmp_path, directory=str(root))["commit"] == ""
    git(root, "init", "--quiet")  # and none yet
    assert make(tmp_path, directory=str(root))["commit"] == ""
    with tarfile.open(tmp_path / "given.tar.gz", "w:gz") as tar:
        tar.add(root, arcname=".")
    assert make(tmp_path, archive=str(tmp_path / "given.tar.gz"))["commit"] == ""


def head(root: Path) -> str:
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_missing_ref_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="git fetch"):
        make(tmp_path, git=str(repository(tmp_path)), ref="v9")


@pytest.mark.parametrize("top", ["", "app-1.0/"])
def test_an_archive_with_or_without_a_directory_at_the_top(tmp_path: Path, top: str) -> None:
    root = tree(tmp_path)
    with tarfile.open(tmp_path / "given.tar.gz", "w:gz") as tar:
        tar.add(root, arcname=top or ".")
    assert (
        make(tmp_path, archive=str(tmp_path / "given.tar.gz"))["digest"]
        == make(tmp_path, directory=str(root))["digest"]
    )


@pytest.mark.parametrize("source", [{"directory": "/nowhere"}, {"archive": "/nowhere.tgz"}])
def test_a_missing_source_is_an_error(tmp_path: Path, source: dict[str, str]) -> None:
    with pytest.raises(SourceError, match="/nowhere"):
        make(tmp_path, **source)


def test_an_empty_source_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no files"):
        make(tmp_path, directory=str(tmp_path))


@pytest.mark.parametrize(
    ("ref", "expected"), [("HEAD", "0123456789ab"), ("0123456", "0123456789ab"), ("refs/tags/v2", "v2-0123456789ab")]
)
def test_versions(ref: str, expected: str) -> None:
    assert name_version(ref, "0123456789abcdef") == expected


@pytest.mark.parametrize("is_checkout", [False, True])
def test_names_that_are_no_utf_8_are_rejected(tmp_path: Path, is_checkout: bool) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "wsgi.py").write_text("app = 1")
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "w", encoding="utf-8") as file:
        file.write("x")
    if is_checkout:
        git(folder, "init", "-q")
    with pytest.raises(SourceError, match=r"the names of caf\\xe9\.txt, or what they link to, are not UTF-8 \(rename"):
        make(tmp_path, directory=str(folder))
    result = build_archive({**DEFAULTS, "directory": str(folder), "cache": str(tmp_path / "cache")}, False)
    assert result["failed"]
    assert "caf\\xe9.txt" in result["msg"]
