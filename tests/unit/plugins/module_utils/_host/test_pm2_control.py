# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands to PM2 and their order, and what follows an error. PM2 is a stand-in; the processes are real."""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock, FastClock

from ansible_collections.groundwork.aws.plugins.module_utils._host import pm2_control as control
from ansible_collections.groundwork.aws.plugins.module_utils._host.bounded_process import Ended
from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_control import (
    Pm2,
    Pm2AnswerError,
    Pm2Error,
    find_kill_timeout,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_process import Target

FILE = "/etc/groundwork/pm2/web.json"
# PM2 runs on managed hosts only, which are Linux.
needs_proc = pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux's /proc, as managed hosts have it")


class FakePm2(Pm2):
    """Records the commands. Each list of processes is the next of those given, and then the last one."""

    def __init__(self, *lists: list[dict[str, Any]], failing: tuple[str, ...] = ()) -> None:
        super().__init__("pm2", pwd.getpwuid(os.getuid()).pw_name, None, "/usr/bin:/bin", FakeClock())
        self.lists = list(lists) or [[]]
        self.failing = failing
        self.commands: list[str] = []

    def is_alive(self) -> bool:
        return True

    def read_directories(self, running: Any) -> list[str]:
        return ["/srv/web/releases/1"] * len(running)

    def list_processes(self, name: str) -> list[Any]:
        return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    def run_command(self, command: Any, timeout: float) -> str:
        words = [word for word in command if word != "pm2"]
        self.commands.append(" ".join(words))
        if words[0] in self.failing:
            raise Pm2Error(f"{words[0]} failed")
        return ""


@pytest.fixture
def stubborn() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child, both of which go on after PM2 deleted them."""
    script = "import subprocess, sys; subprocess.Popen(['sleep', '600']); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def listed(pid: int = 0) -> dict[str, Any]:
    return {"name": "web", "pid": pid, "pm2_env": {"status": "online"}}


def test_a_reload_is_one_command() -> None:
    pm2 = FakePm2()
    assert pm2.carry_out("reload", "web", FILE, 2, None) == "reload"
    assert pm2.commands == ["reload web"]


def test_a_reload_that_fails_becomes_a_restart() -> None:
    """PM2 rejects it for a process that has just crashed: "Process with pid … already exists"."""
    pm2 = FakePm2([listed()], [listed()], [], failing=("reload",))
    assert pm2.carry_out("reload", "web", FILE, 2, None) == "restart"
    assert pm2.commands == ["reload web", "delete web", f"start {FILE} --only web"]


@pytest.mark.parametrize(
    ("timeouts", "seconds"),
    [((), 0.0), ((None,), 0.0), ((20000,), 20.0), ((8000, 3600000, None), 3600.0), ((10**9,), 3600.0)],
)
def test_commands_wait_for_the_slowest_process(timeouts: tuple[int | None, ...], seconds: float) -> None:
    assert find_kill_timeout([{"pm2_env": {"kill_timeout": timeout}} for timeout in timeouts]) == seconds


def test_a_reload_command_that_fails_interrupts_nothing() -> None:
    pm2 = FakePm2([listed()], failing=("launcher",))
    with pytest.raises(Pm2Error, match="launcher failed"):
        pm2.carry_out("reload", "old", FILE, 1, ["launcher", "reload"])
    assert pm2.commands == ["launcher reload"]


def test_nothing_is_started_before_the_list_is_empty() -> None:
    """PM2 may start a crashed process again while it deletes it."""
    pm2 = FakePm2([listed()], [listed()], [])
    pm2.carry_out("restart", "web", FILE, 2, None)
    assert pm2.commands == ["delete web", "delete web", f"start {FILE} --only web"]


def test_a_list_that_never_gets_empty_is_an_error() -> None:
    pm2 = FakePm2([listed()])
    with pytest.raises(Pm2Error, match="PM2 does not remove web from its list"):
        pm2.carry_out("restart", "web", FILE, 2, None)
    assert f"start {FILE} --only web" not in pm2.commands


def test_a_process_that_is_gone_already_needs_no_delete() -> None:
    pm2 = FakePm2([listed()], [], failing=("delete",))
    pm2.stop("web")
    with pytest.raises(Pm2Error, match="delete failed"):
        FakePm2([listed()], failing=("delete",)).stop("web")


@needs_proc
def test_processes_that_do_not_end_are_killed_with_their_children(stubborn: subprocess.Popen[bytes]) -> None:
    tree = control.find_process_trees({stubborn.pid})
    assert len(tree) == 2
    pm2 = FakePm2([listed(stubborn.pid)], [])
    # The processes are real and need real time to end.
    pm2.clock = FastClock()  # type: ignore[assignment]
    pm2.stop("web")
    assert control.select_running(tree) == set()


@needs_proc
def test_a_process_that_ended_is_not_waited_for() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert control.find_process_trees({ended.pid, 0}) == set()


@needs_proc
def test_a_later_process_with_the_same_id_is_another_one() -> None:
    pid = os.getpid()
    assert control.select_running({(pid, "1")}) == set()
    assert control.select_running(control.find_process_trees({pid})) >= {(pid, control.read_processes()[pid][1])}


def test_a_daemon_that_does_not_answer_is_an_error_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, "/nonexistent", "/usr/bin:/bin", clock)
    with pytest.raises(Pm2Error, match=r"sleep 60 did not end within 0.2 s; .*restart its unit"):
        pm2.run_as_user(["sleep", "60"], timeout=0.2)
    # No command is run: `pm2` would start a daemon outside systemd.
    monkeypatch.setattr(pm2, "run_command", None)
    with pytest.raises(Pm2Error, match=r"restart its unit, groundwork-<service>"):
        pm2.list_processes("web")


def online(since: float) -> dict[str, Any]:
    return {"name": "web", "pid": 7, "pm2_env": {"status": "online", "pm_id": 0, "pm_uptime": since * 1000}}


TARGET = Target(1, "/srv/web/releases/1", 2.0)


def test_processes_are_stable_after_the_settle_time() -> None:
    pm2 = FakePm2([], [online(1_800_000_000)])
    assert pm2.wait_until_stable("web", TARGET, {}, 60) == [online(1_800_000_000)]
    assert 2 <= pm2.clock.now() < 3


def test_processes_that_do_not_become_stable_are_an_error_in_time() -> None:
    pm2 = FakePm2([])
    with pytest.raises(Pm2Error, match="after 62 s there are not 1 processes that were online"):
        pm2.wait_until_stable("web", TARGET, {}, 60)
    assert pm2.clock.now() == pytest.approx(62)


def test_processes_that_cannot_become_stable_are_an_error_at_once() -> None:
    pm2 = FakePm2([{"name": "web", "pid": 0, "pm2_env": {"status": "errored", "pm_id": 0}}])
    with pytest.raises(Pm2Error, match="PM2 has given up restarting process 0"):
        pm2.wait_until_stable("web", TARGET, {}, 60)
    assert pm2.clock.now() == 0


@pytest.mark.parametrize("printed", ["", "[{", "[1]", '[{"name":"web","pid":1}]', "[" * 100_000])
def test_a_list_that_cannot_be_read_is_an_error(printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, None, "/usr/bin:/bin", FakeClock())
    monkeypatch.setattr(pm2, "run", lambda *_arguments, **_options: printed)
    with pytest.raises(Pm2AnswerError, match=r"pm2 jlist printed a list that cannot be read: .*restart its unit"):
        pm2.list_processes("web")


def record_commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, Any]]]:
    recorded = []

    def run(command: list[str], _timeout: float, _limit: int, **options: Any) -> Ended:
        recorded.append((list(command), options))
        return Ended(0, "", "", False)

    monkeypatch.setattr(control, "run_bounded", run)
    return recorded


def make_sandboxed() -> Pm2:
    user = pwd.getpwuid(os.getuid()).pw_name
    return Pm2("pm2", user, "/s/web/.pm2", "/bin", FakeClock(), sandbox=["User=app-web", "ProtectSystem=strict"])


def test_every_command_runs_in_a_unit_with_the_properties_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record_commands(monkeypatch)
    pm2 = make_sandboxed()
    monkeypatch.setattr(pm2, "is_alive", lambda: True)
    pm2.run("delete", "web")
    pm2.run_command(["launcher", "reload"], 5)
    pm2.read_process_links(["1"], "cwd")
    pm2.find_node()
    assert len(recorded) == 4
    for command, options in recorded:
        assert command[0] == "systemd-run"
        assert {"--property=User=app-web", "--property=ProtectSystem=strict", "--wait", "--pipe"} <= set(command)
        # Root starts the unit, which becomes the user.
        assert "user" not in options
    assert recorded[0][0][-3:] == ["pm2", "delete", "web"]


def test_a_command_that_hangs_ends_with_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record_commands(monkeypatch)
    make_sandboxed().run_as_user(["pm2", "jlist"], timeout=60)
    assert "--property=RuntimeMaxSec=65" in recorded[0][0]


def test_systemd_replaces_no_variable_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = record_commands(monkeypatch)
    make_sandboxed().read_daemon_program()
    assert recorded[0][0][-1] == 'exec head -c 16 "$$PM2_HOME/pm2.pid"'


@pytest.mark.parametrize("sandbox", [(), ("User=app-web",)])
def test_nodejs_finds_no_packages_in_a_home_that_the_service_writes(
    sandbox: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = record_commands(monkeypatch)
    user = pwd.getpwuid(os.getuid()).pw_name
    Pm2("pm2", user, "/s/web/.pm2", "/bin", FakeClock(), sandbox=sandbox).run_as_user(["pm2"])
    command, options = recorded[0]
    assert options["env"]["HOME"] == "/nonexistent"
    assert options["env"]["PM2_HOME"] == "/s/web/.pm2"
    assert set(options["env"]) == {"PATH", "HOME", "USER", "PM2_HOME", "PM2_DISCRETE_MODE"}
    assert ("--setenv=HOME=/nonexistent" in command) is bool(sandbox)


def test_output_that_is_no_text_is_read() -> None:
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, None, "/usr/bin:/bin", FakeClock())
    assert pm2.run_as_user(["printf", r"\377ok"]).output == "\ufffdok"


def test_output_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "OUTPUT_LIMIT", 1000)
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, None, "/usr/bin:/bin", FakeClock())
    with pytest.raises(Pm2AnswerError, match="seq 100000 printed more than 1000 bytes"):
        pm2.run_as_user(["seq", "100000"])
    with pytest.raises(Pm2Error, match=r"yes did not end within 0\.5 s"):
        pm2.run_as_user(["yes"], timeout=0.5)


def test_the_id_of_the_daemon_is_read_from_the_start_of_its_file(tmp_path: Path) -> None:
    with open(tmp_path / "pm2.pid", "wb") as file:
        file.write(str(os.getpid()).encode())
        file.truncate(2**40)
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, str(tmp_path), "/usr/bin:/bin", FakeClock())
    assert pm2.read_daemon_program() == ""


@needs_proc
def test_processes_of_other_users_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon of a service may name any process of the host, such as the first one."""
    assert control.read_user(1) == 0
    assert control.read_user(os.getpid()) == os.getuid()
    assert control.read_user(2**22) == -1
    pm2 = FakePm2([listed(1)], [])
    monkeypatch.setattr(control, "read_user", lambda pid: -1 if pid == 1 else os.getuid())
    pm2.stop("web")
    assert pm2.commands == ["delete web"]
    assert pm2.clock.now() == 0


def test_a_restart_of_the_daemon_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], timeout: float, **_options: Any) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(control.subprocess, "run", hang)
    with pytest.raises(Pm2Error, match="systemctl restart groundwork-web did not end within 3900 s"):
        FakePm2().restart_daemon("groundwork-web")


def test_a_daemon_that_accepts_no_connection_is_not_alive_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "CONNECT_TIMEOUT", 0.2)
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, str(tmp_path), "/usr/bin:/bin", FakeClock())
    assert not pm2.is_alive()
    waiting: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.bind(str(tmp_path / "rpc.sock"))
        daemon.listen(0)
        assert pm2.is_alive()
        # Fill the queue of connections.
        with contextlib.suppress(OSError):
            while len(waiting) < 10_000:
                waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                waiting[-1].settimeout(0)
                waiting[-1].connect(str(tmp_path / "rpc.sock"))
        assert not pm2.is_alive()
        for one in waiting:
            one.close()


@pytest.mark.parametrize("content", ["", "x", "1 2", "-1", "²", "9" * 5000])
def test_a_wrong_file_of_the_process_id_names_no_daemon(tmp_path: Path, content: str) -> None:
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, str(tmp_path), "/usr/bin:/bin", FakeClock())
    assert pm2.read_daemon_program() == ""
    (tmp_path / "pm2.pid").write_text(content)
    assert pm2.read_daemon_program() == ""


def test_a_pipe_in_place_of_the_file_of_the_process_id_names_no_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pm2 = Pm2("pm2", pwd.getpwuid(os.getuid()).pw_name, str(tmp_path), "/usr/bin:/bin", FakeClock())
    os.mkfifo(tmp_path / "pm2.pid")
    run_as_user = pm2.run_as_user
    monkeypatch.setattr(pm2, "run_as_user", lambda command: run_as_user(command, timeout=0.3))
    assert pm2.read_daemon_program() == ""
