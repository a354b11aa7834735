# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of the playbook `status`: a line for each service and host, with all values that could be read."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.filter.status_table import status_table

WEB = {"name": "web", "balanced": True}
JOBS = {"name": "jobs", "balanced": False}
COMMIT = "3f2a9c01b7de4455667788990011223344556677"
TARGETS = {"web": {"i-1": {"state": "healthy", "why": ""}}}


def release(**changes: Any) -> dict[str, Any]:
    """The result of the module `release` for a service whose release 4 serves."""
    release = {"number": 4, "current": 4, "version": "v1.4", "commit": COMMIT, "activated_at": "2026-03-01T04:05:06Z"}
    state = {"number": 4, "confirmed": changes.pop("confirmed", True), "failed": changes.pop("failed", None)}
    return {**release, "releases": [{"number": 3, "confirmed": False}, state], **changes}


def host(*services: Any, number: int = 1, **status: Any) -> dict[str, Any]:
    return {
        "groundwork_services": services,
        "ec2_instance_id": f"i-{number}",
        **({"status_host": status} if status else {}),
    }


def table(hostvars: dict[str, Any], *services: str, targets: Any = TARGETS, **more: Any) -> list[list[str]]:
    groups = {"groundwork": list(hostvars), "groundwork_leaving": more.get("leaving", [])}
    lines = status_table(services or ("web",), more.get("hosts", list(hostvars)), groups, hostvars, targets)
    return [line.split() for line in lines]


def probe(status: int | None) -> dict[str, Any]:
    """The result of the module `http_gate`, as far as the table needs it; without a status there was no response."""
    return {"measurements": [{"status": 503}, {"status": status}]}


def cells(healthy: int | None = 200, targets: Any = TARGETS, **changes: Any) -> list[str]:
    """The row of a service, without its name and that of its host."""
    status = {"problem": "", "releases": {"web": release(**changes)}, "health": {"web": probe(healthy)}}
    return table({"shop-1": host(WEB, **status)}, targets=targets)[1][2:]


def test_a_service_that_serves() -> None:
    assert cells() == ["4", "v1.4", COMMIT[:12], "2026-03-01T04:05:06Z", "healthy", "healthy"]


@pytest.mark.parametrize(
    ("state", "shown", "notes"),
    [
        ({"running": True}, "running", []),
        ({"running": False, "reason": "its process ended"}, "not-running", ["jobs on shop-1: its process ended"]),
    ],
)
def test_a_worker_has_the_state_of_its_processes(state: dict[str, Any], shown: str, notes: list[str]) -> None:
    status = {"problem": "", "releases": {"jobs": release()}, "health": {"jobs": state}}
    lines = table({"shop-1": host(JOBS, **status)}, "jobs")
    assert lines[1][-2:] == [shown, "-"]
    assert [" ".join(line) for line in lines[2:]] == notes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"commit": f"{COMMIT}-dirty"}, [f"{COMMIT[:12]}-dirty", "2026-03-01T04:05:06Z"]),
        ({"commit": "", "activated_at": ""}, ["-", "unknown"]),
    ],
)
def test_commits_and_times(changes: dict[str, Any], expected: list[str]) -> None:
    assert cells(**changes)[2:4] == expected


@pytest.mark.parametrize(
    ("status", "shown"), [(204, "healthy"), (503, "HTTP-503"), (302, "HTTP-302"), (None, "no-answer")]
)
def test_health(status: int | None, shown: str) -> None:
    assert cells(healthy=status)[4] == shown


@pytest.mark.parametrize("answer", [{}, {"msg": "the module failed"}, {"measurements": []}])
def test_health_that_was_not_measured_is_unknown(answer: dict[str, Any]) -> None:
    status = {"problem": "", "releases": {"web": release()}, "health": {"web": answer}}
    assert table({"shop-1": host(WEB, **status)})[1][6] == "unknown"


def test_text_of_a_host_has_no_escape_sequences() -> None:
    state = {"running": False, "reason": "\x1b[31mits process ended\x07"}
    status = {"problem": "\x9b1m", "releases": {"jobs": release(version="\x1b")}, "health": {"jobs": state}}
    lines = "\n".join(" ".join(line) for line in table({"shop-1": host(JOBS, **status)}, "jobs"))
    assert "jobs on shop-1: �[31mits process ended�" in lines
    assert lines.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("targets", "shown"), [(None, "unknown"), ({}, "not-registered"), ({"web": {"i-2": {}}}, "not-registered")]
)
def test_targets(targets: Any, shown: str) -> None:
    assert cells(targets=targets)[5] == shown


def test_a_service_that_is_not_behind_a_load_balancer_has_no_target() -> None:
    assert table({"shop-1": host(JOBS, problem="")}, "jobs")[1][-1] == "-"


def test_before_the_first_deploy() -> None:
    assert cells(current=None, number=None, releases=[], healthy=None)[:5] == ["none", "-", "-", "-", "no-answer"]


def test_problems_are_notes_below_the_table() -> None:
    targets = {"web": {"i-1": {"state": "unhealthy", "why": "Target.Timeout: Request timed out"}}}
    status = {"problem": "", "releases": {"web": release(confirmed=False, failed="it ended")}, "health": {}}
    lines = [" ".join(line) for line in table({"shop-1": host(WEB, **status)}, targets=targets, leaving=["shop-1"])]
    assert lines[2:] == [
        "shop-1: the document no longer has it; scale.yml or site.yml removes it",
        "web on shop-1: release 4 failed: it ended",
        "web on shop-1: Target.Timeout: Request timed out",
    ]


def test_a_host_that_is_down_keeps_its_lines_and_its_target() -> None:
    down = host(WEB, JOBS, problem="unreachable: timed\nout", releases={}, health={})
    rows = table({"shop-1": down}, "web", "jobs")
    assert rows[1] == ["web", "shop-1", *["unknown"] * 5, "healthy"]
    assert rows[2] == ["jobs", "shop-1", *["unknown"] * 5, "-"]
    assert [" ".join(row) for row in rows[3:]] == ["shop-1: unreachable: timed out"]


def test_rows_are_those_of_the_limit_by_service_and_host() -> None:
    hosts = {name: host(WEB, JOBS, problem="") for name in ("shop-1", "shop-2", "shop-3")}
    rows = table(hosts, "web", "jobs", hosts=["shop-1", "shop-3"])
    assert [row[:2] for row in rows[1:]] == [
        [service, name] for service in ("web", "jobs") for name in ("shop-1", "shop-3")
    ]


def test_with_the_controller_alone_all_hosts_are_shown_as_not_read() -> None:
    rows = table({"shop-1": host(WEB), "shop-2": {}}, hosts=["localhost"])
    assert rows[1] == ["web", "shop-1", *["unknown"] * 5, "healthy"]
    assert " ".join(rows[2]) == "shop-1: not read, because --limit leaves it out"


def test_a_service_without_instances_is_shown() -> None:
    rows = table({}, "web")
    assert rows[1] == ["web", *["-"] * 7]
    assert " ".join(rows[2]) == "web: no instance has it yet; run site.yml"


def test_columns_stay_columns_when_they_are_printed_as_yaml() -> None:
    status = {
        "problem": "",
        "releases": {"web": release(version="a release of March")},
        "health": {"web": probe(503)},
    }
    hostvars = {"a-rather-long-name-of-a-host-in-a-zone-of-a-region": host(WEB, **status)}
    lines = status_table(["web"], list(hostvars), {"groundwork": list(hostvars)}, hostvars, TARGETS)
    assert len(lines[1]) > 100
    assert yaml.safe_dump(lines).splitlines() == [f"- {line}" for line in lines]
