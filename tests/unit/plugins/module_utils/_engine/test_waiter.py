# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for objects that another process deletes: the wait ends before its timeout."""

from __future__ import annotations

import queue
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._engine import waiter as poll
from ansible_collections.groundwork.aws.plugins.module_utils._engine.condition import Condition, Waiter
from ansible_collections.groundwork.aws.plugins.module_utils._engine.items import Raw
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._engine.waiter import Poller, ResourceGoneError
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

CACHE, VPC, TARGET = REGISTRY["cache"], REGISTRY["vpc"], REGISTRY["target"]
NOT_FOUND = ClientError({"Error": {"Code": "ReplicationGroupNotFoundFault", "Message": "no"}}, "Describe")
GONE = Waiter(Condition("deleted", "Status", (), absent_is_ready=True), timeout=60)


class Account:
    """Answers with one list after the other, then always with the last one; a list may be an error."""

    def __init__(self, result: str, *lists: Any) -> None:
        self._result = result
        self._lists = list(lists)
        self.asked = 0

    def __call__(self, _service: str) -> Account:
        return self

    def pages(self, _operation: str, _arguments: Any) -> list[Any]:
        self.asked += 1
        found = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        if isinstance(found, Exception):
            raise found
        return [{self._result: found}]


def caches(*states: str | None) -> Account:
    """One cache in these states, one after the other; None where AWS does not know it."""
    return Account(
        "ReplicationGroups",
        *(NOT_FOUND if state is None else [{"ReplicationGroupId": "shop-x", "Status": state}] for state in states),
    )


def wait(account: Account, kind: Any, waiter: Waiter, *ids: str) -> list[Any]:
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with Poller(account, Scope("shop", "us-east-1")) as poller:
        for identifier in ids or ("shop-x",):
            poller.wait(kind, waiter, identifier, answers.put)
        return [answers.get(timeout=10) for _identifier in ids or ("shop-x",)]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "TICK", 0.002)
    monkeypatch.setattr(poll, "FIRST_DELAY", 0.001)


def quick(waiter: Waiter) -> Waiter:
    return replace(waiter, delay=0.001)


def test_a_condition_that_is_met_answers_with_the_item() -> None:
    (item,) = wait(caches("creating", "creating", "available"), CACHE, quick(CACHE.lifecycle.ready))
    assert item["Status"] == "available"


def test_an_object_that_another_process_deletes_is_an_error() -> None:
    for states in (("creating", None), ("creating", "deleting", None), ("creating", "deleting")):
        (error,) = wait(caches(*states), CACHE, quick(CACHE.lifecycle.ready))
        assert isinstance(error, poll.StackError), states
    (error,) = wait(caches("creating", None), CACHE, quick(CACHE.lifecycle.ready))
    assert isinstance(error, ResourceGoneError)
    assert "shop-x was deleted by another process while this run waited for it to be available" in str(error)


def test_one_list_without_the_object_is_no_deletion() -> None:
    (item,) = wait(caches("creating", None, "creating", "available"), CACHE, quick(CACHE.lifecycle.ready))
    assert item["Status"] == "available"


def test_an_object_that_is_not_listed_yet_is_waited_for() -> None:
    (item,) = wait(caches(None, None, None, None, "creating", "available"), CACHE, quick(CACHE.lifecycle.ready))
    assert item["Status"] == "available"


def test_an_object_that_is_never_listed_is_gone_before_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "UNSEEN_SECONDS", 0.05)
    (error,) = wait(caches(None), CACHE, quick(CACHE.lifecycle.ready))
    assert isinstance(error, ResourceGoneError)


def test_a_deletion_ends_when_the_object_is_absent() -> None:
    assert wait(caches("deleting", None), CACHE, quick(GONE)) == [None]
    assert wait(caches(None), CACHE, quick(GONE)) == [None]


def test_one_deleted_object_does_not_end_the_other_waits() -> None:
    both: list[Raw] = [{"VpcId": name, "State": "pending"} for name in ("vpc-1", "vpc-2")]
    up = [{"VpcId": "vpc-2", "State": "available"}]
    answers = wait(Account("Vpcs", both, [both[1]], up), VPC, quick(VPC.lifecycle.ready), "vpc-1", "vpc-2")
    assert sum(isinstance(answer, ResourceGoneError) for answer in answers) == 1
    assert up[0] in answers


def test_objects_inside_a_deleted_parent_are_absent() -> None:
    error = ClientError({"Error": {"Code": "TargetGroupNotFound", "Message": "no"}}, "Describe")
    waiter = quick(Waiter(Condition("drained", "TargetHealth.State", (), absent_is_ready=True)))
    account = Account("TargetHealthDescriptions", error)
    assert wait(account, TARGET, waiter, "arn:group@i-1:80", "arn:group@i-2:80") == [None, None]


def test_errors_of_a_list_of_several_end_the_waiting() -> None:
    answers = wait(Account("Vpcs", NOT_FOUND), VPC, quick(VPC.lifecycle.ready), "vpc-1", "vpc-2")
    assert all(isinstance(answer, ClientError) for answer in answers)
