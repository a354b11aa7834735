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

from .process import Target, judge

QUERY_TIMEOUT = 60.0  # Seconds for an answer of the daemon.
ACTION_TIMEOUT = 300.0  # Seconds for an action: a reload waits for every process in turn, and for its requests.
START_TIMEOUT = 15.0  # Seconds that systemd gets to start a daemon that died.
STOP_ATTEMPTS = 5
STOP_TIMEOUT = 30.0  # Seconds that ended processes get to be gone, before they are killed.


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

    def wait_until_alive(self) -> None:
        """systemd starts a daemon that died anew; it and what it restores need a moment."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self.alive():
            if time.monotonic() > deadline:
                raise Pm2Problem(f"its daemon does not answer in {self.home} (systemctl start pm2)")
            time.sleep(0.5)

    def run(self, *arguments: str, timeout: float = ACTION_TIMEOUT) -> str:
        """Run a command of PM2. It would start a daemon of its own where that of systemd has just died."""
        self.wait_until_alive()
        return self.ask([self.executable, *arguments], timeout)

    def ask(self, command: Sequence[str], timeout: float) -> str:
        done = self.as_user(command, timeout)
        if done.returncode != 0:
            raise Pm2Problem(f"{' '.join(command)} ended with {done.returncode}: {tail(done.stderr or done.stdout)}")
        return done.stdout

    def as_user(self, command: Sequence[str], timeout: float = QUERY_TIMEOUT) -> subprocess.CompletedProcess[str]:
        other: dict[str, Any] = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        try:
            # run_command of AnsibleModule has no timeout and cannot become a user.
            return subprocess.run(  # pylint: disable=ansible-bad-function
                command,
                capture_output=True,
                text=True,
                check=False,
                env=self.environment,
                cwd="/",
                umask=0o077,
                timeout=timeout,
                **(other if os.geteuid() == 0 else {}),
            )
        except subprocess.TimeoutExpired:
            raise Pm2Problem(
                f"{' '.join(command)} did not end within {timeout:g} s; PM2's daemon may hang (systemctl restart pm2)"
            ) from None

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
        listed = self.run("jlist", timeout=QUERY_TIMEOUT)
        lines = [line for line in listed.splitlines() if line.startswith("[")]
        if not lines:
            raise Pm2Problem("pm2 jlist printed no list")
        return [process for process in json.loads(lines[-1]) if process["name"] == name]

    def carry_out(self, action: str, name: str, file: str, number: int, reload_command: Sequence[str] | None) -> str:
        """Do what was planned; the action that was really done, which is a restart where PM2 cannot reload.

        A ``reload_command`` that fails is a problem: what ran before it goes on, and a restart would interrupt that.
        """
        if action == "reload" and reload_command:
            self.ask(reload_command, ACTION_TIMEOUT)
        elif action == "reload":
            try:
                self.run("reload", name)
            except Pm2Problem:
                action = "restart"
        elif action == "scale":
            self.run("scale", name, str(number))
        if action in ("recreate", "restart"):
            self.stop(name)
        if action in ("start", "recreate", "restart"):
            self.run("start", file, "--only", name)
        return action

    def stop(self, name: str) -> None:
        """Take an application out of PM2, and return when none of its processes is left.

        PM2 may be about to restart a process that crashed while it is asked to delete it, and that restart puts it into
        its list again: so the list is read until it is empty.
        """
        ended: set[tuple[int, str]] = set()
        for _attempt in range(STOP_ATTEMPTS):
            running = self.processes(name)
            if not running:
                break
            ended |= find_process_trees({int(process.get("pid") or 0) for process in running})
            self.delete(name)
        else:
            raise Pm2Problem(f"PM2 does not remove {name} from its list (systemctl restart pm2)")
        if not self.wait_until_gone(ended):
            self.as_user(["kill", "-9", *(str(pid) for pid, _started in remaining(ended))])
            if not self.wait_until_gone(ended):
                pids = ", ".join(str(pid) for pid, _started in sorted(remaining(ended)))
                raise Pm2Problem(f"the processes {pids} of {name} cannot be killed")

    def wait_until_gone(self, ended: set[tuple[int, str]]) -> bool:
        """Whether the processes are gone in time. Requests that are being answered may keep them."""
        deadline = time.monotonic() + STOP_TIMEOUT
        while remaining(ended):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True

    def delete(self, name: str) -> None:
        try:
            self.run("delete", name)
        except Pm2Problem:
            # It may have ended between the look and the command.
            if self.processes(name):
                raise

    def wait(self, name: str, target: Target, expected: Mapping[Any, int], timeout: float) -> list[Mapping[str, Any]]:
        """Until the processes are stable; fails as soon as they cannot become it, or when ``timeout`` is over."""
        deadline = time.monotonic() + timeout + target.seconds
        while True:
            running = self.processes(name)
            verdict = judge(running, self.directories(running), expected, target, time.time())
            if verdict.state == "stable":
                return running
            if verdict.state == "failed":
                raise Pm2Problem(verdict.reason)
            if time.monotonic() > deadline:
                raise Pm2Problem(f"after {timeout + target.seconds:g} s {verdict.reason}")
            time.sleep(0.3)


def find_process_trees(roots: set[int]) -> set[tuple[int, str]]:
    """Process ids, each with the time that it was started at, of the roots that run and all that they have started."""
    processes = read_processes()
    found = roots & processes.keys()
    while True:
        children = {pid for pid, (parent, _started) in processes.items() if parent in found} - found
        if not children:
            return {(pid, processes[pid][1]) for pid in found}
        found |= children


def remaining(ended: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the processes that still run: the start time tells a process from a later one with its id."""
    return ended & {(pid, started) for pid, (_parent, started) in read_processes().items()}


def read_processes() -> dict[int, tuple[int, str]]:
    """Parent and start time (in clock ticks since boot) of each process that has not ended."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                # The name of the program, in parentheses, may hold spaces and parentheses.
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry)] = (int(fields[1]), fields[19])
    return found


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
