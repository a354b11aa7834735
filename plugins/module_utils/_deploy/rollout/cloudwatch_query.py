# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries of CloudWatch's metrics (GetMetricData): one metric, or an expression of several."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..._aws.client import Client
from ..._aws.errors import (
    StackError,
    describe_error,
    error_code,
    http_status,
    is_forbidden,
    is_of_every_call,
    is_throttle,
)
from ..._aws.sdk import FAILURES, ClientError, EndpointConnectionError
from ..._topology.cloudwatch_metrics import RESULT, find_query_problems, share_options
from .metric_query import QueryRejectedError, Reading, Series

# Metrics Insights queries are the only expressions without a metric that has a period.
SQL = re.compile(r"\s*SELECT\b", re.IGNORECASE)


@dataclass(frozen=True)
class CloudWatchQuery:
    """What to ask CloudWatch. ``window`` is how many seconds back the newest data point may lie."""

    queries: Sequence[Mapping[str, Any]]
    period: int
    window: int
    text: str

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> CloudWatchQuery:
        """The query of the option ``cloudwatch``. Raises `StackError` for one that CloudWatch would reject."""
        problems = list(find_query_problems(options))
        if problems:
            raise StackError("\n".join(f"cloudwatch: {problem.text}" for problem in problems))
        expression = options["expression"]
        text = expression or f"{options['statistic']} of {options['namespace']} {options['metric']}"
        dimensions = ", ".join(f"{name}={value}" for name, value in sorted((options["dimensions"] or {}).items()))
        described = f"{text} ({dimensions})" if dimensions else text
        return cls(_build_queries(options), options["period"], options["window"], described)

    def describe(self) -> str:
        return f"{self.text} in CloudWatch"

    def build_request(self, now: float, since: float = 0.0) -> dict[str, Any]:
        """The arguments of GetMetricData at a time in seconds since 1970.

        The period that has not ended is left out, because its sum is still that of a part; so are those that began
        before ``since``. Raises `ValueError` as long as none is left.
        """
        end = math.floor(now / self.period) * self.period
        earliest = math.ceil(since / self.period) * self.period
        start = max(end - math.ceil(self.window / self.period) * self.period, earliest)
        if start >= end:
            raise ValueError(f"the first {self.period} s that count end in {start + self.period - now:.0f} s")
        return {
            "MetricDataQueries": list(self.queries),
            "StartTime": datetime.fromtimestamp(start, timezone.utc),
            "EndTime": datetime.fromtimestamp(end, timezone.utc),
            "ScanBy": "TimestampDescending",
        }

    def read(self, client: Client, now: float, since: float = 0.0) -> Reading:
        """Query once. Raises `QueryRejectedError` for what no repetition can answer."""
        try:
            request = self.build_request(now, since)
        except ValueError as error:
            return Reading(why=str(error))
        try:
            pages = client.pages("get_metric_data", request)
        except (StackError, *FAILURES) as error:
            if _is_final(error):
                raise QueryRejectedError(describe_error(error)) from error
            return Reading(why=describe_error(error))
        return parse_pages(pages)


def parse_pages(pages: Sequence[Mapping[str, Any]]) -> Reading:
    """The newest value of each series in the pages of an answer, which are in descending order of time."""
    newest: list[tuple[str, datetime, float]] = []
    problems: list[str] = []
    for page in pages:
        problems.append(_describe_messages(page.get("Messages")))
        # A series goes on in the next page with older values. In one page, two series may have the same label.
        earlier = {name for name, _time, _value in newest}
        for result in page.get("MetricDataResults") or ():
            problems.append(_describe_status(result))
            name = str(result.get("Label") or result.get("Id", ""))
            values, times = result.get("Values"), result.get("Timestamps")
            if values and times and name not in earlier:
                newest.append((name, times[0], float(values[0])))
    series = tuple(Series(value, name if len(newest) > 1 else "") for name, _time, value in newest)
    sample = " ".join(sorted(f"{name}@{time.isoformat()}" for name, time, _value in newest))
    texts = tuple(text for text in problems if text)
    if series:
        return Reading(series, sample=sample, warnings=texts)
    return Reading(why="; ".join(texts) or "CloudWatch has no data points")


def _describe_status(result: Mapping[str, Any]) -> str:
    """What CloudWatch says of a series that it could not read, or not as a whole; empty for nothing."""
    status = result.get("StatusCode", "")
    failure = f"CloudWatch returns the status {status}" if status in ("Forbidden", "InternalError") else ""
    return "; ".join(text for text in (failure, _describe_messages(result.get("Messages"))) if text)


def _describe_messages(messages: Sequence[Mapping[str, Any]] | None) -> str:
    return "; ".join(f"{one.get('Code', '')}: {one.get('Value', '')}" for one in messages or ())


def _is_final(error: Exception) -> bool:
    """Whether the next query would fail as well."""
    if isinstance(error, EndpointConnectionError):
        return False
    if is_of_every_call(error) or is_forbidden(error):
        return True
    if not isinstance(error, ClientError):
        # An error without an answer of AWS; those about the options come before the first query.
        return False
    return 400 <= http_status(error) < 500 and not is_throttle(error) and error_code(error) != "RequestTimeout"


def _build_queries(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not options["expression"]:
        return [{"Id": RESULT, "MetricStat": _build_stat(options, {}), "ReturnData": True}]
    metrics = [
        {"Id": name, "MetricStat": _build_stat(options, metric), "ReturnData": False}
        for name, metric in (options["metrics"] or {}).items()
    ]
    period = {"Period": options["period"]} if SQL.match(options["expression"]) else {}
    return [{"Id": RESULT, "Expression": options["expression"], "ReturnData": True, **period}, *metrics]


def _build_stat(options: Mapping[str, Any], metric: Mapping[str, Any]) -> dict[str, Any]:
    whole = share_options(options, metric)
    dimensions = [{"Name": name, "Value": str(value)} for name, value in sorted(whole["dimensions"].items())]
    identity = {"Namespace": whole["namespace"], "MetricName": whole["metric"], "Dimensions": dimensions}
    return {"Metric": identity, "Period": options["period"], "Stat": str(whole["statistic"])}
