# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring types: rejected alarms, notices of topics, and the names that metrics use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache.common import with_node_names
from ansible_collections.groundwork.aws.plugins.module_utils._resources.logs.log_group import prefix_requests

BOUND = {"comparison": "GreaterThanThreshold", "threshold": 1}
MANY = {f"m{number}": {"metric": "M", "namespace": "N"} for number in range(11)}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "metric and namespace must be given"),
        ({"metric": "M"}, "namespace must be given, or an expression"),
        ({"expression": "a", "metrics": {}}, "an expression is made of 1 to 10 metrics"),
        ({"expression": "m1", "metrics": MANY}, "an expression is made of 1 to 10 metrics"),
        ({"expression": "watched", "metrics": {"watched": {"metric": "M"}}}, "none of them called watched"),
        ({"expression": "a", "metrics": {"a": {"metric": "M"}}}, "namespace must be given"),
        ({"metric": "M", "namespace": "N", "treat_missing_data": "no"}, "is not one of breaching, ignore"),
    ],
)
def test_an_alarm_without_a_metric_or_expression_is_rejected(wrong: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["alarm"].validate({**BOUND, **wrong}) or "")


def test_unconfirmed_subscriptions_are_a_notice() -> None:
    find_notices = REGISTRY["sns_topic"].notices
    topic = ActualResource("sns_topic", "x", "arn:x", {}, {"unconfirmed": ["ops@example.org"]}, {})
    assert find_notices(topic) == ["ops@example.org gets no messages before the link in AWS's mail to it is followed"]
    assert find_notices(replace(topic, attributes={"unconfirmed": []})) == []


@pytest.mark.parametrize(
    ("there", "names"),
    [
        (["r-001"], ["r-001", "r-002", "r-003", "r-004", "r-005", "r-006"]),
        # One that came later has a number that was free, and order says nothing.
        (["r-004", "r-002"], ["r-002", "r-004", "r-001", "r-003", "r-005", "r-006"]),
        ([f"r-00{number}" for number in range(1, 7)], [f"r-00{number}" for number in range(1, 7)]),
    ],
)
def test_node_names_are_those_that_exist_then_those_that_aws_gives_next(there: list[str], names: list[str]) -> None:
    assert with_node_names({"ReplicationGroupId": "r", "MemberClusters": there})["NodeNames"] == names


def test_log_groups_of_one_service_share_a_request() -> None:
    names = ["/aws/lambda/shop-a", "/aws/rds/instance/shop-a/error", "/aws/rds/instance/shop-b/general", "mine"]
    asked = [request["logGroupNamePrefix"] for request in prefix_requests(names)]
    assert asked == ["/aws/lambda/shop-a", "/aws/rds/instance/shop-", "mine"]
    assert prefix_requests(["/aws/rds/instance/a/error"]) == [{"logGroupNamePrefix": "/aws/rds/instance/a/error"}]
    assert prefix_requests(["/a/b/c/d", "/a/b/c/d/e"]) == [{"logGroupNamePrefix": "/a/b/c/d"}]


@pytest.mark.parametrize(
    ("name", "owned"),
    [("/groundwork/shop/api", True), ("/given", True), ("/given-2", False), ("/groundwork/shop-2/api", False)],
)
def test_log_groups_that_only_share_a_prefix_are_not_owned(name: str, owned: bool) -> None:
    scope = Scope("shop", "us-east-1", {"log_group": frozenset({"/given"})})
    assert REGISTRY["log_group"].may_be_owned({"logGroupName": name}, scope) is owned
