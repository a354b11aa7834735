# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selection: the part of a plan that is applied now. Pure, as the planner.

Three kinds of changes move traffic: a new object joins a group that gets requests, an object is stopped to get another
size, and an object is deleted because its group shrinks. Applied all at once, they would send requests to hosts that do
not answer. The engine labels them, so that a rollout can make them host by host.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .._aws.tags import GROUP
from .model import DesiredStack
from .planner import Change, Plan
from .references import find_references, find_strings
from .resource_type import ActualResource, Registry, ResourceType

JOIN, RESIZE, RETIRE = "join", "resize", "retire"


def label_traffic_changes(
    stack: DesiredStack, plan: Plan, existing: Sequence[ActualResource], registry: Registry
) -> Plan:
    """The plan, in which each change that moves traffic has its role as ``part``."""
    groups: set[str] = set()
    for resource in stack.resources:
        kind = registry.get(resource.type)
        if kind and kind.resize_property and resource.tags.get(GROUP):
            groups.add(resource.tags[GROUP])
    created = {change.key for change in plan.changes if change.action in ("create", "replace")}
    retired = {
        change.key: change.actual.id
        for change in plan.changes
        if change.actual and _is_retirement(change, change.actual, registry[change.type], groups)
    }
    # Objects that refer to retired ones are deleted with them.
    dependents = {actual.address for actual in existing if set(find_strings(actual.properties)) & set(retired.values())}

    def label(change: Change) -> str:
        kind = registry[change.type]
        if change.key in retired or (change.action == "delete" and change.key in dependents):
            return RETIRE
        if change.action == "update" and kind.resize_property in change.changed:
            return RESIZE
        if change.action == "create" and kind.traffic_group_property and _joins_serving_group(change, kind, created):
            return JOIN
        return ""

    return replace(plan, changes=tuple(replace(change, part=label(change)) for change in plan.changes))


def select_changes(stack: DesiredStack, plan: Plan, only: Sequence[str] | None, traffic: bool) -> Plan:
    """The plan with the selected changes; the others are in its ``unselected``.

    ``only`` are the addresses to change, None for all. Without ``traffic``, changes that move traffic are not selected.
    If a selected change depends on one that is not selected, nothing is applied.
    """
    named = None if only is None else set(only)
    selected = [change for change in plan.changes if _is_selected(change, named, traffic)]
    keys = {change.key for change in selected}
    unselected = tuple(change for change in plan.changes if change.key not in keys)
    known = {resource.address for resource in stack.resources}
    for change in plan.changes:
        known |= _addresses(change)
    unknown = (named or set()) - known
    problems = [f"only: {address}: is neither in the topology nor in the account" for address in sorted(unknown)]
    for change in selected:
        problems += _find_missing_changes(change, unselected)
    return replace(plan, changes=tuple(selected), unselected=unselected, problems=(*plan.problems, *problems))


def _is_retirement(change: Change, actual: ActualResource, kind: ResourceType, groups: set[str]) -> bool:
    """Whether an object is deleted while its group stays. A duplicate is no retirement: it is deleted at once."""
    if not kind.resize_property or change.action != "delete":
        return False
    return change.key == actual.address and actual.tags.get(GROUP) in groups


def _joins_serving_group(change: Change, kind: ResourceType, created: set[str]) -> bool:
    """Whether an object that may not answer yet joins an existing group, or a new object joins any group."""
    properties = change.desired.properties if change.desired else {}
    groups = {ref.address for ref in find_references(properties.get(kind.traffic_group_property))}
    members = _references(change) - groups
    return not groups & created or bool(members & created)


def _is_selected(change: Change, named: set[str] | None, traffic: bool) -> bool:
    if change.part and not traffic:
        return False
    return named is None or bool(named & _addresses(change))


def _addresses(change: Change) -> set[str]:
    """The names of a change: its key, and for a duplicate its address too."""
    return {change.key, change.actual.address} if change.actual else {change.key}


def _references(change: Change) -> set[str]:
    properties = change.desired.properties if change.desired else {}
    return {ref.address for ref in find_references(properties)}


def _find_missing_changes(change: Change, unselected: Sequence[Change]) -> Iterator[str]:
    """Why a change cannot be applied without the unselected ones."""
    references = _references(change)
    for other in unselected:
        if other.key in references and other.action in ("create", "replace"):
            state = f"which is not selected ({other.action}, {other.reason})"
            yield f"{change.key}: needs {other.key}, {state}: do that first"
    if not change.destroys or change.actual is None:
        return
    for other in unselected:
        if other.actual and change.actual.id in set(find_strings(other.actual.properties)):
            state = f"and is not selected ({other.action}, {other.reason})"
            yield f"{change.key}: {other.key} uses it, {state}: do that first"
