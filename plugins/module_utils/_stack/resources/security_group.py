# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group: who may talk to whom. Groups may name each other, so their rules come after all of them."""

from __future__ import annotations

from typing import Any

from ..._aws.errors import taken_as_done
from ..._aws.tags import specification
from .. import ec2, security_rules
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, returned

DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def desired(wanted: Properties) -> dict[str, Any]:
    rules = {"ingress": (), "egress": (security_rules.ALL_OUT,), **wanted}
    return {**wanted, **{side: security_rules.wanted(rules[side]) for side in DIRECTIONS}}


def normalize(group: Raw) -> dict[str, Any]:
    rules = {side: security_rules.live(group[field]) for side, field in DIRECTIONS.items() if field in group}
    return {**returned(group, {"vpc": "VpcId", "description": "Description"}), **rules}


def create(client: Client, order: Order) -> Raw:
    answer = client.create_security_group(
        GroupName=order.name,
        Description=order.properties["description"],
        VpcId=order.properties["vpc"],
        TagSpecifications=specification(order.tags, "security-group"),
    )
    return {
        "GroupId": answer["GroupId"],
        "VpcId": order.properties["vpc"],
        "Description": order.properties["description"],
        "IpPermissions": [],
        "IpPermissionsEgress": security_rules.permissions([security_rules.ALL_OUT]),
    }


def set_rules(client: Client, edit: Edit) -> None:
    # New rules first: what is allowed before and after stays allowed in between.
    for side in sorted(edit.changed & DIRECTIONS.keys()):
        live = {security_rules.key(rule): rule for rule in edit.live.properties[side]}
        wanted = {security_rules.key(rule): rule for rule in edit.order.properties[side]}
        _authorize(client, edit.live.id, side, [wanted[key] for key in wanted if key not in live])
        both = [key for key in wanted if key in live]
        renamed = [wanted[key] for key in both if wanted[key]["description"] != live[key]["description"]]
        _describe(client, edit.live.id, side, renamed)
        _revoke(client, edit.live.id, side, [live[key] for key in live if key not in wanted])


def _authorize(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    # One call for each rule: a call with several is refused whole when one of them is there already.
    for permission in security_rules.permissions(rules):
        with taken_as_done("InvalidPermission.Duplicate"):
            getattr(client, f"authorize_security_group_{side}")(GroupId=group, IpPermissions=[permission])


def _describe(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    if rules:
        update = getattr(client, f"update_security_group_rule_descriptions_{side}")
        update(GroupId=group, IpPermissions=security_rules.permissions(rules))


def _revoke(client: Client, group: str, side: str, rules: list[security_rules.Rule]) -> None:
    for permission in security_rules.permissions(rules):
        with taken_as_done("InvalidPermission.NotFound", "InvalidGroup.NotFound"):
            getattr(client, f"revoke_security_group_{side}")(GroupId=group, IpPermissions=[permission])


def release(client: Client, live: Live) -> None:
    """Drop the rules that name groups: AWS deletes no group which another one's rules mention."""
    for side in DIRECTIONS:
        _revoke(client, live.id, side, [rule for rule in live.properties.get(side, ()) if rule.get("group")])


def delete(client: Client, live: Live) -> None:
    client.delete_security_group(GroupId=live.id)


TYPE = ResourceType(
    name="security_group",
    service="ec2",
    told_as="ec2:security-group",
    listing=ec2.listing("describe_security_groups", "SecurityGroups", "group-id"),
    id="GroupId",
    tagging=ec2.TAGGING,
    attributes={"id": "GroupId"},
    required=frozenset({"vpc", "description"}),
    create_only=frozenset({"vpc", "description"}),
    create_first="vpc",
    late=frozenset(DIRECTIONS),
    release=release,
    desired=desired,
    normalize=normalize,
    create=create,
    updates=dict.fromkeys(DIRECTIONS, set_rules),
    delete=delete,
    exists=frozenset({"InvalidGroup.Duplicate"}),
    busy=frozenset({"DependencyViolation", "InvalidGroup.InUse"}),
)
