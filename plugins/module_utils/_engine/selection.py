# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Selection: the part of a plan that is applied now. Pure, as the planner.

Four kinds of changes move traffic: a new object joins a group that gets requests, an object is stopped to get another
size, an object is replaced by a new one, and an object is deleted because its group shrinks. Applied all at once, they
would send requests to hosts that do not answer. The engine labels them, so that a rollout can make them host by host.

A replacement that is left to another run is held: everything else is planned as if the object stays. What such a plan
lacks, or has otherwise, exists only because of the replacement and belongs to it: an address moves to the new object.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from .._aws.tags import GROUP
from .model import DesiredStack
from .planner import Change, Plan
from .references import find_references, find_strings
from .resource_type import ActualResource, Registry, ResourceType

JOIN, RESIZE, REPLACE, RETIRE = "join", "resize", "replace", "retire"

# Plans the whole stack, as if the objects of the given addresses were not to be replaced.
PlanWithHeld = Callable[[frozenset[str]], Plan]


def plan_selected(
    stack: DesiredStack,
    existing: Sequence[ActualResource],
    registry: Registry,
    make_plan: PlanWithHeld,
    only: Sequence[str] | None = None,
    traffic: bool = True,
    adopted: Collection[str] = (),
) -> Plan:
    """The plan of a run, labelled, with the selected changes (`select_changes`).

    ``adopted`` are addresses whose objects the stack does not own yet: such an object is never replaced.
    """

    def make_labelled(held: frozenset[str]) -> Plan:
        return label_traffic_changes(stack, make_plan(held), existing, registry)

    full = make_labelled(frozenset())
    replacements = _find_replacements(full, registry) - frozenset(adopted)
    if not traffic:
        replacements -= _find_idle(replacements, stack, existing, registry)
    if not replacements:
        return select_changes(stack, full, registry, only, traffic)
    base = make_labelled(replacements)
    full = _label_replacements(full, base, replacements, registry)
    named = replacements if only is None else replacements & set(only)
    held = replacements - named if traffic else replacements
    current = _label_replacements(make_labelled(held), base, replacements, registry) if held else full
    left = [change for change in full.changes if change.part == REPLACE]
    return select_changes(stack, current, registry, only, traffic, left)


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


def select_changes(
    stack: DesiredStack,
    plan: Plan,
    registry: Registry,
    only: Sequence[str] | None,
    traffic: bool,
    replacing: Sequence[Change] = (),
) -> Plan:
    """The plan with the selected changes; the others are in its ``unselected``.

    ``only`` are the addresses to change, None for all; what belongs to a replacement comes with it, except that nothing
    is registered. Without ``traffic``, changes that move traffic are not selected. If a selected change depends on one
    that is not selected, nothing is applied. ``replacing`` are the changes of all replacements, held ones included.
    """
    named = None if only is None else set(only)
    held_ids = {plan.kept[address].id for address in plan.held}
    selected: list[Change] = []
    for change in plan.changes:
        stays = change.part == REPLACE and change.action == "delete" and held_ids & _find_used(change)
        if not stays and _is_selected(change, registry[change.type], named, traffic):
            selected.append(change)
    keys = {change.key for change in selected}
    planned = [change for change in plan.changes if change.key not in keys]
    made = {change.key for change in plan.changes if change.part == REPLACE or change.action == "create"}
    held = [change for change in replacing if change.key not in made]
    known = {resource.address for resource in stack.resources}
    for change in plan.changes:
        known |= _addresses(change)
    unknown = (named or set()) - known
    problems = [f"only: {address}: is neither in the topology nor in the account" for address in sorted(unknown)]
    # A held object that is changed in place refers to what it shall refer to.
    users = [*planned, *(change for change in held if change.action == "replace" and change.key not in keys)]
    for change in selected:
        problems += _find_missing_changes(change, planned)
        problems += _find_remaining_users(change, users, registry)
    unselected = tuple(sorted([*planned, *held], key=lambda change: change.key))
    return replace(plan, changes=tuple(selected), unselected=unselected, problems=(*plan.problems, *problems))


def _find_replacements(plan: Plan, registry: Registry) -> frozenset[str]:
    """The addresses of objects in groups that are to be replaced.

    Not of those inside an object that is deleted or replaced itself (a subnet): they cannot outlast it.
    """
    destroyed = {change.actual.id for change in plan.changes if change.destroys and change.actual}
    found: set[str] = set()
    for change in plan.changes:
        kind = registry[change.type]
        if change.action != "replace" or not kind.resize_property or not change.desired or not change.actual:
            continue
        properties = change.actual.properties
        current = [properties.get(name) for name in kind.find_replacing(change.changed, properties)]
        if change.desired.tags.get(GROUP) and not destroyed & set(find_strings(current)):
            found.add(change.key)
    return frozenset(found)


def _find_idle(
    replacements: Collection[str], stack: DesiredStack, existing: Sequence[ActualResource], registry: Registry
) -> set[str]:
    """Those of the replacements whose group gets its requests from registrations, and has none yet."""
    groups = {resource.address: resource.tags.get(GROUP, "") for resource in stack.resources}
    registered: set[str] = set()
    for resource in stack.resources:
        kind = registry.get(resource.type)
        if kind and kind.traffic_group_property:
            registered |= {groups.get(ref.address, "") for ref in find_references(resource.properties)}
    ids = {actual.id: actual.tags.get(GROUP, "") for actual in existing}
    serving: set[str] = set()
    for actual in existing:
        if registry[actual.type].traffic_group_property:
            serving |= {ids.get(text, "") for text in find_strings(actual.properties)}
    return {address for address in replacements if groups[address] in registered - serving}


def _label_replacements(plan: Plan, base: Plan, replacements: Collection[str], registry: Registry) -> Plan:
    """The plan, in which replacements and all that exists only because of them have their role.

    That is what ``base``, where all are held, lacks. The address of an instance that gets none is deleted with it, but
    an instance is deregistered at once from a group that is no longer.
    """
    without = {change.key: change for change in base.changes}
    ids = {base.kept[address].id for address in replacements}

    def label(change: Change) -> str:
        if change.part:
            return change.part
        if change.action == "delete":
            is_registration = registry[change.type].traffic_group_property
            return REPLACE if ids & _find_used(change) and not is_registration else ""
        return "" if _is_same(change, without.get(change.key)) else REPLACE

    return replace(plan, changes=tuple(replace(change, part=label(change)) for change in plan.changes))


def _find_used(change: Change) -> set[str]:
    """The ids of the objects that the object of a change refers to."""
    return set(find_strings(change.actual.properties)) if change.actual else set()


def _is_same(change: Change, other: Change | None) -> bool:
    if other is None:
        return False
    names = ("action", "before", "after", "changed", "tags", "untag")
    return all(getattr(change, name) == getattr(other, name) for name in names)


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


def _is_selected(change: Change, kind: ResourceType, named: set[str] | None, traffic: bool) -> bool:
    if change.part and not traffic:
        return False
    if named is None or named & _addresses(change):
        return True
    return bool(named) and change.part == REPLACE and not kind.traffic_group_property and not kind.resize_property


def _addresses(change: Change) -> set[str]:
    """The names of a change: its key, and for a duplicate its address too."""
    return {change.key, change.actual.address} if change.actual else {change.key}


def _references(change: Change) -> set[str]:
    properties = change.desired.properties if change.desired else {}
    return {ref.address for ref in find_references(properties)}


def _find_missing_changes(change: Change, unselected: Iterable[Change]) -> Iterator[str]:
    """Why a change cannot be applied without the unselected ones that make what it refers to."""
    references = _references(change)
    for other in unselected:
        if other.key in references and other.action in ("create", "replace"):
            state = f"which is not selected ({other.action}, {other.reason})"
            yield f"{change.key}: needs {other.key}, {state}: do that first"


def _find_remaining_users(change: Change, unselected: Iterable[Change], registry: Registry) -> Iterator[str]:
    """Why an object cannot be deleted or replaced yet: objects whose changes are not selected refer to it."""
    if not change.destroys or change.actual is None:
        return
    for other in unselected:
        if change.actual.id not in _find_used(other):
            continue
        if other.part == REPLACE and registry[other.type].traffic_group_property:
            yield f"{change.key}: {other.key} sends it requests: deregister it first, as replace.yml does"
        else:
            state = f"and is not selected ({other.action}, {other.reason})"
            yield f"{change.key}: {other.key} uses it, {state}: do that first"
