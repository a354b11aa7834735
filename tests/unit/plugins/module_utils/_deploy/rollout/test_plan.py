# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rollout: the batches of all services, there and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.plan import (
    Batch,
    Move,
    plan_batches,
    plan_return,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.strategy import (
    Member,
    PlanError,
    Strategy,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.rollout_settings import count_hosts

from .test_strategy import build_strategy, strategies

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "plan.yml").read_text(encoding="utf-8"))


def plan(case: Mapping[str, Any]) -> list[Batch]:
    failed = [tuple(text.split()) for text in case.get("failed", [])]
    moves = [
        Move(
            host=host,
            service=service,
            before=None if f"{host} {service}" in case.get("new", []) else 3,
            after=4,
            zone=case.get("zones", {}).get(host, ""),
            healthy=f"{host} {service}" not in case.get("unhealthy", []),
        )
        for host, services in case["hosts"].items()
        for service in services
    ]
    chosen = {service: build_strategy(settings) for service, settings in case.get("strategies", {}).items()}
    staying = {service: [Member(host) for host in hosts] for service, hosts in case.get("staying", {}).items()}
    if case.get("back"):
        return plan_return(moves, chosen, case.get("calls", {}), failed, staying)
    return plan_batches(moves, chosen, case.get("calls", {}), staying)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_batches_of_a_rollout(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(PlanError) as raised:
            plan(case)
        assert str(raised.value).splitlines() == case["error"]
        return
    batches = plan(case)
    found = [[batch.wave, {host: list(own) for host, own in batch.moves.items()}] for batch in batches]
    assert found == case["batches"]
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))


services = st.sampled_from(["api", "web", "jobs", "search"])
calls_of_services = st.dictionaries(services, st.sets(services))
some_moves = st.lists(
    st.builds(
        Move,
        host=st.integers(1, 8).map(lambda number: f"host-{number}"),
        service=services,
        before=st.sampled_from([None, 3, 3, 3]),
        after=st.just(4),
        healthy=st.sampled_from([True, True, True, False]),
    ),
    max_size=24,
    unique_by=lambda move: (move.host, move.service),
).map(lambda moves: [Move(**{**vars(move), "zone": f"zone-{int(move.host[-1]) % 3}"}) for move in moves])
strategies_of_services = st.dictionaries(services, strategies)


def list_pairs(batches: list[Batch]) -> list[tuple[str, str]]:
    return [(host, service) for batch in batches for host, own in batch.moves.items() for service in own]


def check_minimum(batches: list[Batch], serving: dict[str, set[str]], counts: Mapping[str, int], chosen: Any) -> None:
    """The minimum of healthy members of each service holds in every batch."""
    for batch in batches:
        for service in serving:
            moving = {host for host, own in batch.moves.items() if service in own}
            leaving = serving[service] & moving
            strategy = chosen.get(service, Strategy())
            if leaving and counts[service] > 1 and strategy.name != "all_at_once":
                floor = count_hosts(strategy.minimum_healthy, counts[service])
                assert len(serving[service] - leaving) >= floor
                assert len(moving) < counts[service]
            serving[service] |= moving


@given(some_moves, strategies_of_services, calls_of_services)
def test_every_move_is_planned_once_and_the_minimum_stays_healthy(
    moves: list[Move], chosen: dict[str, Strategy], calls: dict[str, set[str]]
) -> None:
    try:
        batches = plan_batches(moves, chosen, calls)
    except PlanError:
        assert any(
            count_hosts(strategy.minimum_healthy, count) >= count > 1
            for service, count in Counter(move.service for move in moves).items()
            for strategy in [chosen.get(service, Strategy())]
        )
        return
    assert sorted(list_pairs(batches)) == sorted((move.host, move.service) for move in moves)
    assert all(batch.moves for batch in batches)
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    waves = [batch.wave for batch in batches]
    assert waves == sorted(waves)
    assert set(waves) == set(range(1, max(waves, default=0) + 1))
    serving: dict[str, set[str]] = {move.service: set() for move in moves}
    for move in moves:
        if move.healthy and move.before is not None:
            serving[move.service].add(move.host)
    check_minimum(batches, serving, Counter(move.service for move in moves), chosen)
    assert plan_batches(moves, chosen, calls) == batches


@given(some_moves, strategies_of_services)
def test_a_service_has_all_its_moves_in_one_wave(moves: list[Move], chosen: dict[str, Strategy]) -> None:
    calls = {"web": ["api"], "api": ["search"]}
    try:
        batches = plan_batches(moves, chosen, calls)
    except PlanError:
        return
    waves: dict[str, set[int]] = {}
    for batch in batches:
        for own in batch.moves.values():
            for service in own:
                waves.setdefault(service, set()).add(batch.wave)
    assert all(len(found) == 1 for found in waves.values())
    for caller, called in (("web", "api"), ("api", "search"), ("web", "search")):
        if caller in waves and called in waves:
            assert min(waves[caller]) > max(waves[called])


@given(some_moves, strategies_of_services, calls_of_services, st.data())
def test_every_move_that_was_begun_goes_back_once(
    begun: list[Move], chosen: dict[str, Strategy], calls: dict[str, set[str]], data: st.DataObject
) -> None:
    pairs = [(move.host, move.service) for move in begun]
    failed = data.draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    batches = plan_return(begun, chosen, calls, failed)
    with_release = [(move.host, move.service) for move in begun if move.before is not None]
    assert sorted(list_pairs(batches)) == sorted(with_release)
    if failed & set(with_release):
        assert set(list_pairs(batches[:1])) == failed & set(with_release)
    serving: dict[str, set[str]] = {move.service: set() for move in begun}
    for host, service in pairs:
        if (host, service) not in failed:
            serving[service].add(host)
    counts = Counter(move.service for move in begun)
    lowered = {}
    for service, count in counts.items():
        # Where a host has failed for good, or nobody may leave, hosts go back one after the other.
        lost = sum(move.service == service and move.before is None for move in begun)
        strategy = chosen.get(service, Strategy())
        floor = min(count_hosts(strategy.minimum_healthy, count), max(count - lost - 1, 0))
        lowered[service] = Strategy(strategy.name, strategy.batches, floor)
    check_minimum(batches, serving, counts, lowered)
