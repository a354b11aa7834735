# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare what a query returns with a limit, and decide when a metric gate passes or fails. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

PASSED, FAILED, UNMEASURED = "passed", "failed", "unmeasured"
# What follows when a query could not be measured: go on asking, count it as good, or count it as bad.
WAIT, PASS, FAIL = "wait", "pass", "fail"
LONGEST_NAME = 200


class QueryRejectedError(Exception):
    """A query that no repetition can answer: it, the address or the credentials are wrong."""


@dataclass(frozen=True)
class Limit:
    """The values that are good: lower than ``below`` and higher than ``above``; at least one of the two is given."""

    below: float | None = None
    above: float | None = None

    def excess(self, value: float) -> float:
        """How far a value is beyond the nearest limit; negative within, and not negative for a bad value."""
        distances = []
        if self.below is not None:
            distances.append(value - self.below)
        if self.above is not None:
            distances.append(self.above - value)
        return max(distances)

    def describe(self) -> str:
        parts = []
        if self.above is not None:
            parts.append(f"above {self.above:g}")
        if self.below is not None:
            parts.append(f"below {self.below:g}")
        return " and ".join(parts)


@dataclass(frozen=True)
class Series:
    """One element of an answer, with the labels that tell it from the others; a scalar has no name."""

    value: float
    name: str = ""


@dataclass(frozen=True)
class Reading:
    """What one query returned. Without series, ``why`` says why it could not be measured.

    ``sample`` is the same for two readings of the same data points, and empty where every query makes new ones.
    """

    series: tuple[Series, ...] = ()
    why: str = ""
    sample: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """A reading that was compared with a limit; ``passed`` is None where it could not be measured."""

    passed: bool | None
    value: float | None = None
    series: str = ""
    why: str = ""
    sample: str = ""

    def as_result(self) -> dict[str, Any]:
        # JSON has no infinite number.
        value = self.value if self.value is not None and math.isfinite(self.value) else None
        return {
            "passed": bool(self.passed),
            "measured": self.passed is not None,
            "value": value,
            "series": self.series,
            "why": self.why,
        }


@dataclass(frozen=True)
class Rules:
    """How many bad measurements a gate tolerates, and what follows from those that could not be taken."""

    failures_allowed: int = 0
    unmeasured: str = WAIT


@dataclass(frozen=True)
class Tally:
    """How many measurements were good, bad and not taken."""

    good: int = 0
    bad: int = 0
    unmeasured: int = 0
    # The last measurement that was taken, and is replaced by one of the same data points.
    latest: Measurement | None = field(default=None, repr=False)

    @property
    def measured(self) -> bool:
        return self.good + self.bad > 0

    def count(self, measurement: Measurement) -> Tally:
        """Count a measurement. Data points that are read again count once, with the value they have now."""
        if measurement.passed is None:
            return replace(self, unmeasured=self.unmeasured + 1)
        before = self
        if measurement.sample and self.latest is not None and measurement.sample == self.latest.sample:
            before = self._without_latest(self.latest)
        if measurement.passed:
            return replace(before, good=before.good + 1, latest=measurement)
        return replace(before, bad=before.bad + 1, latest=measurement)

    def _without_latest(self, latest: Measurement) -> Tally:
        return replace(self, good=self.good - 1) if latest.passed else replace(self, bad=self.bad - 1)


def judge_reading(limit: Limit, reading: Reading) -> Measurement:
    """Compare all series of a reading with the limit; the worst of them is the measurement.

    A series without a number (0 divided by 0, as for a path without requests) is not measured. If others are, those
    count.
    """
    numbers = [one for one in reading.series if not math.isnan(one.value)]
    if not numbers:
        return Measurement(None, why=reading.why or _explain_no_number(reading.series), sample=reading.sample)
    worst = max(numbers, key=lambda one: limit.excess(one.value))
    bad = [one for one in numbers if limit.excess(one.value) >= 0]
    name = _shorten(worst.name)
    why = ""
    if bad:
        subject = f"{name} is " if name else ""
        why = f"{subject}{worst.value:g}, not {limit.describe()}"
        if len(reading.series) > 1:
            why += f" ({len(bad)} of {len(reading.series)} series)"
    return Measurement(not bad, worst.value, name, why, reading.sample)


def decide(tally: Tally, rules: Rules, is_over: bool) -> str | None:
    """The verdict; None as long as the metric is to be queried again."""
    failures = tally.bad + (tally.unmeasured if rules.unmeasured == FAIL else 0)
    if failures > rules.failures_allowed:
        return FAILED if tally.bad else UNMEASURED
    if not is_over:
        return None
    return PASSED if tally.measured else UNMEASURED


def is_passed(verdict: str, rules: Rules) -> bool:
    """Whether the gate is open. Without any measurement it is open only with the rule `PASS`."""
    return verdict == PASSED or (verdict == UNMEASURED and rules.unmeasured == PASS)


def name_series(labels: Mapping[str, Any]) -> str:
    """The name of a series in the notation of PromQL, which is that of its labels."""
    others = ", ".join(f'{name}="{labels[name]}"' for name in sorted(labels) if name != "__name__")
    return f"{labels.get('__name__', '')}{{{others}}}" if others else str(labels.get("__name__", ""))


def _explain_no_number(series: Sequence[Series]) -> str:
    if not series:
        return "the query returns no data"
    return "the value is not a number (NaN)" if len(series) == 1 else f"none of {len(series)} series has a number"


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
