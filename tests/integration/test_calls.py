# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much is asked of the API: it depends on the types of the document, not on how many instances there are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rig.stacks import Stack
from rig.wire import MODELS

COUNTS = (1, 14, 200)
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


def test_an_unchanged_run_asks_the_same_for_1_14_and_200_instances(stack: Stack) -> None:
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
    assert seen[0] == seen[1] == seen[2]
    assert max(seen[0].values()) <= 2, seen[0]
