# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are never seen half written. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def replace(path: Path, content: bytes, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Write a file in one step: whoever reads it sees the old content or the new, and nobody more than ``mode`` allows.

    ``owner`` is a user and a group id; -1 is whoever runs this.
    """
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o700), "wb") as file:
        file.write(content)
    grant(beside, mode, owner)
    os.replace(beside, path)


def grant(path: Path, mode: int, owner: tuple[int, int]) -> None:
    """Give a file or directory to a user and a group, with that mode."""
    os.chown(path, *owner)
    os.chmod(path, mode)


def is_granted(path: Path, mode: int, owner: tuple[int, int]) -> bool:
    """Whether it has that mode and belongs to them; -1 is anybody."""
    status = path.stat()
    user, group = owner
    return stat.S_IMODE(status.st_mode) == mode and user in (-1, status.st_uid) and group in (-1, status.st_gid)


def point(path: Path, target: str) -> None:
    """Make a symbolic link in one step: at no moment is there none."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    os.replace(beside, path)


def move(before: Path, after: Path) -> None:
    """Move a directory inside of its file system, and leave a link to it. It may be in use: what is open stays open."""
    os.rename(before, after)
    try:
        before.symlink_to(os.path.relpath(after, before.parent))
    except OSError:
        os.rename(after, before)
        raise
