# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every alarm of a stack has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._stack.wanted import Ref, Wanted
from .view import Document, monitoring

TOPIC = "sns_topic/alarms"
MOST_METRICS = 10  # that the expression of one alarm takes
COMPARISONS = {">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}


def alarm(name: str, compared: str, threshold: float, periods: int, text: str, watched: Mapping[str, Any]) -> Wanted:
    """An alarm that is raised when what is watched was beyond the threshold for that many periods in a row.

    ``text`` is for somebody who was woken up: what it means, where to look, what to do.
    """
    properties = {
        "period": 300,
        "treat_missing_data": "missing",
        **watched,
        "comparison": COMPARISONS[compared],
        "threshold": threshold,
        "evaluation_periods": periods,
        "description": text,
    }
    return Wanted("alarm", name, properties)


def with_actions(document: Document, found: Wanted) -> Wanted:
    """The alarm, telling those whom the document names, when it is raised and when all is well again."""
    topics = told(document)
    actions = {"actions": topics, "ok_actions": topics} if topics else {}
    return Wanted(found.type, found.name, {**found.properties, **actions})


def told(document: Document) -> list[Ref | str]:
    """The topics that alarms are sent to."""
    watching = monitoring(document) or {}
    own: list[Ref | str] = [Ref(TOPIC, "arn")] if watching["notify"] else []
    return own + ([watching["topic"]] if watching["topic"] else [])


def together(function: str, dimensions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One metric of several things as one number: their ``AVG`` or ``MAX``."""
    if len(dimensions) == 1:
        return {"dimensions": dict(dimensions[0])}
    metrics = {f"m{number}": {"dimensions": dict(one)} for number, one in enumerate(dimensions, 1)}
    return {"expression": f"{function}([{', '.join(metrics)}])", "metrics": metrics}


def in_tens(things: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Things as many as one alarm can watch together, numbered from 1."""
    for start in range(0, len(things), MOST_METRICS):
        yield start // MOST_METRICS + 1, things[start : start + MOST_METRICS]
