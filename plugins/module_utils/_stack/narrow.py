# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A part of a plan: what is done now, while the rest is left as it is. Pure, as the plan itself.

Three kinds of changes move requests from one instance to another: a new instance joins a target group, one stops to get
another type, one goes because the count of its group was lowered. Done at once, they meet hosts that do not answer yet,
or that others still call. The engine can tell them from all others, and leave them to whoever does them host by host.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .._aws.tags import GROUP
from .plan import Change, Plan
from .references import references, strings
from .resource import Live
from .wanted import WantedStack

JOIN, RESIZE, RETIRE = "join", "resize", "retire"


def parted(stack: WantedStack, plan: Plan, alive: Sequence[Live]) -> Plan:
    """The plan, in which each change that moves requests says as what part of scaling it does so."""
    groups = {item.tags.get(GROUP) for item in stack.resources if item.type == "instance"} - {None}
    begun = {item.key for item in plan.changes if item.action in ("create", "replace")}
    retired = {item.key: item.live.id for item in plan.changes if item.live and _is_retired(item, groups)}
    hanging = {live.address for live in alive if set(strings(live.properties)) & set(retired.values())}

    def part(change: Change) -> str:
        if change.key in retired or (change.action == "delete" and change.key in hanging):
            return RETIRE
        if change.type == "instance" and change.action == "update" and "type" in change.changed:
            return RESIZE
        return JOIN if change.type == "target" and change.action == "create" and _is_new(change, begun) else ""

    return replace(plan, changes=tuple(replace(change, part=part(change)) for change in plan.changes))


def narrowed(stack: WantedStack, plan: Plan, only: Sequence[str] | None, traffic: bool) -> Plan:
    """The plan without what is not to be done now, which is told as ``left``.

    ``only`` are the addresses to do something about, None for all; without ``traffic``, what moves requests is left.
    """
    named = None if only is None else set(only)
    chosen = [change for change in plan.changes if _is_chosen(change, named, traffic)]
    keys = {change.key for change in chosen}
    left = tuple(change for change in plan.changes if change.key not in keys)
    known = {item.address for item in stack.resources} | {one for change in plan.changes for one in _addresses(change)}
    unknown = (named or set()) - known
    problems = [f"only: {address}: is neither in the topology nor in the account" for address in sorted(unknown)]
    problems += [problem for change in chosen for problem in _amiss(change, left)]
    return replace(plan, changes=tuple(chosen), left=left, problems=(*plan.problems, *problems))


def _is_retired(change: Change, groups: Iterable[str | None]) -> bool:
    """Whether an instance goes while its group stays; a duplicate goes for another reason, and at once."""
    if change.type != "instance" or change.action != "delete" or change.live is None:
        return False
    return change.key == change.live.address and change.live.tags.get(GROUP) in groups


def _is_new(target: Change, begun: set[str]) -> bool:
    """Whether nobody knows of an instance that it answers: a new group of instances that serve is another matter."""
    groups = {address for address in _needs(target) if address.startswith("target_group/")}
    return not groups & begun or bool((_needs(target) - groups) & begun)


def _is_chosen(change: Change, named: set[str] | None, traffic: bool) -> bool:
    return (traffic or not change.part) and (named is None or bool(named & set(_addresses(change))))


def _addresses(change: Change) -> list[str]:
    """What names a change: its key, and for a duplicate its address as well."""
    return [change.key, *([change.live.address] if change.live else [])]


def _needs(change: Change) -> set[str]:
    values = change.wanted.properties if change.wanted else {}
    return {ref.address for ref in references(values)}


def _amiss(change: Change, left: Sequence[Change]) -> Iterator[str]:
    """Why a change cannot be done without those that are left."""
    needed = _needs(change)
    for other in left:
        if other.key in needed and other.action in ("create", "replace"):
            yield f"{change.key}: needs {other.key}, and that is left ({other.action}, {other.reason}): do that first"
    if not change.destroys or change.live is None:
        return
    for other in left:
        if other.live and change.live.id in set(strings(other.live.properties)):
            yield f"{change.key}: {other.key} stands on it, and is left ({other.action}, {other.reason}): do that first"
