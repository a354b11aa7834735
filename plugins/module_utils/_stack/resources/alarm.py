# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarm: watches one metric of CloudWatch, or an expression of several, and tells a topic.

A stack may have many: all are listed by one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import missing
from ..._aws.tags import as_list
from .. import named
from ..resource import Client, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope, returned

ARN = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"
# AWS has these in one parameter, and percentiles and trimmed means in another.
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanThreshold",
)
MISSING = ("breaching", "ignore", "missing", "notBreaching")
DEFAULTS = {
    "description": "",
    "evaluation_periods": 1,
    "treat_missing_data": "missing",
    "enabled": True,
}
# What is said of one metric; of an expression, of each that stands in it, where the alarm gives what they share.
METRIC: dict[str, Any] = {"metric": None, "namespace": None, "dimensions": {}, "statistic": "Average", "period": 300}
MOST_METRICS = 10
WATCHED = "watched"  # the id of the expression among its metrics
# Where AWS has those that need no more than another name.
PLACES = {
    "metric": "MetricName",
    "namespace": "Namespace",
    "description": "AlarmDescription",
    "period": "Period",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "comparison": "ComparisonOperator",
    "threshold": "Threshold",
    "treat_missing_data": "TreatMissingData",
    "actions": "AlarmActions",
    "ok_actions": "OKActions",
    "enabled": "ActionsEnabled",
}


def prefix(scope: Scope) -> str:
    return f"groundwork/{scope.stack}/"


def desired(wanted: Properties) -> dict[str, Any]:
    given = {**DEFAULTS, **wanted}
    _one_of("comparison", given["comparison"], COMPARISONS)
    _one_of("treat_missing_data", given["treat_missing_data"], MISSING)
    plain = not given.get("expression")
    watched = {**_metric(given, {}), "expression": None, "metrics": {}} if plain else _expression(given)
    return {
        **given,
        **watched,
        "datapoints_to_alarm": given.get("datapoints_to_alarm") or given["evaluation_periods"],
        "threshold": float(given["threshold"]),
        "actions": sorted(given.get("actions") or ()),
        "ok_actions": sorted(given.get("ok_actions") or ()),
    }


def _metric(given: Properties, shared: Properties) -> dict[str, Any]:
    whole = {name: given.get(name) or shared.get(name) or default for name, default in METRIC.items()}
    missing = [name for name in ("metric", "namespace") if not whole[name]]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given, or an expression of metrics that have them")
    return {**whole, "dimensions": {name: str(value) for name, value in whole["dimensions"].items()}}


def _expression(given: Properties) -> dict[str, Any]:
    """An expression takes the place of the metric, and AWS has period and statistic with the metrics in it."""
    metrics = given.get("metrics") or {}
    if not 1 <= len(metrics) <= MOST_METRICS or WATCHED in metrics:
        raise ValueError(f"an expression is made of 1 to {MOST_METRICS} metrics by id, none of them called {WATCHED}")
    return {
        **{name: {} if name == "dimensions" else None for name in METRIC},
        "expression": given["expression"],
        "metrics": {name: _metric(metric, given) for name, metric in metrics.items()},
    }


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}")


def normalize(alarm: Raw) -> dict[str, Any]:
    """Whoever makes one of ours watch something else by hand, be it of the other kind, sees it put right."""
    # Of what an alarm watches that shows neither a metric nor an expression nothing is known.
    known = alarm.get("Metrics") or alarm.get("MetricName")
    found = returned(alarm, {name: place for name, place in PLACES.items() if known or name not in METRIC})
    for name in ("actions", "ok_actions"):
        if name in found:
            found[name] = sorted(found[name])
    periods = {"datapoints_to_alarm": found["evaluation_periods"]} if "evaluation_periods" in found else {}
    return {"description": "", "treat_missing_data": "missing", **periods, **found, **_watched(alarm)}


def _watched(alarm: Raw) -> dict[str, Any]:
    """What the alarm watches: a metric of its own, or an expression, which leaves all of the former empty."""
    queries = alarm.get("Metrics")
    if queries:
        nothing: dict[str, Any] = {name: {} if name == "dimensions" else None for name in METRIC}
        return {**nothing, "expression": _expression_of(queries), "metrics": _metrics_of(queries)}
    if not alarm.get("MetricName"):
        return {}
    dimensions = {"dimensions": _dimensions(alarm)} if "Dimensions" in alarm else {}
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")
    return {"expression": None, "metrics": {}, **dimensions, **({"statistic": statistic} if statistic else {})}


def _expression_of(queries: Sequence[Raw]) -> str | None:
    # Each of them has one of the two (MetricDataQuery): one that shows neither has lost it.
    others = [one for one in queries if not one.get("MetricStat")]
    if any("Expression" not in one for one in others):
        raise missing(others[0], "MetricStat or Expression")
    return next((str(one["Expression"]) for one in others), None)


def _metrics_of(queries: Sequence[Raw]) -> dict[str, Any]:
    return {one["Id"]: _told(one["MetricStat"]) for one in queries if one.get("MetricStat")}


def _told(stat: Raw) -> dict[str, Any]:
    metric = stat["Metric"]
    named_so = {"metric": metric["MetricName"], "namespace": metric["Namespace"], "dimensions": _dimensions(metric)}
    return {**named_so, "statistic": stat["Stat"], "period": stat["Period"]}


def _dimensions(item: Raw) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in item.get("Dimensions") or ()}


def _request(wanted: Properties) -> dict[str, Any]:
    plain = {place: wanted[name] for name, place in PLACES.items() if wanted[name] is not None}
    if wanted["expression"]:
        return {**plain, "Metrics": _queries(wanted)}
    statistic = wanted["statistic"]
    return {
        **plain,
        "Dimensions": _as_dimensions(wanted["dimensions"]),
        ("Statistic" if statistic in STATISTICS else "ExtendedStatistic"): statistic,
    }


def _queries(wanted: Properties) -> Sequence[dict[str, Any]]:
    """What an expression is made of, and last the expression itself, which alone is looked at."""
    metrics = [
        {"Id": name, "MetricStat": _stat(metric), "ReturnData": False} for name, metric in wanted["metrics"].items()
    ]
    return [*metrics, {"Id": WATCHED, "Expression": wanted["expression"], "ReturnData": True}]


def _stat(metric: Properties) -> dict[str, Any]:
    dimensions = _as_dimensions(metric["dimensions"])
    named_so = {"Namespace": metric["namespace"], "MetricName": metric["metric"], "Dimensions": dimensions}
    return {"Metric": named_so, "Period": metric["period"], "Stat": metric["statistic"]}


def _as_dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def create(client: Client, order: Order) -> Raw:
    request = {"AlarmName": order.name, **_request(order.properties)}
    client.put_metric_alarm(**request, Tags=as_list(order.tags))
    return {**request, "AlarmArn": order.prepared["arn"]}


def prepare(clients: Any, orders: list[Order]) -> Mapping[str, Any]:
    return named.arns(clients, ARN, orders)


def put(client: Client, edit: Edit) -> None:
    """The call that makes an alarm says all of it anew; tags it takes only for a new one."""
    client.put_metric_alarm(AlarmName=edit.live.id, **_request(edit.order.properties))


def delete(client: Client, live: Live) -> None:
    client.delete_alarms(AlarmNames=[live.id])


TYPE = ResourceType(
    name="alarm",
    service="cloudwatch",
    listing=Listing(
        "describe_alarms",
        "MetricAlarms",
        lambda scope: {"AlarmNamePrefix": prefix(scope), "AlarmTypes": ["MetricAlarm"]},
    ),
    id="AlarmName",
    naming=named.naming(prefix),
    owner=named.owner("alarm", prefix, lambda alarm: str(alarm["AlarmName"])),
    tagging=None,
    attributes={"id": "AlarmName", "arn": "AlarmArn", "name": "AlarmName"},
    named=frozenset({"id", "name"}),
    mentioned_by=("name", "arn"),
    required=frozenset({"comparison", "threshold"}),
    desired=desired,
    normalize=normalize,
    prepare=prepare,
    create=create,
    updates=dict.fromkeys((*PLACES, "dimensions", "statistic", "expression", "metrics"), put),
    delete=delete,
)
