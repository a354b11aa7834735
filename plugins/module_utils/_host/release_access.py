# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may read a release: the user of its service, and everybody else only its public directories.

Runs on managed hosts: Python 3.9. nginx reads the static files of a release, and is in the groups of services that
listen on a socket. So a release gives its group no more than others.

The user of the service may change a release meanwhile: a build may still run whose deploy was interrupted. So modes are
set through descriptors, no link is followed, and what another user owns stays as it is.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Sequence

PRIVATE = 0o077
ENTER = 0o011
READ_FILE = 0o044
READ_DIRECTORY = 0o055
# Such a descriptor names what is there, also a link, and opens nothing.
NAME_ONLY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def plan_access(release: Path, public: Sequence[str]) -> dict[Path, int]:
    """The modes that differ from the required ones, by path, in the order in which they are set.

    What lies on the way to a public directory can be entered, but not listed. What lies next to it is private. A
    directory that no other user can enter hides everything in it, so that what is in there needs no change. The release
    comes last: it stays closed until everything in it has its mode.
    """
    opened = find_public(release, public)
    ways = {parent for path in opened for parent in path.parents if parent == release or release in parent.parents}
    entries = [path for way in sorted(ways, reverse=True) for path in sorted(way.iterdir())]
    found: dict[Path, int] = {}
    for path in [*(path for path in entries if not path.is_symlink()), release]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path in opened:
            required = mode | (READ_DIRECTORY if path.is_dir() else READ_FILE)
        else:
            required = mode & ~PRIVATE | (ENTER if path in ways else 0)
        if mode != required:
            found[path] = required
    return found


def apply_access(release: Path, modes: dict[Path, int]) -> None:
    """Set modes, as `plan_access` returns them. What was exchanged by a link, or removed, since then is left out."""
    for path, mode in modes.items():
        with suppress(FileNotFoundError, NotADirectoryError):
            _set_mode(release, path, mode)


def _set_mode(release: Path, path: Path, mode: int) -> None:
    descriptor = os.open(release, NAME_ONLY)
    try:
        owner = os.fstat(descriptor).st_uid
        for name in path.relative_to(release).parts:
            parent, descriptor = descriptor, os.open(name, NAME_ONLY, dir_fd=descriptor)
            os.close(parent)
        status = os.fstat(descriptor)
        if not stat.S_ISLNK(status.st_mode) and status.st_uid == owner:
            os.chmod(f"/proc/self/fd/{descriptor}", mode)
    finally:
        os.close(descriptor)


def find_public(release: Path, public: Sequence[str]) -> set[Path]:
    """The existing public directories, and what links in them lead to inside of the release; none inside of another."""
    root = Path(os.path.realpath(release))
    waiting = [release / name.strip("/") for name in public]
    found: set[Path] = set()
    while waiting:
        real = Path(os.path.realpath(waiting.pop()))
        if not real.exists() or (real != root and root not in real.parents):
            continue
        path = release / real.relative_to(root)
        if path in found:
            continue
        found.add(path)
        waiting += _find_links(path)
    return {path for path in found if not found.intersection(path.parents)}


def _find_links(root: Path) -> list[Path]:
    """The links below a directory, which may nest directories deeper than Python recurses.

    What lies too deep for the longest path is left out: nginx cannot open it either.
    """
    links: list[Path] = []
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:  # removed meanwhile, a file, or too deep
            continue
        links += [Path(entry.path) for entry in entries if entry.is_symlink()]
        folders += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return links
