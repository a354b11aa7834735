# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NAT gateways in the life of a stack: they fail after they were made, and hold what they stand on until the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rig.stacks import Stack, Stacks, base_of

NAT = base_of("nat")
# A gateway where nothing leads to the internet.
LOST: Mapping[str, Any] = {
    "network": {"subnets": {"public": {"route": "none"}, "private": {"route": "none"}}},
    "resources": {
        "elastic_ip/lost": {},
        "nat_gateway/lost": {"subnet": {"ref": "subnet/public-1"}, "address": {"ref": "elastic_ip/lost"}},
    },
}
GATEWAY = {"resources": {"internet_gateway/late": {"vpc": {"ref": "vpc/main"}}}}


def gateways(stack: Stack) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = stack.account.client("ec2").describe_nat_gateways()["NatGateways"]
    return listed


def test_private_subnets_route_through_the_nat_gateway(stacks: Stacks) -> None:
    stack = stacks(NAT)
    stack.made()
    (gateway,) = gateways(stack)
    assert gateway["State"] == "available"
    ec2 = stack.account.client("ec2")
    table = ec2.describe_route_tables(RouteTableIds=[stack.id_of("route_table/private-1")])["RouteTables"][0]
    ways = {route["DestinationCidrBlock"]: route.get("NatGatewayId") for route in table["Routes"]}
    assert ways == {"10.0.0.0/16": None, "0.0.0.0/0": gateway["NatGatewayId"]}
    assert [one["SubnetId"] for one in table["Associations"]] == [stack.id_of("subnet/private-1")]
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()


def test_a_nat_gateway_is_replaced_with_its_subnet(stacks: Stacks) -> None:
    stack = stacks(NAT)
    stack.made()
    moved = {"network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}}
    outcome = stack.present(moved)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {
        "nat_gateway/nat-1": "replace",
        "route_table/private-1": "update",
        "route_table/public": "update",
        "subnet/public-1": "replace",
    }
    assert sorted(one["State"] for one in gateways(stack)) == ["available", "deleted"]
    stack.assert_quiet(moved)


def test_a_failed_nat_gateway_is_reported_and_replaced_by_the_next_run(stacks: Stacks) -> None:
    stack = stacks(NAT)
    outcome = stack.present(LOST)
    assert "nat_gateway/lost: waiting for available: it is failed (Network vpc-" in outcome.message, str(outcome)
    assert "has no Internet gateway attached)" in outcome.message
    mended = {**LOST, "resources": {**LOST["resources"], **GATEWAY["resources"]}}
    again = stack.present(mended, parallel=1)
    assert again.ok, str(again)
    assert sorted(one["State"] for one in gateways(stack)) == ["available", "failed"]
    stack.assert_quiet(mended)
