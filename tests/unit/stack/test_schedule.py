# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Walking a graph: in parallel, in order, past failures, and without holding threads while AWS takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._stack.graph import Step
from ansible_collections.groundwork.aws.plugins.module_utils._stack.poll import Poller
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Scope, Wait, Waiter
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._stack.schedule import (
    Await,
    Outcome,
    Pause,
    Schedule,
    Work,
)

pytestmark = pytest.mark.usefixtures("no_waiting")
INSTANCE = REGISTRY["instance"]
UP = Waiter("up", "State.Name", ("running",), ("terminated",), timeout=60, delay=0.01)
IMPATIENT = Waiter("up", "State.Name", ("running",), timeout=0.3, delay=0.01)


class Machines:
    """Lists instances that are up after some looks; notes who was asked about together."""

    def __init__(self, after: int = 2, error: Exception | None = None) -> None:
        self.asked: list[list[str]] = []
        self.state = "running"
        self._after = after
        self._error = error

    def __call__(self, service: str) -> Machines:
        return self

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        ids = arguments["Filters"][0]["Values"]
        self.asked.append(ids)
        if self._error:
            raise self._error
        state = self.state if len(self.asked) > self._after else "pending"
        return [{"Reservations": [{"Instances": [{"InstanceId": item, "State": {"Name": state}} for item in ids]}]}]


def step(name: str) -> Step:
    return "create", name


def walk(
    needs: dict[str, set[str]],
    work: Callable[[str], Work],
    machines: Machines | Groups | None = None,
    parallel: int = 4,
    stop: Callable[[], str | None] = lambda: None,
) -> Outcome:
    steps = {step(name): {step(need) for need in more} for name, more in needs.items()}
    with Poller(machines or Machines(), Scope("shop", "us-east-1")) as poller:
        return Schedule(steps, lambda item: work(item[1]), poller, parallel, stop).walk()


def nothing() -> Work:
    return
    yield


def test_each_comes_after_what_it_needs() -> None:
    order: list[str] = []

    def work(name: str) -> Work:
        order.append(name)
        yield Pause(0.01)

    outcome = walk({"c": {"b"}, "b": {"a"}, "a": set()}, work)
    assert order == ["a", "b", "c"]
    assert list(outcome.done) == [step("a"), step("b"), step("c")]


def test_independent_ones_go_side_by_side() -> None:
    barrier = threading.Barrier(4, timeout=5)

    def work(name: str) -> Work:
        barrier.wait()
        return
        yield

    assert len(walk({name: set() for name in "abcd"}, work).done) == 4


class Groups:
    """Lists the members of one group at a time; the first look at each finds one that is leaving."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, service: str) -> Groups:
        return self

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        group = arguments["TargetGroupArn"]
        self.asked.append(group)
        leaving = {"Target": {"Id": "i-1", "Port": 80}, "TargetHealth": {"State": "draining"}}
        return [{"TargetHealthDescriptions": [leaving] if self.asked.count(group) == 1 else []}]


def test_what_is_listed_inside_others_is_asked_of_each() -> None:
    target, groups = REGISTRY["target"], Groups()
    gone = Waiter("gone", "TargetHealth.State", (), absent_is_ready=True, timeout=60, delay=0.01)

    def work(name: str) -> Work:
        yield Await(target, Wait(gone, f"{name}@i-1:80"))

    outcome = walk({"a": set(), "b": set()}, work, groups)
    assert len(outcome.done) == 2
    assert sorted(groups.asked) == ["a", "a", "b", "b"]


def test_waiting_holds_no_thread() -> None:
    def work(name: str) -> Work:
        yield Pause(0.2)

    began = time.monotonic()
    outcome = walk({str(number): set() for number in range(50)}, work, parallel=2)
    assert len(outcome.done) == 50
    assert time.monotonic() - began < 3


def test_a_failure_holds_back_only_what_depends_on_it() -> None:
    def work(name: str) -> Work:
        if name == "b":
            raise StackError("broken")
        return nothing()

    def late(name: str) -> Work:
        yield Pause(0.01)
        yield from work(name)

    outcome = walk({"a": set(), "b": {"a"}, "c": {"b"}, "d": {"c"}, "e": {"a"}}, late)
    assert set(outcome.done) == {step("a"), step("e")}
    assert [str(error) for error in outcome.failed.values()] == ["broken"]
    assert outcome.not_started == [step("c"), step("d")]


def test_a_lost_lock_lets_what_runs_finish_and_starts_nothing_more() -> None:
    lost: list[str] = []

    def work(name: str) -> Work:
        yield Pause(0.01)
        lost.append("gone")

    outcome = walk({"a": set(), "b": {"a"}}, work, stop=lambda: lost[0] if lost else None)
    assert list(outcome.done) == [step("a")]
    assert outcome.not_started == [step("b")]


def test_many_are_asked_about_in_one_call() -> None:
    machines, seen = Machines(), []

    def work(name: str) -> Work:
        seen.append((yield Await(INSTANCE, Wait(UP, name))))

    outcome = walk({f"i-{number}": set() for number in range(30)}, work, machines)
    assert len(outcome.done) == 30
    assert sorted(item["InstanceId"] for item in seen) == sorted(f"i-{number}" for number in range(30))
    assert len(machines.asked) < 15


@pytest.mark.parametrize(
    ("machines", "message"),
    [
        (Machines(after=10**9), r"i-1 is not up after 0 s \(it is pending\)\. Run again to go on waiting"),
        (Machines(error=KeyError("odd")), "odd"),
    ],
)
def test_waiting_in_vain_is_a_failure(machines: Machines, message: str) -> None:
    def work(name: str) -> Work:
        yield Await(INSTANCE, Wait(IMPATIENT, name))

    with pytest.raises((StackError, KeyError), match=message):
        raise next(iter(walk({"i-1": set()}, work, machines).failed.values()))


class Gone:
    """A service that knows a thing no more, and says so."""

    def __call__(self, service: str) -> Gone:
        return self

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        assert arguments == {"CertificateArn": "arn"}
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, operation)


def test_one_that_is_gone_is_not_waited_for_for_ever() -> None:
    kind = REGISTRY["certificate"]
    waiter = replace(kind.awaited["arn"], timeout=0.2, delay=0.05)

    def work(name: str) -> Work:
        yield Await(kind, Wait(waiter, name))

    message = str(walk({"arn": set()}, work, Gone()).failed[step("arn")])
    assert message.startswith("arn is not issued after 0 s (it is not listed). ACM must find its records")
    assert message.endswith("? Run again to go on waiting")


def test_what_will_never_be_ready_is_a_failure_at_once() -> None:
    machines = Machines(after=0)
    machines.state = "terminated"

    def work(name: str) -> Work:
        yield Await(INSTANCE, Wait(UP, name))

    assert "it is terminated" in str(walk({"i-1": set()}, work, machines).failed[step("i-1")])
