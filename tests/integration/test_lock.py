# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run at a time: the second one waits or fails, and the lock of a dead run is taken over."""

from __future__ import annotations

import getpass
import json
import os
import time
from typing import Any

import pytest
from rig.faults import Delay, Do, Effect, Fail, is_mutating, mutation, named
from rig.stacks import NAME, Stack, Stacks, assert_same

LOCK = f"/groundwork/{NAME}/lock"


def hold(stack: Stack, expires_in: float, number: int = 1) -> None:
    """The lock of a run on some other machine."""
    value = {
        "holder": "ada@elsewhere pid 7",
        "machine": "another machine",
        "pid": 7,
        "started": "1",
        "nonce": "n",
        "since": time.time() - 60,
        "ttl": expires_in,
    }
    ssm = stack.account.client("ssm")
    ssm.put_parameter(Name=f"{LOCK}/{number}", Value=json.dumps(value), Type="String")


def wait_for(stack: Stack, mutations: int) -> None:
    deadline = time.monotonic() + 60
    while len(stack.proxy.mutations) < mutations:
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.02)


def test_a_second_run_waits_for_the_first(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.proxy.faults.add(named("RunInstances"), Delay(3), times=1)
    first = stack.start()
    wait_for(stack, 3)
    second = stack.start(lock_wait=60)
    outcomes = [first.finish(), second.finish()]
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert_same(stack.account.state(), expected.account.state())
    assert stack.proxy.names().count("RunInstances") == 1


def test_a_second_run_that_does_not_wait_fails_with_the_holder(stack: Stack) -> None:
    stack.proxy.faults.add(named("RunInstances"), Delay(4), times=1)
    first = stack.start()
    wait_for(stack, 3)
    second = stack.present(lock_wait=0)
    assert second.refused, str(second)
    assert f"pid {first.pid}" in second.message
    assert os.environ.get("USER", getpass.getuser()) in second.message
    assert "Nothing was changed" in second.message
    assert first.finish().ok


def test_runs_that_start_at_the_same_moment_create_everything_once(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    outcomes = [run.finish() for run in [stack.start(lock_wait=90) for _ in range(4)]]
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert [outcome.changed for outcome in outcomes].count(True) == 1
    assert_same(stack.account.state(), expected.account.state())
    for name in ("CreateVpc", "RunInstances", "AllocateAddress", "CreateRole"):
        assert stack.proxy.names().count(name) == 1


def test_a_lock_that_has_expired_is_taken_over(stack: Stack) -> None:
    hold(stack, expires_in=-1)
    outcome = stack.present(lock_wait=0)
    assert outcome.ok, str(outcome)
    assert not [owner for owner in stack.account.owned(NAME).values() if owner.startswith("parameter")]


def test_a_lock_that_expires_during_a_wait_is_taken_over(stack: Stack) -> None:
    hold(stack, expires_in=3)
    outcome = stack.present(lock_wait=30)
    assert outcome.ok, str(outcome)
    assert outcome.seconds >= 2


def test_a_valid_lock_is_respected_and_its_holder_named(stack: Stack) -> None:
    hold(stack, expires_in=300)
    outcome = stack.present(lock_wait=1)
    assert outcome.refused, str(outcome)
    assert "ada@elsewhere pid 7" in outcome.message
    assert [call.name for call in stack.proxy.mutations if call.operation.service != "ssm"] == []
    # The lock still belongs to the other run.
    ssm = stack.account.client("ssm")
    assert "ada" in ssm.get_parameter(Name=f"{LOCK}/1")["Parameter"]["Value"]


def test_a_lock_that_cannot_be_parsed_is_ignored(stack: Stack) -> None:
    stack.account.client("ssm").put_parameter(Name=f"{LOCK}/1", Value="not JSON", Type="String")
    outcome = stack.present(lock_wait=0)
    assert outcome.ok, str(outcome)


def test_the_lock_of_a_killed_run_is_taken_over_at_once(stack: Stack) -> None:
    running: list[Any] = []
    stack.proxy.faults.add(mutation(6), Do(lambda _call: running[0].kill(), cut=True), times=1)
    running.append(stack.start(lock_ttl=600))
    assert running[0].finish().killed
    stack.proxy.settle()
    outcome = stack.present(lock_wait=0)
    assert outcome.ok, str(outcome)


def test_a_run_that_lost_its_lock_starts_no_more_changes(stack: Stack) -> None:
    def delete_lock(_call: Any) -> None:
        ssm = stack.account.client("ssm")
        for held in ssm.get_parameters_by_path(Path=LOCK)["Parameters"]:
            ssm.delete_parameter(Name=held["Name"])

    stack.proxy.faults.add(named("CreateVpc"), Do(delete_lock, after=True), times=1)
    # A lock of three seconds is renewed every second.
    stack.proxy.faults.add(lambda call: is_mutating(call) and call.operation.service == "ec2", Delay(1.5))
    outcome = stack.present(lock_ttl=3, parallel=1)
    assert outcome.refused, str(outcome)
    assert "lock of stack single-instance was lost" in outcome.message
    assert "RunInstances" not in stack.proxy.names()
    stack.proxy.faults.clear()
    assert stack.present().ok


def test_an_unchanged_run_and_check_mode_need_no_lock(stack: Stack) -> None:
    stack.made()
    hold(stack, expires_in=300)
    assert stack.present(lock_wait=0).ok
    assert stack.present({"tags": {"team": "x"}}, check=True, lock_wait=0).ok
    assert stack.proxy.mutations == []


REFUSED = Fail(status=400, code="AccessDeniedException", message="No.")


@pytest.mark.parametrize("cause", ["killed", "denied"])
def test_an_unchanged_run_makes_no_call_but_the_removal_of_a_lock_that_was_left(stack: Stack, cause: str) -> None:
    """The only write of an unchanged run: the run before it has ended without removing its lock."""
    running: list[Any] = []
    kill = Do(lambda _call: running[0].kill(), cut=True)
    effect: Effect = kill if cause == "killed" else REFUSED
    stack.proxy.faults.add(named("DeleteParameter"), effect, times=1)
    running.append(stack.start(lock_ttl=2))
    first = running[0].finish()
    assert first.killed if cause == "killed" else first.ok, str(first)
    stack.proxy.settle()
    time.sleep(2.5)
    writes = []
    for _run in range(3):
        stack.proxy.forget()
        again = stack.present()
        assert again.ok, str(again)
        assert not again.changed
        writes.append([call.name for call in stack.proxy.mutations])
    assert writes == [["DeleteParameter"], [], []]
