# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts that a replacement works on: which, in which order, and what must hold before each."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.replacement_hosts import replacement_hosts

REASON = "user_data cannot change in place"


def service(name: str = "web", **more: Any) -> dict[str, Any]:
    return {"name": name, "balanced": True, "rollout": {"minimum_healthy": "50%"}, **more}


def host(member: str, zone: str = "a", **more: Any) -> dict[str, Any]:
    group = member.rpartition("-")[0]
    found = {"groundwork_host": member, "groundwork_group": group, "groundwork_zone": zone}
    return {**found, "groundwork_services": [service(group)], "app_serves": True, **more}


def change(address: str, part: str = "replace", action: str = "replace") -> dict[str, Any]:
    return {"address": address, "action": action, "part": part, "reason": REASON}


def hosts_of(plan: list[dict[str, Any]], hostvars: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    groups = {"groundwork": list(hostvars), **more.pop("groups", {})}
    return replacement_hosts(plan, groups, hostvars, **more)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [item["host"] for item in found]


WEB = {name: host(name, zone) for name, zone in (("web-1", "a"), ("web-2", "a"), ("web-3", "b"), ("web-4", "b"))}
ALL = [change(f"instance/web-{number}") for number in range(1, 5)]


def test_without_a_replacement_there_is_nothing_to_do() -> None:
    others = [change("instance/web-1", "resize", "update"), change("elastic_ip/web-1", action="update")]
    assert hosts_of([], WEB) == hosts_of(others, WEB) == []


def test_zones_take_turns() -> None:
    assert names(hosts_of(ALL, WEB)) == ["web-1", "web-3", "web-2", "web-4"]


def test_only_hosts_of_chosen_services_are_replaced() -> None:
    mixed = {**WEB, "api-1": host("api-1"), "api-2": host("api-2", app_serves=False)}
    plan = [*ALL, change("instance/api-1")]
    assert names(hosts_of(plan, mixed, services="api")) == ["api-2", "api-1"]
    assert names(hosts_of(plan, mixed, services=["api"], unfinished=False)) == ["api-1"]
    assert len(hosts_of(plan, mixed, services="")) == 6


def test_groups_follow_each_other() -> None:
    mixed = {"api-1": host("api-1"), **WEB, "api-2": host("api-2")}
    plan = [*ALL, change("instance/api-1"), change("instance/api-2")]
    assert names(hosts_of(plan, mixed)) == ["api-1", "api-2", "web-1", "web-3", "web-2", "web-4"]


def test_an_unfinished_host_comes_first_and_is_not_replaced() -> None:
    hostvars = {**WEB, "web-4": host("web-4", "b", app_serves=False)}
    found = hosts_of(ALL[:1], hostvars)
    assert [(item["host"], item["replaced"]) for item in found] == [("web-4", False), ("web-1", True)]
    assert found[1]["reason"] == REASON


def test_a_host_that_was_made_in_this_run_is_unfinished() -> None:
    new = {key: value for key, value in host("web-5").items() if key != "app_serves"}
    assert names(hosts_of([], {**WEB, "web-5": new})) == ["web-5"]
    assert hosts_of([], {**WEB, "web-5": new}, unfinished=False) == []


def test_a_host_without_its_registration_is_unfinished() -> None:
    plan = [change("target/web--web-2", "join", "create")]
    assert names(hosts_of(plan, WEB)) == ["web-2"]
    assert hosts_of(plan, WEB, unfinished=False) == []


def test_a_drained_host_that_is_to_be_replaced_is_listed_once() -> None:
    plan = [change("target/web--web-1", "join", "create"), ALL[0]]
    assert [(item["host"], item["replaced"]) for item in hosts_of(plan, WEB)] == [("web-1", True)]


def test_an_unreachable_host_is_only_listed_where_it_is_replaced() -> None:
    lost = {key: value for key, value in host("web-2").items() if key != "app_serves"} | {"compare_is_reached": False}
    assert names(hosts_of([], {**WEB, "web-2": lost})) == []
    assert names(hosts_of([ALL[1]], {**WEB, "web-2": lost})) == ["web-2"]


def test_hosts_that_leave_are_left_out() -> None:
    assert names(hosts_of(ALL, WEB, groups={"groundwork_leaving": ["web-4"]})) == ["web-1", "web-3", "web-2"]


@pytest.mark.parametrize(
    ("minimum", "count", "floor"),
    [("50%", 1, 1), ("50%", 2, 1), ("50%", 4, 2), ("75%", 4, 3), ("100%", 4, 3), (0, 4, 1), (2, 4, 2)],
)
def test_the_floor_is_that_of_the_service_and_never_nothing(minimum: int | str, count: int, floor: int) -> None:
    services = [service(rollout={"minimum_healthy": minimum})]
    hostvars = {f"web-{number}": host(f"web-{number}", groundwork_services=services) for number in range(1, count + 1)}
    (found,) = hosts_of(ALL[:1], hostvars)
    assert found["floors"] == {"web": floor}


def test_services_without_a_load_balancer_have_no_floor() -> None:
    hostvars = {"web-1": host("web-1", groundwork_services=[service(balanced=False)]), "db-1": host("db-1")}
    del hostvars["db-1"]["groundwork_services"]
    found = hosts_of([ALL[0], change("instance/db-1")], hostvars)
    assert [item["floors"] for item in found] == [{}, {}]


def test_a_migration_is_run_only_where_no_other_host_of_the_group_serves() -> None:
    (alone,) = hosts_of(ALL[:1], {"web-1": host("web-1"), "api-1": host("api-1")})
    (with_peer,) = hosts_of(ALL[:1], WEB)
    assert (alone["migrate"], with_peer["migrate"]) == (True, False)
    new = {key: value for key, value in host("web-2").items() if key != "app_serves"}
    pair = {"web-1": host("web-1"), "web-2": new}
    assert [item["migrate"] for item in hosts_of(ALL[:1], pair)] == [False, True]
    assert [item["migrate"] for item in hosts_of(ALL[:1], pair, unfinished=False)] == [False]


def test_callers_are_the_hosts_that_have_the_address() -> None:
    call = {"name": "web", "group": "service_web", "local": False}
    hostvars = {
        **WEB,
        "api-1": host("api-1", groundwork_services=[service("api", calls=[call])]),
        "job-1": host("job-1", groundwork_services=[service("job", calls=[{**call, "local": True}])]),
    }
    (found,) = hosts_of(ALL[:1], hostvars, groups={"service_web": list(WEB)})
    assert found["callers"] == ["api-1"]
