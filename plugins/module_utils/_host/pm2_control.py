# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run PM2 commands as the user of its daemon. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import pwd
import re
import socket
import subprocess
from typing import Any, Mapping, Optional, Sequence

from .bounded_process import Ended, run_bounded
from .pm2_process import ListError, Target, assess_process, parse_processes
from .polling import SYSTEM_CLOCK, Clock, poll

# In seconds. A reload waits for every process in turn, and for its requests.
QUERY_TIMEOUT = 60.0
ACTION_TIMEOUT = 300.0
CONNECT_TIMEOUT = 2.0
# Bytes of what PM2 prints. Its list of a process has its whole environment.
OUTPUT_LIMIT = 16 * 1024 * 1024
# systemd starts a daemon that died, and processes end, within these.
START_TIMEOUT = 15.0
STOP_TIMEOUT = 30.0
STOP_ATTEMPTS = 5
# The longest `timeout` and `drain` of a service, in seconds. PM2 reports what the service may have written.
LONGEST_KILL_TIMEOUT = 3600.0
RESTART_HINT = "(restart its unit, groundwork-<service>)"
# Node.js also looks for packages below HOME (`~/.node_modules`), which the user of a service may write.
NO_HOME = "/nonexistent"
# systemd ends a command that goes on although nothing waits for it any more.
SANDBOX_GRACE = 5.0


class Pm2Error(RuntimeError):
    """PM2 does not answer, or did not carry out a command."""


class Pm2AnswerError(Pm2Error):
    """PM2 answers, but not as PM2 does: its daemon is damaged, or another program."""


class Pm2:
    """One PM2 daemon. Every command gets a clean environment: PM2 passes its variables on to applications."""

    def __init__(
        self,
        executable: str,
        user: str,
        home: Optional[str],
        path: str,
        clock: Clock = SYSTEM_CLOCK,
        sandbox: Sequence[str] = (),
    ) -> None:
        """``sandbox`` are properties of a transient unit for every command; without any there is no unit."""
        self.executable = executable
        self.clock = clock
        self.sandbox = tuple(sandbox)
        try:
            self.account = pwd.getpwnam(user)
        except KeyError:
            raise Pm2Error(f"there is no user {user} on this host") from None
        self.home = home or os.path.join(self.account.pw_dir, ".pm2")
        self.environment = {
            "PATH": path,
            "HOME": NO_HOME,
            "USER": user,
            "PM2_HOME": self.home,
            "PM2_DISCRETE_MODE": "true",
        }

    def is_alive(self) -> bool:
        """Whether the daemon answers. A command of `pm2` would start a daemon outside systemd."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # Connecting waits where nothing accepts.
            probe.settimeout(CONNECT_TIMEOUT)
            try:
                probe.connect(os.path.join(self.home, "rpc.sock"))
            except OSError:
                return False
        return True

    def wait_until_alive(self) -> None:
        """Wait for a daemon that died: systemd starts it again, and it restores its processes."""
        for _attempt in poll(START_TIMEOUT, 0.5, self.clock):
            if self.is_alive():
                return
        raise Pm2Error(f"its daemon does not answer in {self.home} {RESTART_HINT}")

    def read_daemon_program(self) -> str:
        """The path of the Node.js that the daemon runs; empty where it cannot be read, or no daemon runs.

        A file that was replaced since then has `` (deleted)`` at its end.
        """
        try:
            pid = self.run_as_user(["/bin/sh", "-c", 'exec head -c 16 "$PM2_HOME/pm2.pid"']).output.strip()
        except Pm2Error:
            # The service may have put a pipe there, which has no end.
            return ""
        return self.read_process_links([pid], "exe")[0] if re.fullmatch("[0-9]{1,7}", pid) else ""

    def find_node(self) -> str:
        """The path of the Node.js that a daemon gets when it starts; empty where there is none."""
        script = 'node=$(command -v node) && readlink -f "$node"'
        return self.run_as_user(["/bin/sh", "-c", script]).output.strip()

    def restart_daemon(self, unit: str) -> None:
        """Restart the daemon through systemd, which runs it."""
        try:
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                ["systemctl", "restart", unit],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=ACTION_TIMEOUT + LONGEST_KILL_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise Pm2Error(f"systemctl restart {unit} did not end within {error.timeout:g} s") from None
        if done.returncode != 0:
            raise Pm2Error(f"systemctl restart {unit} ended with {done.returncode}: {join_last_lines(done.stderr)}")

    def run(self, *arguments: str, timeout: float = ACTION_TIMEOUT) -> str:
        """Run a PM2 command; without a running daemon it would start one outside systemd."""
        self.wait_until_alive()
        return self.run_command([self.executable, *arguments], timeout)

    def run_command(self, command: Sequence[str], timeout: float) -> str:
        done = self.run_as_user(command, timeout)
        if done.status != 0:
            raise Pm2Error(
                f"{' '.join(command)} ended with {done.status}: {join_last_lines(done.errors or done.output)}"
            )
        return done.output

    def run_as_user(self, command: Sequence[str], timeout: float = QUERY_TIMEOUT) -> Ended:
        account: dict[str, Any] = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        if self.sandbox:
            account = {}
        ended = run_bounded(
            self.enter_sandbox(command, timeout) if self.sandbox else command,
            timeout,
            OUTPUT_LIMIT,
            env=self.environment,
            cwd="/",
            umask=0o077,
            **(account if os.geteuid() == 0 else {}),
        )
        if ended.status is None:
            raise Pm2Error(
                f"{' '.join(command)} did not end within {timeout:g} s; PM2's daemon may hang {RESTART_HINT}"
            )
        if ended.is_cut:
            raise Pm2AnswerError(f"{' '.join(command)} printed more than {OUTPUT_LIMIT} bytes {RESTART_HINT}")
        return ended

    def enter_sandbox(self, command: Sequence[str], timeout: float) -> list[str]:
        """The command that runs another one in a transient unit, as the user that the properties name."""
        variables = [f"--setenv={name}={value}" for name, value in self.environment.items()]
        properties = [f"--property={one}" for one in (*self.sandbox, f"RuntimeMaxSec={timeout + SANDBOX_GRACE:.0f}")]
        # systemd would replace variables in the arguments.
        arguments = [argument.replace("$", "$$") for argument in command]
        return ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", *variables, *properties, "--", *arguments]

    def read_directories(self, running: Sequence[Mapping[str, Any]]) -> list[str]:
        """The working directories of processes: PM2 knows only the symbolic link with which they were started."""
        pids = [str(process["pid"]) for process in running]
        return [target or "(ended)" for target in self.read_process_links(pids, "cwd")]

    def read_process_links(self, pids: Sequence[str], name: str) -> list[str]:
        """The targets of ``/proc/<pid>/<name>``; empty for a process that has ended.

        In containers root lacks CAP_SYS_PTRACE, and the user of the processes reads them. That user cannot where the
        processes may bind low ports, which root can elsewhere.
        """
        script = 'name=$1; shift; for pid; do readlink "/proc/$pid/$name" || echo; done'
        as_user = self.run_as_user(["/bin/sh", "-c", script, "sh", name, *pids]).output.splitlines()
        targets = dict(enumerate(as_user))
        return [targets.get(number) or read_link(f"/proc/{pid}/{name}") for number, pid in enumerate(pids)]

    def list_processes(self, name: str) -> list[Mapping[str, Any]]:
        """The processes of one application. Raises `Pm2AnswerError` for a list that PM2 does not print."""
        try:
            return parse_processes(self.run("jlist", timeout=QUERY_TIMEOUT), name)
        except ListError as error:
            raise Pm2AnswerError(f"pm2 jlist printed a list that cannot be read: {error} {RESTART_HINT}") from error

    def carry_out(self, action: str, name: str, file: str, number: int, reload_command: Sequence[str] | None) -> str:
        """Carry out an action; returns the action that was done, which is a restart where PM2 cannot reload.

        A ``reload_command`` that fails is an error: the processes still run, and a restart would interrupt them.
        """
        if action == "reload" and reload_command:
            self.run_command(reload_command, ACTION_TIMEOUT)
        elif action == "reload":
            running = self.list_processes(name)
            try:
                # PM2 replaces one process after the other.
                self.run("reload", name, timeout=ACTION_TIMEOUT + len(running) * find_kill_timeout(running))
            except Pm2Error:
                action = "restart"
        elif action == "scale":
            self.run("scale", name, str(number))
        if action in ("recreate", "restart"):
            self.stop(name)
        if action in ("start", "recreate", "restart"):
            self.run("start", file, "--only", name)
        return action

    def stop(self, name: str) -> None:
        """Remove an application from PM2, and return when none of its processes is left.

        PM2 may restart a crashed process while it deletes it, and lists it again: so read the list until it is empty.
        """
        processes: set[tuple[int, str]] = set()
        for _attempt in range(STOP_ATTEMPTS):
            running = self.list_processes(name)
            if not running:
                break
            # Its list may name any process of the host.
            own = {process["pid"] for process in running if read_user(process["pid"]) == self.account.pw_uid}
            processes |= find_process_trees(own)
            self.delete(name, ACTION_TIMEOUT + find_kill_timeout(running))
        else:
            raise Pm2Error(f"PM2 does not remove {name} from its list {RESTART_HINT}")
        if not self.wait_until_gone(processes):
            self.run_as_user(["kill", "-9", *(str(pid) for pid, _started in select_running(processes))])
            if not self.wait_until_gone(processes):
                pids = ", ".join(str(pid) for pid, _started in sorted(select_running(processes)))
                raise Pm2Error(f"the processes {pids} of {name} cannot be killed")

    def wait_until_gone(self, processes: set[tuple[int, str]]) -> bool:
        """Whether the processes end in time; they may still answer requests."""
        return any(not select_running(processes) for _attempt in poll(STOP_TIMEOUT, 0.2, self.clock))

    def delete(self, name: str, timeout: float) -> None:
        try:
            self.run("delete", name, timeout=timeout)
        except Pm2Error:
            # The process may have ended before the command.
            if self.list_processes(name):
                raise

    def wait_until_stable(
        self, name: str, target: Target, expected: Mapping[Any, int], timeout: float
    ) -> list[Mapping[str, Any]]:
        """Wait until the processes are stable. Raises `Pm2Error` when they cannot become stable, or not in time."""
        reason = ""
        for _attempt in poll(timeout + target.seconds, 0.3, self.clock):
            running = self.list_processes(name)
            verdict = assess_process(running, self.read_directories(running), expected, target, self.clock.time())
            if verdict.state == "stable":
                return running
            if verdict.state == "failed":
                raise Pm2Error(verdict.reason)
            reason = verdict.reason
        raise Pm2Error(f"after {timeout + target.seconds:g} s {reason}")


def read_link(path: str) -> str:
    """The target of a link; empty where it cannot be read."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def find_kill_timeout(running: Sequence[Mapping[str, Any]]) -> float:
    """The seconds that each process of an application gets to end."""
    longest = max((float(process["pm2_env"].get("kill_timeout") or 0) / 1000 for process in running), default=0.0)
    return min(longest, LONGEST_KILL_TIMEOUT)


def read_user(pid: int) -> int:
    """The user of a process; -1 for one that has ended.

    Not the owner of /proc/<pid>, which is root where processes may bind low ports.
    """
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Uid:")), -1)
    except OSError:
        return -1


def find_process_trees(roots: set[int]) -> set[tuple[int, str]]:
    """The running processes among the roots, and all their descendants: process ids with start times."""
    processes = read_processes()
    found = roots & processes.keys()
    while True:
        children = {pid for pid, (parent, _started) in processes.items() if parent in found} - found
        if not children:
            return {(pid, processes[pid][1]) for pid in found}
        found |= children


def select_running(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """The processes that still run; the start time distinguishes a process from a later one with its id."""
    return processes & {(pid, started) for pid, (_parent, started) in read_processes().items()}


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


def join_last_lines(text: str, lines: int = 15) -> str:
    return " | ".join(text.strip().splitlines()[-lines:])


def read_last_lines(path: str, lines: int = 20) -> str:
    """The last lines of a log file, without reading all of it."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(no log: {error})"
