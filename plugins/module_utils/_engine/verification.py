# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verification: changes that AWS accepted and did not make, found by comparing the plans before and after a run. Pure.

Without it every later run would report `changed` and try again, without a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._aws.errors import join_sentences
from .items import value_at
from .planner import Change, Plan
from .resource_type import ActualResource, Registry, ResourceType


def find_unmade_changes(applied: Plan, later: Plan, registry: Registry) -> list[str]:
    """A message for each change of a finished run that the ``later`` plan has again.

    These are properties that still differ, new objects that AWS does not list, and deleted ones that it still lists.

    Differences that the state of an object explains (AWS is still at work on it) are left out.
    """
    later_changes = {change.key: change for change in later.changes}
    problems: list[str] = []
    for change in applied.changes:
        kind = registry[change.type]
        if change.key in later_changes:
            problems += _compare(change, later_changes[change.key], kind)
        problems += _find_unmade_creation(change, later_changes, kind)
        problems += _find_unmade_deletion(change, later_changes, kind)
    return problems


def _find_unmade_creation(change: Change, later: Mapping[str, Change], kind: ResourceType) -> Iterator[str]:
    if change.action not in ("create", "replace") or kind.listed_late:
        return
    if change.key in later and later[change.key].action == "create":
        yield f"{change.key}: AWS accepted its creation and does not list it. Run again to create it"


def _find_unmade_deletion(change: Change, later: Mapping[str, Change], kind: ResourceType) -> Iterator[str]:
    """An object that was deleted or replaced: the later plan has it at its address, or as a duplicate."""
    if change.action not in ("delete", "replace") or change.actual is None:
        return
    for again in (later.get(change.key), later.get(f"{change.actual.address}@{change.actual.id}")):
        if again is None or again.action != "delete" or again.actual is None or again.actual.id != change.actual.id:
            continue
        if not _is_explained(kind, again.actual):
            problem = f"{change.key} ({change.actual.id}): AWS accepted its deletion and still lists it"
            yield join_sentences(problem, "Run again to delete it")


def _compare(change: Change, later: Change, kind: ResourceType) -> Iterator[str]:
    if later.actual is None or later.action not in ("update", "replace") or _is_explained(kind, later.actual):
        return
    # A new object was to have all of its properties, a changed one those that differed.
    expected = change.changed if change.action == "update" else later.changed
    before, after = later.before or {}, later.after or {}
    differences: list[tuple[str, Any, Any]] = []
    for name in sorted(expected & later.changed):
        differences.append((name, after.get(name), before.get(name)))
    for key in sorted(change.tags.keys() & later.tags.keys()):
        differences.append((f"tag {key}", later.tags[key], later.actual.tags.get(key)))
    for name, desired, actual in differences:
        problem = (
            f"{change.key} ({later.actual.id}): {name}: AWS accepted {_display(desired)} and has {_display(actual)}"
        )
        advice = "Give the document what AWS has, or look for the reason in the console of the service"
        yield join_sentences(problem, advice)


def _display(value: Any) -> str:
    return "no value" if value is None else repr(value)


def _is_explained(kind: ResourceType, actual: ActualResource) -> bool:
    """Whether AWS is at work on an object, keeps a change for later, or lists changes late by minutes."""
    ready = kind.lifecycle.ready
    is_at_work = ready is not None and ready.condition.takes_no_changes(actual.raw)
    return is_at_work or kind.listed_late or bool(value_at(actual.raw, "PendingModifiedValues"))
