# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Target group: the instances that requests are forwarded to, and how their health is told."""

from __future__ import annotations

from typing import Any

from ..._aws.answer import first
from ..._aws.tags import as_list
from .. import elbv2
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, returned

# Of each word for the health check: where AWS has it, and AWS's own default.
HEALTH: dict[str, tuple[str, Any]] = {
    "protocol": ("HealthCheckProtocol", "HTTP"),
    "port": ("HealthCheckPort", "traffic-port"),
    "path": ("HealthCheckPath", "/"),
    "interval": ("HealthCheckIntervalSeconds", 30),
    "timeout": ("HealthCheckTimeoutSeconds", 5),
    "healthy": ("HealthyThresholdCount", 5),
    "unhealthy": ("UnhealthyThresholdCount", 2),
}
DEFAULTS = {name: default for name, (_place, default) in HEALTH.items()} | {"codes": "200"}


def desired(wanted: Properties) -> dict[str, Any]:
    given = wanted.get("health") or {}
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise ValueError(f"health has no {', '.join(unknown)}; it has {', '.join(DEFAULTS)}")
    health = {**DEFAULTS, **given}
    return {
        "protocol": "HTTP",
        "target_type": "instance",
        **wanted,
        "health": {**health, "port": str(health["port"]), "codes": str(health["codes"])},
        "attributes": elbv2.as_text(wanted.get("attributes")),
    }


def normalize(group: Raw) -> dict[str, Any]:
    checks = {name: place for name, (place, _default) in HEALTH.items()}
    members = {"vpc": "VpcId", "protocol": "Protocol", "port": "Port", "target_type": "TargetType"}
    return {
        **returned(group, members),
        "health": returned(group, {**checks, "codes": "Matcher.HttpCode"}),
        "attributes": group["Attributes"],
    }


def same_health(wanted: Properties, live: Properties) -> bool:
    """Whether the health check is as wanted, as far as AWS returned it."""
    return all(wanted[name] == value for name, value in live.items())


def _checks(health: Properties) -> dict[str, Any]:
    told = {place: health[name] for name, (place, _default) in HEALTH.items()}
    return {**told, "HealthCheckEnabled": True, "Matcher": {"HttpCode": health["codes"]}}


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    made: Raw = first(
        client.create_target_group(
            Name=order.name,
            VpcId=wanted["vpc"],
            Protocol=wanted["protocol"],
            Port=wanted["port"],
            TargetType=wanted["target_type"],
            **_checks(wanted["health"]),
            Tags=as_list(order.tags),
        ),
        "TargetGroups",
    )
    return made | {"Attributes": {}, "FullName": elbv2.full_name(made["TargetGroupArn"])}


def set_health(client: Client, edit: Edit) -> None:
    client.modify_target_group(TargetGroupArn=edit.live.id, **_checks(edit.order.properties["health"]))


def delete(client: Client, live: Live) -> None:
    client.delete_target_group(TargetGroupArn=live.id)


TYPE = ResourceType(
    name="target_group",
    service="elbv2",
    listing=elbv2.listing("describe_target_groups", "TargetGroups", "TargetGroupArns"),
    id="TargetGroupArn",
    join=elbv2.with_full_names("TargetGroupArn"),
    tags=elbv2.tags("TargetGroupArn"),
    tagging=elbv2.TAGGING,
    details=(elbv2.attributes("describe_target_group_attributes", "TargetGroupArn"),),
    attributes={
        "id": "TargetGroupArn",
        "arn": "TargetGroupArn",
        "name": "TargetGroupName",
        "full_name": "FullName",
    },
    longest=32,
    required=frozenset({"vpc", "port"}),
    create_only=frozenset({"vpc", "protocol", "port", "target_type"}),
    # A listener forwards to the old one until it has been told of the new one. Names are the region's.
    create_first="region",
    same={"attributes": elbv2.holds, "health": same_health},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={
        "health": set_health,
        "attributes": elbv2.set_attributes("modify_target_group_attributes", "TargetGroupArn"),
    },
    delete=delete,
    exists=frozenset({"DuplicateTargetGroupName"}),
    busy=frozenset({"ResourceInUse"}),
)
