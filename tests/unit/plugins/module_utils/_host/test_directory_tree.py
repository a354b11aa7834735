# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Directories that a service has filled: of any depth, and changed while they are walked."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import directory_tree
from ansible_collections.groundwork.aws.plugins.module_utils._host.directory_tree import remove_tree, walk_contents
from ansible_collections.groundwork.aws.plugins.module_utils._host.file_reconciler import FileReconciler
from ansible_collections.groundwork.aws.plugins.module_utils._host.ownership import change_owner
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_store import ReleaseStore

# Deeper than Python recurses, and a path is longer than Linux takes one (PATH_MAX).
DEPTH = 1500
USER = 54321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def nest(root: Path, depth: int = DEPTH) -> None:
    """Directories in each other, with a file in the last one."""
    root.mkdir()
    folder = os.open(root, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("directory", dir_fd=folder)
        below = os.open("directory", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A deep tree. pytest could not remove it."""
    nest(tmp_path / "deep")
    yield tmp_path / "deep"
    subprocess.run(["rm", "-rf", str(tmp_path / "deep")], check=True)


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """A limit for open files that is far below the depth."""
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 100, former[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, former)


def list_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def names(root: Path) -> list[str]:
    return [name for _folder, name, _status in walk_contents(root)]


def test_a_directory_comes_after_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    (tmp_path / "a" / "other").write_text("x")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    found = names(tmp_path)
    assert sorted(found) == ["a", "b", "file", "link", "other", "pipe"]
    assert found.index("file") < found.index("b") < found.index("a")
    assert found.index("other") < found.index("a")


def test_an_empty_directory_has_no_contents(tmp_path: Path) -> None:
    assert names(tmp_path) == []


def test_a_deep_tree_is_walked_with_few_descriptors(deep: Path, few_descriptors: None) -> None:
    before = list_open()
    found = names(deep)
    assert found == ["file", *["directory"] * DEPTH]
    assert list_open() == before


def test_a_deep_tree_is_removed(deep: Path, few_descriptors: None) -> None:
    remove_tree(deep)
    assert not deep.exists()


@as_root
def test_a_deep_tree_gets_another_owner(deep: Path, few_descriptors: None) -> None:
    change_owner(deep, USER, USER)
    assert {status.st_uid for _folder, _name, status in walk_contents(deep)} == {USER}
    assert deep.stat().st_uid == USER


def test_a_release_with_a_deep_tree_is_removed(tmp_path: Path, deep: Path) -> None:
    store = ReleaseStore(tmp_path / "srv")
    store.releases.mkdir(parents=True)
    deep.rename(store.path(3))
    store.remove(3)
    assert list(store.releases.iterdir()) == []


def test_the_module_files_removes_a_deep_tree(deep: Path) -> None:
    entry = {"path": str(deep), "state": "absent", "recursive": True, "owner": "root", "group": "root", "mode": None}
    assert FileReconciler(check_mode=False).run([entry])["changed_paths"] == [str(deep)]
    assert not deep.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("x")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")
    remove_tree(tmp_path / "tree")
    assert (tmp_path / "outside" / "kept").exists()
    (tmp_path / "tree").symlink_to("outside")
    with pytest.raises(OSError, match=r"Too many levels|Not a directory"):
        remove_tree(tmp_path / "tree")
    assert (tmp_path / "outside" / "kept").exists()


def test_a_directory_that_becomes_a_link_before_it_is_opened_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_text("x")
    (tmp_path / "tree" / "a").mkdir(parents=True)
    real = os.open

    def exchange(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if path == "a":
            (tmp_path / "tree" / "a").rmdir()
            (tmp_path / "tree" / "a").symlink_to(tmp_path / "outside")
        return real(path, flags, *more, **options)

    monkeypatch.setattr(directory_tree.os, "open", exchange)
    ((_folder, name, status),) = list(walk_contents(tmp_path / "tree"))
    assert (name, stat.S_ISLNK(status.st_mode)) == ("a", True)


def test_an_entry_that_disappears_is_left_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("x")
    found = []
    for _folder, name, _status in walk_contents(tmp_path):
        found.append(name)
        (tmp_path / {"a": "b", "b": "a"}[name]).unlink()
    assert len(found) == 1


def test_a_deep_directory_that_is_moved_elsewhere_ends_the_walk(tmp_path: Path, deep: Path) -> None:
    """Its parent would be another directory, in which root must change nothing."""
    victim = tmp_path / "victim"
    victim.mkdir()
    for _folder, name, _status in (walk := walk_contents(deep)):
        assert name == "file"
        break
    (deep / "directory" / "directory").rename(victim / "directory")
    with pytest.raises(OSError, match="a directory was moved elsewhere meanwhile"):
        list(walk)
    assert (victim / "directory").exists()
    subprocess.run(["rm", "-rf", str(victim)], check=True)
