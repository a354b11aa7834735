# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Target group: the instances that requests are forwarded to, and their health check."""

from __future__ import annotations

from typing import Any

from ..._aws.answer import first_item
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from . import common as elbv2

# By property of the health check: the member, and AWS's default.
HEALTH: dict[str, tuple[str, Any]] = {
    "protocol": ("HealthCheckProtocol", "HTTP"),
    "port": ("HealthCheckPort", "traffic-port"),
    "path": ("HealthCheckPath", "/"),
    "interval": ("HealthCheckIntervalSeconds", 30),
    "timeout": ("HealthCheckTimeoutSeconds", 5),
    "healthy": ("HealthyThresholdCount", 5),
    "unhealthy": ("UnhealthyThresholdCount", 2),
}
DEFAULTS = {name: default for name, (_member, default) in HEALTH.items()} | {"codes": "200"}


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = desired.get("health") or {}
    unknown = sorted(given.keys() - DEFAULTS.keys())
    if unknown:
        raise ValueError(f"health has no {', '.join(unknown)}; it has {', '.join(DEFAULTS)}")
    health = {**DEFAULTS, **given}
    return {
        "protocol": "HTTP",
        "target_type": "instance",
        **desired,
        "health": {**health, "port": str(health["port"]), "codes": str(health["codes"])},
        "attributes": elbv2.as_text(desired.get("attributes")),
    }


def normalize(group: Raw) -> dict[str, Any]:
    checks = {name: member for name, (member, _default) in HEALTH.items()}
    members = {"vpc": "VpcId", "protocol": "Protocol", "port": "Port", "target_type": "TargetType"}
    return {
        **returned_members(group, members),
        "health": returned_members(group, {**checks, "codes": "Matcher.HttpCode"}),
        "attributes": group["Attributes"],
    }


def same_health(desired: Properties, actual: Properties) -> bool:
    """Whether the health check is as desired, as far as AWS returned it."""
    return all(desired[name] == value for name, value in actual.items())


def _checks(health: Properties) -> dict[str, Any]:
    members = {member: health[name] for name, (member, _default) in HEALTH.items()}
    return {**members, "HealthCheckEnabled": True, "Matcher": {"HttpCode": health["codes"]}}


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    made: Raw = first_item(
        client.create_target_group(
            Name=resource.name,
            VpcId=desired["vpc"],
            Protocol=desired["protocol"],
            Port=desired["port"],
            TargetType=desired["target_type"],
            **_checks(desired["health"]),
            Tags=tags_to_list(resource.tags),
        ),
        "TargetGroups",
    )
    return made | {"Attributes": {}, "FullName": elbv2.full_name(made["TargetGroupArn"])}


def set_health(client: Client, update: ResourceUpdate) -> None:
    client.modify_target_group(TargetGroupArn=update.actual.id, **_checks(update.desired.properties["health"]))


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_target_group(TargetGroupArn=actual.id)


TYPE = elbv2.FullNameType(
    Schema(
        name="target_group",
        service="elbv2",
        id_path="TargetGroupArn",
        attributes={
            "id": "TargetGroupArn",
            "arn": "TargetGroupArn",
            "name": "TargetGroupName",
            "full_name": "FullName",
        },
        required=frozenset({"vpc", "port"}),
        create_only=frozenset({"vpc", "protocol", "port", "target_type"}),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"attributes": elbv2.same_attributes, "health": same_health},
        max_name_length=32,
    ),
    Discovery(
        listing=elbv2.listing("describe_target_groups", "TargetGroups", "TargetGroupArns"),
        tag_detail=elbv2.tags("TargetGroupArn"),
        details=(elbv2.attributes("describe_target_group_attributes", "TargetGroupArn"),),
        tagging=elbv2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={
            "health": set_health,
            "attributes": elbv2.set_attributes("modify_target_group_attributes", "TargetGroupArn"),
        },
        delete=delete,
        # A listener forwards to the old group until it is changed to the new one.
        create_before_destroy=True,
        name_taken_codes=frozenset({"DuplicateTargetGroupName"}),
        in_use_codes=frozenset({"ResourceInUse"}),
    ),
)
