# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written outlasts a power failure: the file is on the disk before its name, and its name before the end."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import atomic_write
from ansible_collections.groundwork.aws.plugins.module_utils._host.file_reconciler import FileReconciler


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that change the disk, in order."""
    done: list[str] = []
    replace, rename, fsync = os.replace, os.rename, os.fsync

    def record_sync(descriptor: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        fsync(descriptor)

    def record_replace(source: Path, target: Path) -> None:
        done.append(f"replace {Path(target).name}")
        replace(source, target)

    def record_rename(source: Path, target: Path) -> None:
        done.append(f"rename {Path(target).name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_replace)
    monkeypatch.setattr(os, "rename", record_rename)
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_a_file(folder: Path, calls: list[str]) -> None:
    atomic_write.replace_file(folder / "api.env", b"PORT=5000", 0o600)
    assert calls == ["sync .api.env.new", "replace api.env", "sync folder"]
    assert (folder / "api.env").read_bytes() == b"PORT=5000"


def test_a_link(folder: Path, calls: list[str]) -> None:
    atomic_write.replace_link(folder / "current", "releases/1")
    assert calls == ["replace current", "sync folder"]


def test_a_directory_that_is_moved(tmp_path: Path, folder: Path, calls: list[str]) -> None:
    (folder / "before").mkdir()
    atomic_write.move_directory(folder / "before", tmp_path / "after")
    assert calls[0] == "rename after"
    assert sorted(calls[1:]) == ["sync folder", f"sync {tmp_path.name}"]


def test_a_unit_and_its_removal(folder: Path, calls: list[str]) -> None:
    entry = {"path": str(folder / "api.service"), "owner": "root", "group": "root", "mode": None}
    reconciler = FileReconciler(check_mode=False)
    if os.geteuid() == 0:
        reconciler.run([{**entry, "state": "file", "content": "[Unit]"}])
        assert calls[-1] == "sync folder"
        assert "sync .api.service.new" in calls
    else:
        (folder / "api.service").write_text("[Unit]")
    calls.clear()
    reconciler.run([{**entry, "state": "absent"}])
    assert calls == ["sync folder"]


@pytest.mark.parametrize(("number", "is_accepted"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_a_directory_that_cannot_be_synchronized(
    folder: Path, number: int, is_accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    if is_accepted:
        atomic_write.sync_directory(folder)
    else:
        with pytest.raises(OSError, match="Input/output error"):
            atomic_write.sync_directory(folder)
