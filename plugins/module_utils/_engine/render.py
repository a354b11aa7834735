# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans for people: one diff for each change, as YAML, and the list that the modules return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.common.yaml import yaml_dump

from .planner import Change, Plan


def describe_changes(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Changes as the modules return them."""
    fields = ("action", "reason", "part", "before", "after")
    return [{"address": change.key, **{name: getattr(change, name) for name in fields}} for change in changes]


def describe_diffs(plan: Plan) -> list[dict[str, str]]:
    """The plan as Ansible prints it with `--diff`."""
    return [_describe_diff(change) for change in plan.changes]


def _describe_diff(change: Change) -> dict[str, str]:
    subject = f"{change.key} ({change.actual.id})" if change.actual else change.key
    return {
        "before_header": subject if change.action != "create" else f"{change.key} (missing)",
        "after_header": f"{change.key} ({change.action}: {change.reason})",
        "before": _text(change.before),
        "after": _text(change.after),
    }


def _text(side: Mapping[str, Any] | None) -> str:
    if not side:
        return ""
    return str(yaml_dump(dict(side), default_flow_style=False, sort_keys=True, allow_unicode=True, width=120))


def describe_rejection(plan: Plan, protected: list[Change]) -> str:
    """Why nothing was changed, and the option that would allow it."""
    lines = ["Nothing was changed: this would destroy data that is protected."]
    for change in protected:
        identifier = change.actual.id if change.actual else "?"
        lines.append(f"- {change.key} ({identifier}) would go: {change.action}, {change.reason}")
    names = ", ".join(change.key for change in protected)
    lines.append(
        "When that is meant, say so (databases take a final snapshot first, and secrets can be restored within their "
        "recovery window):"
    )
    lines.append(f"    allow_destroy: [{names}]")
    others = len(plan.changes) - len(protected)
    return "\n".join(lines + ([f"The plan has {others} more change(s)."] if others else []))
