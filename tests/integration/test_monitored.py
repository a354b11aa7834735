# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the key `monitoring` makes, in the life of a stack."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rig.runs import CHECKOUT
from rig.stacks import Base, Stack, Stacks, base_of

MONITORED = base_of("monitored")
THREE = Base(
    "three-tier",
    str(CHECKOUT / "topologies" / "three_tier.yml"),
    {"monitoring": {"notify": ["ops@shop.test"]}},
    ("db_instance/main", "secret/main-backend"),
)
GIVEN = "/aws/rds/instance/monitored-main/error"
WATCHING = (
    "DescribeAlarms",
    "DescribeLogGroups",
    "GetDashboard",
    "ListDashboards",
    "ListTagsForResource",
    "ListTopics",
)


def alarms(stack: Stack) -> dict[str, dict[str, Any]]:
    """By their names inside of the stack."""
    start = f"groundwork/{stack.base.name}/"
    answer = stack.account.client("cloudwatch").describe_alarms(AlarmNamePrefix=start)["MetricAlarms"]
    return {one["AlarmName"].removeprefix(start): one for one in answer}


def dimensions(alarm: Mapping[str, Any]) -> list[dict[str, str]]:
    """Of each metric that an alarm watches."""
    inside = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    return [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in inside or [alarm]]


def widgets(stack: Stack) -> list[dict[str, Any]]:
    name = f"groundwork_{stack.base.name}_us-east-1_overview"
    body = json.loads(stack.account.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    return [dict(widget) for widget in body["widgets"]]


def count_calls(stack: Stack, **change: Any) -> Counter[str]:
    """How often an unchanged run asks for what watches."""
    stack.made(change)
    stack.assert_quiet(change)
    return Counter(name for name in stack.proxy.names() if name in WATCHING)


def test_three_tiers_are_created_with_monitoring_and_deleted(stacks: Stacks) -> None:
    stack = stacks(THREE)
    made = stack.made().result["resources"]
    found = alarms(stack)
    balancer, group = made["load_balancer/alb"]["full_name"], made["target_group/frontend"]["full_name"]
    assert dimensions(found["service-frontend-errors"]) == [{"LoadBalancer": balancer, "TargetGroup": group}] * 2
    assert dimensions(found["instances-backend-cpu"]) == [
        {"InstanceId": made[f"instance/backend-{number}"]["id"]} for number in (1, 2)
    ]
    assert dimensions(found["database-main-storage"]) == [{"DBInstanceIdentifier": "three-tier-main"}]
    answer = {(*one["AlarmActions"], *one["OKActions"]) for one in found.values()}
    assert answer == {(made["sns_topic/alarms"]["arn"],) * 2}
    assert made["sns_topic/alarms"]["unconfirmed"] == ["ops@shop.test"]
    assert widgets(stack)[0]["properties"]["alarms"] == [made[f"alarm/{name}"]["arn"] for name in _order(stack)]
    groups = stack.account.client("logs").describe_log_groups()["logGroups"]
    assert {one["logGroupName"]: one["retentionInDays"] for one in groups} == dict.fromkeys(
        [
            "/groundwork/three-tier/frontend",
            "/groundwork/three-tier/backend",
            *(f"/aws/rds/instance/three-tier-main/{log}" for log in ("error", "slowquery", "general")),
        ],
        30,
    )
    stack.assert_quiet()
    assert "sns_topic/alarms: ops@shop.test gets no messages" in json.dumps(stack.info().result["warnings"])
    assert stack.absent().ok
    stack.assert_empty()
    assert alarms(stack) == {}
    order = [(call.name, call.operation.parameters.get("logGroupName", "")) for call in stack.proxy.mutations]
    gone = [number for number, call in enumerate(order) if call[0] == "DeleteLogGroup" and "/rds/" in call[1]]
    assert len(gone) == 3
    assert order.index(("DeleteDBInstance", "")) < gone[0], "RDS makes them again while it has something to write"


def _order(stack: Stack) -> list[str]:
    arns = [arn for widget in widgets(stack) for arn in widget["properties"].get("alarms", ())]
    by_arn = {one["AlarmArn"]: name for name, one in alarms(stack).items()}
    assert sorted(by_arn) == sorted(arns)
    return [by_arn[arn] for arn in arns]


def test_drift_of_monitoring_is_reported_and_corrected(stacks: Stacks) -> None:
    stack = stacks(MONITORED)
    stack.made()
    watch = stack.account.client("cloudwatch")
    watch.delete_alarms(AlarmNames=["groundwork/monitored/cache-redis-cpu"])
    busy = alarms(stack)["database-main-cpu"]
    kept = {name: busy[name] for name in ("AlarmName", "Namespace", "MetricName", "Statistic", "Dimensions", "Period")}
    watch.put_metric_alarm(
        **kept, EvaluationPeriods=1, Threshold=99.5, ComparisonOperator="GreaterThanThreshold", AlarmActions=[]
    )
    body = {"widgets": [one for one in widgets(stack) if one["type"] == "text"]}
    watch.put_dashboard(DashboardName="groundwork_monitored_us-east-1_overview", DashboardBody=json.dumps(body))
    stack.account.client("logs").delete_retention_policy(logGroupName=GIVEN)
    drift = stack.info().result["drift"]
    assert drift["missing"] == ["alarm/cache-redis-cpu"]
    assert {(one["address"], one["property"]) for one in drift["changed"]} == {
        *(("alarm/database-main-cpu", name) for name in ("actions", "datapoints_to_alarm", "description")),
        *(("alarm/database-main-cpu", name) for name in ("evaluation_periods", "ok_actions", "threshold")),
        ("dashboard/overview", "body"),
        ("log_group/database-main-error", "retention_days"),
    }
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert outcome.actions == {
        "alarm/cache-redis-cpu": "create",
        "alarm/database-main-cpu": "update",
        "dashboard/overview": "update",
        "log_group/database-main-error": "update",
    }
    assert alarms(stack)["database-main-cpu"]["Threshold"] == 90
    stack.assert_quiet()


def test_log_groups_that_rds_created_are_adopted(stacks: Stacks) -> None:
    """A stack gets its key `monitoring` when its database has written logs for a year."""
    stack = stacks(MONITORED)
    stack.made({"monitoring": None})
    logs = stack.account.client("logs")
    logs.create_log_group(logGroupName=GIVEN)
    logs.create_log_group(logGroupName=f"{GIVEN}-foreign")
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert outcome.actions["log_group/database-main-error"] == "update"
    assert outcome.actions["log_group/api"] == "create"
    groups = {one["logGroupName"]: one for one in logs.describe_log_groups()["logGroups"]}
    assert groups[GIVEN]["retentionInDays"] == 30
    assert "retentionInDays" not in groups[f"{GIVEN}-foreign"]
    stack.assert_quiet()
    less = stack.present({"monitoring": None})
    assert less.ok, str(less)
    assert set(less.actions.values()) == {"delete", "update"}, "the role of the instances changes"
    assert [one["logGroupName"] for one in logs.describe_log_groups()["logGroups"]] == [f"{GIVEN}-foreign"]


def test_log_groups_of_another_stack_are_not_adopted(stacks: Stacks) -> None:
    stack = stacks(MONITORED)
    logs = stack.account.client("logs")
    theirs = {"groundwork:stack": "other", "groundwork:resource": "log_group/error"}
    logs.create_log_group(logGroupName=GIVEN, tags=theirs)
    outcome = stack.present(check=True)
    assert outcome.actions["log_group/database-main-error"] == "create", "which AWS then refuses"


def test_new_objects_are_monitored_in_the_same_run_with_one_call_per_log_group(stacks: Stacks) -> None:
    stack = stacks(MONITORED)
    few = count_calls(stack, databases={"main": {"logs": ["error", "general"]}})
    assert _nodes(stack) == ["monitored-redis-001"]
    service = {"runtime": "gunicorn", "on": "api", "entry": "wsgi:app", "source": {"git": "https://git.test/shop.git"}}
    many = count_calls(
        stack,
        services={f"more-{number}": {**service, "port": 5000 + number} for number in range(1, 6)},
        databases={"main": {"logs": ["error", "general", "slowquery"]}},
        caches={"redis": {"nodes": 3}},
    )
    assert _nodes(stack) == [f"monitored-redis-00{number}" for number in (1, 2, 3)]
    assert len(stack.account.client("logs").describe_log_groups()["logGroups"]) == 9
    # AWS has no call for the tags of several log groups.
    assert many - few == Counter({"ListTagsForResource": 6})
    assert not few - many
    assert (few["DescribeAlarms"], few["DescribeLogGroups"], few["GetDashboard"]) == (1, 2, 1)


def _nodes(stack: Stack) -> list[str]:
    """The nodes of the cache that are watched. That those are all is seen in that the next run finds nothing to do."""
    return [one["CacheClusterId"] for one in dimensions(alarms(stack)["cache-redis-cpu"])]
