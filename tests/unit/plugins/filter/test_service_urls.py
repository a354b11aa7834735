# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The URLs of the services that a service calls."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.service_urls import FilterModule

HOSTS = {
    "web-1": ("shop", "us-east-1b", "10.0.2.4"),
    "api-1": ("shop", "us-east-1a", "10.0.11.4"),
    "api-2": ("shop", "us-east-1b", "10.0.12.5"),
    "api-3": ("shop", "us-east-1a", "10.0.11.6"),
    "other-api": ("other", "us-east-1b", "10.0.12.9"),
}
VARIABLES = {
    name: {"groundwork_stack": stack, "groundwork_zone": zone, "ec2_private_ip": address}
    for name, (stack, zone, address) in HOSTS.items()
}
GROUPS = {"service_user_api": ["api-1", "api-2", "api-3", "other-api"]}


@pytest.mark.parametrize(
    ("call", "variables"),
    [
        (
            {"name": "user-api", "group": "service_user_api", "port": 3001, "local": False},
            {"USER_API_URLS": "http://10.0.12.5:3001,http://10.0.11.4:3001,http://10.0.11.6:3001"},
        ),
        (
            {"name": "user-api", "group": "service_user_api", "port": 3001, "local": True},
            {"USER_API_URLS": "http://127.0.0.1:3001"},
        ),
        ({"name": "gone", "group": "service_gone", "port": 80, "local": False}, {"GONE_URLS": ""}),
    ],
    ids=["the same zone first", "on the same host", "none is there"],
)
def test_urls(call: dict[str, Any], variables: dict[str, str]) -> None:
    service_urls = FilterModule().filters()["service_urls"]
    assert service_urls([call], GROUPS, VARIABLES, "web-1") == variables


def test_hosts_that_leave_are_not_called() -> None:
    service_urls = FilterModule().filters()["service_urls"]
    call = {"name": "user-api", "group": "service_user_api", "port": 3001, "local": False}
    groups = {**GROUPS, "groundwork_leaving": ["api-3"]}
    assert service_urls([call], groups, VARIABLES, "web-1") == {
        "USER_API_URLS": "http://10.0.12.5:3001,http://10.0.11.4:3001"
    }
