# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls that break: the run copes or ends cleanly, and the next one ends where an undisturbed one ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from rig.faults import Call, Delay, Effect, Fail, Lose, Throttle, When, every, mutating, mutation, reading
from rig.stacks import DATA, Stack, Stacks, assert_same, for_each

Step = Callable[[Stack], Any]

CHANGED = {
    "access": {"ssh_from": ["198.51.100.0/24"]},
    "instances": {"app": {"type": "t3.small", "volume": {"size": 12}}},
    "network": {
        "zones": ["us-east-1a", "us-east-1b"],
        "subnets": {"public": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"]}},
    },
}
# A run as it should be, and what comes before it.
STEPS: dict[str, tuple[Step | None, Step]] = {
    "create": (None, lambda stack: stack.present()),
    "change": (lambda stack: stack.present(), lambda stack: stack.present(CHANGED)),
    "delete": (lambda stack: stack.present(), lambda stack: stack.absent()),
}


@dataclass(frozen=True)
class Broken:
    """One mutating call that goes wrong."""

    number: int
    effect: Effect

    def __str__(self) -> str:
        return f"mutating call {self.number}: {self.effect}"


def prepared(stacks: Stacks, before: Step | None) -> Stack:
    stack = stacks()
    if before:
        outcome = before(stack)
        assert outcome.ok, outcome
        stack.proxy.forget()
    return stack


def break_each(stacks: Stacks, which: str, effect: Effect, at_a_time: int, *, must_cope: bool) -> None:
    """Let each mutating call in turn meet the effect once."""
    before, step = STEPS[which]
    whole = prepared(stacks, before)
    assert step(whole).ok
    expected = whole.account.state()

    def trial(case: Broken) -> None:
        stack = prepared(stacks, before)
        fault = stack.proxy.faults.add(mutation(case.number), case.effect, times=1)
        outcome = step(stack)
        assert fault.struck == 1, f"there was no such call: {outcome}"
        assert outcome.ok or (outcome.refused and not must_cope), outcome
        if outcome.ok:
            assert_same(stack.account.state(), expected)
        again = step(stack)
        assert again.ok, again
        assert_same(stack.account.state(), expected)

    for_each([Broken(call.mutation or 0, effect) for call in whole.proxy.mutations], trial, at_a_time)


@pytest.mark.parametrize("which", list(STEPS))
def test_a_lost_answer_is_coped_with(stacks: Stacks, which: str) -> None:
    break_each(stacks, which, Lose(after=True), 4, must_cope=True)


@pytest.mark.parametrize("which", list(STEPS))
def test_a_lost_request_is_coped_with(stacks: Stacks, which: str) -> None:
    # Looking for what was never made takes time, and little else.
    break_each(stacks, which, Lose(), 8, must_cope=True)


@pytest.mark.parametrize("after", [False, True], ids=["refused", "obeyed"])
def test_an_error_that_says_nothing_is_coped_with(stacks: Stacks, after: bool) -> None:
    break_each(stacks, "create", Fail(status=503, code="ServiceUnavailable", after=after), 8, must_cope=True)


def test_a_refusal_ends_the_run_cleanly_and_says_what_is_left(stacks: Stacks) -> None:
    """Not everything can be coped with: a refusal for good stops what depends on it, and nothing else."""
    effect = Fail(status=403, code="UnauthorizedOperation", message="You are not authorized to perform this operation.")
    before, step = STEPS["create"]
    whole = prepared(stacks, before)
    assert step(whole).ok
    expected = whole.account.state()

    def trial(case: Broken) -> None:
        stack = prepared(stacks, before)
        stack.proxy.faults.add(mutation(case.number), case.effect, times=1)
        outcome = step(stack)
        assert outcome.refused, outcome
        call = stack.proxy.mutations[case.number - 1]
        assert "UnauthorizedOperation" in outcome.message
        assert "You are not authorized to perform this operation." in outcome.message
        assert call.name in outcome.message
        again = step(stack)
        assert again.ok, again
        assert_same(stack.account.state(), expected)

    # The last call gives the lock back: a run whose work is done does not fail for that.
    cases = [Broken(call.mutation or 0, effect) for call in whole.proxy.mutations if call.name != "DeleteParameter"]
    for_each(cases, trial)


def first_of_each(times: int) -> When:
    """The first calls of every operation."""
    seen: dict[str, int] = {}

    def when(call: Call) -> bool:
        seen[call.name] = seen.get(call.name, 0) + 1
        return seen[call.name] <= times

    return when


@pytest.mark.parametrize("kind", [reading, mutating], ids=["reads", "mutations"])
def test_throttling_of_every_operation_is_waited_out(stacks: Stacks, kind: When) -> None:
    bursts = first_of_each(2)
    expected = stacks()
    expected.made()
    stack = stacks()
    fault = stack.proxy.faults.add(lambda call: kind(call) and bursts(call), Throttle())
    outcome = stack.present()
    assert outcome.ok, outcome
    assert fault.struck > 20
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()


def test_errors_of_every_read_are_waited_out(stacks: Stacks) -> None:
    once = first_of_each(1)
    stack = stacks()
    stack.made()
    fault = stack.proxy.faults.add(lambda call: reading(call) and once(call), Fail(status=500))
    outcome = stack.present()
    assert outcome.ok, outcome
    assert fault.struck > 10
    assert not outcome.changed


def test_reads_that_fail_for_good_end_the_run_before_it_changes_anything(stacks: Stacks) -> None:
    stack = stacks()
    stack.proxy.faults.add(reading, Fail(status=403, code="UnauthorizedOperation", message="Not you."))
    outcome = stack.present()
    assert outcome.refused, outcome
    assert "UnauthorizedOperation" in outcome.message
    assert stack.proxy.mutations == []


def test_slow_answers_change_nothing(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.proxy.faults.add(every, Delay(0.15))
    outcome = stack.present()
    assert outcome.ok, outcome
    assert_same(stack.account.state(), expected.account.state())
    assert stack.absent(allow_destroy=[DATA]).ok
    stack.assert_empty()
