# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give files to another user while that user may already change some of them. Runs on managed hosts: Python 3.9.

Root must follow no name that another user can replace: between looking at a path and changing it, that user could put a
link in its place. So every entry is reached through the descriptor of its directory, and no link is followed.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections import Counter
from contextlib import suppress
from pathlib import Path

from .directory_tree import walk_contents

ROOT = 0


def change_owner(root: Path, user: int, group: int) -> None:
    """Change the owner of a directory and of all below it; of links themselves, not of their targets.

    A directory changes its owner after everything in it, so that its new owner finds nothing left to exchange. A hard
    link to a file of a third user stays as it is: its name may have been put there by the former owner. So does one to
    a file of root, unless all names of the file are in here: the directory may have belonged to a user before root.
    """
    former = os.stat(root, follow_symlinks=False).st_uid
    names = _count_names(root) if former == ROOT else Counter()
    for folder, name, status in walk_contents(root):
        is_shared = not stat.S_ISDIR(status.st_mode) and status.st_nlink > max(1, names[status.st_dev, status.st_ino])
        if not is_shared or status.st_uid in {former, user} - {ROOT}:
            with suppress(FileNotFoundError):
                os.chown(name, user, group, dir_fd=folder, follow_symlinks=False)
    os.chown(root, user, group, follow_symlinks=False)


def _count_names(root: Path) -> Counter[tuple[int, int]]:
    """How many names each file has below a directory, by device and inode."""
    return Counter((status.st_dev, status.st_ino) for _folder, _name, status in walk_contents(root))


def find_untrusted_parent(path: Path) -> str:
    """Why root must not change anything at a path: the first parent that another user controls; empty if none does.

    They cannot replace what is in a directory of root that they may not write, or that is sticky. A directory of root
    may be open to a group of the distribution, as /var/log is to that of syslog on Ubuntu.
    """
    trusted = {0, os.geteuid()}
    written = list(reversed(path.absolute().parents))
    # A link of root may lead to a directory of a user.
    for parent in [*written, *reversed(path.parent.resolve().parents), path.parent.resolve()]:
        try:
            status = os.stat(parent, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if status.st_uid not in trusted:
            return f"{parent} belongs to the user {_name_user(status.st_uid)}, who could put a link in its place"
        is_open = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if stat.S_ISDIR(status.st_mode) and is_open:
            return f"every user may write {parent}, and could put a link there"
    return ""


def _name_user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
