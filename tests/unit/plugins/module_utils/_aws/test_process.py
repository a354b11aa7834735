# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a process that holds a lock is known to be dead."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws import process

# Without /proc (on macOS) a controller cannot see that a process has ended, so it waits until the lock expires.
needs_proc = pytest.mark.skipif(not process.PROC.exists(), reason="needs Linux's /proc")


@needs_proc
def test_a_running_process_has_not_ended() -> None:
    assert process.start_time(os.getpid())
    assert not process.has_exited(process.machine_name(), os.getpid(), process.start_time(os.getpid()))


@needs_proc
def test_a_killed_process_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = process.start_time(child.pid)
    assert began
    assert not process.has_exited(process.machine_name(), child.pid, began)
    child.kill()
    child.wait()
    child.communicate()
    assert process.has_exited(process.machine_name(), child.pid, began)


@needs_proc
def test_a_process_with_another_start_time_has_ended() -> None:
    assert process.has_exited(process.machine_name(), os.getpid(), "1")


@pytest.mark.parametrize(("where", "began"), [("", "5"), ("elsewhere", "5"), (process.machine_name(), "")])
def test_a_process_of_another_machine_or_an_unknown_start_is_not_known_to_have_ended(where: str, began: str) -> None:
    assert not process.has_exited(where, 2**22 + 1, began)


def test_without_proc_no_process_is_known_to_have_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "PROC", tmp_path)
    assert process.machine_name() == ""
    assert process.start_time(os.getpid()) == ""
    assert not process.has_exited(process.machine_name(), 2**22 + 1, "1")


class TestTerminals:
    @needs_proc
    @pytest.mark.parametrize("is_terminal", [True, False])
    def test_standard_input_of_a_process(self, is_terminal: bool) -> None:
        master, slave = pty.openpty()
        source = slave if is_terminal else subprocess.DEVNULL
        with subprocess.Popen(["sleep", "30"], stdin=source) as child:
            try:
                assert process.has_terminal(child.pid) is is_terminal
            finally:
                child.kill()
        os.close(master)
        os.close(slave)

    def test_a_process_that_has_ended_has_none(self) -> None:
        with subprocess.Popen(["true"]) as child:
            child.wait()
        assert process.has_terminal(child.pid) is False

    def test_without_proc_ps_is_asked(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(process, "PROC", tmp_path / "none")
        for shown, expected in (("ttys003\n", True), ("??\n", False), ("?\n", False), ("-\n", False), ("", False)):
            done = subprocess.CompletedProcess([], 0, stdout=shown)
            monkeypatch.setattr(subprocess, "run", lambda *_words, done=done, **_more: done)
            assert process.has_terminal(1) is expected
