# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarm: watches one metric of CloudWatch and tells a topic. A stack may have many: all are listed by one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._aws.tags import as_list
from .. import named
from ..resource import Client, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope

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
    "dimensions": {},
    "statistic": "Average",
    "period": 300,
    "evaluation_periods": 1,
    "treat_missing_data": "missing",
    "enabled": True,
}
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
    return {
        **given,
        "dimensions": {name: str(value) for name, value in (given["dimensions"] or {}).items()},
        "datapoints_to_alarm": given.get("datapoints_to_alarm") or given["evaluation_periods"],
        "threshold": float(given["threshold"]),
        "actions": sorted(given.get("actions") or ()),
        "ok_actions": sorted(given.get("ok_actions") or ()),
    }


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}")


def normalize(alarm: Raw) -> dict[str, Any]:
    """An alarm on a formula, which somebody made of ours by hand, has no metric: it differs, and is put right."""
    told = {name: alarm.get(place) for name, place in PLACES.items()}
    return {
        **told,
        "description": told["description"] or "",
        "dimensions": {one["Name"]: one["Value"] for one in alarm.get("Dimensions", ())},
        "statistic": alarm.get("Statistic") or alarm.get("ExtendedStatistic"),
        "datapoints_to_alarm": told["datapoints_to_alarm"] or told["evaluation_periods"],
        "treat_missing_data": told["treat_missing_data"] or "missing",
        "actions": sorted(told["actions"] or ()),
        "ok_actions": sorted(told["ok_actions"] or ()),
    }


def _request(wanted: Properties) -> dict[str, Any]:
    statistic = wanted["statistic"]
    return {
        **{place: wanted[name] for name, place in PLACES.items()},
        "Dimensions": [{"Name": name, "Value": value} for name, value in sorted(wanted["dimensions"].items())],
        ("Statistic" if statistic in STATISTICS else "ExtendedStatistic"): statistic,
    }


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
    required=frozenset({"metric", "namespace", "comparison", "threshold"}),
    desired=desired,
    normalize=normalize,
    prepare=prepare,
    create=create,
    updates=dict.fromkeys((*PLACES, "dimensions", "statistic"), put),
    delete=delete,
)
