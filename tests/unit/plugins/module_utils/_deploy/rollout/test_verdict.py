# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on a batch: gates, measurements that could not be taken, bake time and deadline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.verdict import (
    Decision,
    GatePolicy,
    Measurement,
    judge,
)

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "verdict.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_verdict_on_a_batch(case: dict[str, Any]) -> None:
    policies = [GatePolicy(name, **(limits or {})) for name, limits in case["gates"].items()]
    measurements = [
        Measurement(gate, passed, str(detail), at, *sample)
        for at, (gate, passed, detail, *sample) in enumerate(case.get("measurements", []))
    ]
    verdict = judge(policies, measurements, case.get("elapsed", 0), case.get("bake", 0), case.get("deadline", 900))
    assert verdict.decision == case["decision"]
    assert list(verdict.reasons) == case.get("reasons", [])


gates = st.sampled_from(["http", "errors", "latency"])
policies_of_gates = st.lists(
    st.builds(GatePolicy, gates, st.sampled_from(["go_on", "wait", "abort"]), st.integers(0, 2)),
    unique_by=lambda policy: policy.name,
)
some_measurements = st.lists(
    st.builds(Measurement, gates, st.sampled_from([True, False, None]), st.just("why"), st.floats(0, 100)), max_size=12
)
seconds = st.integers(0, 100)


@given(policies_of_gates, some_measurements, seconds, seconds, seconds)
def test_it_goes_on_only_when_every_gate_has_passed_and_the_bake_time_has_ended(
    policies: list[GatePolicy], measurements: list[Measurement], elapsed: int, bake: int, deadline: int
) -> None:
    verdict = judge(policies, measurements, elapsed, bake, deadline)
    tolerant = {policy.name for policy in policies if policy.unmeasured == "go_on"}
    newest = {one.gate: one for one in sorted(measurements, key=lambda one: one.at)}
    passed = [one.passed is True or (one.passed is None and one.gate in tolerant) for one in newest.values()]
    if verdict.decision is Decision.GO_ON:
        assert elapsed >= bake
        assert all(passed)
        assert {policy.name for policy in policies} <= set(newest)
    else:
        assert verdict.reasons
    if verdict.decision is Decision.WAIT:
        assert elapsed < deadline


@given(policies_of_gates, some_measurements, seconds)
def test_the_order_in_which_measurements_arrive_does_not_matter(
    policies: list[GatePolicy], measurements: list[Measurement], elapsed: int
) -> None:
    numbered = [Measurement(one.gate, one.passed, one.detail, at) for at, one in enumerate(measurements)]
    assert judge(policies, numbered, elapsed, 50, 80) == judge(policies, numbered[::-1], elapsed, 50, 80)
