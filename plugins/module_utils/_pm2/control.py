# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Talking to PM2 on a managed host, as the user that it runs under. Python 3.9."""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import time
from typing import Any, Mapping, Optional, Sequence

from .process import Plan, crashes, settled


class Pm2Problem(RuntimeError):
    """PM2 could not be asked, or did not do what it was asked."""


class Pm2:
    """One PM2 daemon. Every command gets a clean environment: PM2 keeps what it sees and hands it to applications."""

    def __init__(self, executable: str, user: str, home: Optional[str], path: str) -> None:
        self.executable = executable
        try:
            self.account = pwd.getpwnam(user)
        except KeyError:
            raise Pm2Problem(f"there is no user {user} on this host") from None
        self.home = home or os.path.join(self.account.pw_dir, ".pm2")
        self.environment = {
            "PATH": path,
            "HOME": self.account.pw_dir,
            "USER": user,
            "PM2_HOME": self.home,
            "PM2_DISCRETE_MODE": "true",
        }

    def alive(self) -> bool:
        """Whether the daemon answers. Asking with `pm2` itself would start one that systemd knows nothing of."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(os.path.join(self.home, "rpc.sock"))
            except OSError:
                return False
        return True

    def run(self, *arguments: str) -> str:
        return self.ask([self.executable, *arguments])

    def ask(self, command: Sequence[str]) -> str:
        done = self.as_user(command)
        if done.returncode != 0:
            raise Pm2Problem(f"{' '.join(command)} ended with {done.returncode}: {tail(done.stderr or done.stdout)}")
        return done.stdout

    def as_user(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        other: dict[str, Any] = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            cwd="/",
            umask=0o077,
            **(other if os.geteuid() == 0 else {}),
        )

    def directories(self, running: Sequence[Mapping[str, Any]]) -> list[str]:
        """Where the processes really work: PM2 knows only the symbolic link they were started with.

        Their own user may ask; root may not where it lacks CAP_SYS_PTRACE, as in containers.
        """
        script = 'for pid; do readlink "/proc/$pid/cwd" || echo "(ended)"; done'
        return self.as_user(
            ["/bin/sh", "-c", script, "sh", *(str(process["pid"]) for process in running)]
        ).stdout.splitlines()

    def processes(self, name: str) -> list[Mapping[str, Any]]:
        """The processes of one application. What PM2 prints before the list (notices of its own) is skipped."""
        lines = [line for line in self.run("jlist").splitlines() if line.startswith("[")]
        if not lines:
            raise Pm2Problem("pm2 jlist printed no list")
        return [process for process in json.loads(lines[-1]) if process["name"] == name]

    def carry_out(self, plan: Plan, name: str, file: str, number: int, reload_command: Sequence[str] | None) -> None:
        if plan.action == "recreate":
            self.run("delete", name)
        if plan.action in ("start", "recreate"):
            self.run("start", file, "--only", name)
        elif plan.action == "scale":
            self.run("scale", name, str(number))
        elif plan.action == "reload" and reload_command:
            self.ask(reload_command)
        elif plan.action == "reload":
            self.run("reload", name)

    def wait(self, name: str, number: int, release: str, timeout: float, seconds: float) -> list[Mapping[str, Any]]:
        """Until all processes are online in the release and stay so; stops early when they crash again and again."""
        before = crashes(self.processes(name))
        deadline = time.monotonic() + timeout
        while True:
            running = self.processes(name)
            places = sorted(set(self.directories(running)))
            if settled(running, number, time.time(), seconds) and places == [release]:
                return running
            if crashes(running) - before >= 3:
                raise Pm2Problem(f"the processes of {name} crash again and again")
            if time.monotonic() > deadline:
                states = ", ".join(sorted(str(process["pm2_env"].get("status")) for process in running)) or "none"
                raise Pm2Problem(
                    f"after {timeout:g} s there are not {number} online processes of {name} in {release} "
                    f"(states: {states}; working in: {', '.join(places) or 'nothing'})"
                )
            time.sleep(0.3)


def tail(text: str, lines: int = 15) -> str:
    return " | ".join(text.strip().splitlines()[-lines:])


def last_lines(path: str, lines: int = 20) -> str:
    """The end of a log file, without reading all of it."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as problem:
        return f"(no log: {problem})"
