# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group. Groups may name each other, so their rules are deferred until all groups exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..._aws.errors import ignore_errors
from ..._aws.tags import tag_specification
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import EVERY, PropertyProblem
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from . import common as ec2
from . import security_rules

DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def check_rules(given: Properties) -> Iterator[PropertyProblem]:
    for side in DIRECTIONS:
        yield from security_rules.check_rules(side, given)


def with_defaults(desired: Properties) -> dict[str, Any]:
    rules = {"ingress": (), "egress": (security_rules.ALL_OUT,), **desired}
    return {**desired, **{side: security_rules.normalize_rules(rules[side]) for side in DIRECTIONS}}


def normalize(group: Raw) -> dict[str, Any]:
    rules = {
        side: security_rules.parse_permissions(group[field]) for side, field in DIRECTIONS.items() if field in group
    }
    return {**returned_members(group, {"vpc": "VpcId", "description": "Description"}), **rules}


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer = client.create_security_group(
        GroupName=resource.name,
        Description=resource.properties["description"],
        VpcId=resource.properties["vpc"],
        TagSpecifications=tag_specification(resource.tags, "security-group"),
    )
    return {
        "GroupId": answer["GroupId"],
        "VpcId": resource.properties["vpc"],
        "Description": resource.properties["description"],
        "IpPermissions": [],
        "IpPermissionsEgress": security_rules.to_permissions([security_rules.ALL_OUT]),
    }


def set_rules(client: Client, update: ResourceUpdate) -> None:
    # New rules come first: traffic that is allowed before and after stays allowed in between.
    for side in sorted(update.changed & DIRECTIONS.keys()):
        actual = {security_rules.key(rule): rule for rule in update.actual.properties[side]}
        desired = {security_rules.key(rule): rule for rule in update.desired.properties[side]}
        _authorize(client, update.actual.id, side, [desired[key] for key in desired if key not in actual])
        both = [key for key in desired if key in actual]
        renamed = [desired[key] for key in both if desired[key]["description"] != actual[key]["description"]]
        _describe(client, update.actual.id, side, renamed)
        _revoke(client, update.actual.id, side, [actual[key] for key in actual if key not in desired])


def _authorize(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    # One call for each rule: AWS rejects a call with several rules when one exists already.
    for permission in security_rules.to_permissions(rules):
        with ignore_errors("InvalidPermission.Duplicate"):
            getattr(client, f"authorize_security_group_{side}")(GroupId=group, IpPermissions=[permission])


def _describe(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    if rules:
        update = getattr(client, f"update_security_group_rule_descriptions_{side}")
        update(GroupId=group, IpPermissions=security_rules.to_permissions(rules))


def _revoke(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    for permission in security_rules.to_permissions(rules):
        with ignore_errors("InvalidPermission.NotFound", "InvalidGroup.NotFound"):
            getattr(client, f"revoke_security_group_{side}")(GroupId=group, IpPermissions=[permission])


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_security_group(GroupId=actual.id)


class SecurityGroupType(ResourceType):
    deferred = frozenset(DIRECTIONS)
    unique_within = "vpc"

    def detach(self, client: Client, actual: ActualResource) -> None:
        """Revoke the rules that name groups: AWS deletes no group that a rule of another group names."""
        for side in DIRECTIONS:
            _revoke(client, actual.id, side, [rule for rule in actual.properties.get(side, ()) if rule.get("group")])


TYPE = SecurityGroupType(
    Schema(
        name="security_group",
        service="ec2",
        id_path="GroupId",
        attributes={"id": "GroupId"},
        required=frozenset({"vpc", "description"}),
        references={
            ("vpc",): ("vpc.id",),
            ("ingress", EVERY, "group"): ("security_group.id",),
            ("egress", EVERY, "group"): ("security_group.id",),
        },
        create_only=frozenset({"vpc", "description"}),
        limits={
            ("description",): replace(ec2.DESCRIPTION, pattern=f"(?=.){ec2.DESCRIPTION.pattern}"),
            **security_rules.limits_of("ingress"),
            **security_rules.limits_of("egress"),
        },
        checks=(check_rules,),
        with_defaults=with_defaults,
        normalize=normalize,
    ),
    Discovery(
        listing=ec2.listing("describe_security_groups", "SecurityGroups", "group-id"),
        tag_index_type="ec2:security-group",
        tagging=ec2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates=dict.fromkeys(DIRECTIONS, set_rules),
        delete=delete,
        create_before_destroy=True,
        name_taken_codes=frozenset({"InvalidGroup.Duplicate"}),
        in_use_codes=frozenset({"DependencyViolation", "InvalidGroup.InUse"}),
    ),
)
