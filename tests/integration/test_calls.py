# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The number of calls: it depends on the types of the document, not on the number of instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from rig.runs import CHECKOUT
from rig.stacks import Base, Stack, Stacks, for_each
from rig.wire import MODELS

COUNTS = (1, 14)
# Calls of an unchanged run. Some have no batch form: the attributes and targets of a target group, and the tags of RDS
# groups, caches and log groups take a call each.
CALLS_UNCHANGED = {"ecommerce": 48, "three_tier": 43}
# The names of services in signatures, where botocore has others.
SIGNED_AS = {"tagging": "resourcegroupstaggingapi", **MODELS}


def many(count: int) -> dict[str, Any]:
    """So many instances, without elastic addresses: an account may have five."""
    return {"instances": {"app": {"count": count, "address": "private", "protect": False}}}


def count_calls(stack: Stack) -> Counter[str]:
    services = (
        (SIGNED_AS.get(call.operation.service, call.operation.service), call.name) for call in stack.proxy.calls
    )
    return Counter(f"{service}:{name}" for service, name in services)


def test_an_unchanged_run_takes_the_same_calls_for_one_instance_and_fourteen(stack: Stack) -> None:
    seen = []
    for count in COUNTS:
        stack.made(many(count), parallel=20)
        outcome = stack.present(many(count))
        assert outcome.ok, str(outcome)
        assert not outcome.changed
        instances = [address for address in outcome.result["resources"] if address.startswith("instance/")]
        assert len(instances) == count
        assert count_calls(stack) == Counter(outcome.result["calls"])
        seen.append(count_calls(stack))
    assert seen[0] == seen[1]
    assert max(seen[0].values()) <= 2, seen[0]


def whole(name: str) -> Base:
    """One of the architectures as it is shipped."""
    return Base(name.replace("_", "-"), str(CHECKOUT / "topologies" / f"{name}.yml"), {})


def count_unchanged(stack: Stack, overrides: Mapping[str, Any] | None = None) -> Counter[str]:
    """The calls of a run that changes nothing."""
    stack.made(overrides, parallel=20)
    stack.assert_quiet(overrides)
    return count_calls(stack)


def test_an_unchanged_architecture_takes_a_fixed_number_of_calls(stacks: Stacks) -> None:
    def trial(name: str) -> None:
        calls = count_unchanged(stacks(whole(name)))
        assert sum(calls.values()) == CALLS_UNCHANGED[name], calls

    for_each(list(CALLS_UNCHANGED), trial)


@pytest.mark.long
def test_many_hosts_behind_a_load_balancer_take_no_more_calls(stacks: Stacks) -> None:
    stack = stacks(whole("three_tier"))
    few = count_unchanged(stack)
    assert count_unchanged(stack, {"services": {"frontend": {"instances": {"count": 40}}}}) == few
