# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries of CloudWatch's metrics: what it accepts, and the dimensions of the metrics of a load balancer. Pure.

The document declares queries, its rules check them, and `_deploy/rollout` asks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# The id of the query whose values count, among those of the metrics of an expression.
RESULT = "gate_result"
# CloudWatch API reference, MetricDataQuery: Id; CloudWatch user guide, Statistics definitions.
QUERY_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
STATISTIC = re.compile(
    r"Average|Maximum|Minimum|SampleCount|Sum|IQM|(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|p100|"
    r"(PR|TM|TC|TS|WM)\(\d*\.?\d*%?:\d*\.?\d*%?\)"
)
# CloudWatch API reference, MetricStat: Period.
SHORT_PERIODS = frozenset({1, 5, 10, 20, 30})
# Options of one metric, which those of an expression share unless they have their own.
SHARED = ("namespace", "metric", "dimensions", "statistic")
LOAD_BALANCER = "AWS/ApplicationELB"
# Elastic Load Balancing user guide, "CloudWatch metrics for your Application Load Balancer": the metrics with the
# dimension TargetGroup. All others have only LoadBalancer.
TARGET_METRICS = re.compile(
    r"(?:Anomalous|Healthy|Mitigated|UnHealthy)HostCount|HTTPCode_Target_[2345]XX_Count|RequestCount(?:PerTarget)?|"
    r"Target(?:ConnectionErrorCount|ResponseTime|TLSNegotiationErrorCount)|(?:Un)?[Hh]ealthyState(?:DNS|Routing)|"
    r"UnhealthyRoutingRequestCount"
)


class QueryProblem(NamedTuple):
    """Why CloudWatch would reject a query, with the key that has the problem.

    ``depends`` are the paths of the keys that are missing: an invalid value of one of them would be the cause.
    """

    text: str
    depends: tuple[tuple[str, ...], ...] = ()


def find_query_problems(query: Mapping[str, Any]) -> Iterator[QueryProblem]:
    """The problems of a query that CloudWatch would reject."""
    period = query["period"]
    if period not in SHORT_PERIODS and (period < 60 or period % 60):
        yield QueryProblem(f"period: {period} is not 1, 5, 10, 20, 30 or a multiple of 60")
    if query["window"] < 1:
        yield QueryProblem(f"window: {query['window']} is not a number of seconds from 1")
    metrics = query["metrics"] or {}
    if not query["expression"]:
        if metrics:
            text = "metrics: only an expression has them: write expression, or namespace and metric"
            yield QueryProblem(text, (("expression",),))
        yield from _find_metric_problems(share_options(query, {}))
        return
    if query["metric"]:
        yield QueryProblem("metric and expression exclude each other")
    for name, metric in metrics.items():
        if not QUERY_ID.fullmatch(name) or name == RESULT:
            text = f"metrics: {name} is not an id: a lower-case letter, then letters, digits and _ (not {RESULT})"
            yield QueryProblem(text)
        elif not isinstance(metric, Mapping) or set(metric) - set(SHARED):
            yield QueryProblem(f"metrics: {name}: write a mapping with {', '.join(SHARED)}")
        else:
            yield from _find_metric_problems(share_options(query, metric), name)


def share_options(query: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    """One metric of a query, with what all of them share."""
    whole = {name: metric.get(name) or query[name] for name in SHARED}
    return {**whole, "dimensions": whole["dimensions"] or {}}


def needs_dimensions_of_service(query: Mapping[str, Any]) -> bool:
    """Whether a query has a metric of the load balancer without dimensions, which are then those of the service."""
    return any(_is_of_service(metric) for metric in _list_metrics(query).values())


def add_dimensions_of_service(query: Mapping[str, Any], target_group: str, load_balancer: str) -> dict[str, Any]:
    """The query with the dimensions of a service; both values are the ends of ARNs, as CloudWatch has them."""
    found = {}
    for name, metric in _list_metrics(query).items():
        if _is_of_service(metric):
            dimensions = {"LoadBalancer": load_balancer}
            if TARGET_METRICS.fullmatch(str(metric["metric"])):
                dimensions["TargetGroup"] = target_group
            metric = {**metric, "dimensions": dimensions}
        found[name] = metric
    return {**query, "metrics": found} if query["expression"] else {**query, **found[""]}


def _list_metrics(query: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The metrics of a query by id, which is empty for that of a query without expression."""
    if not query["expression"]:
        return {"": share_options(query, {})}
    return {name: share_options(query, metric) for name, metric in (query["metrics"] or {}).items()}


def _is_of_service(metric: Mapping[str, Any]) -> bool:
    return bool(metric["namespace"] == LOAD_BALANCER and not metric["dimensions"])


def _find_metric_problems(metric: Mapping[str, Any], name: str | None = None) -> Iterator[QueryProblem]:
    """The problems of a metric; ``name`` is its id among those of an expression."""
    prefix = "" if name is None else f"metrics: {name}: "
    for key in ("namespace", "metric"):
        if not metric[key]:
            elsewhere = ("expression",) if name is None else ("metrics", name, key)
            yield QueryProblem(f"{prefix}{key} must be given", ((key,), elsewhere))
    if not isinstance(metric["dimensions"], Mapping):
        yield QueryProblem(f"{prefix}dimensions: write a mapping of names and values")
    if not STATISTIC.fullmatch(str(metric["statistic"])):
        text = f"{metric['statistic']} is not a statistic, such as Average, Sum or p99"
        yield QueryProblem(f"{prefix}statistic: {text}")
