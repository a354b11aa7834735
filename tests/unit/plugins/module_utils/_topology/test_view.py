# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times that processes and their roles derive from a service and the load balancer."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._topology.view import keep_alive_timeout, stop_timeout


@pytest.mark.parametrize(("timeout", "drain", "seconds"), [(30, 30, 30), (120, 5, 120), (30, 300, 300), (30, 0, 30)])
def test_a_process_gets_the_longer_one_of_timeout_and_drain(timeout: int, drain: int, seconds: int) -> None:
    assert stop_timeout({"timeout": timeout, "drain": drain}) == seconds


@pytest.mark.parametrize(("routes", "idle", "seconds"), [(["/"], 60, 75), (["/"], 120, 135), ([], 60, None)])
def test_connections_outlive_those_of_the_load_balancer(routes: list[str], idle: int, seconds: int | None) -> None:
    document: dict[str, Any] = {"load_balancer": {"idle_timeout": idle}, "services": {"web": {"routes": routes}}}
    assert keep_alive_timeout(document, "web") == seconds
    assert keep_alive_timeout({**document, "load_balancer": None}, "web") is None
