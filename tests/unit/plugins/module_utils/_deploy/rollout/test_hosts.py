# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which batches whole hosts stop: all services of a host at once, as carefully as each of them asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.hosts import (
    merge_strategies,
    plan_hosts,
    plan_single_hosts,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.strategy import PlanError, Strategy
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.targets import TargetHealth


def settings(strategy: str = "rolling", batches: Any = (1, "25%"), minimum: Any = "50%") -> dict[str, Any]:
    return {"strategy": strategy, "batches": list(batches), "minimum_healthy": minimum, "bake": 0, "deadline": 900}


def move(host: str, service: str = "api", **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "host": host,
        "instance": f"i-{host}",
        "zone": "",
        "service": service,
        "before": 1,
        "after": 1,
        "moving": True,
        "balanced": True,
        "calls": [],
        "rollout": settings(),
    }
    return {**given, **more}


def healthy(service: str, *hosts: str, **others: str) -> dict[str, dict[str, TargetHealth]]:
    states = {**dict.fromkeys(hosts, "healthy"), **others}
    return {service: {f"i-{host}": TargetHealth(f"i-{host}", 80, state) for host, state in states.items()}}


def hosts_of(planned: Any) -> list[list[str]]:
    return [list(batch.moves) for batch in planned.batches]


def test_all_services_of_a_host_stop_at_the_same_time() -> None:
    """Also those that call each other, which a deploy moves one after the other."""
    moves = [move(host, name, calls=["api"] if name == "web" else []) for host in "ab" for name in ("api", "web")]
    planned = plan_hosts(moves, {**healthy("api", "a", "b"), **healthy("web", "a", "b")})
    assert [batch.moves for batch in planned.batches] == [{"a": ("api", "web")}, {"b": ("api", "web")}]
    assert planned.floors == {"api": 1, "web": 1}


def test_hosts_of_different_services_do_not_wait_for_each_other() -> None:
    moves = [move("a"), move("b"), move("c", "web", calls=["api"]), move("d", "web", calls=["api"])]
    planned = plan_hosts(moves, {**healthy("api", "a", "b"), **healthy("web", "c", "d")})
    assert hosts_of(planned) == [["a", "c"], ["b", "d"]]


def test_the_most_careful_strategy_of_the_services_of_a_host_counts() -> None:
    moves = []
    for host in "abcd":
        moves.append(move(host, "api", rollout=settings(batches=(2,), minimum=1)))
        moves.append(move(host, "web", rollout=settings(batches=("50%",), minimum=3)))
    planned = plan_hosts(moves, {**healthy("api", *"abcd"), **healthy("web", *"abcd")})
    assert hosts_of(planned) == [["a"], ["b"], ["c"], ["d"]]


def test_a_canary_stops_alone_at_first() -> None:
    moves = [move(host, rollout=settings("canary", (2,), 1)) for host in "abcde"]
    assert hosts_of(plan_hosts(moves, healthy("api", *"abcde"))) == [["a"], ["b", "c"], ["d", "e"]]


def test_only_hosts_that_need_it_stop_and_the_others_count() -> None:
    moves = [move("a", moving=False), move("b"), move("c", moving=False)]
    planned = plan_hosts(moves, healthy("api", "a", "b", "c"))
    assert hosts_of(planned) == [["b"]]
    assert planned.floors == {"api": 2}


def test_nothing_to_do_is_no_batch() -> None:
    assert plan_hosts([move("a", moving=False)], healthy("api", "a")).batches == ()
    assert plan_hosts([], {}).batches == ()


def test_targets_of_hosts_that_take_no_part_count() -> None:
    assert hosts_of(plan_hosts([move("a")], healthy("api", "a", "elsewhere"))) == [["a"]]


def test_an_unhealthy_host_stops_first() -> None:
    assert hosts_of(plan_hosts([move("a"), move("b")], healthy("api", "a", b="unhealthy"))) == [["b"], ["a"]]


def test_a_host_with_one_unhealthy_service_counts_as_unhealthy() -> None:
    moves = [move(host, name) for host in "ab" for name in ("api", "web")]
    states = {**healthy("api", "a", "b"), **healthy("web", "a", b="unhealthy")}
    assert hosts_of(plan_hosts(moves, states)) == [["b"], ["a"]]


def test_the_only_host_is_not_interrupted() -> None:
    with pytest.raises(PlanError, match=r"api, web: a is the only host.*-e interrupt=true"):
        plan_hosts([move("a"), move("a", "web")], healthy("api", "a"))


def test_a_worker_on_one_host_is_not_interrupted_either() -> None:
    with pytest.raises(PlanError, match="jobs: a is the only host"):
        plan_hosts([move("a", "jobs", balanced=False)], {})


def test_an_interruption_can_be_accepted() -> None:
    planned = plan_hosts([move("a")], healthy("api", "a"), interrupt=True)
    assert (hosts_of(planned), planned.floors) == ([["a"]], {})
    assert hosts_of(plan_hosts([move("a"), move("b")], healthy("api", "a", "b"), interrupt=True)) == [["a"], ["b"]]


def test_every_group_that_cannot_stop_is_named() -> None:
    """The target that takes no part is not healthy, so that no healthy one may leave."""
    states = {**healthy("api", "a", other="unhealthy"), **healthy("web", "c")}
    with pytest.raises(PlanError) as error:
        plan_hosts([move("a"), move("c", "web")], states)
    assert "lower services.api.rollout.minimum_healthy" in str(error.value)
    assert "web: c is the only host" in str(error.value)


def test_single_hosts_stop_in_the_given_order() -> None:
    moves = [move("b"), move("b", "web"), move("a"), move("c", moving=False)]
    planned = plan_single_hosts(moves, healthy("api", "a", "b", "c"))
    assert [(batch.number, batch.moves) for batch in planned.batches] == [
        (1, {"b": ("api", "web")}),
        (2, {"a": ("api",)}),
    ]
    assert planned.floors == {"api": 2}
    assert plan_single_hosts(moves, healthy("api", "a", "b", "c"), interrupt=True).floors == {}


@given(
    st.lists(st.lists(st.one_of(st.integers(1, 9), st.sampled_from(("10%", "50%", "100%"))), max_size=3), min_size=1),
    st.integers(1, 30),
)
def test_no_service_gets_larger_batches_than_it_asks_for(batches: list[Any], hosts: int) -> None:
    merged = merge_strategies([Strategy(batches=tuple(own)) for own in batches], hosts)
    for own in batches:
        alone = merge_strategies([Strategy(batches=tuple(own))], hosts)
        for number, size in enumerate(merged.batches):
            assert size <= alone.batches[min(number, len(alone.batches) - 1)]
