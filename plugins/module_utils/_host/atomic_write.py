# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replace files and links in one step that also outlasts a power failure. Runs on managed hosts: Python 3.9.

A rename without `fsync` of the file can leave an empty file, and without that of its directory the old one.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Replace a file in one step: readers see the old content or the new one, and only those whom ``mode`` allows.

    ``owner`` is a user and a group id; -1 is the user or group of this process.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o700), "wb") as file:
            file.write(content)
            file.flush()
            set_access(temporary, mode, owner)
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    os.replace(temporary, path)
    sync_directory(path.parent)


def overwrite_file(path: Path, content: bytes, mode: int, owner: tuple[int, int] = (-1, -1)) -> None:
    """Replace the content of a file in the blocks that it has, which a full disk allows.

    Readers may see a part of it, and a power failure may leave one. Raises OSError (ENOSPC) if it needs more blocks.
    """
    with open(path, "r+b") as file:
        # The unit of st_blocks is 512 bytes (man 2 stat).
        if os.fstat(file.fileno()).st_blocks * 512 < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        file.write(content)
        file.truncate()
        file.flush()
        set_access(path, mode, owner)
        os.fsync(file.fileno())


def is_disk_full(error: OSError) -> bool:
    """Whether there was no room for new blocks, or a quota has none left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def sync_directory(path: Path) -> None:
    """Write the names in a directory to the disk."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that writes directories at once
            raise
    finally:
        os.close(directory)


def set_access(path: Path, mode: int, owner: tuple[int, int]) -> None:
    """Set the owner, group and mode of a file or directory."""
    os.chown(path, *owner)
    os.chmod(path, mode)


def has_access(path: Path, mode: int, owner: tuple[int, int]) -> bool:
    """Whether a path has the mode and belongs to the user and group; -1 matches any."""
    status = path.stat()
    user, group = owner
    return stat.S_IMODE(status.st_mode) == mode and user in (-1, status.st_uid) and group in (-1, status.st_gid)


def replace_link(path: Path, target: str) -> None:
    """Create or replace a symbolic link in one step: it exists at every moment."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, path)
    sync_directory(path.parent)


def move_directory(before: Path, after: Path) -> None:
    """Move a directory inside its file system, and leave a link to it. Open files in it stay open."""
    os.rename(before, after)
    try:
        before.symlink_to(os.path.relpath(after, before.parent))
    except OSError:
        os.rename(after, before)
        raise
    for parent in dict.fromkeys((before.parent, after.parent)):
        sync_directory(parent)
