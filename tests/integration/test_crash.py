# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The crash matrix: whatever moment a run dies at, the next one ends where an undisturbed one ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from rig.faults import Do, mutation
from rig.runs import Outcome, Run
from rig.stacks import DATA, SINGLE, Base, Stack, Stacks, assert_same, base_of, for_each

# A change that updates some resources in place and adds one, and one that replaces the subnet and the machine in it.
CHANGED: Mapping[str, Any] = {
    "access": {"ssh_from": ["198.51.100.0/24"]},
    "instances": {"app": {"type": "t3.small", "volume": {"size": 12}}},
    "services": {"web": {"allow_from": ["0.0.0.0/0"]}},
    "resources": {"security_group/extra": {"vpc": {"ref": "vpc/main"}, "description": "More"}},
}
REPLACED: Mapping[str, Any] = {"network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}}
# The subnet of the NAT gateway is another, so that the gateway is, and a further tier leads through it.
MOVED: Mapping[str, Any] = {
    "network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}, "database": {"route": "nat"}}}
}
# Two rules change places, and a target group is another.
ROUTED: Mapping[str, Any] = {
    "resources": {
        "listener_rule/users": {"priority": 2},
        "listener_rule/old": {"priority": 1},
        "target_group/web": {"port": 8080},
    },
}


@dataclass(frozen=True)
class Step:
    """One run in the life of a stack."""

    what: str
    start: Callable[[Stack, int], Run]

    def run(self, stack: Stack, parallel: int = 10) -> Outcome:
        stack.proxy.forget()
        outcome = self.start(stack, parallel).finish()
        assert outcome.ok, f"{self.what}: {outcome}"
        return outcome


CREATE = Step("create", lambda stack, parallel: stack.start(parallel=parallel))
CHANGE = Step("change", lambda stack, parallel: stack.start(CHANGED, parallel=parallel))
REPLACE = Step("replace", lambda stack, parallel: stack.start(REPLACED, allow_destroy=[DATA], parallel=parallel))
DELETE = Step(
    "delete",
    lambda stack, parallel: stack.start(state="absent", allow_destroy=[*stack.base.data], parallel=parallel),
)


@dataclass(frozen=True)
class Undisturbed:
    """What a run does that nobody kills: how many mutating calls, and what there is in the end."""

    step: Step
    mutations: int
    state: list[str]


def live_through(stack: Stack, steps: list[Step]) -> list[Undisturbed]:
    """The life of a stack that nothing happens to."""
    lived = []
    for step in steps:
        step.run(stack)
        lived.append(Undisturbed(step, len(stack.proxy.mutations), stack.account.state()))
    return lived


@dataclass(frozen=True)
class Variant:
    """How runs are killed: before a call arrives or after it was obeyed, and with how many calls at a time."""

    after: bool
    parallel: int


# One at a time and killed after each call: every state that a run can leave behind. Ten at a time and killed before
# a call: what else was under way is obeyed, as it would be.
AFTER = Variant(after=True, parallel=1)
BEFORE = Variant(after=False, parallel=10)


def kill_at(stack: Stack, number: int, variant: Variant, step: Step) -> None:
    """Start a run and kill it at its nth mutating call; nothing of the fault stays."""
    running: list[Run] = []
    stack.proxy.forget()
    stack.proxy.faults.add(mutation(number), Do(lambda _call: running[0].kill(), variant.after, cut=True), times=1)
    running.append(step.start(stack, variant.parallel))
    outcome = running[0].finish()
    stack.proxy.settle()
    stack.proxy.faults.clear()
    assert outcome.killed, f"{step.what}: the run ended by itself: {outcome}"


def try_all(
    stacks: Stacks, before: list[Step], steps: list[Step], variant: Variant = AFTER, base: Base = SINGLE
) -> None:
    """Live the same life once for each number, with every step killed at that call and then done again."""
    expected = live_through(stacks(base), [*before, *steps])[len(before) :]

    def trial(number: int) -> None:
        stack = stacks(base)
        for step in before:
            step.run(stack)
        for whole in expected:
            if number <= whole.mutations:
                kill_at(stack, number, variant, whole.step)
            whole.step.run(stack)
            assert_same(stack.account.state(), whole.state, f"{whole.step.what}, killed at mutating call {number}")

    for_each(range(1, max(whole.mutations for whole in expected) + 1), trial)


@pytest.mark.parametrize("variant", [AFTER, BEFORE], ids=["after", "before"])
def test_a_creation_or_deletion_that_died_is_completed(stacks: Stacks, variant: Variant) -> None:
    try_all(stacks, [], [CREATE, DELETE], variant)


def test_a_change_that_died_is_completed(stacks: Stacks) -> None:
    try_all(stacks, [CREATE], [CHANGE, REPLACE])


def test_ways_out_that_died_half_made_or_half_gone_are_completed(stacks: Stacks) -> None:
    moved = Step("move", lambda stack, parallel: stack.start(MOVED, parallel=parallel))
    try_all(stacks, [], [CREATE, moved, DELETE], base=base_of("nat"))


def test_a_load_balancer_that_died_half_made_or_half_gone_is_completed(stacks: Stacks) -> None:
    routed = Step("route", lambda stack, parallel: stack.start(ROUTED, parallel=parallel))
    try_all(stacks, [], [CREATE, routed, DELETE], base=base_of("balanced"))


def test_a_creation_that_died_is_taken_down_without_a_trace(stacks: Stacks) -> None:
    expected = live_through(stacks(), [CREATE])[0]
    nothing = stacks().account.state()

    def trial(number: int) -> None:
        stack = stacks()
        kill_at(stack, number, AFTER, CREATE)
        DELETE.run(stack)
        left = [line for line in stack.account.state() if '"is": "snap' not in line]
        assert_same(left, nothing, f"killed at mutating call {number}")

    for_each(range(1, expected.mutations + 1), trial)
