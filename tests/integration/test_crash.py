# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The crash matrix: whatever moment a run dies at, the next one ends where an undisturbed one ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from rig.faults import Do, mutation
from rig.runs import Run
from rig.stacks import DATA, Stack, Stacks, assert_same, for_each

# A change that updates some resources in place, adds one, removes one and replaces the machine.
CHANGED: Mapping[str, Any] = {
    "access": {"ssh_from": ["198.51.100.0/24"]},
    "instances": {"app": {"type": "t3.small", "volume": {"size": 12}}},
    "services": {"web": {"allow_from": ["0.0.0.0/0"]}},
    "resources": {"security_group/extra": {"vpc": {"ref": "vpc/main"}, "description": "More"}},
}
REPLACED: Mapping[str, Any] = {"network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}}


@dataclass(frozen=True)
class Point:
    """Where a run dies: at which mutating call, before it arrived or after it was obeyed."""

    number: int
    after: bool
    parallel: int = 1

    def __str__(self) -> str:
        return f"killed {'after' if self.after else 'before'} mutating call {self.number}, parallel {self.parallel}"


def kill_at(stack: Stack, point: Point, start: Callable[[], Run]) -> None:
    """Start a run and kill it at a point; nothing of the faults stays."""
    running: list[Run] = []
    faults = stack.proxy.faults
    faults.add(mutation(point.number), Do(lambda _call: running[0].kill(), after=point.after, cut=True), times=1)
    running.append(start())
    outcome = running[0].finish()
    stack.proxy.settle()
    faults.clear()
    assert outcome.killed, f"the run ended by itself: {outcome}"


def points(mutations: int, parallel: int, *, after: bool) -> list[Point]:
    return [Point(number, after, parallel) for number in range(1, mutations + 1)]


@dataclass(frozen=True)
class Undisturbed:
    """What a run does that nobody kills: how many mutating calls, and what there is in the end."""

    mutations: int
    state: list[str]


def undisturbed(stack: Stack, *steps: Callable[[Stack], Any]) -> Undisturbed:
    """Do the steps; the last one is what counts."""
    for step in steps:
        stack.proxy.forget()
        outcome = step(stack)
        assert outcome.ok, outcome
    return Undisturbed(len(stack.proxy.mutations), stack.account.state())


# One at a time and killed after each call: every state that a run can leave behind. Ten at a time and killed before
# a call: what else was under way is obeyed, as it would be.
VARIANTS = [pytest.param(1, True, id="after"), pytest.param(10, False, id="before")]


@pytest.mark.parametrize(("parallel", "after"), VARIANTS)
def test_a_creation_that_died_is_completed(stacks: Stacks, parallel: int, after: bool) -> None:
    expected = undisturbed(stacks(), lambda stack: stack.present())

    def trial(point: Point) -> None:
        stack = stacks()
        kill_at(stack, point, lambda: stack.start(parallel=point.parallel))
        again = stack.present()
        assert again.ok, again
        assert_same(stack.account.state(), expected.state)

    for_each(points(expected.mutations, parallel, after=after), trial)


def test_a_creation_that_died_is_taken_down_without_a_trace(stacks: Stacks) -> None:
    expected = undisturbed(stacks(), lambda stack: stack.present())
    nothing = stacks().account.state()

    def trial(point: Point) -> None:
        stack = stacks()
        kill_at(stack, point, lambda: stack.start(parallel=point.parallel))
        down = stack.absent()
        assert down.ok, down
        assert_same([line for line in stack.account.state() if '"is": "snap' not in line], nothing)

    for_each(points(expected.mutations, 1, after=True), trial)


@pytest.mark.parametrize(("parallel", "after"), VARIANTS)
def test_a_deletion_that_died_is_completed(stacks: Stacks, parallel: int, after: bool) -> None:
    expected = undisturbed(stacks(), lambda stack: stack.present(), lambda stack: stack.absent())

    def trial(point: Point) -> None:
        stack = stacks()
        stack.made()
        options = {"state": "absent", "allow_destroy": [DATA], "parallel": point.parallel}
        kill_at(stack, point, lambda: stack.start(**options))
        again = stack.absent()
        assert again.ok, again
        assert_same(stack.account.state(), expected.state)

    for_each(points(expected.mutations, parallel, after=after), trial)


@pytest.mark.parametrize("change", [CHANGED, REPLACED], ids=["updates", "replacements"])
def test_a_change_that_died_is_completed(stacks: Stacks, change: Mapping[str, Any]) -> None:
    def alter(stack: Stack) -> Any:
        return stack.present(change, allow_destroy=[DATA])

    expected = undisturbed(stacks(), lambda stack: stack.present(), alter)

    def trial(point: Point) -> None:
        stack = stacks()
        stack.made()
        kill_at(stack, point, lambda: stack.start(change, allow_destroy=[DATA], parallel=point.parallel))
        again = alter(stack)
        assert again.ok, again
        assert_same(stack.account.state(), expected.state)

    for_each(points(expected.mutations, 1, after=True), trial)
