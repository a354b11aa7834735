# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The DNS names of load balancers, databases and caches, in the files that name servers are asked after: /etc/hosts.

Each lab has a block of its own between two marks. The file is written in place, because docker binds the one of a
container to it, and a bound file cannot be replaced; a lock on it keeps two labs from writing at once.
"""

from __future__ import annotations

import errno
import fcntl
import functools
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .paths import CHECKOUT
from .shell import as_root, run

MACHINE = Path("/etc/hosts").resolve()


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
    found = re.compile(rf"^{re.escape(_begin(mark))}\n.*?^{re.escape(_end(mark))}\n", re.MULTILINE | re.DOTALL)
    rest = found.sub("", text)
    if lines and rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + lines


def write(path: Path, mark: str, names: Iterable[tuple[str, str]], root: Path | None = None) -> None:
    """Put the lab's names into the file; does nothing when they are there.

    No link below ``root`` is followed, which is the file's directory where it is not given: a guest may have put it
    there, and it would lead to a file of this machine.
    """
    lines = block(mark, names)
    opener = functools.partial(_open_below, root or path.parent)
    if _holds(path, mark, lines, opener):
        return
    with open(path, "r+", opener=opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = replace(file.read(), mark, lines)
        file.seek(0)
        file.write(text)
        file.truncate()


def _holds(path: Path, mark: str, lines: str, opener: Callable[[str, int], int]) -> bool:
    with open(path, opener=opener) as file:
        text = file.read()
    return lines in text if lines else _begin(mark) not in text


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
