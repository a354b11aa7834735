# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host must do about the services that earlier runs installed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.service_changes import service_changes

API = {"name": "api", "role": "gunicorn", "user": "app-api", "port": 5000, "socket": None}
WEB = {"name": "web", "role": "pm2", "user": "app-web", "port": 3000, "socket": None}


def record_of(*services: dict[str, Any], proxy: bool = False) -> str:
    return str(service_changes(services, proxy=proxy)["record"])


def summary(found: dict[str, Any]) -> tuple[list[str], list[tuple[str, bool]], list[str], bool]:
    removed = [(one["name"], one["in_the_way"]) for one in found["removed"]]
    return found["moved"], removed, found["unused_users"], found["without_proxy"]


@pytest.mark.parametrize(
    "record", ["", "{", "[]", "null", '{"services": 1, "proxy": false}', '{"services": {"a": 1}, "proxy": 0}', "\x00"]
)
def test_a_host_without_a_record_that_can_be_read_has_nothing_to_remove(record: str) -> None:
    assert summary(service_changes([API, WEB], record)) == ([], [], [], False)


def test_a_second_run_changes_nothing() -> None:
    record = record_of(API, WEB, proxy=True)
    again = service_changes([API, WEB], record, proxy=True)
    assert summary(again) == ([], [], [], False)
    assert again["record"] == record


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([API], [{**API, "role": "pm2"}], (["api"], [], [], False)),
        ([{**API, "user": "app"}], [API], (["api"], [], ["app"], False)),
        ([{**API, "user": "app"}, {**WEB, "user": "app"}], [API, {**WEB, "user": "app"}], (["api"], [], [], False)),
        ([API], [{**API, "port": 5001}], ([], [], [], False)),
        ([API, WEB], [WEB], ([], [("api", False)], ["app-api"], False)),
        ([API], [], ([], [("api", False)], ["app-api"], False)),
        ([API], [{**API, "name": "backend", "user": "app-backend"}], ([], [("api", True)], ["app-api"], False)),
        ([API], [{**WEB, "port": 5000}], ([], [("api", True)], ["app-api"], False)),
        (
            [{**API, "port": None, "socket": "/run/x"}],
            [{**WEB, "port": None, "socket": "/run/x"}],
            ([], [("api", True)], ["app-api"], False),
        ),
        # Two workers have no port, so none is in the way of the other.
        ([{**API, "port": None}], [{**WEB, "port": None}], ([], [("api", False)], ["app-api"], False)),
        # A user of several services stays as long as one of them does.
        (
            [{**API, "user": "shared"}, {**WEB, "user": "shared"}],
            [{**WEB, "user": "shared"}],
            ([], [("api", False)], [], False),
        ),
        ([{**API, "user": None}], [], ([], [("api", False)], ["app"], False)),
    ],
    ids=[
        "role",
        "user",
        "one of two users",
        "port",
        "removed",
        "the last",
        "renamed",
        "port taken",
        "socket taken",
        "workers",
        "shared user",
        "no user",
    ],
)
def test_services_that_moved_or_were_removed(before: list, after: list, expected: tuple) -> None:
    assert summary(service_changes(after, record_of(*before))) == expected


def test_a_removed_service_has_what_its_role_needs() -> None:
    (removed,) = service_changes([], record_of(API))["removed"]
    assert removed == {**API, "in_the_way": False}


def test_nginx_that_is_the_proxy_no_longer() -> None:
    record = record_of(API, proxy=True)
    assert service_changes([API], record, proxy=False)["without_proxy"]
    assert not service_changes([API], record, proxy=True)["without_proxy"]
    assert not service_changes([API], record_of(API), proxy=False)["without_proxy"]


def test_the_record_of_earlier_versions_has_a_line_for_each_service() -> None:
    found = service_changes([API], "api gunicorn\nold pm2\n\nnot a line of it\n")
    assert found["moved"] == ["api"]
    assert found["before"]["api"]["user"] == "app"
    assert [(one["name"], one["role"], one["user"]) for one in found["removed"]] == [("old", "pm2", "app")]
    assert found["unused_users"] == ["app"]


@pytest.mark.parametrize("user", ["ubuntu", "app2"])
def test_a_user_that_the_administrator_has_named_stays(user: str) -> None:
    record = str(service_changes([{**API, "user": None}], user=user)["record"])
    assert service_changes([API], record, user=user)["moved"] == ["api"]
    assert service_changes([API], record, user=user)["unused_users"] == []


def test_the_record_is_readable() -> None:
    assert json.loads(record_of(API, proxy=True)) == {
        "proxy": True,
        "services": {"api": {"port": 5000, "role": "gunicorn", "socket": None, "user": "app-api"}},
    }
