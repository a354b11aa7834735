# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._pm2.process import Plan, crashes, plan, settled

WANTED: dict[str, Any] = {
    "name": "web",
    "cwd": "/srv/web/current",
    "script": "server.js",
    "node_args": ["--env-file=/etc/groundwork/web.env"],
    "exec_mode": "cluster",
    "instances": 2,
    "max_memory_restart": "300M",
    "merge_logs": True,
    "kill_timeout": 20000,
}
NEW, OLD = "/srv/web/releases/2", "/srv/web/releases/1"


def process(**changed: Any) -> dict[str, Any]:
    """A process as `pm2 jlist` reports it."""
    reported = {
        "pm_cwd": "/srv/web/current",
        "pm_exec_path": "/srv/web/current/server.js",
        "node_args": ["--env-file=/etc/groundwork/web.env"],
        "exec_mode": "cluster_mode",
        "max_memory_restart": 314572800,
        "merge_logs": True,
        "kill_timeout": 20000,
        "status": "online",
        "pm_uptime": 1_000_000,
        "unstable_restarts": 0,
    }
    return {"name": "web", "pid": 7, "pm2_env": {**reported, **changed}}


def test_nothing_to_do() -> None:
    assert plan(WANTED, [process(), process()], [NEW, NEW], NEW) == Plan("none")


@pytest.mark.parametrize(
    ("option", "reported", "action"),
    [
        (False, {}, "none"),
        (False, {"wait_ready": True}, "recreate"),
        (True, {"wait_ready": True}, "none"),
        (True, {}, "recreate"),
    ],
)
def test_waiting_for_readiness_is_not_reported_where_it_is_off(option: bool, reported: Any, action: str) -> None:
    running = [process(**reported), process(**reported)]
    assert plan({**WANTED, "wait_ready": option}, running, [NEW, NEW], NEW).action == action


def test_nothing_runs() -> None:
    assert plan(WANTED, [], [], NEW).action == "start"


def test_an_old_release_is_reloaded_although_pm2_sees_no_difference() -> None:
    found = plan(WANTED, [process(), process()], [OLD, NEW], NEW)
    assert found == Plan("reload", (("release", OLD, NEW),))


def test_a_process_that_is_not_online_is_reloaded() -> None:
    assert plan(WANTED, [process(), process(status="errored")], [NEW, NEW], NEW).action == "reload"


def test_the_number_of_processes() -> None:
    assert plan(WANTED, [process()], [NEW], NEW) == Plan("scale", (("processes", 1, 2),))


@pytest.mark.parametrize(
    ("reported", "value", "option"),
    [
        ("pm_exec_path", "/srv/web/current/old.js", "script"),
        ("pm_cwd", "/srv/web", "cwd"),
        ("exec_mode", "fork_mode", "exec_mode"),
        ("max_memory_restart", 1000, "max_memory_restart"),
        ("node_args", [], "node_args"),
        ("kill_timeout", 1600, "kill_timeout"),
        ("merge_logs", False, "merge_logs"),
    ],
)
def test_an_option_that_differs_makes_the_process_anew(reported: str, value: Any, option: str) -> None:
    found = plan(WANTED, [process(), process(**{reported: value})], [NEW, NEW], NEW)
    assert found.action == "recreate"
    assert [reason[0] for reason in found.reasons] == [option]


def test_variables_of_the_process_file_are_compared_and_not_shown() -> None:
    found = plan({**WANTED, "env": {"TOKEN": "hunter2"}}, [process(), process(TOKEN="other")], [NEW, NEW], NEW)
    assert found.action == "recreate"
    assert "hunter2" not in str(found)
    assert "other" not in str(found.reasons)


def test_settled_means_online_for_long_enough() -> None:
    assert settled([process()], 1, now=1002.5, seconds=2)
    assert not settled([process()], 1, now=1001.5, seconds=2)
    assert not settled([process()], 2, now=1002.5, seconds=2)
    assert not settled([process(status="launching")], 1, now=1002.5, seconds=2)


def test_crashes_are_added_up() -> None:
    assert crashes([process(unstable_restarts=2), process(unstable_restarts=1)]) == 3
