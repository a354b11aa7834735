# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Calls that break: the run copes or ends cleanly, and the next one ends where an undisturbed one ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from rig.faults import (
    Call,
    Delay,
    Effect,
    Fail,
    Garble,
    Lose,
    Throttle,
    When,
    every,
    first_of,
    is_mutating,
    is_reading,
    mutation,
    named,
    said,
)
from rig.runs import Outcome
from rig.stacks import DATA, Stack, Stacks, assert_same

CHANGED = {
    "access": {"ssh_from": ["198.51.100.0/24"]},
    "instances": {"app": {"type": "t3.small", "volume": {"size": 12}}},
    "resources": {"subnet/extra": {"vpc": {"ref": "vpc/main"}, "cidr": "10.0.9.0/24", "zone": "us-east-1b"}},
}


@dataclass(frozen=True)
class Step:
    """One run in the life of a stack."""

    what: str
    run: Callable[[Stack], Outcome]


# One call at a time, so that each number is another call.
CREATE = Step("create", lambda stack: stack.present(parallel=1))
CHANGE = Step("change", lambda stack: stack.present(CHANGED, parallel=1))
DELETE = Step("delete", lambda stack: stack.absent(parallel=1))


@dataclass(frozen=True)
class Undisturbed:
    """What a run does that nothing goes wrong with: its mutating calls, and what there is in the end."""

    step: Step
    calls: list[str]
    different: int
    state: list[str]


def live_through(stack: Stack, steps: list[Step]) -> list[Undisturbed]:
    lived = []
    for step in steps:
        stack.proxy.forget()
        outcome = step.run(stack)
        assert outcome.ok, f"{step.what}: {outcome}"
        calls = stack.proxy.mutations
        different = len({said(call) for call in calls})
        lived.append(Undisturbed(step, [call.name for call in calls], different, stack.account.state()))
    return lived


def break_all(stacks: Stacks, steps: list[Step], effect: Effect) -> None:
    """Live the same life with every mutating call of each step broken, the first time that it is made."""
    expected, stack = live_through(stacks(), steps), stacks()
    for whole in expected:
        stack.proxy.forget()
        stack.proxy.faults.clear()
        fault = stack.proxy.faults.add(first_of(is_mutating), effect)
        outcome = whole.step.run(stack)
        broken = f"{whole.step.what}, {effect} at every mutating call"
        assert fault.struck >= whole.different, broken
        assert outcome.ok, f"{broken}: {outcome}"
        assert_same(stack.account.state(), whole.state, broken)


@pytest.mark.long
def test_runs_succeed_despite_lost_answers(stacks: Stacks) -> None:
    break_all(stacks, [CREATE, CHANGE, DELETE], Lose(after=True))


@pytest.mark.long
def test_runs_succeed_despite_lost_requests(stacks: Stacks) -> None:
    # Looking for what was never made takes time, and little else.
    break_all(stacks, [CREATE], Lose())


@pytest.mark.long
def test_runs_succeed_despite_5xx_errors(stacks: Stacks) -> None:
    """A 503 of a call that was obeyed nevertheless."""
    break_all(stacks, [CREATE, CHANGE, DELETE], Fail(status=503, code="ServiceUnavailable", after=True))


@pytest.mark.long
def test_an_error_ends_the_run_cleanly_and_the_next_one_continues(stacks: Stacks) -> None:
    """Not everything can be coped with: a refusal for good stops what depends on it, and nothing else.

    Each run is refused what none before has asked for, and takes up what that one left.
    """
    whole, stack = live_through(stacks(), [CREATE])[0], stacks()
    # The first call takes the lock. The last gives it back: a run whose work is done does not fail for that.
    assert [whole.calls[0], whole.calls[-1]] == ["PutParameter", "DeleteParameter"]
    stack.proxy.faults.add(mutation(1), REFUSED, times=1)
    assert refusals(stack) == 1
    fault = stack.proxy.faults.add(first_of(lambda call: call.mutating and call.operation.service != "ssm"), REFUSED)
    runs = 0
    while refusals(stack):
        runs += 1
    assert runs > 3
    assert fault.struck >= whole.different - 2
    assert_same(stack.account.state(), whole.state, "refused every call once")


REFUSED = Fail(status=403, code="UnauthorizedOperation", message="You are not authorized to perform this operation.")


def refusals(stack: Stack) -> int:
    """The number of rejected calls of a run, each of which it must report with AWS's message."""
    stack.proxy.forget()
    outcome = CREATE.run(stack)
    refused = [call.name for call in stack.proxy.mutations if call.status == REFUSED.status]
    assert outcome.refused if refused else outcome.ok, str(outcome)
    for name in refused:
        assert f"{name}: {REFUSED.code}: {REFUSED.message}" in outcome.message
    return len(refused)


def first_of_each(times: int) -> When:
    """The first calls of every operation."""
    seen: dict[str, int] = {}

    def when(call: Call) -> bool:
        seen[call.name] = seen.get(call.name, 0) + 1
        return seen[call.name] <= times

    return when


@pytest.mark.long
def test_throttling_of_every_operation_is_retried(stacks: Stacks) -> None:
    first = first_of_each(1)
    expected, stack = stacks(), stacks()
    expected.made()
    fault = stack.proxy.faults.add(first, Throttle())
    burst = stack.proxy.faults.add(named("RunInstances"), Throttle(), times=3)
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert fault.struck > 30
    assert burst.struck == 3
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()


def test_errors_of_every_read_are_retried(stacks: Stacks) -> None:
    once = first_of_each(1)
    stack = stacks()
    stack.made()
    fault = stack.proxy.faults.add(lambda call: is_reading(call) and once(call), Fail(status=500))
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert fault.struck > 10
    assert not outcome.changed


def test_malformed_answers_are_retried(stacks: Stacks) -> None:
    """A page of a load balancer in front of AWS, for every operation once, which was obeyed nevertheless."""
    once = first_of_each(1)
    expected, stack = stacks(), stacks()
    expected.made()
    fault = stack.proxy.faults.add(once, Garble(after=True))
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert fault.struck > 30
    assert_same(stack.account.state(), expected.account.state())


def test_reads_that_fail_for_good_end_the_run_before_it_changes_anything(stacks: Stacks) -> None:
    stack = stacks()
    stack.proxy.faults.add(is_reading, Fail(status=403, code="UnauthorizedOperation", message="Not you."))
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    assert "UnauthorizedOperation" in outcome.message
    assert stack.proxy.mutations == []


@pytest.mark.long
def test_slow_answers_change_nothing(stacks: Stacks) -> None:
    expected, stack = stacks(), stacks()
    expected.made()
    stack.proxy.faults.add(every, Delay(0.15))
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert_same(stack.account.state(), expected.account.state())
    assert stack.absent(allow_destroy=[DATA]).ok
    stack.assert_empty()
