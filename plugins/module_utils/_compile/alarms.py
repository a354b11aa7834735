# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build alarms: the parts that all alarms of a stack share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.view import Document, monitoring

TOPIC = "sns_topic/alarms"
MAX_METRICS = 10  # that AWS allows in the expression of one alarm
COMPARISONS = {">": "GreaterThanThreshold", ">=": "GreaterThanOrEqualToThreshold", "<": "LessThanThreshold"}


def build_alarm(
    name: str, operator: str, threshold: float, periods: int, text: str, metric: Mapping[str, Any]
) -> DesiredResource:
    """An alarm that is raised when a metric was beyond the threshold for that many periods in a row.

    ``text`` is for a person on call: the meaning of the alarm, where to look, and what to do.
    """
    properties = {
        "period": 300,
        "treat_missing_data": "missing",
        **metric,
        "comparison": COMPARISONS[operator],
        "threshold": threshold,
        "evaluation_periods": periods,
        "description": text,
    }
    return DesiredResource("alarm", name, properties)


def add_actions(document: Document, alarm: DesiredResource) -> DesiredResource:
    """The alarm with the topics of the document as actions, for when it is raised and when it is over."""
    topics = list_topics(document)
    actions = {"actions": topics, "ok_actions": topics} if topics else {}
    return DesiredResource(alarm.type, alarm.name, {**alarm.properties, **actions})


def list_topics(document: Document) -> list[Ref | str]:
    """The topics that alarms are sent to."""
    settings = monitoring(document) or {}
    topics: list[Ref | str] = []
    if settings["notify"]:
        topics.append(Ref(TOPIC, "arn"))
    if settings["topic"]:
        topics.append(settings["topic"])
    return topics


def combine_metrics(function: str, dimensions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Combine one metric of several dimensions to one number: the ``AVG`` or ``MAX``."""
    if len(dimensions) == 1:
        return {"dimensions": dict(dimensions[0])}
    metrics = {f"m{number}": {"dimensions": dict(one)} for number, one in enumerate(dimensions, 1)}
    return {"expression": f"{function}([{', '.join(metrics)}])", "metrics": metrics}


def split_into_tens(items: Sequence[Any]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Split items into parts that one alarm can watch together, numbered from 1."""
    for start in range(0, len(items), MAX_METRICS):
        yield start // MAX_METRICS + 1, items[start : start + MAX_METRICS]
