# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who runs this, and whether a process on this very machine has died: a lock need not outlive it until it expires."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

PROC = Path("/proc")


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def machine() -> str:
    """This boot of this machine and this process namespace: only there does a process id say anything."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def started(pid: int) -> str:
    """When a process began, in the kernel's ticks; an empty string when there is no such process."""
    try:
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name of the program stands in brackets and may contain anything; the start is the 20th field after it.
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def is_dead(where: str, pid: int, began: str) -> bool:
    """Whether a process is known to have ended; False whenever that cannot be told from here."""
    return bool(where and began) and where == machine() and started(pid) != began
