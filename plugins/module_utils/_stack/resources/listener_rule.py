# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listener rule: which requests of a listener go elsewhere than its default, the lowest priority first."""

from __future__ import annotations

from typing import Any

from ..._aws.answer import first, missing
from ..._aws.tags import STACK, as_list, as_mapping
from .. import actions, elbv2
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, Scope

FIELDS = {"paths": ("path-pattern", "PathPatternConfig"), "hosts": ("host-header", "HostHeaderConfig")}

# The highest priority that a rule may have (CreateRule).
LAST = 50_000


def desired(wanted: Properties) -> dict[str, Any]:
    conditions = {name: sorted(wanted.get(name) or ()) for name in FIELDS}
    if not any(conditions.values()):
        raise ValueError("a rule needs paths or hosts")
    return {**wanted, **conditions, "action": actions.desired(wanted["action"])}


def normalize(rule: Raw) -> dict[str, Any]:
    priority = rule.get("Priority")
    return {
        "listener": _listener(rule["RuleArn"]),
        **({"priority": int(priority) if priority.isdecimal() else priority} if priority else {}),
        **(_told(rule["Conditions"]) if "Conditions" in rule else {}),
        **({"action": actions.from_aws(rule["Actions"])} if "Actions" in rule else {}),
    }


def _told(conditions: list[Raw]) -> dict[str, list[str]]:
    told = {item["Field"]: item for item in conditions}
    return {name: sorted(_values(told.get(field), config)) for name, (field, config) in FIELDS.items()}


def _listener(arn: str) -> str:
    """The listener that the ARN of a rule is made from: no list says it."""
    return arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]


def _values(condition: Raw | None, config: str) -> list[str]:
    if condition is None:
        return []
    found: list[str] = condition.get(config, {}).get("Values") or condition.get("Values") or []
    if not found:
        raise missing(condition, f"Values of {config}")
    return found


def _conditions(wanted: Properties) -> list[Raw]:
    return [
        {"Field": field, config: {"Values": wanted[name]}} for name, (field, config) in FIELDS.items() if wanted[name]
    ]


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    answer = client.create_rule(
        ListenerArn=wanted["listener"],
        Priority=wanted["priority"],
        Conditions=_conditions(wanted),
        Actions=actions.to_aws(wanted["action"]),
        Tags=as_list(order.tags),
    )
    made: Raw = first(answer, "Rules")
    return made


def modify(client: Client, edit: Edit) -> None:
    wanted = edit.order.properties
    client.modify_rule(RuleArn=edit.live.id, Conditions=_conditions(wanted), Actions=actions.to_aws(wanted["action"]))


def set_priority(client: Client, edit: Edit) -> None:
    """Move the rule, and with it all others of its listener that move: one after the other, they would stand in an
    order for a moment that is neither the old nor the new one.

    A rule of the stack that has a place which is wanted is about to go. It gets one that nobody wants.
    """
    # A listener has two hundred rules at most.
    rules = client.describe_rules(ListenerArn=edit.order.properties["listener"], PageSize=400)["Rules"]
    places = {rule["RuleArn"]: rule["Priority"] for rule in rules}
    wanted = {**edit.beside, edit.live.id: edit.order.properties}
    told = {arn: one["priority"] for arn, one in wanted.items() if arn in places and "priority" in one}
    moves = {arn: place for arn, place in told.items() if places[arn] != str(place)}
    free = (place for place in range(LAST, 0, -1) if str(place) not in places.values())
    taken = {str(place) for place in moves.values()}
    for arn, place in places.items():
        if arn not in moves and place in taken and _is_ours(client, arn, edit.order.scope):
            moves[arn] = next(free)
    if moves:
        client.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": place} for arn, place in moves.items()])


def _is_ours(client: Client, arn: str, scope: Scope) -> bool:
    told = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return any(as_mapping(one.get("Tags")).get(STACK) == scope.stack for one in told)


def delete(client: Client, live: Live) -> None:
    client.delete_rule(RuleArn=live.id)


TYPE = ResourceType(
    name="listener_rule",
    service="elbv2",
    under="listener",
    listing=elbv2.listing("describe_rules", "Rules", "RuleArns", parent="ListenerArn"),
    id="RuleArn",
    # The default rule is the listener's.
    maybe=lambda rule, _scope: not (rule.get("IsDefault") or rule.get("Priority") == "default"),
    tags=elbv2.tags("RuleArn"),
    tagging=elbv2.TAGGING,
    attributes={"id": "RuleArn", "arn": "RuleArn"},
    required=frozenset({"listener", "priority", "action"}),
    create_only=frozenset({"listener"}),
    exclusive=("listener", "priority"),
    serves=("listener",),
    precedes=("listener",),
    create_first="listener",
    same={"action": actions.same},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"paths": modify, "hosts": modify, "action": modify, "priority": set_priority},
    delete=delete,
    exists=frozenset({"PriorityInUse"}),
)
