# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drift: the differences of a plan, as findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .planner import Change, Plan


def find_drift(plan: Plan) -> dict[str, list[Any]]:
    """The missing, changed and unexpected resources."""
    return {
        "missing": [change.key for change in plan.changes if change.action == "create"],
        "changed": [item for change in plan.changes for item in _differences(change)],
        "unexpected": [
            {"address": change.key, "id": change.actual.id}
            for change in plan.changes
            if change.action == "delete" and change.actual
        ],
    }


def _differences(change: Change) -> Iterator[dict[str, Any]]:
    if change.action not in ("update", "replace"):
        return
    before, after = change.before or {}, change.after or {}
    for name in sorted(before.keys() | after.keys()):
        yield {"address": change.key, "property": name, "wanted": after.get(name), "live": before.get(name)}
