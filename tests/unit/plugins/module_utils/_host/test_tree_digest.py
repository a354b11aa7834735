# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest that the controller computes of a source is that of the unpacked files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_error import SourceError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.source_tree import (
    digest_entries,
    list_entries,
    pack_archive,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_archive import unpack_archive
from ansible_collections.groundwork.aws.plugins.module_utils._host.tree_digest import digest_directory


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "a" / "b").mkdir(parents=True)
    for name in ("a.txt", "a/b.txt", "a/b/c d.txt", "é.txt", "empty", "a-b"):
        (root / name).write_text("" if name == "empty" else name)
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o750)
    (root / "link").symlink_to("a")
    (root / "a" / "up").symlink_to("../run.sh")
    (root / "broken").symlink_to("nothing")
    return root


def unpack(source: Path, target: Path) -> str:
    entries = list_entries(source, use_git=False)
    digest = digest_entries(entries)
    archive = target.with_suffix(".tar.gz")
    pack_archive(entries, archive, digest)
    unpack_archive(archive, target)
    return digest


def test_both_are_the_same(source: Path, tmp_path: Path) -> None:
    digest = unpack(source, tmp_path / "out")
    assert digest_directory(tmp_path / "out") == digest


@pytest.mark.parametrize("change", ["content", "mode", "name", "missing", "added", "link", "kind"])
def test_a_change_of_the_unpacked_files_changes_it(source: Path, tmp_path: Path, change: str) -> None:
    out = tmp_path / "out"
    digest = unpack(source, out)
    if change == "content":
        (out / "a/b.txt").write_text("other")
    elif change == "mode":
        (out / "run.sh").chmod(0o644)
    elif change == "name":
        (out / "empty").rename(out / "void")
    elif change == "missing":
        (out / "broken").unlink()
    elif change == "added":
        (out / "a" / "more").touch()
    elif change == "link":
        (out / "link").unlink()
        (out / "link").symlink_to("a/b")
    elif change == "kind":
        (out / "link").unlink()
        (out / "link").write_text("a")
    assert digest_directory(out) != digest


def test_a_source_that_changes_while_it_is_packed_is_rejected(source: Path, tmp_path: Path) -> None:
    entries = list_entries(source, use_git=False)
    digest = digest_entries(entries)
    (source / "a.txt").write_text("written by an editor")
    with pytest.raises(SourceError, match="changed while they were packed"):
        pack_archive(entries, tmp_path / "cache" / "x.tar.gz", digest)
    assert list((tmp_path / "cache").iterdir()) == []
