# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filters that read the extra variable `services`: which services, and on which hosts."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.select_services import select_services
from ansible_collections.groundwork.aws.plugins.filter.service_hosts import service_hosts

SERVICES = [{"name": "web", "port": 3000}, {"name": "user-api", "port": 5000}, {"name": "worker", "port": None}]
NO_NAMES = [None, "", " ", ",", [], [""], ()]


@pytest.mark.parametrize(
    "names",
    ["user-api,web", "web, user-api", "web\nuser-api", "web user-api", ["user-api", "web"], ("web", "user-api")],
)
def test_named_services_are_selected_in_the_order_of_the_input(names: Any) -> None:
    assert [service["name"] for service in select_services(SERVICES, names)] == ["web", "user-api"]


@pytest.mark.parametrize("names", NO_NAMES)
def test_all_services_are_selected_without_names(names: Any) -> None:
    assert select_services(SERVICES, names) == SERVICES


def test_services_may_be_given_by_name() -> None:
    assert select_services(["web", "user-api"], "user-api") == ["user-api"]


def test_names_that_are_no_services_select_nothing() -> None:
    assert select_services(SERVICES, "wbe") == []
    assert select_services([], "web") == []


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        ("web", "service_web"),
        ("web,user-api", "service_web:service_user_api"),
        (["user-api", "web", "web"], "service_user_api:service_web"),
        ("web\nworker", "service_web:service_worker"),
    ],
)
def test_a_host_pattern_names_the_group_of_each_service(names: Any, pattern: str) -> None:
    assert service_hosts(names) == pattern


@pytest.mark.parametrize("names", NO_NAMES)
def test_a_host_pattern_without_names_is_the_whole_stack(names: Any) -> None:
    assert service_hosts(names) == "groundwork"
