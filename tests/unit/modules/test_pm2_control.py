# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands to PM2, their order, and what follows where it refuses. PM2 itself is canned; the processes are real."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._pm2 import control
from ansible_collections.groundwork.aws.plugins.module_utils._pm2.control import Pm2, Pm2Problem

FILE = "/etc/groundwork/pm2/web.json"


class CannedPm2(Pm2):
    """Keeps the commands. Each question for processes is answered with the next list, and then with the last one."""

    def __init__(self, *lists: list[dict[str, Any]], failing: tuple[str, ...] = ()) -> None:
        super().__init__("pm2", pwd.getpwuid(os.getuid()).pw_name, None, "/usr/bin:/bin")
        self.lists = list(lists) or [[]]
        self.failing = failing
        self.commands: list[str] = []

    def alive(self) -> bool:
        return True

    def processes(self, name: str) -> list[Any]:
        return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    def ask(self, command: Any, timeout: float) -> str:
        words = [word for word in command if word != "pm2"]
        self.commands.append(" ".join(words))
        if words[0] in self.failing:
            raise Pm2Problem(f"{words[0]} failed")
        return ""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "STOP_TIMEOUT", 0.3)


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child, neither of which PM2 gets to end here."""
    script = "import subprocess, sys; subprocess.Popen(['sleep', '600']); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def listed(pid: int = 0) -> dict[str, Any]:
    return {"name": "web", "pid": pid, "pm2_env": {"status": "online"}}


def test_a_reload_is_only_a_reload() -> None:
    pm2 = CannedPm2()
    assert pm2.carry_out("reload", "web", FILE, 2, None) == "reload"
    assert pm2.commands == ["reload web"]


def test_a_reload_that_pm2_refuses_becomes_a_restart() -> None:
    """It does for a process that has crashed since the look: "Process with pid … already exists"."""
    pm2 = CannedPm2([listed()], [], failing=("reload",))
    assert pm2.carry_out("reload", "web", FILE, 2, None) == "restart"
    assert pm2.commands == ["reload web", "delete web", f"start {FILE} --only web"]


def test_a_reload_command_that_fails_interrupts_nothing() -> None:
    pm2 = CannedPm2([listed()], failing=("launcher",))
    with pytest.raises(Pm2Problem, match="launcher failed"):
        pm2.carry_out("reload", "old", FILE, 1, ["launcher", "reload"])
    assert pm2.commands == ["launcher reload"]


def test_nothing_is_started_before_the_list_is_empty() -> None:
    """PM2 may start a crashed process again while it deletes it."""
    pm2 = CannedPm2([listed()], [listed()], [])
    pm2.carry_out("restart", "web", FILE, 2, None)
    assert pm2.commands == ["delete web", "delete web", f"start {FILE} --only web"]


def test_a_list_that_never_gets_empty_is_a_problem() -> None:
    pm2 = CannedPm2([listed()])
    with pytest.raises(Pm2Problem, match="PM2 does not remove web from its list"):
        pm2.carry_out("restart", "web", FILE, 2, None)
    assert f"start {FILE} --only web" not in pm2.commands


def test_what_is_gone_already_needs_no_delete() -> None:
    pm2 = CannedPm2([listed()], [], failing=("delete",))
    pm2.stop("web")
    with pytest.raises(Pm2Problem, match="delete failed"):
        CannedPm2([listed()], failing=("delete",)).stop("web")


def test_processes_that_outlive_their_end_are_killed_with_their_children(stubborn: subprocess.Popen[bytes]) -> None:
    tree = control.find_process_trees({stubborn.pid})
    assert len(tree) == 2
    CannedPm2([listed(stubborn.pid)], []).stop("web")
    assert control.remaining(tree) == set()


def test_a_process_that_waits_for_its_restart_has_none_to_wait_for() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert control.find_process_trees({ended.pid, 0}) == set()


def test_another_process_with_the_same_id_is_not_taken_for_it() -> None:
    pid = os.getpid()
    assert control.remaining({(pid, "1")}) == set()
    assert control.remaining(control.find_process_trees({pid})) >= {(pid, control.read_processes()[pid][1])}


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, "/nonexistent", "/usr/bin:/bin")
    with pytest.raises(Pm2Problem, match=r"sleep 60 did not end within 0.2 s; .*systemctl restart pm2"):
        pm2.as_user(["sleep", "60"], timeout=0.2)
    monkeypatch.setattr(control, "START_TIMEOUT", 0.2)
    # Not even asked, for `pm2` would start a daemon that systemd knows nothing of.
    monkeypatch.setattr(pm2, "ask", None)
    with pytest.raises(Pm2Problem, match=r"systemctl start pm2"):
        pm2.processes("web")
