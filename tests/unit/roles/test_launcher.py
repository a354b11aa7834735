# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the launcher of gunicorn makes of the messages that it gets, and what `watch` makes of its answers."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "roles" / "gunicorn" / "files" / "gunicorn_launcher.py"
SPECIFICATION = importlib.util.spec_from_file_location("gunicorn_launcher", PROGRAM)
assert SPECIFICATION is not None
assert SPECIFICATION.loader is not None
launcher = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(launcher)

RELEASE = "/srv/api/releases/2"
FIRST, SECOND, THIRD = (1, 10), (2, 20), (3, 30)


def status(quiet: float = 0, ended: int = 0, release: str = RELEASE) -> dict[str, Any]:
    return {"release": release, "ended_workers": ended, "quiet_seconds": quiet}


def judge(*samples: tuple[tuple[int, int] | None, dict[str, Any] | None]) -> tuple[bool, str]:
    watched = launcher.Watch(RELEASE, 10)
    return [watched.judge(*sample) for sample in samples][-1]


def test_a_release_is_stable_after_a_quiet_time() -> None:
    assert judge((FIRST, status(quiet=10))) == (True, "")
    assert judge((FIRST, status(quiet=9.9))) == (False, "")
    assert judge((FIRST, status(quiet=10, release="/srv/api/releases/1"))) == (False, "")


def test_one_lost_worker_makes_the_quiet_time_begin_anew() -> None:
    assert judge((FIRST, status(quiet=1, ended=1))) == (False, "")
    assert judge((FIRST, status(quiet=10, ended=1))) == (True, "")
    # However many it has lost in its life.
    assert judge((FIRST, status(quiet=10, ended=50))) == (True, "")


def test_workers_that_end_again_and_again_are_a_crash_loop() -> None:
    stable, said = judge((FIRST, status(quiet=1, ended=2)))
    assert not stable
    assert said == "its workers ended 2 times, and gunicorn starts them again and again"


def test_launchers_that_end_again_and_again_are_a_crash_loop() -> None:
    """Each of them answers, and none of them has lost anything."""
    assert judge((FIRST, status(1)), (SECOND, status(1))) == (False, "")
    stable, said = judge((FIRST, status(1)), (None, None), (SECOND, None), (SECOND, status(1)), (THIRD, status(0)))
    assert not stable
    assert said == "gunicorn ended 2 times, and is started again and again"


def test_a_launcher_that_does_not_answer_is_waited_for() -> None:
    assert judge((None, None), (None, None), (FIRST, None)) == (False, "")


@pytest.fixture
def running(tmp_path: Path) -> Any:
    """A launcher that serves with gunicorn 100, without having started anything."""
    one = launcher.Launcher.__new__(launcher.Launcher)
    one.control = launcher.control_socket(str(tmp_path / "control"))
    one.options = argparse.Namespace(service="api", control=str(tmp_path / "control"), ready_timeout=2.0)
    one.serving = SimpleNamespace(pid=100)
    one.release, one.ended_workers, one.retired_workers, one.requests = RELEASE, 0, set(), []
    one.last_loss = time.monotonic() - 60
    return one


def send(running: Any, *messages: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gunicorn:
        for message in messages:
            gunicorn.sendto(message.encode(), running.options.control)
            running.take_message()


def test_lost_workers_of_the_gunicorn_that_serves_are_counted(running: Any) -> None:
    send(running, "loaded 100 1", "loaded 100 2", "ended 100 1", "ended 99 5")
    found = json.loads(running.status())
    assert found["ended_workers"] == 1
    assert found["quiet_seconds"] < 5
    assert found["release"] == RELEASE


def test_a_worker_that_has_served_enough_requests_is_not_lost(running: Any) -> None:
    send(running, "retired 100 1", "ended 100 1")
    assert running.ended_workers == 0
    assert json.loads(running.status())["quiet_seconds"] > 50
    # Its number may come back.
    send(running, "ended 100 1")
    assert running.ended_workers == 1


def test_a_request_that_comes_while_a_release_loads_is_kept(running: Any) -> None:
    process = SimpleNamespace(pid=200, poll=lambda: None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gunicorn:
        for message in ("status /run/asker", "ended 100 1", "loaded 200 9"):
            gunicorn.sendto(message.encode(), running.options.control)
    assert running.problem_with(process) == ""
    assert running.requests == [("status", "/run/asker")]
    assert running.ended_workers == 1


def test_a_request_that_came_while_a_release_loaded_is_answered_before_the_next_message(running: Any) -> None:
    answers: list[tuple[str, str]] = []
    running.serving = SimpleNamespace(pid=100, poll=lambda: 1 if answers else None, returncode=0)
    running.requests = [("status", "/run/asker")]
    running.change_release = lambda: ""
    running.notify_manager = lambda: None
    running.answer = lambda asker, text: answers.append((asker, text))

    def wait() -> bytes:
        assert answers, "it waits although a request has no answer yet"
        return b""

    running.wait = wait
    assert running.run() == 1
    assert answers[0][0] == "/run/asker"


def test_a_message_that_makes_no_sense_ends_nothing(running: Any) -> None:
    send(running, "nonsense", "", "loaded x", "ended 100", "ended 100 x", "retired 100 -1", "ended " + "9" * 400)
    send(running, "loaded 100 1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gunicorn:
        gunicorn.sendto(b"ended \xff\xfe", running.options.control)
    running.take_message()
    assert running.requests == []
    assert running.ended_workers == 0


def fill_queue(path: str) -> None:
    """Send to a socket until its queue is full."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        # The kernel limits it in net.unix.max_dgram_qlen, and by the memory of the socket.
        with contextlib.suppress(BlockingIOError):
            for _message in range(100_000):
                sender.sendto(b"x", path)
            pytest.fail("the queue does not fill up")


def call_in_time(call: Callable[[], Any]) -> Any:
    """The result of a call, or its error. A call that waits for ever fails the test instead of holding it."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(5)
    assert found, "it waits for a socket that nothing reads"
    return found[0]


def test_a_socket_that_nothing_reads_ends_the_question_in_time(running: Any) -> None:
    fill_queue(running.options.control)
    assert str(call_in_time(lambda: launcher.ask(running.options, "status", 0.5))) == "timed out"
    assert not list(Path(running.options.control).parent.glob("control.*"))


def test_a_reload_of_a_launcher_that_reads_nothing_has_no_answer(
    running: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_queue(running.options.control)
    running.options.ready_timeout = -59.5
    assert call_in_time(lambda: launcher.ask_for_reload(running.options)) == launcher.NO_ANSWER
    assert capsys.readouterr().err == "launcher: the launcher does not answer: timed out\n"


def test_an_asker_that_reads_nothing_does_not_stop_the_launcher(running: Any, tmp_path: Path) -> None:
    with launcher.control_socket(str(tmp_path / "asker")):
        fill_queue(str(tmp_path / "asker"))
        assert call_in_time(lambda: running.answer(str(tmp_path / "asker"), "ok")) is None
    for asker in ("a\0b", str(tmp_path / "missing")):
        running.answer(asker, "ok")


WRONG_ANSWERS = {
    "no JSON": b"ok",
    "no text": b"\xff\xfe",
    "nothing": b"",
    "no object": b"[1]",
    "deep": b"[" * 500,
    "no field": b'{"release": "/srv/api/releases/2"}',
    "other kinds": b'{"release": 2, "ended_workers": "x", "quiet_seconds": []}',
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_fails_the_watch_in_time(running: Any, wrong: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A program of the service may have put its own socket in the place of the launcher's."""
    done = threading.Event()

    def reply() -> None:
        while not done.is_set():
            if select.select([running.control], [], [], 0.05)[0]:
                asker = running.control.recv(512).decode().partition(" ")[2]
                with contextlib.suppress(OSError):
                    running.control.sendto(wrong, asker)

    thread = threading.Thread(target=reply)
    thread.start()
    try:
        running.options.ready_timeout, running.options.seconds = 0.5, 0.2
        assert launcher.watch(running.options) == 1
    finally:
        done.set()
        thread.join()
    said = capsys.readouterr().err
    assert "does not stay up: within 0.7 s another program answers at " in said
    assert said.endswith(": restart the service\n")


def test_the_answer_of_a_launcher_can_be_read(running: Any) -> None:
    assert launcher.parse_status(running.status())["release"] == RELEASE


def test_a_release_whose_workers_end_before_they_have_loaded_fails_early(running: Any) -> None:
    running.options.ready_timeout = 0.5
    process = SimpleNamespace(pid=200, poll=lambda: None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gunicorn:
        for message in ("ended 200 1", "ended 200 2"):
            gunicorn.sendto(message.encode(), running.options.control)
    assert "its workers end before they have loaded the application (2 did)" in running.problem_with(process)
    assert "did not load the application within " in running.problem_with(process)


def test_a_request_to_a_launcher_that_ends_is_answered_soon(running: Any) -> None:
    """The launcher that comes after it does not know of the question."""

    def replace() -> None:
        time.sleep(0.5)
        running.control.close()
        running.control = launcher.control_socket(running.options.control)

    thread = threading.Thread(target=replace)
    thread.start()
    began = time.monotonic()
    with pytest.raises(OSError, match="it ended while it was asked"):
        launcher.ask(running.options, "status", 30)
    thread.join()
    assert time.monotonic() - began < 10
    assert not list(Path(running.options.control).parent.glob("control.*"))


def test_no_launcher_is_no_answer(running: Any) -> None:
    running.control.close()
    with pytest.raises(ConnectionRefusedError):
        launcher.ask(running.options, "status", 5)
    os.unlink(running.options.control)
    with pytest.raises(FileNotFoundError):
        launcher.ask(running.options, "status", 5)
    assert launcher.identify(running.options.control) is None


@pytest.fixture
def gunicorn() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, with a child that ends by no signal but SIGKILL."""
    script = "trap '' TERM; sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & echo; trap - TERM; wait"
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        launcher.kill_group(process)


def is_group_alive(process: subprocess.Popen[bytes]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether its group is gone soon: what init has to reap takes a moment."""
    deadline = time.monotonic() + 10
    while is_group_alive(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not is_group_alive(process)


def test_workers_that_hang_do_not_outlive_a_release_that_does_not_load(gunicorn: subprocess.Popen[bytes]) -> None:
    launcher.kill_group(gunicorn)
    assert wait_until_ended(gunicorn)
    launcher.kill_group(gunicorn)


def test_workers_that_hang_do_not_outlive_their_gunicorn(
    gunicorn: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would keep the address of the service from the next launcher."""
    monkeypatch.setattr(launcher, "ORPHAN_TIMEOUT", 0.5)
    gunicorn.kill()
    gunicorn.wait()
    assert is_group_alive(gunicorn)
    launcher.end_workers(gunicorn)
    assert wait_until_ended(gunicorn)


def test_gunicorn_gets_a_group_of_its_own(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def start_sleep(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """There is no gunicorn here, nor the listening socket of a launcher."""
        return popen(["sleep", "60"], **{**options, "cwd": "/", "pass_fds": (), "preexec_fn": None})

    monkeypatch.setattr(launcher.subprocess, "Popen", start_sleep)
    monkeypatch.setattr(running, "environment", lambda release: {"PATH": os.defpath}, raising=False)
    running.options.entry = "wsgi:app"
    process = running.start(RELEASE)
    try:
        assert os.getpgid(process.pid) == process.pid
    finally:
        process.kill()
        process.wait()
