# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load balancer: the public address of HTTP services, spread over zones. Application load balancers only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.answer import first
from ..._aws.tags import as_list
from .. import elbv2
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, Wait, Waiter, returned

PROTECTION = "deletion_protection.enabled"
GONE = Waiter("deleted", "State.Code", (), absent_is_ready=True, timeout=600)


def desired(wanted: Properties) -> dict[str, Any]:
    return {
        "scheme": "internet-facing",
        "address_type": "ipv4",
        **wanted,
        "subnets": sorted(wanted["subnets"]),
        "security_groups": sorted(wanted["security_groups"]),
        "attributes": elbv2.as_text(wanted.get("attributes")),
    }


def normalize(balancer: Raw) -> dict[str, Any]:
    zones, groups = balancer.get("AvailabilityZones"), balancer.get("SecurityGroups")
    return {
        **returned(balancer, {"scheme": "Scheme", "address_type": "IpAddressType"}),
        **({} if zones is None else {"subnets": sorted(zone["SubnetId"] for zone in zones)}),
        **({} if groups is None else {"security_groups": sorted(groups)}),
        "attributes": balancer["Attributes"],
    }


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    made: Raw = first(
        client.create_load_balancer(
            Name=order.name,
            Type="application",
            Scheme=wanted["scheme"],
            IpAddressType=wanted["address_type"],
            Subnets=wanted["subnets"],
            SecurityGroups=wanted["security_groups"],
            Tags=as_list(order.tags),
        ),
        "LoadBalancers",
    )
    return made | {"Attributes": {}, "FullName": elbv2.full_name(made["LoadBalancerArn"])}


def set_subnets(client: Client, edit: Edit) -> None:
    client.set_subnets(LoadBalancerArn=edit.live.id, Subnets=edit.order.properties["subnets"])


def set_groups(client: Client, edit: Edit) -> None:
    groups = edit.order.properties["security_groups"]
    client.set_security_groups(LoadBalancerArn=edit.live.id, SecurityGroups=groups)


def set_address_type(client: Client, edit: Edit) -> None:
    kind = edit.order.properties["address_type"]
    client.set_ip_address_type(LoadBalancerArn=edit.live.id, IpAddressType=kind)


def delete(client: Client, live: Live) -> Iterator[Wait]:
    if live.properties["attributes"].get(PROTECTION) == "true":
        off = [{"Key": PROTECTION, "Value": "false"}]
        client.modify_load_balancer_attributes(LoadBalancerArn=live.id, Attributes=off)
    client.delete_load_balancer(LoadBalancerArn=live.id)
    yield Wait(GONE, live.id)


TYPE = ResourceType(
    name="load_balancer",
    service="elbv2",
    listing=elbv2.listing("describe_load_balancers", "LoadBalancers", "LoadBalancerArns"),
    id="LoadBalancerArn",
    join=elbv2.with_full_names("LoadBalancerArn"),
    tags=elbv2.tags("LoadBalancerArn"),
    tagging=elbv2.TAGGING,
    details=(elbv2.attributes("describe_load_balancer_attributes", "LoadBalancerArn"),),
    attributes={
        "id": "LoadBalancerArn",
        "arn": "LoadBalancerArn",
        "name": "LoadBalancerName",
        "full_name": "FullName",
        "dns_name": "DNSName",
        "zone_id": "CanonicalHostedZoneId",
    },
    # A record that leads there goes first: nobody is to be led to the next owner of the name.
    mentioned_by=("id", "dns_name"),
    named=frozenset({"name"}),
    longest=32,
    required=frozenset({"subnets", "security_groups"}),
    create_only=frozenset({"scheme"}),
    same={"attributes": elbv2.holds},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={
        "subnets": set_subnets,
        "security_groups": set_groups,
        "address_type": set_address_type,
        "attributes": elbv2.set_attributes("modify_load_balancer_attributes", "LoadBalancerArn"),
    },
    delete=delete,
    exists=frozenset({"DuplicateLoadBalancerName"}),
    busy=frozenset({"ResourceInUse"}),
    ready=Waiter(
        "active", "State.Code", ("active", "active_impaired"), ("failed",), coming=("provisioning",), why="State.Reason"
    ),
)
