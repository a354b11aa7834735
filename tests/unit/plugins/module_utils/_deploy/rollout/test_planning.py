# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the moves of all hosts to a plan: who stays, floors, migrations, hosts without requests, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.plan import Batch
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.planning import (
    Migration,
    plan_rollout,
    plan_way_back,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.strategy import PlanError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.targets import TargetHealth


def move(host: str, service: str = "api", **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "host": host,
        "instance": f"i-{host}",
        "zone": "",
        "service": service,
        "before": 1,
        "after": 2,
        "moving": True,
        "identity": "new",
        "balanced": True,
        "calls": [],
        "migrate": False,
        "migrated": False,
        "rollout": {},
    }
    return {**given, **more}


def targets(**states: str) -> dict[str, dict[str, TargetHealth]]:
    return {"api": {f"i-{host}": TargetHealth(f"i-{host}", 80, state) for host, state in states.items()}}


def hosts_of(batches: Any) -> list[list[str]]:
    return [list(batch.moves) for batch in batches]


def test_two_targets_move_one_after_the_other() -> None:
    planned = plan_rollout([move("a"), move("b")], targets(a="healthy", b="healthy"))
    assert hosts_of(planned.batches) == [["a"], ["b"]]
    assert planned.floors == {"api": 1}
    assert (planned.rejoin, planned.migrations) == ({}, ())


def test_a_single_target_has_no_floor_because_it_is_reloaded_in_place() -> None:
    planned = plan_rollout([move("a")], targets(a="healthy"))
    assert (hosts_of(planned.batches), planned.floors) == ([["a"]], {})


def test_targets_that_take_no_part_count_for_the_floor() -> None:
    """A deploy with a limit of one host: the others keep serving."""
    planned = plan_rollout([move("a")], targets(a="healthy", b="healthy", c="healthy"))
    assert planned.floors == {"api": 2}


def test_targets_that_are_leaving_do_not_count() -> None:
    planned = plan_rollout([move("a")], targets(a="healthy", gone="draining"))
    assert planned.floors == {}


def test_the_last_healthy_target_may_not_leave() -> None:
    with pytest.raises(PlanError, match="api: 1 of 2 hosts serve"):
        plan_rollout([move("a")], targets(a="healthy", b="unhealthy"))


def test_without_a_load_balancer_hosts_count_as_healthy() -> None:
    planned = plan_rollout([move("a", balanced=False), move("b", balanced=False)], {})
    assert (hosts_of(planned.batches), planned.floors) == ([["a"], ["b"]], {})


def test_all_hosts_of_a_first_deploy_move_at_once() -> None:
    planned = plan_rollout([move("a", before=None), move("b", before=None)], {"api": {}})
    assert hosts_of(planned.batches) == [["a", "b"]]


@pytest.mark.parametrize("state", ["absent", "draining", None])
def test_a_host_that_is_registered_again_first_counts_as_healthy(state: str | None) -> None:
    """A rollback after a run that was killed while it drained b: a has the new release, b and c the one before."""
    states = {"a": "healthy", "c": "healthy", **({"b": state} if state else {})}
    moves = [move("a"), move("b", moving=False), move("c", moving=False)]
    planned = plan_rollout(moves, targets(**states))
    assert (hosts_of(planned.batches), planned.rejoin) == ([["a"]], {"b": ["api"]})


def test_a_host_that_is_unhealthy_for_another_reason_does_not_count() -> None:
    moves = [move("a"), move("b", moving=False), move("c", moving=False)]
    with pytest.raises(PlanError, match="api: 2 of 3 hosts serve"):
        plan_rollout(moves, targets(a="healthy", b="unhealthy", c="healthy"))


def test_the_settings_of_the_document_are_those_of_the_strategy() -> None:
    rollout = {"strategy": "rolling", "batches": [], "minimum_healthy": "25%", "bake": 5, "deadline": 60}
    planned = plan_rollout([move(one, rollout=rollout) for one in "abcd"], targets(**dict.fromkeys("abcd", "healthy")))
    assert planned.floors == {"api": 1}
    assert [len(batch) for batch in hosts_of(planned.batches)] == [2, 2]


def test_called_services_move_first() -> None:
    planned = plan_rollout([move("a", "web", calls=["api"], balanced=False), move("b", "api", balanced=False)], {})
    assert [(batch.wave, list(batch.moves)) for batch in planned.batches] == [(1, ["b"]), (2, ["a"])]


@pytest.mark.parametrize("state", [None, "draining"])
def test_a_host_that_a_killed_run_has_drained_is_registered_again(state: str | None) -> None:
    states = {"b": "healthy", **({"a": state} if state else {})}
    planned = plan_rollout([move("a", moving=False), move("b", moving=False)], targets(**states))
    assert (planned.batches, planned.rejoin) == ((), {"a": ["api"]})


def test_hosts_that_get_requests_or_never_served_are_not_registered_again() -> None:
    moves = [
        move("a", moving=False),
        move("b", moving=False, before=None),
        move("c", moving=False, balanced=False),
        move("d", before=1),
    ]
    planned = plan_rollout(moves, targets(a="unhealthy"))
    assert planned.rejoin == {}


class TestMigrations:
    def test_one_host_runs_it_and_all_record_it(self) -> None:
        planned = plan_rollout([move(one, migrate=True) for one in "ab"], targets(a="healthy", b="healthy"))
        assert planned.migrations == (Migration("api", "a", ("a", "b")),)

    def test_the_host_that_moves_first_runs_it(self) -> None:
        planned = plan_rollout([move(one, migrate=True) for one in "ab"], targets(a="healthy", b="unhealthy"))
        assert planned.migrations[0].host == "b"

    def test_what_another_host_has_migrated_is_only_recorded(self) -> None:
        moves = [move("a", migrate=True, migrated=True, moving=False), move("b", migrate=True)]
        planned = plan_rollout(moves, targets(a="healthy", b="healthy"))
        assert planned.migrations == (Migration("api", "", ("b",)),)

    def test_a_migration_of_another_release_does_not_count(self) -> None:
        moves = [move("a", migrate=True, migrated=True, moving=False, identity="old"), move("b", migrate=True)]
        planned = plan_rollout(moves, targets(a="healthy", b="healthy"))
        assert planned.migrations == (Migration("api", "b", ("b",)),)

    def test_nothing_is_left_when_all_have_recorded_it(self) -> None:
        planned = plan_rollout([move("a", migrate=True, migrated=True)], targets(a="healthy"))
        assert planned.migrations == ()

    def test_services_run_theirs_in_the_order_in_which_they_move(self) -> None:
        moves = [move("a", "web", calls=["api"], migrate=True), move("b", "api", migrate=True)]
        assert [one.service for one in plan_rollout(moves, {}).migrations] == ["api", "web"]


class TestWayBack:
    BATCHES = (Batch(1, 1, {"a": ("api",)}), Batch(2, 1, {"b": ("api",)}), Batch(3, 1, {"c": ("api",)}))

    def test_only_batches_that_have_begun_return(self) -> None:
        back = plan_way_back([move(one) for one in "abc"], self.BATCHES, 2, [])
        assert sorted(host for hosts in hosts_of(back) for host in hosts) == ["a", "b"]

    def test_what_failed_returns_first(self) -> None:
        back = plan_way_back([move(one) for one in "abc"], self.BATCHES, 3, [("c", "api")])
        assert hosts_of(back)[0] == ["c"]

    def test_a_host_without_an_earlier_release_stops_last(self) -> None:
        moves = [move("a", before=None), move("b"), move("c")]
        back = plan_way_back(moves, self.BATCHES, 2, [])
        assert hosts_of(back) == [["b"], ["a"]]
        assert [batch.number for batch in back] == [1, 2]

    def test_a_service_that_is_new_everywhere_stays(self) -> None:
        moves = [move(one, before=None) for one in "abc"]
        assert plan_way_back(moves, self.BATCHES, 3, [("b", "api")]) == []
