# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The user and the processes of a run.

The lock of a process that ended on this machine can be taken over before it expires, and a run stops when the process
that started it has ended.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path

PROC = Path("/proc")


def current_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def machine_name() -> str:
    """An id of this boot and process namespace, on which process ids depend; empty without /proc."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink(PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty when it does not exist, or without /proc."""
    try:
        line = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name of the program is in brackets and may contain anything; the start time is the 20th field after it.
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def has_terminal(pid: int) -> bool:
    """Whether the standard input of a process of this machine is a terminal; without /proc, whether it has one."""
    try:
        return os.readlink(PROC / str(pid) / "fd/0").startswith(("/dev/pts/", "/dev/tty", "/dev/console"))
    except OSError:
        if PROC.is_dir():
            return False
    found = subprocess.run(["ps", "-o", "tty=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.returncode == 0 and found.stdout.strip().strip("?-") != ""


class Parent:
    """The process that started this one: ansible-playbook, or the shell of a module on another machine.

    The worker of a task has its own session, so it gets no signal when ansible-playbook is killed.
    """

    def __init__(self) -> None:
        self.pid = os.getppid()

    def has_ended(self) -> bool:
        """Whether it has ended: the kernel gives its children another parent."""
        return os.getppid() != self.pid


def has_exited(machine: str, pid: int, started: str) -> bool:
    """Whether a process is known to have ended; False for other machines and without /proc."""
    return bool(machine and started) and machine == machine_name() and start_time(pid) != started
