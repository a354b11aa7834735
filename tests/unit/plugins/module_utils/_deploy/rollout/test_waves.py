# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waves: called services before their callers, all others at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.waves import order_waves

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "waves.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_waves_of_services(case: dict[str, Any]) -> None:
    assert order_waves(case["calls"], case.get("moving")) == case["waves"]


names = st.integers(0, 9).map(lambda number: f"service-{number}")
calls_of_all = st.dictionaries(names, st.sets(names))


@given(calls_of_all, st.none() | st.lists(names))
def test_every_service_is_in_one_wave(calls: dict[str, set[str]], moving: list[str] | None) -> None:
    waves = order_waves(calls, moving)
    assert all(waves)
    assert sorted(name for wave in waves for name in wave) == sorted(set(calls if moving is None else moving))


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9))))
def test_without_circles_every_caller_moves_after_what_it_calls(numbers: dict[int, set[int]]) -> None:
    """Services call only those with a higher number, so that there is no circle."""
    calls = {str(number): [str(other) for other in others if other > number] for number, others in numbers.items()}
    waves = order_waves(calls)
    wave_of = {name: number for number, wave in enumerate(waves) for name in wave}
    for name, others in calls.items():
        known = [wave_of[other] for other in others if other in calls]
        assert all(other < wave_of[name] for other in known)


@given(calls_of_all)
def test_services_of_one_wave_do_not_call_each_other(calls: dict[str, set[str]]) -> None:
    for wave in order_waves(calls):
        assert not any(other in calls[name] for name in wave for other in wave if other != name)
