# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring matches the page of the three tiers, and CloudWatch accepts it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from support.documents import document_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile import capacity
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

# "CloudWatch Metrics": what the page lists, in AWS's words.
PAGE = {
    "AWS/EC2": {
        "CPUUtilization",
        *("NetworkIn", "NetworkOut"),
        *("EBSReadBytes", "EBSWriteBytes"),  # "Disk Read/Write"
        "StatusCheckFailed",
    },
    "AWS/RDS": {"CPUUtilization", "DatabaseConnections", "FreeStorageSpace", "ReadIOPS", "WriteIOPS"},
    "AWS/ApplicationELB": {
        "RequestCount",
        "TargetResponseTime",
        *("HTTPCode_ELB_4XX_Count", "HTTPCode_ELB_5XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count"),
        *("HealthyHostCount", "UnHealthyHostCount"),
    },
}
# Those of them of which one can say beforehand what is too much; what the page has as names alone raises no alarm.
ALARMS = {
    "AWS/EC2": {"CPUUtilization", "StatusCheckFailed"},
    "AWS/RDS": {"CPUUtilization", "DatabaseConnections", "FreeStorageSpace"},
    "AWS/ApplicationELB": {
        "TargetResponseTime",
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "UnHealthyHostCount",
    },
}
# "CloudWatch Logs": RDS error, slow query and general logs.
LOGS = {f"/aws/rds/instance/three-tier-main/{log}" for log in ("error", "slowquery", "general")}
EVERY_KIND: Mapping[str, Any] = {
    "load_balancer": {"subnets": "public"},
    "instances": {"app": {"count": 23}},
    "services": {"api": {"routes": ["/*"]}},
    "databases": {"main": {"engine": "postgres", "subnets": "private"}},
    "caches": {"redis": {"engine": "redis", "subnets": "private", "nodes": 6}},
    "monitoring": {},
}


def made(document: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {one.name: dict(one.properties) for one in compile_stack(document).resources if one.type == kind}


def every_kind(**monitoring: Any) -> dict[str, Any]:
    return document_of({"change": {**EVERY_KIND, "monitoring": monitoring}})


def metrics(alarm: Mapping[str, Any]) -> set[tuple[str, str]]:
    inside = alarm.get("metrics", {"m": {}}).values()
    return {(alarm["namespace"], one.get("metric") or alarm["metric"]) for one in inside}


def widgets(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(document, "dashboard")["overview"]["body"]["widgets"]
    return found


def lines(document: Mapping[str, Any]) -> list[Any]:
    return [line for widget in widgets(document) for line in widget["properties"].get("metrics", ())]


class TestThePage:
    def test_all_metrics_are_on_the_dashboard(self) -> None:
        shown = {(line[0], line[1]) for line in lines(load("three_tier"))}
        assert {(space, name) for space, names in PAGE.items() for name in names} <= shown

    def test_metrics_that_show_failures_have_alarms(self) -> None:
        watched = {pair for alarm in made(load("three_tier"), "alarm").values() for pair in metrics(alarm)}
        assert {(space, name) for space, names in ALARMS.items() for name in names} <= watched

    def test_the_logs_of_the_database_are_kept_for_a_time(self) -> None:
        groups = made(load("three_tier"), "log_group").values()
        assert {group["name"] for group in groups if "name" in group} == LOGS
        assert all(group["retention_days"] == 30 for group in groups)

    def test_the_shop_and_the_single_instance_have_none(self) -> None:
        for name in ("ecommerce", "single_instance"):
            stack = compile_stack(load(name))
            assert not {one.type for one in stack.resources} & {"alarm", "dashboard", "log_group", "sns_topic"}


def test_alarms_follow_from_the_parts_of_a_stack() -> None:
    """One alarm for ten instances, one for the status of each; the others by service, database and cache."""
    assert [name for name in made(every_kind(), "alarm") if not name.endswith("-status")] == [
        "alb-errors",
        "alb-rejected",
        "service-api-unhealthy",
        "service-api-errors",
        "service-api-latency",
        "instances-app-cpu",
        "instances-app-cpu-2",
        "instances-app-cpu-3",
        "database-main-cpu",
        "database-main-storage",
        "database-main-memory",
        "database-main-connections",
        "database-main-read-latency",
        "database-main-write-latency",
        "cache-redis-cpu",
        "cache-redis-memory",
        "cache-redis-evictions",
    ]
    watched = [made(every_kind(), "alarm")[f"instances-app-cpu{part}"]["metrics"] for part in ("", "-2", "-3")]
    assert [one["dimensions"]["InstanceId"].address for some in watched for one in some.values()] == [
        f"instance/app-{number}" for number in range(1, 24)
    ]


def test_every_kind_of_alarm_can_be_turned_off() -> None:
    kinds = every_kind()["monitoring"]["alarms"]
    none = {part: dict.fromkeys(limits, False) for part, limits in kinds.items()}
    assert made(every_kind(alarms=none), "alarm") == {}
    for part, limits in kinds.items():
        for kind in limits:
            left = made(every_kind(alarms={part: {kind: False}}), "alarm").keys()
            assert left < made(every_kind(), "alarm").keys(), f"{part}.{kind}"


def test_the_names_of_thresholds_are_those_of_alarms() -> None:
    """A changed threshold changes the alarm, or (for shares) the bound that is derived from it."""
    before = made(every_kind(), "alarm")
    for part, limits in every_kind()["monitoring"]["alarms"].items():
        for kind, usual in limits.items():
            if usual is not True:
                after = made(every_kind(alarms={part: {kind: usual + 1}}), "alarm")
                moved = [name for name in before if before[name]["threshold"] != after[name]["threshold"]]
                assert moved, f"{part}.{kind}"
                assert all(kind in name for name in moved)


def test_cloudwatch_accepts_the_alarms() -> None:
    for name, alarm in made(every_kind(notify=["ops@example.org"]), "alarm").items():
        kind = REGISTRY["alarm"]
        assert kind.validate(alarm) is None
        assert len(kind.physical_name(Scope("s" * 32, "us-east-1"), name)) <= 255
        assert len(alarm["description"]) <= 1024
        assert "expression" not in alarm or len(alarm["metrics"]) <= 10
        assert alarm["period"] * alarm["evaluation_periods"] <= 86400
        assert [one.address for one in alarm["actions"]] == ["sns_topic/alarms"] == [alarm["ok_actions"][0].address]


def test_alarms_without_topics_have_no_actions() -> None:
    assert not any("actions" in alarm for alarm in made(every_kind(), "alarm").values())
    assert made(every_kind(), "sns_topic") == {}


def test_widgets_do_not_overlap() -> None:
    """Widgets fit on 24 columns and do not overlap."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets(every_kind()):
        area = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _y in area) < 24
        assert not area & taken
        taken |= area
    rows = [widget["properties"]["markdown"] for widget in widgets(every_kind()) if widget["type"] == "text"]
    assert rows == ["## Load balancer", "## Instances app: api", "## Database main", "## Cache redis"]


def test_a_dashboard_shows_the_alarms_of_the_stack() -> None:
    document = every_kind(without=["alb-rejected"])
    shown = [one.address for widget in widgets(document) for one in widget["properties"].get("alarms", ())]
    assert shown == [f"alarm/{name}" for name in made(document, "alarm")]
    none = {part: dict.fromkeys(limits, False) for part, limits in document["monitoring"]["alarms"].items()}
    assert widgets(every_kind(alarms=none))[0]["type"] == "text"


def test_a_dashboard_of_many_instances_has_lines_for_some_and_says_so() -> None:
    many = document_of({"change": {**EVERY_KIND, "instances": {"app": {"count": 200}}}})
    assert len(lines(many)) <= 2500
    assert "## Instances app (the first 40 of 200): api" in json.dumps(widgets(many), default=str)
    shown = [widget for widget in widgets(many) if widget["type"] == "alarm"]
    assert [len(widget["properties"]["alarms"]) <= 100 for widget in shown] == [True, True, True]


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("db.t3.micro", 1),
        ("db.t4g.medium", 4),
        ("db.t3.2xlarge", 32),
        ("db.m6g.large", 8),
        ("db.m7gd.4xlarge", 64),
        ("db.r5.xlarge", 32),
        ("db.r8g.48xlarge", 1536),
        ("db.c6gd.medium", 2),
        ("db.x2g.large", None),
        ("db.m5.strange", None),
    ],
)
def test_memory(kind: str, size: float | None) -> None:
    assert capacity.find_memory(kind) == size


@pytest.mark.parametrize(
    ("engine", "kind", "parameters", "most"),
    [
        ("mysql", "db.t3.micro", {}, 59),
        ("postgres", "db.t3.micro", {}, 78),
        ("postgres", "db.r5.8xlarge", {}, 5000),
        ("mysql", "db.t3.micro", {"max_connections": "300"}, 300),
        ("mysql", "db.x2g.large", {"max_connections": "300"}, 300),
        ("mysql", "db.t3.micro", {"max_connections": "{DBInstanceClassMemory/9531392}"}, None),
        ("mysql", "db.x2g.large", {}, None),
    ],
)
def test_connections(engine: str, kind: str, parameters: dict[str, str], most: int | None) -> None:
    assert capacity.find_max_connections(engine, kind, parameters) == most


@pytest.mark.parametrize("name", ["main", "a-database-with-quite-a-long-name-indeed"])
def test_the_log_groups_of_a_database_are_where_rds_writes(name: str) -> None:
    """Its name is known before it exists, also where it has to be shortened."""
    stack = "a-stack-of-quite-a-long-name-too"
    database = {"engine": "mysql", "subnets": "private", "logs": ["error"]}
    document = document_of({"change": {"name": stack, "databases": {name: database}, "monitoring": {}}})
    (group,) = [group for group in made(document, "log_group").values() if "name" in group]
    (made_one,) = made(document, "db_instance").values()
    assert [ref.address for ref in made_one["log_groups"]] == [f"log_group/database-{name}-error"]
    physical = REGISTRY["db_instance"].physical_name(Scope(stack, "eu-central-1"), name)
    assert group["name"] == f"/aws/rds/instance/{physical}/error"
