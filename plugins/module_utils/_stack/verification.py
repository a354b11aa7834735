# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes that AWS accepted and did not make: found by comparing the plan of a run with the plan after it. Pure.

Without this every later run would report `changed`, try again, and nobody would learn why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._aws.errors import join_sentences
from .plan import Change, Plan, Registry
from .resource import Live, ResourceType, dig


def find_unmade_changes(applied: Plan, now: Plan, registry: Registry) -> list[str]:
    """A message for each property which a finished run was to change and which still differs; empty when all is made.

    ``now`` is the plan after the run. What a state of the object explains (AWS is still at work on it) is left out.
    """
    later = {change.key: change for change in now.changes}
    pairs = [(change, later[change.key]) for change in applied.changes if change.key in later]
    return [text for change, again in pairs for text in _compare(change, again, registry[change.type])]


def _compare(change: Change, again: Change, kind: ResourceType) -> Iterator[str]:
    if again.live is None or again.action not in ("update", "replace") or _is_explained(kind, again.live):
        return
    # A new object was to have all of its properties, a changed one those that differed.
    meant = change.changed if change.action == "update" else again.changed
    differences = [
        (name, (again.after or {}).get(name), (again.before or {}).get(name)) for name in sorted(meant & again.changed)
    ]
    differences += [
        (f"tag {key}", again.tags[key], again.live.tags.get(key))
        for key in sorted(change.tags.keys() & again.tags.keys())
    ]
    for name, desired, actual in differences:
        problem = f"{change.key} ({again.live.id}): {name}: AWS accepted {_shown(desired)} and has {_shown(actual)}"
        advice = "Give the document what AWS has, or look for the reason in the console of the service"
        yield join_sentences(problem, advice)


def _shown(value: Any) -> str:
    return "no value" if value is None else repr(value)


def _is_explained(kind: ResourceType, live: Live) -> bool:
    """Whether AWS is at work on an object, or keeps a change for later, or shows its changes late by minutes."""
    state = dig(live.raw, kind.ready.path) if kind.ready else None
    busy = kind.ready is not None and state in (*kind.ready.coming, *kind.ready.passing)
    return busy or kind.by_name is not None or bool(dig(live.raw, "PendingModifiedValues"))
