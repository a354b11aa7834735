# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_process import (
    ListError,
    Plan,
    Target,
    assess_process,
    count_restarts,
    expect_restarts,
    find_failure,
    parse_processes,
    plan_process,
)

DESIRED: dict[str, Any] = {
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
        "pm_id": 0,
        "pm_uptime": 1_000_000,
        "restart_time": 0,
        "unstable_restarts": 0,
    }
    return {"name": "web", "pid": 7, "monit": {"memory": 50 << 20}, "pm2_env": {**reported, **changed}}


def test_matching_processes_need_no_action() -> None:
    assert plan_process(DESIRED, [process(), process()], [NEW, NEW], NEW) == Plan("none")


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
    assert plan_process({**DESIRED, "wait_ready": option}, running, [NEW, NEW], NEW).action == action


def test_an_application_without_processes_is_started() -> None:
    assert plan_process(DESIRED, [], [], NEW).action == "start"


def test_an_old_release_is_reloaded_although_pm2_sees_no_difference() -> None:
    found = plan_process(DESIRED, [process(), process()], [OLD, NEW], NEW)
    assert found == Plan("reload", (("release", OLD, NEW),))


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "waiting restart"},
        {"status": "errored"},
        {"status": "stopped"},
        {"status": "launching"},
        {"status": "stopping"},
        # What a reload that did not end has left.
        {"pm_id": "_old_0"},
    ],
    ids=lambda changed: str(*changed.values()),
)
@pytest.mark.parametrize("directories", [[NEW, NEW], [OLD, NEW]])
def test_a_process_that_pm2_cannot_reload_is_restarted(changed: dict[str, Any], directories: list[str]) -> None:
    found = plan_process(DESIRED, [process(), process(**changed)], directories, NEW)
    assert found.action == "restart"
    # Also where their number differs: PM2 would count a process that is not there.
    assert plan_process(DESIRED, [process(**changed)], directories[:1], NEW).action == "restart"


def test_the_number_of_processes() -> None:
    assert plan_process(DESIRED, [process()], [NEW], NEW) == Plan("scale", (("processes", 1, 2),))


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
def test_a_changed_option_recreates_the_process(reported: str, value: Any, option: str) -> None:
    found = plan_process(DESIRED, [process(), process(**{reported: value})], [NEW, NEW], NEW)
    assert found.action == "recreate"
    assert [reason[0] for reason in found.reasons] == [option]


def test_processes_with_the_agent_of_pm2_are_recreated_without_it() -> None:
    with_agent, without_agent = process(pmx=True), process(pmx=False)
    assert plan_process({**DESIRED, "pmx": False}, [with_agent, without_agent], [NEW, NEW], NEW).action == "recreate"
    assert plan_process({**DESIRED, "pmx": False}, [without_agent, without_agent], [NEW, NEW], NEW).action == "none"


def test_variables_of_the_process_file_are_compared_and_not_shown() -> None:
    found = plan_process({**DESIRED, "env": {"TOKEN": "hunter2"}}, [process(), process(TOKEN="other")], [NEW, NEW], NEW)
    assert found.action == "recreate"
    assert "hunter2" not in str(found)
    assert "other" not in str(found.reasons)


TARGET = Target(2, NEW, 10)
NOW = 1010.5  # `pm_uptime` is 1000 s.


def pair(**changed: Any) -> list[dict[str, Any]]:
    return [process(), process(pm_id=1, **changed)]


def verdict(
    running: list[dict[str, Any]], directories: Sequence[str] = (NEW, NEW), now: float = NOW, **expected: int
) -> str:
    counts = {int(number.strip("_")): count for number, count in expected.items()}
    return assess_process(running, directories, counts, TARGET, now).state


def test_stable_means_online_in_the_release_for_long_enough() -> None:
    assert verdict(pair()) == "stable"
    assert verdict(pair(), now=1009.5) == "waiting"
    assert verdict(pair(status="launching")) == "waiting"
    assert verdict(pair(), [OLD, NEW]) == "waiting"
    assert verdict(pair(), ["(ended)", NEW]) == "waiting"
    assert verdict([process()], [NEW]) == "waiting"
    assert verdict([*pair(), process(pm_id=2)], [NEW] * 3) == "waiting"
    assert verdict([], []) == "waiting"


def test_a_crash_loop_is_detected_while_its_processes_are_online() -> None:
    """Each sample finds all processes online; PM2 has started them again in between."""
    young = {"pm_uptime": 1_009_000, "exit_code": 3}
    assert verdict(pair(**young, restart_time=1)) == "waiting"
    assert verdict(pair(**young, restart_time=2)) == "failed"
    # PM2 counts crashes soon after a start on their own.
    assert verdict(pair(**young, unstable_restarts=2)) == "failed"
    said = assess_process(pair(**young, restart_time=2), [NEW, NEW], {}, TARGET, NOW).reason
    assert said == "process 1 (last exit code 3) ended 2 times, and PM2 starts it again and again"


def test_restarts_before_the_action_and_those_by_it_are_no_crashes() -> None:
    young = {"pm_uptime": 1_009_000}
    assert verdict(pair(**young, restart_time=7), _1=7) == "waiting"
    assert verdict(pair(**young, restart_time=9), _1=7) == "failed"
    before = count_restarts(pair(restart_time=7))
    assert before == {0: 0, 1: 7}
    assert expect_restarts("reload", before) == {0: 1, 1: 8}
    assert expect_restarts("scale", before) == before
    assert expect_restarts("none", before) == before
    for action in ("start", "restart", "recreate"):
        assert expect_restarts(action, before) == {}


def test_crashes_of_long_ago_do_not_count() -> None:
    assert verdict(pair(restart_time=5, unstable_restarts=5)) == "stable"


def test_a_process_that_pm2_has_given_up_fails_at_once() -> None:
    assert verdict(pair(status="errored")) == "failed"


def test_a_process_beyond_its_memory_limit_fails_before_pm2_restarts_it() -> None:
    large = [process(), {**process(pm_id=1), "monit": {"memory": 400 << 20}}]
    found = assess_process(large, [NEW, NEW], {}, TARGET, NOW)
    assert (found.state, found.reason) == ("failed", "process 1 uses 400 MiB, and PM2 restarts it at 300 MiB")
    for process_without_limit in large:
        process_without_limit["pm2_env"].pop("max_memory_restart")
    assert assess_process(large, [NEW, NEW], {}, TARGET, NOW).state == "stable"


def test_the_reason_for_waiting_is_reported() -> None:
    found = assess_process(pair(status="waiting restart"), [NEW, OLD], {}, TARGET, NOW)
    assert found.state == "waiting"
    for part in ("2 processes", NEW, "10 s", "online, waiting restart", OLD):
        assert part in found.reason


def print_list(*processes: Any, notices: str = "") -> str:
    return f"{notices}{json.dumps(processes)}\n"


def test_processes_of_the_application_are_read() -> None:
    other = {**process(), "name": "other", "pm2_env": None}
    assert parse_processes(print_list(process(), other, process(pm_id=1), notices="[PM2] Spawning\n\n"), "web") == [
        process(),
        process(pm_id=1),
    ]
    assert parse_processes(print_list(), "web") == []


def test_what_pm2_may_leave_out_is_no_error() -> None:
    """A process that is being started has no process id; an unset option is null."""
    sparse = {"name": "web", "pid": None, "pm2_env": {"status": "launching", "kill_timeout": None, "pm_id": "_old_0"}}
    (found,) = parse_processes(print_list(sparse), "web")
    assert found["pid"] == 0
    assert found["pm2_env"] == {"status": "launching", "pm_id": "_old_0"}
    assert plan_process(DESIRED, [found], [NEW], NEW).action == "recreate"
    assert find_failure(found, {}, Target(1, NEW, 2.0), 0) == ""


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "pm2: not found",
        "[{",
        "[" * 100_000,
        "[1]",
        "[null]",
        "[[]]",
        "[{}]",
        '[{"name": 1}]',
        '[{"name":"web","pid":1}]',
        '[{"name":"web","pid":1,"pm2_env":[]}]',
        *(
            print_list({**process(), **changed})
            for changed in ({"pid": "1"}, {"pid": -1}, {"pid": 2**40}, {"pid": True}, {"pid": [1]}, {"monit": [1]})
        ),
        print_list({**process(), "monit": {"memory": "much"}}),
        *(
            print_list(process(**{name: value}))
            for name in ("kill_timeout", "pm_uptime", "restart_time", "unstable_restarts")
            for value in ("1", -1, 10**20, float("nan"), float("inf"), [1], {}, True)
        ),
        *(print_list(process(**{name: {"a": 1}})) for name in ("pm_id", "status", "exit_code", "args", "pm_cwd")),
        print_list(process(args=[["a"]])),
        print_list(process(pm_id=[0])),
    ],
)
def test_a_list_that_pm2_does_not_print_is_rejected(printed: str) -> None:
    with pytest.raises(ListError, match=r"^(it|a process|\w+ of a process) "):
        parse_processes(printed, "web")


@pytest.mark.parametrize(
    ("reported", "changed"),
    [
        ({"max_memory_restart": "300M"}, False),
        ({"max_memory_restart": "0.3G"}, True),
        ({"max_memory_restart": "M"}, True),
        ({"max_memory_restart": ""}, True),
        ({"max_memory_restart": "²"}, True),
        ({"pm_exec_path": 7}, True),
        ({"node_args": 7}, True),
        ({"node_args": "--env-file=/etc/groundwork/web.env"}, False),
        ({"exec_mode": ["cluster"]}, True),
    ],
)
def test_options_of_another_kind_are_differences(reported: dict[str, Any], changed: bool) -> None:
    (found,) = parse_processes(print_list(process(**reported)), "web")
    assert bool(plan_process({**DESIRED, "instances": 1}, [found], [NEW], NEW).reasons) is changed
