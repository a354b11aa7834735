# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a batch: go on, wait or abort, from its gates, their measurements and the time. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Decision(str, Enum):  # noqa: UP042 - Python 3.10 on the controller has no StrEnum
    """What follows for the rollout."""

    GO_ON = "go_on"
    WAIT = "wait"
    ABORT = "abort"


@dataclass(frozen=True)
class Measurement:
    """One answer of a gate. ``passed`` is None if it could not be measured; ``at`` orders the answers of a gate.

    ``sample`` is the same for two answers from the same data points, and empty where every answer is a new one.
    """

    gate: str
    passed: bool | None
    detail: str
    at: float
    sample: str = ""


@dataclass(frozen=True)
class GatePolicy:
    """The limits of a gate.

    - ``unmeasured``: what follows when its newest measurement could not be taken. ``go_on`` counts it as passed,
      ``wait`` aborts when the bake time has ended, or at the deadline without one, ``abort`` aborts at once.
    - ``failures_allowed``: the failed measurements that are tolerated while a batch bakes. The newest one must pass.
    """

    name: str
    unmeasured: str = "wait"
    failures_allowed: int = 0


@dataclass(frozen=True)
class Verdict:
    """The decision, with the reasons to abort, or what is awaited."""

    decision: Decision
    reasons: tuple[str, ...] = ()


def judge(
    policies: Sequence[GatePolicy],
    measurements: Sequence[Measurement],
    elapsed: float,
    bake: float,
    deadline: float,
) -> Verdict:
    """The verdict on a batch, ``elapsed`` seconds after it has moved.

    Each gate has to pass before the deadline, and at the end of the bake time. Without a bake time it is asked until
    it passes once. Measurements of the same data points count once, with the newest of them. A gate that was measured
    and has no policy gets the strictest limits of `GatePolicy`, so that its failure is never overlooked.
    """
    by_gate: dict[str, list[Measurement]] = {policy.name: [] for policy in policies}
    for measurement in sorted(measurements, key=lambda one: one.at):
        kept = by_gate.setdefault(measurement.gate, [])
        if measurement.sample:
            kept[:] = [one for one in kept if one.sample != measurement.sample]
        kept.append(measurement)
    known = {policy.name: policy for policy in policies}
    verdicts = [
        _judge_gate(known.get(name, GatePolicy(name)), found, has_baked=0 < bake <= elapsed)
        for name, found in by_gate.items()
    ]
    reasons = _collect_reasons(verdicts)
    if reasons[Decision.ABORT]:
        return Verdict(Decision.ABORT, reasons[Decision.ABORT])
    awaited = reasons[Decision.WAIT]
    if elapsed < bake:
        awaited = (*awaited, f"the bake time of {bake:.0f} s ends in {bake - elapsed:.0f} s")
    if not awaited:
        return Verdict(Decision.GO_ON)
    if elapsed >= deadline:
        return Verdict(Decision.ABORT, (f"no progress for {elapsed:.0f} s", *awaited))
    return Verdict(Decision.WAIT, awaited)


def _judge_gate(policy: GatePolicy, measurements: Sequence[Measurement], has_baked: bool) -> Verdict:
    if not measurements:
        return Verdict(Decision.WAIT, (f"{policy.name}: not measured yet",))
    newest = measurements[-1]
    failures = [one for one in measurements if one.passed is False]
    if len(failures) > policy.failures_allowed:
        return Verdict(Decision.ABORT, (f"{policy.name}: {_describe_failures(failures, policy.failures_allowed)}",))
    if newest.passed is False:
        return Verdict(Decision.WAIT, (f"{policy.name}: {newest.detail}",))
    if newest.passed is None and policy.unmeasured != "go_on":
        aborts = policy.unmeasured == "abort" or has_baked
        reason = f"{policy.name}: could not be measured: {newest.detail}"
        return Verdict(Decision.ABORT if aborts else Decision.WAIT, (reason,))
    return Verdict(Decision.GO_ON)


def _describe_failures(failures: Sequence[Measurement], allowed: int) -> str:
    detail = failures[-1].detail
    return detail if allowed == 0 else f"failed {len(failures)} times ({allowed} allowed): {detail}"


def _collect_reasons(verdicts: Sequence[Verdict]) -> Mapping[Decision, tuple[str, ...]]:
    return {
        decision: tuple(reason for one in verdicts if one.decision is decision for reason in one.reasons)
        for decision in Decision
    }
