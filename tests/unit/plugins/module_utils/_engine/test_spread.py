# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instances keep the subnets that they are in, and new ones balance the zones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import (
    DesiredResource,
    DesiredStack,
    Ref,
    Spread,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import desired_tags, make_plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.spread import choose_options
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

VPC = DesiredResource("vpc", "main", {"cidr": "10.0.0.0/16"})


def subnet(number: int) -> DesiredResource:
    zone = f"us-east-1{'abcdef'[number - 1]}"
    properties = {"vpc": Ref("vpc/main"), "cidr": f"10.0.{number}.0/24", "zone": zone}
    return DesiredResource("subnet", f"public-{number}", properties)


def instance(name: str, zones: int, group: str = "web") -> DesiredResource:
    spread = Spread(group, tuple(Ref(f"subnet/public-{number}") for number in range(1, zones + 1)))
    return DesiredResource("instance", name, {"image": "ami-11111111", "type": "t3.micro", "subnet": spread})


def resources_of(instances: int, zones: int) -> tuple[DesiredResource, ...]:
    subnets = [subnet(number) for number in range(1, zones + 1)]
    return (VPC, *subnets, *(instance(f"web-{number}", zones) for number in range(1, instances + 1)))


def actual_subnet(number: int) -> ActualResource:
    desired = subnet(number)
    kind = REGISTRY["subnet"]
    properties = kind.schema.with_defaults({**desired.properties, "vpc": "vpc-1"})
    attributes = {"id": f"subnet-{number}"}
    tags = desired_tags(DesiredStack("shop", "us-east-1", ()), desired, kind)
    return ActualResource("subnet", desired.name, f"subnet-{number}", properties, attributes, tags)


def actual_instance(name: str, subnet_id: str, identifier: str = "") -> ActualResource:
    desired = instance(name, 1)
    kind = REGISTRY["instance"]
    properties = kind.schema.with_defaults({**desired.properties, "subnet": subnet_id})
    # AWS returns no user data.
    del properties["user_data"]
    identifier = identifier or f"i-{name}"
    tags = desired_tags(DesiredStack("shop", "us-east-1", ()), desired, kind)
    return ActualResource("instance", name, identifier, properties, {"id": identifier}, tags)


def place(resources: tuple[DesiredResource, ...], existing: list[ActualResource]) -> Mapping[str, str]:
    chosen = choose_options(resources, existing)
    return {
        one.name: one.properties["subnet"].address.removeprefix("subnet/public-")
        for one in chosen
        if one.type == "instance"
    }


SUBNETS = [actual_subnet(number) for number in (1, 2)]
IN_TWO_ZONES = [actual_instance(f"web-{number}", f"subnet-{2 - number % 2}") for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("instances", "zones", "existing", "expected"),
    [
        pytest.param(0, 2, [], {}, id="none"),
        pytest.param(1, 1, [], {"web-1": "1"}, id="one in one zone"),
        pytest.param(3, 2, [], {"web-1": "1", "web-2": "2", "web-3": "1"}, id="in turn"),
        pytest.param(
            4,
            3,
            SUBNETS + IN_TWO_ZONES,
            {"web-1": "1", "web-2": "2", "web-3": "1", "web-4": "2"},
            id="a third zone moves none",
        ),
        pytest.param(
            6,
            3,
            SUBNETS + IN_TWO_ZONES,
            {"web-1": "1", "web-2": "2", "web-3": "1", "web-4": "2", "web-5": "3", "web-6": "3"},
            id="new ones fill the third zone",
        ),
        pytest.param(
            3,
            2,
            [*SUBNETS, actual_instance("web-3", "subnet-1")],
            {"web-1": "2", "web-2": "1", "web-3": "1"},
            id="lost ones",
        ),
        pytest.param(2, 1, SUBNETS + IN_TWO_ZONES[:2], {"web-1": "1", "web-2": "1"}, id="a zone that is left out"),
        pytest.param(1, 2, [*SUBNETS, actual_instance("web-1", "subnet-9")], {"web-1": "1"}, id="in a foreign subnet"),
        pytest.param(
            1,
            2,
            [*SUBNETS, actual_instance("web-1", "subnet-9"), actual_instance("web-1", "subnet-2", "i-second")],
            {"web-1": "2"},
            id="two objects, of which one is in an option",
        ),
        pytest.param(2, 2, SUBNETS, {"web-1": "1", "web-2": "2"}, id="subnets without instances"),
    ],
)
def test_instances_keep_their_zone_and_new_ones_balance_the_zones(
    instances: int, zones: int, existing: list[ActualResource], expected: Mapping[str, str]
) -> None:
    assert place(resources_of(instances, zones), existing) == expected


def test_groups_are_balanced_separately() -> None:
    resources = (VPC, subnet(1), subnet(2), instance("web-1", 2), instance("api-1", 2, "api"))
    assert place(resources, []) == {"web-1": "1", "api-1": "1"}


def test_a_third_zone_plans_no_change_of_an_instance() -> None:
    vpc = ActualResource("vpc", "main", "vpc-1", {"cidr": "10.0.0.0/16"}, {"id": "vpc-1"}, {})
    existing = [vpc, *SUBNETS, *IN_TWO_ZONES]
    plan = make_plan(DesiredStack("shop", "us-east-1", resources_of(5, 3)), existing, REGISTRY)
    changes = {change.key: change.action for change in plan.changes if change.type in ("instance", "subnet")}
    assert changes == {"subnet/public-3": "create", "instance/web-5": "create"}


@given(st.integers(1, 4), st.integers(0, 12), st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4)), max_size=12))
def test_zones_are_as_even_as_existing_instances_allow(
    zones: int, instances: int, placed: list[tuple[int, int]]
) -> None:
    existing = [actual_instance(f"web-{number}", f"subnet-{zone}") for number, zone in dict(placed).items()]
    subnets = [actual_subnet(number) for number in range(1, 5)]
    found = place(resources_of(instances, zones), subnets + existing)
    kept = {
        f"web-{number}": str(zone) for number, zone in dict(placed).items() if number <= instances and zone <= zones
    }
    assert kept.items() <= found.items()
    counts = {str(number): list(found.values()).count(str(number)) for number in range(1, zones + 1)}
    crowded = max([0, *Counter(kept.values()).values()])
    # A zone is fuller than another by more than one only as far as its existing instances made it so.
    assert max(counts.values()) <= max(crowded, min(counts.values()) + 1)
