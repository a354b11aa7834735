# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topics, logs, alarms, dashboards and a cache in the life of a stack: their lists show no tags, their names tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rig.faults import Empty, Fault, Lose, When, first_of, named
from rig.stacks import Stack, Stacks, assert_same, base_of

WATCHED = base_of("watched")
GIVEN = "/aws/rds/instance/watched-shop/error"
PARTS = [
    "alarm/latency",
    "alarm/memory",
    "cache/redis",
    "cache_subnet_group/private",
    "dashboard/overview",
    "log_group/app",
    "log_group/database",
    "sns_topic/alerts",
]


def cache(stack: Stack) -> dict[str, Any]:
    (found,) = stack.account.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    return dict(found)


def test_a_stack_is_created_and_deleted(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    made = stack.made()
    resources = made.result["resources"]
    assert resources["sns_topic/alerts"]["unconfirmed"] == ["ops@shop.test"]
    shard = cache(stack)["NodeGroups"][0]
    assert resources["cache/redis"]["primary_endpoint"] == shard["PrimaryEndpoint"]["Address"]
    watch = stack.account.client("cloudwatch")
    (memory,) = watch.describe_alarms(AlarmNames=["groundwork/watched/memory"])["MetricAlarms"]
    assert memory["AlarmActions"] == [resources["sns_topic/alerts"]["arn"]]
    assert memory["Dimensions"] == [{"Name": "CacheClusterId", "Value": "watched-redis"}]
    body = json.loads(watch.get_dashboard(DashboardName="groundwork_watched_us-east-1_overview")["DashboardBody"])
    assert body["widgets"][0]["properties"]["alarms"] == [memory["AlarmArn"]]
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()
    snapshots = stack.account.client("elasticache").describe_snapshots()["Snapshots"]
    assert [one["ReplicationGroupId"] for one in snapshots] == ["watched-redis"]


def test_resources_that_the_document_no_longer_has_are_found(stacks: Stacks) -> None:
    """Also what is the only thing of its service, what has no tags, and what has another's name."""
    stack = stacks(WATCHED)
    stack.made()
    left = {"resources": dict.fromkeys(PARTS)}
    outcome = stack.present(left)
    assert outcome.ok, str(outcome)
    assert outcome.actions == dict.fromkeys(PARTS, "delete")
    stack.assert_quiet(left)


MAKE = (
    "CreateTopic",
    "Subscribe",
    "CreateLogGroup",
    "PutRetentionPolicy",
    "PutMetricAlarm",
    "PutDashboard",
    "CreateCacheSubnetGroup",
    "CreateReplicationGroup",
)
UNMAKE = (
    "DeleteTopic",
    "DeleteLogGroup",
    "DeleteAlarms",
    "DeleteDashboards",
    "DeleteCacheSubnetGroup",
    "DeleteReplicationGroup",
)


def lose_once(stack: Stack, operations: tuple[str, ...]) -> list[Fault]:
    """The first answer of each is lost after it was obeyed."""
    return [stack.proxy.faults.add(named(one), Lose(after=True), times=1) for one in operations]


def test_lost_answers_create_no_duplicates(stacks: Stacks) -> None:
    expected, stack = stacks(WATCHED), stacks(WATCHED)
    expected.made()
    faults = lose_once(stack, MAKE)
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in faults] == [1] * len(MAKE)
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()
    faults = lose_once(stack, UNMAKE)
    outcome = stack.absent()
    assert outcome.ok, str(outcome)
    assert [fault.struck for fault in faults] == [1] * len(UNMAKE)
    stack.assert_empty()


def test_as_many_calls_for_forty_alarms_as_for_two(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    stack.made()
    stack.assert_quiet()
    few = sorted(stack.proxy.names())
    alarm = {
        "metric": "CPUUtilization",
        "namespace": "AWS/EC2",
        "comparison": "GreaterThanThreshold",
        "threshold": 80,
    }
    more = {"resources": {f"alarm/cpu-{number}": alarm for number in range(38)}}
    stack.made(more)
    stack.assert_quiet(more)
    assert sorted(stack.proxy.names()) == few


def test_drift_is_reported_and_corrected(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    stack.made()
    watch, logs, caches = (stack.account.client(name) for name in ("cloudwatch", "logs", "elasticache"))
    watch.disable_alarm_actions(AlarmNames=["groundwork/watched/memory"])
    watch.delete_alarms(AlarmNames=["groundwork/watched/latency"])
    watch.put_dashboard(DashboardName="groundwork_watched_us-east-1_overview", DashboardBody='{"widgets": []}')
    logs.delete_retention_policy(logGroupName=GIVEN)
    caches.modify_replication_group(ReplicationGroupId="watched-redis", SnapshotRetentionLimit=5, ApplyImmediately=True)
    topic = stack.account.client("sns")
    (heard,) = [one for one in topic.list_subscriptions()["Subscriptions"] if one["Protocol"] == "sqs"]
    topic.unsubscribe(SubscriptionArn=heard["SubscriptionArn"])
    drift = stack.info().result["drift"]
    assert drift["missing"] == ["alarm/latency"]
    assert {(one["address"], one["property"]) for one in drift["changed"]} >= {
        ("alarm/memory", "enabled"),
        ("cache/redis", "snapshot_retention_days"),
        ("dashboard/overview", "body"),
        ("log_group/database", "retention_days"),
        ("sns_topic/alerts", "subscriptions"),
    }
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert "update" in outcome.actions.values()
    stack.assert_quiet()


def test_a_cache_grows_and_shrinks(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    older = {"resources": {"cache/redis": {"engine_version": "7.0"}}}
    stack.made(older)
    grown = {"resources": {"cache/redis": {"nodes": 3, "multi_az": True, "engine_version": "7.1"}}}
    outcome = stack.present(grown)
    assert outcome.ok, str(outcome)
    assert (len(cache(stack)["MemberClusters"]), cache(stack)["MultiAZ"]) == (3, "enabled")
    stack.assert_quiet(grown)
    assert "back to engine_version 7.0" in stack.present(older).message
    small = {"resources": {"cache/redis": {"nodes": 1, "engine_version": "7.1"}}}
    outcome = stack.present(small)
    assert outcome.ok, str(outcome)
    assert (len(cache(stack)["MemberClusters"]), cache(stack)["AutomaticFailover"]) == (1, "disabled")
    stack.assert_quiet(small)


def test_a_cache_in_deletion_is_waited_for(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    stack.made()
    stack.account.client("elasticache").delete_replication_group(ReplicationGroupId="watched-redis")
    outcome = stack.present()
    assert outcome.ok, str(outcome)
    assert outcome.actions["cache/redis"] == "create"
    stack.assert_quiet()


def test_foreign_objects_are_not_changed(stacks: Stacks) -> None:
    """Names like ours without our tags, and stacks whose names begin like ours."""
    stack = stacks(WATCHED)
    topic, logs, caches = (stack.account.client(name) for name in ("sns", "logs", "elasticache"))
    topic.create_topic(Name="watched_mine")
    topic.create_topic(Name="watched-2_alerts")
    logs.create_log_group(logGroupName="/groundwork/watched-2/app")
    logs.create_log_group(logGroupName="/groundwork/watched/mine")
    stack.account.client("cloudwatch").put_dashboard(DashboardName="groundwork_watched-2_x", DashboardBody="{}")
    ec2 = stack.account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="watched-mine", CacheSubnetGroupDescription="mine", SubnetIds=[subnet]
    )
    before = stack.account.state()
    stack.made()
    assert stack.absent().ok
    assert [line for line in before if line not in stack.account.state()] == []


def test_names_of_foreign_objects_are_errors(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    arn = stack.account.client("sns").create_topic(Name="watched_alerts")["TopicArn"]
    stack.account.client("logs").create_log_group(logGroupName=GIVEN)
    outcome = stack.present()
    assert "already exists with different tags" in outcome.message, str(outcome)
    assert "rename or remove watched_alerts\n" in outcome.message
    assert f"rename or remove {GIVEN}, or name it under adopt" in outcome.message
    assert stack.account.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"] == []


def test_a_log_group_that_a_service_created_is_adopted(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    logs = stack.account.client("logs")
    logs.create_log_group(logGroupName=GIVEN)
    outcome = stack.present(adopt={"log_group/database": GIVEN})
    assert outcome.ok, str(outcome)
    assert outcome.actions["log_group/database"] == "update"
    (group,) = logs.describe_log_groups(logGroupNamePrefix=GIVEN)["logGroups"]
    assert group["retentionInDays"] == 90
    stack.assert_quiet()
    assert stack.absent().ok
    stack.assert_empty()


def test_a_cache_that_exists_is_adopted(stacks: Stacks) -> None:
    stack = stacks(WATCHED)
    stack.made()
    caches = stack.account.client("elasticache")
    arn = cache(stack)["ARN"]
    caches.remove_tags_from_resource(ResourceName=arn, TagKeys=["groundwork:stack", "groundwork:resource"])
    caches.modify_replication_group(
        ReplicationGroupId="watched-redis", ReplicationGroupDescription="mine", ApplyImmediately=True
    )
    outcome = stack.present(adopt={"cache/redis": "watched-redis"})
    assert outcome.ok, str(outcome)
    assert cache(stack)["Description"] == "groundwork/watched/cache/redis"
    assert cache(stack)["ARN"] == arn
    stack.assert_quiet()


WITH_SECRET = base_of("data", "db_instance/main", "secret/app")
# XML cannot be empty, so botocore itself rejects an empty answer of the other services.
MAY_BE_EMPTY = ("ssm", "logs", "cloudwatch", "secretsmanager")


def first_that_may_be_empty() -> When:
    return first_of(lambda call: call.mutating and call.operation.service in MAY_BE_EMPTY)


def test_empty_answers_to_calls_that_were_executed_do_not_matter(stacks: Stacks) -> None:
    expected, stack = stacks(WITH_SECRET), stacks(WITH_SECRET)
    expected.made()
    stack.proxy.faults.add(first_that_may_be_empty(), Empty(after=True))
    made = stack.present()
    assert made.ok, str(made)
    assert_same(stack.account.state(), expected.account.state())
    deleted = stack.absent()
    assert deleted.ok, str(deleted)
    stack.assert_empty()


@pytest.mark.long
def test_an_empty_answer_in_place_of_an_execution_is_an_error_that_the_next_run_corrects(stacks: Stacks) -> None:
    """Where AWS's own answer has no text either, only a look at the account shows that nothing was done."""
    expected, stack = stacks(WATCHED), stacks(WATCHED)
    expected.made()
    for run, text in (
        (stack.present, "log_group/app: AWS accepted its creation and does not list it"),
        (stack.absent, "AWS accepted its deletion and still lists it"),
    ):
        stack.proxy.faults.add(first_that_may_be_empty(), Empty())
        failed = run()
        assert failed.refused, str(failed)
        assert text in failed.message
        assert "All other changes are done" in failed.message
        stack.proxy.faults.clear()
        assert run().ok
        if run == stack.present:
            assert_same(stack.account.state(), expected.account.state())
    stack.assert_empty()
