# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Alarm: watches one metric of CloudWatch, or an expression of several, and notifies topics.

A stack may have many alarms: one call lists them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._aws.answer import missing_member
from ..._aws.similar_names import suggest
from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.list_call import Listing
from ..._engine.model import Ref
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    Entries,
    InvalidPropertiesError,
    Limit,
    Limits,
    Matching,
    Number,
    PropertyPath,
    PropertyProblem,
    a_set,
    is_reference,
    keys,
    one_of,
    whole_number,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    ClientOf,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from ..._engine.scope import Scope
from .. import named
from ..regions import arn_of_region
from .expressions import find_metric_math_problem

ARN = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"
# AWS takes these in one parameter, and percentiles and trimmed means in another.
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
# Properties of one metric. In an expression each metric has them, and the alarm gives the values that they share.
METRIC: dict[str, Any] = {"metric": None, "namespace": None, "dimensions": {}, "statistic": "Average", "period": 300}
MOST_METRICS = 10
# CloudWatch API Reference, PutMetricAlarm.
SHORT_PERIODS = (10, 20, 30)
HOUR, DAY = 3600, 86400
MOST_PERIODS = DAY // SHORT_PERIODS[0]
MOST_ACTIONS = 5
# The services that an action may be of: the same, AlarmActions.
ACTION_SERVICES = ("aiops", "automate", "autoscaling", "lambda", "sns", "ssm", "ssm-incidents", "swf")
ACTION = Matching(
    "the ARN of an action that CloudWatch takes",
    "write one, or refer to a topic: {ref: sns_topic/alerts, attribute: arn}",
    rf"arn:[a-z-]+:(?:{'|'.join(ACTION_SERVICES)}):\S+",
    1024,
)
# The ids of metrics in an expression (CloudWatch User Guide, "Using math expressions"): they begin with a small letter,
# names of functions and keywords are in capitals.
IDS = re.compile(r"(?<![A-Za-z0-9_.])[a-z][A-Za-z0-9_]*(?![A-Za-z0-9_]|\s*\()")
# CloudWatch API Reference, MetricDataQuery (Id) and Dimension.
ID = Matching("the id of a metric, of letters, digits and _, with a small letter first", "", "[a-z][A-Za-z0-9_]*", 255)
ASCII = r"[ -~]+"
# What these dimensions are of the resources of a stack: Elastic Load Balancing user guide, "CloudWatch metrics for your
# Application Load Balancer"; EC2 User Guide, "CloudWatch metrics that are available for your instances"; VPC User
# Guide, "Metrics and dimensions for NAT gateways"; RDS User Guide, "Amazon CloudWatch dimensions for Amazon RDS".
DIMENSION_VALUES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("AWS/ApplicationELB", "LoadBalancer"): ("load_balancer", "full_name"),
    ("AWS/ApplicationELB", "TargetGroup"): ("target_group", "full_name"),
    ("AWS/EC2", "InstanceId"): ("instance", "id"),
    ("AWS/NATGateway", "NatGatewayId"): ("nat_gateway", "id"),
    ("AWS/RDS", "DBInstanceIdentifier"): ("db_instance", "id"),
}
# Also of the names of dimensions. CloudWatch User Guide, "Namespaces": ASCII characters, one of which is no space; the
# model of PutMetricData has the colon.
NAMESPACE = r"(?!:)(?=.*\S)[ -~]+"
DIMENSION = Matching("the name of a dimension", pattern=NAMESPACE, longest=255)
LONGEST_VALUE = 1024
# CloudWatch User Guide, "CloudWatch statistics definitions".
_PERCENT = r"(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)"
_BOUND = r"[0-9]*(?:\.[0-9]+)?%?"
STATISTIC = rf"{'|'.join(STATISTICS)}|(?i:(?:p|tm|wm|tc|ts){_PERCENT}|iqm|(?:pr|tm|wm|tc|ts)\({_BOUND}:{_BOUND}\))"


@dataclass(frozen=True)
class Period(Limit):
    what: str = "a period in seconds: 10, 20, 30 or a multiple of 60"

    def accepts(self, value: Any) -> bool:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return is_number and (value in SHORT_PERIODS or (value > 0 and value % 60 == 0))


@dataclass(frozen=True)
class DimensionValue(Limit):
    """Any value of ASCII characters that is not blank, as text (CloudWatch API Reference, Dimension, Value)."""

    what: str = "the value of a dimension"
    hint: str = "write one, or leave the dimension out"

    def accepts(self, value: Any) -> bool:
        text = str(value)
        is_scalar = isinstance(value, (str, int, float))
        return is_scalar and bool(text.strip()) and len(text) <= LONGEST_VALUE and re.fullmatch(ASCII, text) is not None


def _limits_of_metric(path: PropertyPath) -> Limits:
    """The limits of one metric: that of the alarm, or one of an expression."""
    return {
        (*path, "metric"): Matching("the name of a metric", pattern=r"[^\x00-\x1f\x7f]+", longest=255),
        (*path, "namespace"): Matching("a namespace like AWS/EC2, of ASCII characters", pattern=NAMESPACE, longest=255),
        (*path, "dimensions"): Entries(most=30, names=DIMENSION),
        (*path, "dimensions", EVERY): DimensionValue(),
        (*path, "statistic"): Matching("a statistic like Average, Sum or p99", pattern=STATISTIC),
        (*path, "period"): Period(),
    }


WATCHED = "watched"  # the id of the expression, among those of its metrics
# Members of the properties whose values are the same.
MEMBERS = {
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


def check_evaluation(given: Properties) -> Iterator[PropertyProblem]:
    """How many of the last periods may count, and how long they may be together (PutMetricAlarm, Period)."""
    periods = given.get("evaluation_periods") or 1
    needed = given.get("datapoints_to_alarm")
    if is_reference(periods):
        return
    if needed is not None and not is_reference(needed) and needed > periods:
        text = f"{needed} is more than evaluation_periods, which is {periods}"
        yield ("datapoints_to_alarm",), f"{text} (lower it, or raise evaluation_periods)"
    period = _find_longest_period(given)
    longest = 7 * DAY if period >= HOUR else DAY
    if period * periods > longest:
        text = f"{periods} periods of {period} seconds are more than the {longest} seconds that AWS allows"
        name = "evaluation_periods" if given.get("evaluation_periods") else "period"
        yield (name,), f"{text} (write fewer of them, or a shorter period)"


def check_expression(given: Properties) -> Iterator[PropertyProblem]:
    """An expression takes its metrics by their ids. One with text in quotes, or of Metrics Insights, is not read."""
    expression, metrics = given.get("expression"), given.get("metrics")
    if not isinstance(expression, str) or re.search(r"['\"]|SELECT", expression):
        return
    # That there are none, or that they are no mapping, is a problem of its own.
    if not metrics or not isinstance(metrics, Mapping):
        return
    for name in dict.fromkeys(IDS.findall(expression)):
        if name not in metrics:
            yield ("expression",), f"{name} is not one of the metrics; {suggest(name, list(metrics))}"


def check_unused_metric(given: Properties) -> Iterator[PropertyProblem]:
    """The metric of an alarm with an expression is that of metrics without one of their own."""
    metrics = given.get("metrics")
    if (
        given.get("metric") is None
        or given.get("expression") is None
        or not metrics
        or not isinstance(metrics, Mapping)
    ):
        return
    if all(isinstance(metric, Mapping) and metric.get("metric") is not None for metric in metrics.values()):
        yield ("metric",), "is not watched, because each of the metrics of the expression has its own (remove it)"


def check_brackets(given: Properties) -> Iterator[PropertyProblem]:
    expression = given.get("expression")
    problem = find_metric_math_problem(expression) if isinstance(expression, str) else None
    if problem is not None:
        yield ("expression",), problem


def check_dimensions(given: Properties) -> Iterator[PropertyProblem]:
    """References in dimensions of AWS's own metrics, whose values are known attributes."""
    yield from _find_dimension_problems((), given, given.get("namespace"))
    metrics = given.get("metrics")
    for name, metric in metrics.items() if isinstance(metrics, Mapping) else ():
        if isinstance(metric, Mapping):
            yield from _find_dimension_problems(
                ("metrics", name), metric, metric.get("namespace") or given.get("namespace")
            )


def _find_dimension_problems(path: PropertyPath, metric: Properties, namespace: Any) -> Iterator[PropertyProblem]:
    dimensions = metric.get("dimensions")
    for name, value in dimensions.items() if isinstance(dimensions, Mapping) else ():
        wanted = DIMENSION_VALUES.get((namespace, name)) if isinstance(namespace, str) else None
        if wanted is None or not isinstance(value, Ref):
            continue
        kind, attribute = wanted
        if value.address.partition("/")[0] != kind:
            text = f"{value.address} is not a {kind}, as the dimension {name} of {namespace} requires"
            yield (*path, "dimensions", name), f"{text} (refer to one)"
        elif value.attribute != attribute:
            text = f"this takes the {attribute} of {value.address}, not its {value.attribute}"
            yield (*path, "dimensions", name), f"{text} (write attribute: {attribute})"


def _find_longest_period(given: Properties) -> int:
    """The longest period of the metrics of an alarm, without those that are references."""
    shared = METRIC["period"] if given.get("period") is None else given["period"]
    periods = [shared]
    if given.get("expression"):
        metrics = (given.get("metrics") or {}).values()
        periods = [metric.get("period") or shared for metric in metrics if isinstance(metric, Mapping)]
    return max((period for period in periods if not is_reference(period)), default=0)


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = {**DEFAULTS, **desired}
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
        raise InvalidPropertiesError(
            f"{' and '.join(missing)} must be given, or an expression of metrics that have them"
        )
    return {**whole, "dimensions": {name: str(value) for name, value in whole["dimensions"].items()}}


def _expression(given: Properties) -> dict[str, Any]:
    """An expression replaces the metric of the alarm; its metrics have the period and the statistic."""
    metrics = given.get("metrics") or {}
    if not 1 <= len(metrics) <= MOST_METRICS or WATCHED in metrics:
        raise InvalidPropertiesError(
            f"an expression is made of 1 to {MOST_METRICS} metrics by id, none of them called {WATCHED}"
        )
    return {
        **{name: {} if name == "dimensions" else None for name in METRIC},
        "expression": given["expression"],
        "metrics": {name: _metric(metric, given) for name, metric in metrics.items()},
    }


def normalize(alarm: Raw) -> dict[str, Any]:
    """An alarm whose metric was replaced by an expression by hand, or the reverse, differs."""
    # An alarm that shows neither a metric nor an expression is not compared.
    known = alarm.get("Metrics") or alarm.get("MetricName")
    found = returned_members(alarm, {name: member for name, member in MEMBERS.items() if known or name not in METRIC})
    for name in ("actions", "ok_actions"):
        if name in found:
            found[name] = sorted(found[name])
    periods = {"datapoints_to_alarm": found["evaluation_periods"]} if "evaluation_periods" in found else {}
    return {"description": "", "treat_missing_data": "missing", **periods, **found, **_watched(alarm)}


def _watched(alarm: Raw) -> dict[str, Any]:
    """The metric of an alarm, or its expression, which leaves the properties of the metric empty."""
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
    # Each query has a metric or an expression (MetricDataQuery): one that shows neither is incomplete.
    others = [one for one in queries if not one.get("MetricStat")]
    if any("Expression" not in one for one in others):
        raise missing_member(others[0], "MetricStat or Expression")
    return next((str(one["Expression"]) for one in others), None)


def _metrics_of(queries: Sequence[Raw]) -> dict[str, Any]:
    return {one["Id"]: _parse_metric(one["MetricStat"]) for one in queries if one.get("MetricStat")}


def _parse_metric(stat: Raw) -> dict[str, Any]:
    metric = stat["Metric"]
    identity = {"metric": metric["MetricName"], "namespace": metric["Namespace"], "dimensions": _dimensions(metric)}
    return {**identity, "statistic": stat["Stat"], "period": stat["Period"]}


def _dimensions(item: Raw) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in item.get("Dimensions") or ()}


def _request(desired: Properties) -> dict[str, Any]:
    plain = {member: desired[name] for name, member in MEMBERS.items() if desired[name] is not None}
    if desired["expression"]:
        return {**plain, "Metrics": _queries(desired)}
    statistic = desired["statistic"]
    return {
        **plain,
        "Dimensions": _as_dimensions(desired["dimensions"]),
        ("Statistic" if statistic in STATISTICS else "ExtendedStatistic"): statistic,
    }


def _queries(desired: Properties) -> Sequence[dict[str, Any]]:
    """The metrics of an expression, and last the expression, whose value alone the alarm watches."""
    metrics = [
        {"Id": name, "MetricStat": _stat(metric), "ReturnData": False} for name, metric in desired["metrics"].items()
    ]
    return [*metrics, {"Id": WATCHED, "Expression": desired["expression"], "ReturnData": True}]


def _stat(metric: Properties) -> dict[str, Any]:
    dimensions = _as_dimensions(metric["dimensions"])
    identity = {"Namespace": metric["namespace"], "MetricName": metric["metric"], "Dimensions": dimensions}
    return {"Metric": identity, "Period": metric["period"], "Stat": metric["statistic"]}


def _as_dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in sorted(dimensions.items())]


def create(client: Client, resource: ResolvedResource) -> Raw:
    request = {"AlarmName": resource.name, **_request(resource.properties)}
    client.put_metric_alarm(**request, Tags=tags_to_list(resource.tags))
    return {**request, "AlarmArn": resource.prepared["arn"]}


def put(client: Client, update: ResourceUpdate) -> None:
    """Set all properties: the call takes no single ones. It takes tags only for a new alarm."""
    client.put_metric_alarm(AlarmName=update.actual.id, **_request(update.desired.properties))


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_alarms(AlarmNames=[actual.id])


class AlarmType(named.NameOwnedType):
    def prefix(self, scope: Scope) -> str:
        return prefix(scope)

    def prepare(self, clients: ClientOf, resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        return named.predict_arns(clients, ARN, resources)


TYPE = AlarmType(
    Schema(
        name="alarm",
        service="cloudwatch",
        id_path="AlarmName",
        attributes={"id": "AlarmName", "arn": "AlarmArn", "name": "AlarmName"},
        required=frozenset({"comparison", "threshold"}),
        references={("actions", EVERY): ("sns_topic.arn",), ("ok_actions", EVERY): ("sns_topic.arn",)},
        free_references=frozenset({("dimensions", EVERY), ("metrics", EVERY, "dimensions", EVERY)}),
        limits={
            **_limits_of_metric(()),
            ("metrics",): Entries(names=ID),
            ("metrics", EVERY): keys(*METRIC),
            **_limits_of_metric(("metrics", EVERY)),
            ("expression",): Matching("an expression", pattern="(?s:.+)", longest=2048),
            ("comparison",): one_of(*COMPARISONS),
            ("threshold",): Number(),
            ("treat_missing_data",): one_of(*MISSING),
            ("evaluation_periods",): whole_number("a number of periods", 1, MOST_PERIODS),
            ("datapoints_to_alarm",): whole_number("a number of periods", 1, MOST_PERIODS),
            ("actions",): a_set(most=MOST_ACTIONS),
            ("ok_actions",): a_set(most=MOST_ACTIONS),
            ("actions", EVERY): ACTION,
            ("ok_actions", EVERY): ACTION,
            ("description",): Matching("text", longest=1024),
            ("enabled",): FLAG,
        },
        region_checks=(
            arn_of_region(("actions", EVERY), "the alarm"),
            arn_of_region(("ok_actions", EVERY), "the alarm"),
        ),
        checks=(check_evaluation, check_expression, check_brackets, check_unused_metric, check_dimensions),
        with_defaults=with_defaults,
        normalize=normalize,
        name_attributes=frozenset({"id", "name"}),
        reference_attributes=("name", "arn"),
    ),
    Discovery(
        listing=Listing(
            "describe_alarms",
            "MetricAlarms",
            lambda scope: {"AlarmNamePrefix": prefix(scope), "AlarmTypes": ["MetricAlarm"]},
        ),
        tagging=None,
    ),
    Lifecycle(
        create=create,
        updates=dict.fromkeys((*MEMBERS, "dimensions", "statistic", "expression", "metrics"), put),
        delete=delete,
    ),
)
