# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a process that holds a lock is known to be dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws import process


def test_this_one_lives() -> None:
    assert process.started(os.getpid())
    assert not process.is_dead(process.machine(), os.getpid(), process.started(os.getpid()))


def test_one_that_ended_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = process.started(child.pid)
    assert began
    assert not process.is_dead(process.machine(), child.pid, began)
    child.kill()
    child.wait()
    child.communicate()
    assert process.is_dead(process.machine(), child.pid, began)


def test_another_one_with_the_same_number_is_not_it() -> None:
    assert process.is_dead(process.machine(), os.getpid(), "1")


@pytest.mark.parametrize(("where", "began"), [("", "5"), ("elsewhere", "5"), (process.machine(), "")])
def test_it_is_not_known_of_others(where: str, began: str) -> None:
    assert not process.is_dead(where, 2**22 + 1, began)


def test_without_proc_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "PROC", tmp_path)
    assert process.machine() == ""
    assert process.started(os.getpid()) == ""
