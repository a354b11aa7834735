# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries of CloudWatch: the literal request, what answers mean, and which errors are final."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.validate import validate_parameters
from support.oldest_botocore import unknown_parameters

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import (
    LostResponseError,
    StackError,
    error_code,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.cloudwatch_query import (
    CloudWatchQuery,
    parse_pages,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_query import (
    QueryRejectedError,
    Reading,
    Series,
)
from ansible_collections.groundwork.aws.plugins.modules.metric_gate import CLOUDWATCH

# 2026-03-01T12:03:20Z
NOW = 1_772_366_600.0
MODEL = botocore.session.get_session().get_service_model("cloudwatch").operation_model("GetMetricData")
BALANCER = {"LoadBalancer": "app/shop/50dc"}
PLAIN = {"namespace": "AWS/ApplicationELB", "metric": "TargetResponseTime", "dimensions": BALANCER}


def query(**options: Any) -> CloudWatchQuery:
    return CloudWatchQuery.of({**{name: one.get("default") for name, one in CLOUDWATCH.items()}, **options})


def request(**options: Any) -> dict[str, Any]:
    """The request, which botocore's model and the oldest supported one accept."""
    built = query(**options).build_request(NOW)
    validate_parameters(built, MODEL.input_shape)
    assert unknown_parameters("cloudwatch", "get_metric_data", built) == []
    return built


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{text}+00:00")


def result(label: str, *values: float, at: str = "12:02:00", **more: Any) -> dict[str, Any]:
    times = [moment(at) - timedelta(minutes=number) for number in range(len(values))]
    found = {"Id": "gate_result", "Label": label, "Values": list(values), "Timestamps": times, "StatusCode": "Complete"}
    return {**found, **more}


def page(*results: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"MetricDataResults": list(results), **more}


class Account:
    """The client of CloudWatch, which returns pages or raises an error."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def pages(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        assert operation == "get_metric_data"
        validate_parameters(arguments, MODEL.input_shape)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def read(outcome: Any) -> Reading:
    return query(**PLAIN).read(Account(outcome), NOW)  # type: ignore[arg-type]


def client_error(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetMetricData")  # type: ignore[arg-type]


def test_a_metric_is_asked_for_in_periods_that_have_ended() -> None:
    assert request(**PLAIN, statistic="p99.9") == {
        "MetricDataQueries": [
            {
                "Id": "gate_result",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/ApplicationELB",
                        "MetricName": "TargetResponseTime",
                        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/shop/50dc"}],
                    },
                    "Period": 60,
                    "Stat": "p99.9",
                },
                "ReturnData": True,
            }
        ],
        "StartTime": moment("11:58:00"),
        "EndTime": moment("12:03:00"),
        "ScanBy": "TimestampDescending",
    }


@pytest.mark.parametrize(
    ("period", "window", "start", "end"),
    [
        (60, 300, "11:58:00", "12:03:00"),
        (300, 300, "11:55:00", "12:00:00"),
        (300, 60, "11:55:00", "12:00:00"),
        (300, 301, "11:50:00", "12:00:00"),
        (10, 25, "12:02:50", "12:03:20"),
    ],
)
def test_the_window_has_whole_periods(period: int, window: int, start: str, end: str) -> None:
    built = request(**PLAIN, period=period, window=window)
    assert (built["StartTime"], built["EndTime"]) == (moment(start), moment(end))


def test_metrics_of_an_expression_share_what_they_do_not_have() -> None:
    built = request(
        namespace="AWS/ApplicationELB",
        dimensions=BALANCER,
        statistic="Sum",
        expression="100 * FILL(errors, 0) / requests",
        metrics={"errors": {"metric": "HTTPCode_Target_5XX_Count"}, "requests": {"metric": "N", "statistic": "p50"}},
    )
    first, *others = built["MetricDataQueries"]
    expression = "100 * FILL(errors, 0) / requests"
    assert first == {"Id": "gate_result", "Expression": expression, "ReturnData": True}
    assert [(one["Id"], one["MetricStat"]["Metric"]["MetricName"], one["MetricStat"]["Stat"]) for one in others] == [
        ("errors", "HTTPCode_Target_5XX_Count", "Sum"),
        ("requests", "N", "p50"),
    ]
    assert [one["ReturnData"] for one in others] == [False, False]
    assert all(one["MetricStat"]["Metric"]["Dimensions"][0]["Name"] == "LoadBalancer" for one in others)


@pytest.mark.parametrize(
    ("expression", "period"),
    [("SELECT AVG(x) FROM y", 60), ("  select MAX(x) FROM y", 60), ("SEARCH('{A,B} x', 'Sum', 60)", None)],
)
def test_only_metrics_insights_queries_have_a_period(expression: str, period: int | None) -> None:
    (only,) = request(expression=expression)["MetricDataQueries"]
    assert only.get("Period") == period


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        ({}, ["namespace must be given", "metric must be given"]),
        ({"metric": "x"}, ["namespace must be given"]),
        ({**PLAIN, "period": 90}, ["period: 90 is not 1, 5, 10, 20, 30 or a multiple of 60"]),
        ({**PLAIN, "period": 0}, ["period: 0 is not 1, 5, 10, 20, 30 or a multiple of 60"]),
        ({**PLAIN, "window": 0}, ["window: 0 is not a number of seconds from 1"]),
        ({**PLAIN, "statistic": "p"}, ["statistic: p is not a statistic, such as Average, Sum or p99"]),
        ({**PLAIN, "statistic": "average"}, ["statistic: average is not a statistic, such as Average, Sum or p99"]),
        (
            {**PLAIN, "metrics": {"a": {}}},
            ["metrics: only an expression has them: write expression, or namespace and metric"],
        ),
        ({**PLAIN, "expression": "a"}, ["metric and expression exclude each other"]),
        (
            {"expression": "a", "metrics": {"A": {"metric": "x"}}},
            ["metrics: A is not an id: a lower-case letter, then letters, digits and _ (not gate_result)"],
        ),
        (
            {"expression": "a", "metrics": {"gate_result": {"metric": "x"}, "b": {"metric": "x"}}},
            [
                "metrics: gate_result is not an id: a lower-case letter, then letters, digits and _ (not gate_result)",
                "metrics: b: namespace must be given",
            ],
        ),
        (
            {"expression": "a", "metrics": {"a": "x"}},
            ["metrics: a: write a mapping with namespace, metric, dimensions, statistic"],
        ),
        (
            {"expression": "a", "metrics": {"a": {"metric": "x", "period": 60}}},
            ["metrics: a: write a mapping with namespace, metric, dimensions, statistic"],
        ),
        (
            {"expression": "a", "namespace": "n", "metrics": {"a": {"metric": "x", "dimensions": ["y"]}}},
            ["metrics: a: dimensions: write a mapping of names and values"],
        ),
    ],
)
def test_what_cloudwatch_would_reject_is_rejected_before(options: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(StackError) as raised:
        query(**options)
    assert str(raised.value).splitlines() == [f"cloudwatch: {problem}" for problem in problems]


@pytest.mark.parametrize(
    "statistic", ["Average", "SampleCount", "IQM", "p0", "p99", "p99.95", "p100", "tm90", "TM(2%:98%)", "PR(:300)"]
)
def test_statistics_of_cloudwatch_are_accepted(statistic: str) -> None:
    request(**PLAIN, statistic=statistic)


def test_what_is_asked_is_described() -> None:
    described = query(**PLAIN, statistic="p99").describe()
    assert described == "p99 of AWS/ApplicationELB TargetResponseTime (LoadBalancer=app/shop/50dc) in CloudWatch"
    assert query(expression="SELECT AVG(x) FROM y").describe() == "SELECT AVG(x) FROM y in CloudWatch"


def test_the_newest_value_counts() -> None:
    assert parse_pages([page(result("Latency", 0.5, 9.0))]) == Reading(
        (Series(0.5),), sample="Latency@2026-03-01T12:02:00+00:00"
    )


def test_every_series_of_an_expression_has_its_newest_value() -> None:
    reading = parse_pages([page(result("b", 2.0, 1.0), result("a", 3.0, at="12:01:00"), result("empty"))])
    assert reading.series == (Series(2.0, "b"), Series(3.0, "a"))
    assert reading.sample == "a@2026-03-01T12:01:00+00:00 b@2026-03-01T12:02:00+00:00"


def test_series_with_the_same_label_are_all_compared() -> None:
    reading = parse_pages([page(result("x", 1.0), result("x", 5.0))])
    assert [one.value for one in reading.series] == [1.0, 5.0]


def test_the_next_page_has_older_values() -> None:
    reading = parse_pages([page(result("x", 1.0)), page(result("x", 9.0), result("y", 2.0))])
    assert reading.series == (Series(1.0, "x"), Series(2.0, "y"))


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ([], "CloudWatch has no data points"),
        ([{}], "CloudWatch has no data points"),
        ([page()], "CloudWatch has no data points"),
        ([page(result("x"))], "CloudWatch has no data points"),
        ([page({"Id": "gate_result"})], "CloudWatch has no data points"),
        ([page(result("x", StatusCode="InternalError"))], "CloudWatch returns the status InternalError"),
        (
            [page(result("x", StatusCode="Forbidden", Messages=[{"Code": "C", "Value": "v"}]))],
            "CloudWatch returns the status Forbidden; C: v",
        ),
        ([page(Messages=[{"Code": "MaxQueryTimeRange", "Value": "too long"}])], "MaxQueryTimeRange: too long"),
    ],
)
def test_no_data_points_are_no_measurement(pages: list[dict[str, Any]], why: str) -> None:
    assert parse_pages(pages) == Reading(why=why)


def test_a_message_about_part_of_the_data_is_a_warning() -> None:
    reading = parse_pages([page(result("x", 1.0), Messages=[{"Code": "MaxMetricsExceeded", "Value": "some"}])])
    assert (reading.series, reading.warnings) == ((Series(1.0),), ("MaxMetricsExceeded: some",))


@pytest.mark.parametrize(
    "error",
    [
        client_error("InternalServiceFault", 500),
        client_error("ServiceUnavailable", 503),
        client_error("Throttling", 400),
        client_error("RequestTimeout", 408),
        EndpointConnectionError(endpoint_url="https://monitoring.test"),
        ReadTimeoutError(endpoint_url="https://monitoring.test"),
        LostResponseError("GetMetricData", ValueError("no XML")),
    ],
    ids=lambda error: error_code(error) or type(error).__name__,
)
def test_a_failure_that_may_end_is_no_measurement(error: Exception) -> None:
    reading = read(error)
    assert reading.series == ()
    assert reading.why


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDenied", 403),
        client_error("ValidationError", 400),
        client_error("ExpiredToken", 403),
        NoCredentialsError(),
    ],
    ids=lambda error: error_code(error) or type(error).__name__,
)
def test_a_failure_of_every_query_is_final(error: Exception) -> None:
    with pytest.raises(QueryRejectedError):
        read(error)


def test_a_reading_comes_from_the_client() -> None:
    assert read([page(result("Latency", 0.5))]).series == (Series(0.5),)
