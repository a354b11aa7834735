# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scheduler walks a graph in parallel, in order, past failures, and holds no threads while it waits for AWS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.condition import Condition, Wait, Waiter
from ansible_collections.groundwork.aws.plugins.module_utils._engine.graph import Step
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scheduler import (
    Await,
    Outcome,
    Pause,
    Schedule,
    Work,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._engine.waiter import Poller
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.acm import certificate

pytestmark = pytest.mark.usefixtures("no_waiting")
INSTANCE = REGISTRY["instance"]
UP = Waiter(Condition("up", "State.Name", ("running",), ("terminated",)), timeout=60, delay=0.01)
IMPATIENT = Waiter(Condition("up", "State.Name", ("running",)), timeout=0.3, delay=0.01)


class Machines:
    """Lists instances that run after some lists; records the ids of each call."""

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
    machines: Machines | Groups | Certificates | None = None,
    parallel: int = 4,
    stop: Callable[[], str | None] = lambda: None,
) -> Outcome:
    steps = {step(name): {step(need) for need in more} for name, more in needs.items()}
    with Poller(machines or Machines(), Scope("shop", "us-east-1")) as poller:
        return Schedule(steps, lambda item: work(item[1]), poller, parallel, stop).walk()


def nothing() -> Work:
    return
    yield


def test_each_step_runs_after_its_needs() -> None:
    resource: list[str] = []

    def work(name: str) -> Work:
        resource.append(name)
        yield Pause(0.01)

    outcome = walk({"c": {"b"}, "b": {"a"}, "a": set()}, work)
    assert resource == ["a", "b", "c"]
    assert list(outcome.done) == [step("a"), step("b"), step("c")]


def test_independent_steps_run_in_parallel() -> None:
    barrier = threading.Barrier(4, timeout=5)

    def work(name: str) -> Work:
        barrier.wait()
        return
        yield

    assert len(walk({name: set() for name in "abcd"}, work).done) == 4


class Groups:
    """Lists the members of one group at a time; the first list of each has a draining member."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, service: str) -> Groups:
        return self

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        group = arguments["TargetGroupArn"]
        self.asked.append(group)
        leaving = {"Target": {"Id": "i-1", "Port": 80}, "TargetHealth": {"State": "draining"}}
        return [{"TargetHealthDescriptions": [leaving] if self.asked.count(group) == 1 else []}]


def test_objects_in_several_parents_are_polled_for_in_each() -> None:
    target, groups = REGISTRY["target"], Groups()
    gone = Waiter(Condition("gone", "TargetHealth.State", (), absent_is_ready=True), timeout=60, delay=0.01)

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


def test_a_failure_stops_only_dependent_steps() -> None:
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


def test_a_lost_lock_lets_running_steps_finish() -> None:
    lost: list[str] = []

    def work(name: str) -> Work:
        yield Pause(0.01)
        lost.append("gone")

    outcome = walk({"a": set(), "b": {"a"}}, work, stop=lambda: lost[0] if lost else None)
    assert list(outcome.done) == [step("a")]
    assert outcome.not_started == [step("b")]


def test_many_objects_are_polled_for_by_one_call() -> None:
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
def test_a_wait_times_out(machines: Machines, message: str) -> None:
    def work(name: str) -> Work:
        yield Await(INSTANCE, Wait(IMPATIENT, name))

    with pytest.raises((StackError, KeyError), match=message):
        raise next(iter(walk({"i-1": set()}, work, machines).failed.values()))


class Certificates:
    """ACM with one certificate in a state; without a state it does not exist."""

    def __init__(self, status: str | None) -> None:
        self.status = status

    def __call__(self, service: str) -> Certificates:
        return self

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        assert arguments == {"CertificateArn": "arn"}
        if self.status is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no"}}, operation)
        return [{"Certificate": {"CertificateArn": "arn", "DomainName": "shop.test", "Status": self.status}}]


def wait_for_certificate(status: str | None) -> str:
    """The error of a wait for a certificate that stays in a state."""
    waiter = replace(certificate.ISSUED, timeout=0.2, delay=0.01)

    def work(name: str) -> Work:
        yield Await(REGISTRY["certificate"], Wait(waiter, name))

    return str(walk({"arn": set()}, work, Certificates(status)).failed[step("arn")])


def test_a_wait_for_an_object_that_does_not_exist_ends() -> None:
    message = wait_for_certificate(None)
    assert message.startswith("arn was deleted by another process while this run waited for it to be issued")


def test_a_wait_that_times_out_says_what_to_look_for() -> None:
    message = wait_for_certificate("PENDING_VALIDATION")
    assert message.startswith("arn is not issued after 0 s (it is PENDING_VALIDATION). ACM must find its records")
    assert message.endswith("? Run again to go on waiting")


def test_a_failed_state_ends_the_wait_at_once() -> None:
    machines = Machines(after=0)
    machines.state = "terminated"

    def work(name: str) -> Work:
        yield Await(INSTANCE, Wait(UP, name))

    assert "it is terminated" in str(walk({"i-1": set()}, work, machines).failed[step("i-1")])
