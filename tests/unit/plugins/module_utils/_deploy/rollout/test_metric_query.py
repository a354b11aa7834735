# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The decisions of metric gates: values and limits, bad measurements and those that could not be taken."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.metric_query import (
    Limit,
    Measurement,
    Reading,
    Rules,
    Series,
    Tally,
    decide,
    is_passed,
    judge_reading,
    name_series,
)

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "metric_query.yml").read_text(encoding="utf-8"))
MEASUREMENTS = {"+": Measurement(True, 0.1), "-": Measurement(False, 2.0, why="2"), "?": Measurement(None, why="no")}


def read_series(given: Any) -> tuple[Series, ...]:
    named = given if isinstance(given, dict) else {"": given}
    return tuple(Series(float(value), name) for name, value in named.items())


@pytest.mark.parametrize("name", CASES["readings"])
def test_readings_are_compared_with_limits(name: str) -> None:
    case = CASES["readings"][name]
    measurement = judge_reading(Limit(**case["limit"]), Reading(read_series(case["series"])))
    assert [measurement.passed, measurement.value, measurement.series, measurement.why] == case["measurement"]


@pytest.mark.parametrize("name", CASES["verdicts"])
def test_verdicts_follow_from_the_measurements(name: str) -> None:
    case = CASES["verdicts"][name]
    rules = Rules(case.get("allowed", 0), case.get("unmeasured", "wait"))
    tally = Tally()
    for sign in case["measurements"]:
        tally = tally.count(MEASUREMENTS[sign])
    assert decide(tally, rules, is_over=False) == case["meanwhile"]
    verdict = decide(tally, rules, is_over=True)
    assert verdict == case["over"]
    assert is_passed(str(verdict), rules) is case["open"]


def test_the_reason_of_a_reading_without_series_is_kept() -> None:
    measurement = judge_reading(Limit(below=1), Reading(why="Prometheus does not answer"))
    assert (measurement.passed, measurement.why) == (None, "Prometheus does not answer")


def test_data_points_that_are_read_again_count_once_with_their_last_value() -> None:
    bad, good = Measurement(False, 2, sample="12:00"), Measurement(True, 0.5, sample="12:00")
    later = Measurement(False, 2, sample="12:01")
    tally = Tally()
    counts = []
    for measurement in (bad, bad, Measurement(None), good, bad, later, later):
        tally = tally.count(measurement)
        counts.append((tally.good, tally.bad, tally.unmeasured))
    assert counts == [(0, 1, 0), (0, 1, 0), (0, 1, 1), (1, 0, 1), (0, 1, 1), (0, 2, 1), (0, 2, 1)]


def test_measurements_without_data_points_of_their_own_all_count() -> None:
    tally = Tally()
    for _time in range(3):
        tally = tally.count(Measurement(False, 2))
    assert tally.bad == 3


def test_a_result_has_no_infinite_number() -> None:
    for value in (math.inf, -math.inf):
        assert Measurement(False, value).as_result()["value"] is None
    assert Measurement(True, 0.0).as_result() == {
        "passed": True,
        "measured": True,
        "value": 0.0,
        "series": "",
        "why": "",
    }
    assert Measurement(None).as_result()["measured"] is False


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({}, ""),
        ({"__name__": "up"}, "up"),
        ({"__name__": "up", "job": "api", "instance": "a:1"}, 'up{instance="a:1", job="api"}'),
        ({"service": "api"}, '{service="api"}'),
    ],
)
def test_series_are_named_as_in_promql(labels: dict[str, str], name: str) -> None:
    assert name_series(labels) == name


def test_a_long_name_is_shortened() -> None:
    measurement = judge_reading(Limit(below=1), Reading((Series(2, "x" * 500),)))
    assert measurement.series == "x" * 200 + "…"
