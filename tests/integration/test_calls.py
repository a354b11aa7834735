# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much is asked of the API: it depends on the types of the document, not on how many instances there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rig.runs import CHECKOUT
from rig.stacks import Base, Stack, Stacks, for_each
from rig.wire import MODELS

COUNTS = (1, 14)
# Of these AWS has no form that tells of several objects: one call for each target group.
NO_BATCH = frozenset({"elbv2:DescribeTargetGroupAttributes", "elbv2:DescribeTargetHealth"})
MOST = 30
# What signatures call a service that goes by another name in botocore.
SIGNED_AS = {"tagging": "resourcegroupstaggingapi", **MODELS}


def many(count: int) -> dict[str, Any]:
    """That many instances; without an address of their own, of which an account has five."""
    return {"instances": {"app": {"count": count, "address": "private", "protect": False}}}


def asked(stack: Stack) -> Counter[str]:
    services = (
        (SIGNED_AS.get(call.operation.service, call.operation.service), call.name) for call in stack.proxy.calls
    )
    return Counter(f"{service}:{name}" for service, name in services)


def test_an_unchanged_run_asks_the_same_for_one_instance_and_fourteen(stack: Stack) -> None:
    seen = []
    for count in COUNTS:
        stack.made(many(count), parallel=20)
        outcome = stack.present(many(count))
        assert outcome.ok, str(outcome)
        assert not outcome.changed
        instances = [address for address in outcome.result["resources"] if address.startswith("instance/")]
        assert len(instances) == count
        assert asked(stack) == Counter(outcome.result["calls"])
        seen.append(asked(stack))
    assert seen[0] == seen[1]
    assert max(seen[0].values()) <= 2, seen[0]


def whole(name: str) -> Base:
    """One of the architectures as it is shipped."""
    return Base(name.replace("_", "-"), str(CHECKOUT / "topologies" / f"{name}.yml"), {})


def unchanged(stack: Stack, overrides: Mapping[str, Any] | None = None) -> Counter[str]:
    """What a run asks that finds nothing to do."""
    stack.made(overrides, parallel=20)
    stack.assert_quiet(overrides)
    return asked(stack)


def test_an_unchanged_architecture_takes_few_calls(stacks: Stacks) -> None:
    def trial(name: str) -> None:
        calls = unchanged(stacks(whole(name)))
        batched = {call: count for call, count in calls.items() if call not in NO_BATCH}
        assert sum(batched.values()) <= MOST, batched
        assert max(batched.values()) <= 2, batched

    for_each(["ecommerce", "three_tier"], trial)


def test_two_hundred_hosts_behind_a_load_balancer_take_no_call_more(stacks: Stacks) -> None:
    stack = stacks(whole("three_tier"))
    few = unchanged(stack)
    assert unchanged(stack, {"services": {"frontend": {"instances": {"count": 200}}}}) == few
