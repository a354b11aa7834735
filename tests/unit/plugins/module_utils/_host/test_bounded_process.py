# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs whose output a service writes: without end, with any bytes, or for ever."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.bounded_process import Ended, run_bounded


def run(script: str, timeout: float = 20, limit: int = 1000) -> Ended:
    return run_bounded(["/bin/sh", "-c", script], timeout, limit)


def test_the_streams_and_the_status_are_kept_apart() -> None:
    assert run("echo out; echo err >&2; exit 3") == Ended(3, "out\n", "err\n", False)
    assert run(":") == Ended(0, "", "", False)
    assert run("kill -9 $$").status == -9


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert run(r"printf 'caf\351 \377'").output == "caf\ufffd \ufffd"


def test_only_the_end_of_each_stream_is_kept() -> None:
    ended = run("seq 100000; seq 100000 >&2")
    assert ended.is_cut
    assert len(ended.output) == len(ended.errors) == 1000
    assert ended.output.endswith("99999\n100000\n")
    assert not run("head -c 1000 /dev/zero").is_cut


def test_a_program_that_prints_without_end_is_killed_in_time() -> None:
    began = time.monotonic()
    ended = run("yes & yes >&2", timeout=0.5)
    assert ended.status is None
    assert ended.is_cut
    assert time.monotonic() - began < 15


def test_a_program_that_says_nothing_is_killed_with_its_children(tmp_path: Path) -> None:
    ended = run(f"sleep 600 & echo $! > {tmp_path}/child; exec >&- 2>&-; wait", timeout=0.5)
    assert ended == Ended(None, "", "", False)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_child_that_keeps_the_streams_open_is_not_waited_for() -> None:
    began = time.monotonic()
    ended = run("echo begun; sleep 60 &", timeout=50)
    assert (ended.status, ended.output) == (0, "begun\n")
    assert time.monotonic() - began < 20


def test_nothing_is_read_from_the_terminal() -> None:
    assert run("cat").output == ""


def test_a_program_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        run_bounded(["/nonexistent"], 1, 1)


@pytest.mark.parametrize("size", [0, 1, 65536, 200000])
def test_output_of_any_size_is_complete_below_the_limit(size: int) -> None:
    program = f"import sys; sys.stdout.write('x' * {size})"
    ended = run_bounded([sys.executable, "-c", program], 20, 200000)
    assert (len(ended.output), ended.is_cut) == (size, False)
