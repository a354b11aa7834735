# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walk and remove directories in which another user may change anything. Runs on managed hosts: Python 3.9.

Such a user may nest directories deeper than Python recurses (`os.fwalk` and `shutil.rmtree` do up to 3.11) and than a
process may open files, and may replace a directory by a link at any moment. So nothing here recurses, every entry is
reached through the descriptor of its directory, and no link is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Optional, Union

# Directories that are open at the same time.
OPEN_DIRECTORIES = 64
FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class _Level:
    """A directory on the way to the current one; ``names`` are its entries that are still to come."""

    name: str
    descriptor: int
    status: os.stat_result
    names: list[str]

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def walk_contents(root: Path) -> Iterator[tuple[int, str, os.stat_result]]:
    """Each entry below a directory: the descriptor of its directory, its name and its status; not the directory itself.

    A directory comes after everything in it. Entries that disappear meanwhile are left out. Raises OSError when a
    directory is moved elsewhere meanwhile, deep in the tree.
    """
    levels = [_open_level(root)]
    try:
        while True:
            level = levels[-1]
            if level.names:
                name = level.names.pop()
                below = _open_below(level.descriptor, name)
                if isinstance(below, _Level):
                    levels.append(below)
                    if len(levels) > OPEN_DIRECTORIES:
                        levels[-1 - OPEN_DIRECTORIES].close()
                elif below is not None:
                    yield level.descriptor, name, below
                continue
            if len(levels) == 1:
                return
            parent = levels[-2]
            if parent.descriptor < 0:
                parent.descriptor = _open_parent(level.descriptor, parent.status)
            level.close()
            levels.pop()
            yield parent.descriptor, level.name, level.status
    finally:
        for level in levels:
            level.close()


def remove_tree(root: Path) -> None:
    """Remove a directory with everything in it; of links only themselves."""
    for folder, name, status in walk_contents(root):
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(status.st_mode):
                os.rmdir(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
    os.rmdir(root)


def _open_level(path: Union[Path, str], folder: Optional[int] = None) -> _Level:
    descriptor = os.open(path, FLAGS, dir_fd=folder)
    try:
        return _Level(str(path), descriptor, os.fstat(descriptor), os.listdir(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _open_below(folder: int, name: str) -> Union[_Level, os.stat_result, None]:
    """A directory, opened; the status of any other entry; None for one that is gone."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            return status
        try:
            return _open_level(name, folder)
        except OSError as error:
            # It was replaced by a link or a file since then.
            if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                raise
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _open_parent(descriptor: int, status: os.stat_result) -> int:
    """Open the directory that contains another one, and check that it is still the one with this status."""
    parent = os.open("..", FLAGS, dir_fd=descriptor)
    if not os.path.samestat(os.fstat(parent), status):
        os.close(parent)
        raise OSError("a directory was moved elsewhere meanwhile; stop the processes that change it, and run again")
    return parent
