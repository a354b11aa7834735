# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registering and deregistering targets: decisions, waits, and messages after a timeout."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy import targets
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.targets import (
    TargetRequest,
    decide,
    find_target_group,
    move_target,
    read_health,
)

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "targets.yml").read_text(encoding="utf-8"))


def description(instance: str, state: str, **more: str) -> dict[str, Any]:
    return {"Target": {"Id": instance, "Port": 80}, "TargetHealth": {"State": state, **more}}


@dataclass
class Account:
    """A target group whose health is the next of several situations at each call; the last one stays."""

    situations: list[list[dict[str, Any]]]
    groups: dict[str, tuple[str, str]] = field(default_factory=lambda: {"arn:web": ("shop", "target_group/web")})
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def __call__(self, service: str) -> Account:
        assert service == "elbv2"
        return self

    def pages(self, operation: str, _request: Any) -> list[Any]:
        assert operation == "describe_target_groups"
        found = [{"TargetGroupArn": arn, "TargetGroupName": arn[4:], "Port": 80} for arn in self.groups]
        return [{"TargetGroups": found[:1]}, {"TargetGroups": found[1:]}]

    def describe_tags(self, ResourceArns: list[str]) -> Any:  # noqa: N803 - AWS's name
        assert len(ResourceArns) <= 20
        keys = ("groundwork:stack", "groundwork:resource")
        return {
            "TagDescriptions": [
                {
                    "ResourceArn": arn,
                    "Tags": [{"Key": k, "Value": v} for k, v in zip(keys, self.groups[arn], strict=True)],
                }
                for arn in ResourceArns
            ]
        }

    def describe_target_health(self, **_request: Any) -> Any:
        return {"TargetHealthDescriptions": self.situations.pop(0) if len(self.situations) > 1 else self.situations[0]}

    def register_targets(self, **request: Any) -> None:
        self.calls.append(("register", request))

    def deregister_targets(self, **request: Any) -> None:
        self.calls.append(("deregister", request))


def group(*situations: list[dict[str, Any]]) -> tuple[Account, Any]:
    account = Account(list(situations))
    return account, find_target_group(account, "shop", "us-east-1", "web")  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_decision_follows_the_health_of_all_targets(case: Any) -> None:
    health = [targets.TargetHealth(instance, 80, state) for instance, state in case["members"].items()]
    leaving = frozenset(case.get("leaving", ()))
    decision = decide(TargetRequest(case["request"], "i-1", case.get("minimum", 1), leaving=leaving), health)
    assert [decision.call, decision.until, decision.why] == case["decision"]


def test_a_drained_instance_has_left_the_group_when_the_call_returns() -> None:
    both = [description("i-1", "healthy"), description("i-2", "healthy")]
    leaving = [description("i-1", "draining"), description("i-2", "healthy")]
    account, found = group(both, leaving, leaving, both[1:])
    clock = FakeClock()
    changed, target, why = move_target(found, TargetRequest("drained", "i-1"), clock=clock)
    assert (changed, target.state, why) == (True, "absent", "")
    assert account.calls == [
        ("deregister", {"TargetGroupArn": "arn:web", "Targets": [{"Id": "i-1", "Port": 80}]}),
    ]
    assert len(clock.pauses) == 2


def test_a_registered_instance_is_waited_for_until_it_is_healthy() -> None:
    account, found = group([], [description("i-1", "initial")], [description("i-1", "healthy")])
    changed, target, _why = move_target(found, TargetRequest("healthy", "i-1"), clock=FakeClock())
    assert (changed, target.state) == (True, "healthy")
    assert [name for name, _request in account.calls] == ["register"]


def test_a_second_request_changes_nothing() -> None:
    account, found = group([description("i-1", "healthy")])
    assert move_target(found, TargetRequest("healthy", "i-1"))[0] is False
    assert account.calls == []


def test_check_mode_changes_nothing() -> None:
    account, found = group([description("i-1", "healthy"), description("i-2", "healthy")])
    changed, target, _why = move_target(found, TargetRequest("drained", "i-1"), check=True)
    assert (changed, target.state) == (True, "healthy")
    assert account.calls == []


def test_a_timeout_is_an_error_with_the_reason() -> None:
    sick = description("i-1", "unhealthy", Reason="Target.ResponseCodeMismatch", Description="codes: [500]")
    _account, found = group([sick, description("i-2", "healthy")])
    with pytest.raises(StackError) as raised:
        move_target(found, TargetRequest("healthy", "i-1", timeout=0), clock=FakeClock())
    assert str(raised.value) == (
        "i-1 has not become healthy in target group web after 0 s: it is unhealthy "
        "(Target.ResponseCodeMismatch: codes: [500]). It is left as it is; 1 other targets are healthy. "
        "Run again to go on waiting."
    )


def test_the_health_of_all_target_groups_of_the_stack_is_read() -> None:
    sick = description("i-2", "unhealthy", Reason="Target.Timeout", Description="Request timed out")
    owners = {"arn:web": ("shop", "target_group/web"), "arn:other": ("other", "target_group/web")}
    account = Account([[description("i-1", "healthy"), sick]], owners)
    found = read_health(account, "shop", "us-east-1")  # type: ignore[arg-type]
    assert {name: {id: (one.state, one.why) for id, one in group.items()} for name, group in found.items()} == {
        "web": {"i-1": ("healthy", ""), "i-2": ("unhealthy", "Target.Timeout: Request timed out")}
    }
    assert read_health(Account([[]], {}), "shop", "us-east-1") == {}  # type: ignore[arg-type]
    assert account.calls == []


@pytest.mark.parametrize("owners", [[], [("shop", "target_group/api")], [("other", "target_group/web")]])
def test_a_service_without_a_target_group_is_an_error(owners: list[tuple[str, str]]) -> None:
    account = Account([[]], {f"arn:{number}": owner for number, owner in enumerate(owners)})
    with pytest.raises(StackError, match="stack shop has 0 target groups for web"):
        find_target_group(account, "shop", "us-east-1", "web")  # type: ignore[arg-type]


def test_a_target_group_is_found_among_those_of_other_stacks() -> None:
    groups = {f"arn:{number}": ("other", "target_group/web") for number in range(30)}
    account = Account([[]], {**groups, "arn:web": ("shop", "target_group/web")})
    assert find_target_group(account, "shop", "us-east-1", "web").arn == "arn:web"  # type: ignore[arg-type]


@pytest.mark.parametrize("state", ["healthy", "drained"])
def test_a_wait_ends_after_its_timeout(state: str) -> None:
    stuck = description("i-1", "unhealthy" if state == "healthy" else "draining")
    _account, found = group([stuck])
    clock = FakeClock()
    with pytest.raises(StackError, match="after 60 s"):
        move_target(found, TargetRequest(state, "i-1", timeout=60), clock=clock)
    assert clock.now() == pytest.approx(60)


def test_an_instance_that_another_client_deregisters_is_an_error() -> None:
    _account, found = group([], [description("i-1", "initial")], [])
    with pytest.raises(StackError, match="another client deregistered i-1"):
        move_target(found, TargetRequest("healthy", "i-1"), clock=FakeClock())
