# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the types that watch refuse, and the names by which metrics go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._stack.elasticache import with_node_names
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live, Scope
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources.log_group import beginnings, may_be_ours

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
        ({"metric": "M", "namespace": "N", "treat_missing_data": "no"}, "treat_missing_data is one of"),
    ],
)
def test_alarms_that_make_no_sense(wrong: dict[str, Any], says: str) -> None:
    assert says in (REGISTRY["alarm"].misfit({**BOUND, **wrong}) or "")


def test_whoever_has_not_agreed_to_be_told_is_named() -> None:
    tell = REGISTRY["sns_topic"].notices
    assert tell
    topic = Live("sns_topic", "x", "arn:x", {}, {"unconfirmed": ["ops@example.org"]}, {})
    assert tell(topic) == ["ops@example.org is told nothing before the link in AWS's mail there is followed"]
    assert tell(replace(topic, attributes={"unconfirmed": []})) == []


@pytest.mark.parametrize(
    ("there", "names"),
    [
        (["r-001"], ["r-001", "r-002", "r-003", "r-004", "r-005", "r-006"]),
        # One that came later has a number that was free, and order says nothing.
        (["r-004", "r-002"], ["r-002", "r-004", "r-001", "r-003", "r-005", "r-006"]),
        ([f"r-00{number}" for number in range(1, 7)], [f"r-00{number}" for number in range(1, 7)]),
    ],
)
def test_the_names_of_nodes_that_there_are_and_of_those_to_come(there: list[str], names: list[str]) -> None:
    assert with_node_names({"ReplicationGroupId": "r", "MemberClusters": there})["NodeNames"] == names


def test_log_groups_of_one_service_are_asked_for_together() -> None:
    names = ["/aws/lambda/shop-a", "/aws/rds/instance/shop-a/error", "/aws/rds/instance/shop-b/general", "mine"]
    asked = [request["logGroupNamePrefix"] for request in beginnings(names)]
    assert asked == ["/aws/lambda/shop-a", "/aws/rds/instance/shop-", "mine"]
    assert beginnings(["/aws/rds/instance/a/error"]) == [{"logGroupNamePrefix": "/aws/rds/instance/a/error"}]
    assert beginnings(["/a/b/c/d", "/a/b/c/d/e"]) == [{"logGroupNamePrefix": "/a/b/c/d"}]


@pytest.mark.parametrize(
    ("name", "ours"),
    [("/groundwork/shop/api", True), ("/given", True), ("/given-2", False), ("/groundwork/shop-2/api", False)],
)
def test_what_a_beginning_lists_beside_is_left_out(name: str, ours: bool) -> None:
    scope = Scope("shop", "us-east-1", {"log_group": frozenset({"/given"})})
    assert may_be_ours({"logGroupName": name}, scope) is ours
