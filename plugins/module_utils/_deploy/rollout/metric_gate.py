# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module `metric_gate`: query a metric during the bake time. `metric_query` has the decisions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..._aws.client import Clients
from ..._aws.errors import StackError, describe_error
from ..._aws.options import Connection
from ..._aws.permissions import DEPLOY
from ..._aws.sdk import FAILURES
from ..._host.polling import SYSTEM_CLOCK, Clock, poll
from .cloudwatch_query import CloudWatchQuery
from .metric_query import (
    FAILED,
    PASSED,
    UNMEASURED,
    Limit,
    Measurement,
    QueryRejectedError,
    Reading,
    Rules,
    Tally,
    decide,
    is_passed,
    judge_reading,
)
from .prometheus_query import PrometheusQuery

LEAST = {"bake": 0, "failures_allowed": 0, "interval": 1, "query_timeout": 1}
KEPT_MEASUREMENTS = 10
MOST_WARNINGS = 5


def run_metric_gate(options: Mapping[str, Any], check: bool, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Run the module `metric_gate`; a closed gate, and an error, are in ``failed`` and ``msg`` of the result."""
    try:
        _check_numbers(options)
        limit = Limit(options["limit"]["below"], options["limit"]["above"])
        _check_limit(limit)
        described, read = _prepare_query(options, clock)
        gate = _Gate(limit, Rules(options["failures_allowed"], options["unmeasured"]), read)
        basis = {"changed": False, "request": described, "expected": limit.describe()}
        if check:
            gate.measure()
            return {**basis, **gate.preview()}
        verdict = gate.ask(poll(options["bake"], options["interval"], clock))
        result = {**basis, **gate.report(verdict)}
        if not result["passed"]:
            result.update(failed=True, msg=_describe_failure(options, described, gate, verdict))
        return result
    except QueryRejectedError as error:
        return {"failed": True, "changed": False, "msg": f"The metric cannot be queried: {error}."}
    except (StackError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": describe_error(error)}


class _Gate:
    """The measurements of a gate so far."""

    def __init__(self, limit: Limit, rules: Rules, read: Callable[[], Reading]) -> None:
        self.limit = limit
        self.rules = rules
        self.tally = Tally()
        self.requests = 0
        self.kept: deque[Measurement] = deque(maxlen=KEPT_MEASUREMENTS)
        self._read = read
        self._warnings: list[str] = []

    def ask(self, moments: Iterator[None]) -> str:
        """Query at each of these moments, until it is certain how the gate ends, and return the verdict."""
        for _moment in moments:
            self.measure()
            verdict = decide(self.tally, self.rules, is_over=False)
            if verdict is not None:
                return verdict
        return decide(self.tally, self.rules, is_over=True) or UNMEASURED

    def measure(self) -> None:
        """Query once. Raises `QueryRejectedError` unless the same query was answered before."""
        self.requests += 1
        try:
            reading = self._read()
        except QueryRejectedError as error:
            if not self.tally.measured:
                raise
            # It was right a moment ago: what rejects it now is the server or something in front of it.
            reading = Reading(why=str(error))
        self._warnings += [text for text in reading.warnings if text not in self._warnings]
        measurement = judge_reading(self.limit, reading)
        self.tally = self.tally.count(measurement)
        self.kept.append(measurement)

    def preview(self) -> dict[str, Any]:
        """The result of check mode: one measurement, whatever it is."""
        passed = self.kept[-1].passed
        verdict = {True: PASSED, False: FAILED, None: UNMEASURED}[passed]
        return {**self.report(verdict), "passed": passed}

    def report(self, verdict: str) -> dict[str, Any]:
        warnings = {"warnings": self._warnings[:MOST_WARNINGS]} if self._warnings else {}
        return {
            "passed": is_passed(verdict, self.rules),
            "measured": self.tally.measured,
            "verdict": verdict,
            "requests": self.requests,
            "good": self.tally.good,
            "bad": self.tally.bad,
            "unmeasured": self.tally.unmeasured,
            "measurements": [measurement.as_result() for measurement in self.kept],
            **warnings,
        }


def _prepare_query(options: Mapping[str, Any], clock: Clock) -> tuple[str, Callable[[], Reading]]:
    """What is queried, for messages, and the function that queries once."""
    if options["promql"]:
        prometheus = PrometheusQuery.of(options)
        return prometheus.describe(), prometheus.read
    cloudwatch = CloudWatchQuery.of(options["cloudwatch"])
    connection = Connection.of(options)
    if connection.region is None:
        raise StackError("region: missing; name the region of the metric")
    clients = Clients(connection, connection.region, task=DEPLOY)
    clients.check_caller()
    return cloudwatch.describe(), lambda: cloudwatch.read(clients("cloudwatch"), clock.time())


def _check_numbers(options: Mapping[str, Any]) -> None:
    problems = [
        f"{name}: {options[name]} is less than {least}" for name, least in LEAST.items() if options[name] < least
    ]
    if problems:
        raise StackError("\n".join(problems))


def _check_limit(limit: Limit) -> None:
    given = [value for value in (limit.below, limit.above) if value is not None]
    if not all(math.isfinite(value) for value in given):
        raise StackError("limit: below and above are finite numbers")
    if limit.below is not None and limit.above is not None and limit.below <= limit.above:
        raise StackError(f"limit: no value is {limit.describe()}")


def _describe_failure(options: Mapping[str, Any], described: str, gate: _Gate, verdict: str) -> str:
    count = f"{gate.requests} queries" if gate.requests > 1 else "1 query"
    period = f" within {options['bake']} s" if options["bake"] else ""
    tally = gate.tally
    if verdict == UNMEASURED:
        return (
            f"{described} could not be measured: {count}{period}, none with a value. The last one: "
            f"{gate.kept[-1].why}. Check the query, and that the metric is reported."
        )
    numbers = f"{count}: {tally.good} good, {tally.bad} bad ({options['failures_allowed']} allowed)"
    numbers += f", {tally.unmeasured} not measured" if tally.unmeasured else ""
    return f"{described} has to be {gate.limit.describe()}, but {_find_last_problem(tuple(gate.kept))}. {numbers}."


def _find_last_problem(measurements: Sequence[Measurement]) -> str:
    """Why the last bad measurement is bad; that of the last one, where none of those that were kept is bad."""
    bad = [one for one in measurements if one.passed is False]
    return (bad or list(measurements))[-1].why
