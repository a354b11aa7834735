# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listener rule: requests of a listener for which another action than its default applies, lowest priority first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.answer import first_item, missing_member
from ..._aws.tags import STACK, tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.property_limits import EVERY, Matching, PropertyProblem, a_set, whole_number
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
from ..._engine.scope import Scope
from . import common as elbv2
from . import listener_actions as actions

FIELDS = {"paths": ("path-pattern", "PathPatternConfig"), "hosts": ("host-header", "HostHeaderConfig")}

# The highest priority that a rule may have (CreateRule).
MAX_PRIORITY = 50_000
# Elastic Load Balancing API Reference, RuleCondition (Values) and HostHeaderConditionConfig. User guide, "Quotas
# for your Application Load Balancers": the condition values of a rule, which cannot be raised.
LONGEST_PATTERN = 128
MOST_VALUES = 5
MOST_WILDCARDS = 6  # the same quotas
HOST = r"[A-Za-z0-9.*?-]*\.[A-Za-z*?]+"
PATH = Matching(
    "a path like /api/*, of letters, digits and _-.$/~\"'@:+&*?",
    pattern=r"[A-Za-z0-9_.$/~\"'@:+&*?-]+",
    longest=LONGEST_PATTERN,
)


def check_conditions(given: Properties) -> Iterator[PropertyProblem]:
    values = [value for name in FIELDS for value in given.get(name) or ()]
    if not values:
        yield (), "needs paths or hosts (add one of them)"
    elif len(values) > MOST_VALUES:
        name = [name for name in FIELDS if given.get(name)][-1]
        text = f"{len(values)} paths and hosts are more than the {MOST_VALUES} that AWS allows in a rule"
        yield (name,), f"{text} (move some to a rule of their own)"
    wildcards = sum(value.count("*") + value.count("?") for value in values if isinstance(value, str))
    if wildcards > MOST_WILDCARDS:
        name = [name for name in FIELDS if given.get(name)][-1]
        text = f"{wildcards} characters * and ? are more than the {MOST_WILDCARDS} that AWS allows in a rule"
        yield (name,), f"{text} (move some of the paths and hosts to a rule of their own)"


def with_defaults(desired: Properties) -> dict[str, Any]:
    conditions = {name: sorted(desired.get(name) or ()) for name in FIELDS}
    return {**desired, **conditions, "action": actions.with_defaults(desired["action"])}


def normalize(rule: Raw) -> dict[str, Any]:
    priority = rule.get("Priority")
    return {
        "listener": _listener(rule["RuleArn"]),
        **({"priority": int(priority) if priority.isdecimal() else priority} if priority else {}),
        **(_normalize_conditions(rule["Conditions"]) if "Conditions" in rule else {}),
        **({"action": actions.from_aws(rule["Actions"])} if "Actions" in rule else {}),
    }


def _normalize_conditions(conditions: list[Raw]) -> dict[str, list[str]]:
    by_field = {item["Field"]: item for item in conditions}
    return {name: sorted(_values(by_field.get(field), config)) for name, (field, config) in FIELDS.items()}


def _listener(arn: str) -> str:
    """The ARN of the listener, from that of the rule: no list has it."""
    return arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]


def _values(condition: Raw | None, config: str) -> list[str]:
    if condition is None:
        return []
    found: list[str] = condition.get(config, {}).get("Values") or condition.get("Values") or []
    if not found:
        raise missing_member(condition, f"Values of {config}")
    return found


def _conditions(desired: Properties) -> list[Raw]:
    return [
        {"Field": field, config: {"Values": desired[name]}} for name, (field, config) in FIELDS.items() if desired[name]
    ]


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    answer = client.create_rule(
        ListenerArn=desired["listener"],
        Priority=desired["priority"],
        Conditions=_conditions(desired),
        Actions=actions.to_aws(desired["action"]),
        Tags=tags_to_list(resource.tags),
    )
    made: Raw = first_item(answer, "Rules")
    return made


def modify(client: Client, update: ResourceUpdate) -> None:
    desired = update.desired.properties
    client.modify_rule(
        RuleArn=update.actual.id, Conditions=_conditions(desired), Actions=actions.to_aws(desired["action"])
    )


def set_priority(client: Client, update: ResourceUpdate) -> None:
    """Set the priorities of all rules of the listener that change, by one call: one by one, they would be in an order
    for a moment that is neither the old nor the new one.

    A rule of the stack with a priority that another rule gets will be deleted: it gets an unused priority until then.
    """
    # A listener has two hundred rules at most.
    rules = client.describe_rules(ListenerArn=update.desired.properties["listener"], PageSize=400)["Rules"]
    current = {rule["RuleArn"]: rule["Priority"] for rule in rules}
    moves: dict[str, int] = {}
    for arn, properties in {**update.concurrent, update.actual.id: update.desired.properties}.items():
        if arn in current and "priority" in properties and current[arn] != str(properties["priority"]):
            moves[arn] = properties["priority"]
    needed = {str(priority) for priority in moves.values()}
    unused = (priority for priority in range(MAX_PRIORITY, 0, -1) if str(priority) not in current.values())
    for arn, priority in current.items():
        if arn not in moves and priority in needed and _is_owned(client, arn, update.desired.scope):
            moves[arn] = next(unused)
    if moves:
        priorities = [{"RuleArn": arn, "Priority": priority} for arn, priority in moves.items()]
        client.set_rule_priorities(RulePriorities=priorities)


def _is_owned(client: Client, arn: str, scope: Scope) -> bool:
    descriptions = client.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    return any(tags_to_dict(one.get("Tags")).get(STACK) == scope.stack for one in descriptions)


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_rule(RuleArn=actual.id)


class ListenerRuleType(ResourceType):
    after_create = ("listener",)
    unique_within = "listener"

    def may_be_owned(self, item: Raw, _scope: Scope) -> bool:
        """The default rule belongs to the listener."""
        return not (item.get("IsDefault") or item.get("Priority") == "default")


TYPE = ListenerRuleType(
    Schema(
        name="listener_rule",
        service="elbv2",
        id_path="RuleArn",
        attributes={"id": "RuleArn", "arn": "RuleArn"},
        required=frozenset({"listener", "priority", "action"}),
        references={
            ("listener",): ("listener.arn",),
            ("hosts", EVERY): ("load_balancer.dns_name", "dns_record.name"),
            **actions.REFERENCES,
        },
        create_only=frozenset({"listener"}),
        limits={
            ("priority",): whole_number("a priority", 1, MAX_PRIORITY),
            ("paths",): a_set(),
            ("paths", EVERY): PATH,
            ("hosts",): a_set(ignores_case=True),
            ("hosts", EVERY): Matching("a host name like *.example.org", pattern=HOST, longest=LONGEST_PATTERN),
            **actions.LIMITS,
        },
        target_checks=dict.fromkeys(actions.FORWARDS, actions.check_group),
        checks=(check_conditions, actions.check_action),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"action": actions.same},
    ),
    Discovery(
        listing=elbv2.listing("describe_rules", "Rules", "RuleArns", parent="ListenerArn"),
        parent_type="listener",
        tag_detail=elbv2.tags("RuleArn"),
        tagging=elbv2.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"paths": modify, "hosts": modify, "action": modify, "priority": set_priority},
        delete=delete,
        create_before_destroy=True,
        exclusive=("listener", "priority"),
        before_dependents=("listener",),
        name_taken_codes=frozenset({"PriorityInUse"}),
    ),
)
