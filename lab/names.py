# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The DNS names of load balancers, databases and caches, in the files that name servers are asked after: /etc/hosts.

Each lab has a block of its own between two marks. The file is written in place, because docker binds the one of a
container to it, and a bound file cannot be replaced. A lock on the file of this machine keeps two labs from writing at
once. In a guest only one lab writes, and a lock that the guest holds would keep the lab waiting.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from .paths import CHECKOUT
from .shell import LabError, as_root, run

MACHINE = Path("/etc/hosts").resolve()
# A guest may make its file as large as it likes, and the lab reads it every second.
LIMIT = 1 << 20


class HostsFileError(LabError):
    """A hosts file into which the lab cannot write names."""


def write_inside(pid: int, mark: str, names: Iterable[tuple[str, str]]) -> None:
    """Put the lab's names into the file as a process in a container sees it."""
    root = Path(f"/proc/{pid}/root")
    write(root / "etc/hosts", mark, names, root)


def block(mark: str, names: Iterable[tuple[str, str]]) -> str:
    """The lines of a lab, marks included; empty when it has no names."""
    lines = [f"{address} {name}" for name, address in sorted(set(names))]
    return "\n".join((_begin(mark), *lines, _end(mark), "")) if lines else ""


def _begin(mark: str) -> str:
    return f"# lab {mark}: begin"


def _end(mark: str) -> str:
    return f"# lab {mark}: end"


def replace(text: str, mark: str, lines: str) -> str:
    """The text with the lab's block exchanged for other lines; what stands around it stays as it is."""
    kept: list[str] = []
    begin: int | None = None
    for line in text.split("\n"):
        if line == _begin(mark) and begin is None:
            begin = len(kept)
        if line == _end(mark) and begin is not None:
            del kept[begin:]
            begin = None
        else:
            kept.append(line)
    rest = "\n".join(kept)
    if lines and rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + lines


def write(path: Path, mark: str, names: Iterable[tuple[str, str]], root: Path | None = None) -> None:
    """Put the lab's names into the file; does nothing when they are there.

    ``root`` is that of the guest whose file it is. No link below it is followed, or below the file's directory where it
    is not given: a guest may have put it there, and it would lead to a file of this machine.
    """
    lines = block(mark, names)
    opener = functools.partial(_open_below, root or path.parent)
    if _holds(path, mark, lines, opener):
        return
    # Bytes that are no UTF-8 are written as they were read.
    with open(path, "r+", opener=opener, encoding="utf-8", errors="surrogateescape", newline="") as file:
        if root is None:
            fcntl.flock(file, fcntl.LOCK_EX)
        text = replace(_read(file, path), mark, lines)
        file.seek(0)
        file.write(text)
        file.truncate()


def _holds(path: Path, mark: str, lines: str, opener: Callable[[str, int], int]) -> bool:
    with open(path, opener=opener, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = _read(file, path)
    return lines in text if lines else _begin(mark) not in text


def _read(file: TextIO, path: Path) -> str:
    text = file.read(LIMIT + 1)
    if len(text) > LIMIT:
        raise HostsFileError(
            f"{path} is larger than {LIMIT >> 20} MB, so that the lab did not write the names of its services into it. "
            "Make the file smaller; the lab tries again every second."
        )
    return text


def _open_below(root: Path, path: str, flags: int) -> int:
    *directories, name = Path(path).relative_to(root).parts
    directory = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for one in directories:
            below = os.open(one, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
            os.close(directory)
            directory = below
        file = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    finally:
        os.close(directory)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        # To read a pipe would never end.
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def remove(mark: str) -> None:
    """Take the lab's names out of this machine's file, which is root's."""
    if not _holds(MACHINE, mark, "", functools.partial(_open_below, MACHINE.parent)):
        run(*as_root("env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "lab.names", mark))


if __name__ == "__main__":
    write(MACHINE, sys.argv[1], ())
