# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another type for an instance: what AWS would reject is found before the instance stops, and whatever AWS rejects
later, the instance runs in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
    ResourceUpdate,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2.instance_changes import (
    PREVIOUS_TYPE,
    set_type,
    start,
)
from ansible_collections.groundwork.aws.plugins.module_utils._resources.ec2.instance_types import (
    InstanceTypes,
    compare,
    find_problems,
    find_rejected,
)

INSTANCE = {
    "InstanceId": "i-1",
    "InstanceType": "t3.micro",
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "EnaSupport": True,
    "Placement": {"AvailabilityZone": "us-east-1a"},
    "State": {"Name": "running"},
}
SMALL = {
    "InstanceType": "t3.small",
    "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
    "SupportedVirtualizationTypes": ["hvm"],
    "NetworkInfo": {"EnaSupport": "required"},
}


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, operation)


class Machine:
    """EC2 with one instance, which rejects some types when they are set, and some when it starts."""

    def __init__(self, state: str = "running", described: Any = (SMALL,), offered: bool = True) -> None:
        self.state, self.type = state, "t3.micro"
        self.described, self.offered = list(described), offered
        self.rejected_when_set: set[str] = set()
        self.rejected_when_started: set[str] = set()
        self.forbidden = False
        self.stops = 0
        self.tags: dict[str, str] = {}
        self.denied: set[str] = set()
        self.dies_at_start = False

    @property
    def instance(self) -> dict[str, Any]:
        return {**INSTANCE, "State": {"Name": self.state}, "InstanceType": self.type}

    def pages(self, operation: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self.forbidden:
            raise refusal("UnauthorizedOperation", operation)
        if operation == "describe_instance_types":
            return [{"InstanceTypes": self.described}]
        return [{"InstanceTypeOfferings": [{}] if self.offered else []}]

    def create_tags(self, Resources: list[str], Tags: list[dict[str, str]]) -> None:  # noqa: N803
        self.tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def delete_tags(self, Resources: list[str], Tags: list[dict[str, str]]) -> None:  # noqa: N803
        assert self.state == "running", "the note must survive until the instance runs"
        for tag in Tags:
            self.tags.pop(tag["Key"], None)

    def stop_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803
        self.stops += 1
        self.state = "stopped"

    def start_instances(self, InstanceIds: list[str]) -> None:  # noqa: N803
        if self.dies_at_start:
            raise KeyboardInterrupt
        if "StartInstances" in self.denied:
            raise refusal("UnauthorizedOperation", "StartInstances")
        if self.type in self.rejected_when_started:
            raise refusal("InsufficientInstanceCapacity", "StartInstances")
        self.state = "running"

    def modify_instance_attribute(self, InstanceId: str, InstanceType: dict[str, str]) -> None:  # noqa: N803
        assert self.state == "stopped"
        if "ModifyInstanceAttribute" in self.denied:
            raise refusal("UnauthorizedOperation", "ModifyInstanceAttribute")
        if InstanceType["Value"] in self.rejected_when_set:
            raise refusal("InvalidInstanceAttributeValue", "ModifyInstanceAttribute")
        self.type = InstanceType["Value"]


def change(machine: Machine, desired: str = "t3.small") -> None:
    for _wait in set_type(machine, edit_of(machine, desired)):
        pass


def bring_back(machine: Machine) -> None:
    for _wait in start(machine, edit_of(machine, machine.type)):
        pass


def edit_of(machine: Machine, desired: str) -> ResourceUpdate:
    actual = ActualResource(
        "instance", "app-1", "i-1", {"type": machine.type}, {}, dict(machine.tags), machine.instance
    )
    resource = ResolvedResource("instance/app-1", "shop-app-1", {"type": desired}, {}, Scope("shop", "us-east-1"))
    return ResourceUpdate(actual, resource, frozenset({"type"}))


def test_the_type_is_changed_and_the_instance_started() -> None:
    machine = Machine()
    change(machine)
    assert (machine.state, machine.type, machine.stops) == ("running", "t3.small", 1)


@pytest.mark.parametrize(
    ("machine", "reason"),
    [
        (Machine(described=()), "there is no instance type t3.small in this region"),
        (Machine(offered=False), "t3.small is not offered in us-east-1a"),
        (
            Machine(described=[{**SMALL, "ProcessorInfo": {"SupportedArchitectures": ["arm64"]}}]),
            "t3.small runs arm64, and the instance is x86_64",
        ),
    ],
)
def test_a_type_that_cannot_be_had_does_not_stop_the_instance(machine: Machine, reason: str) -> None:
    with pytest.raises(StackError, match=f"^{reason}. The instance was not stopped: choose another type"):
        change(machine)
    assert (machine.state, machine.type, machine.stops) == ("running", "t3.micro", 0)


def test_an_instance_that_an_earlier_run_left_stopped_is_started_although_its_type_cannot_be_had() -> None:
    machine = Machine(state="stopped", offered=False)
    with pytest.raises(StackError, match=r"was started again as t3\.micro"):
        change(machine)
    assert (machine.state, machine.type) == ("running", "t3.micro")


@pytest.mark.parametrize("moment", ["rejected_when_set", "rejected_when_started"])
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_type_that_aws_rejects_leaves_the_instance_running_with_its_old_one(moment: str, state: str) -> None:
    machine = Machine(state=state)
    getattr(machine, moment).add("t3.small")
    with pytest.raises(StackError, match=r": No\. The instance was started again (as|and still is) t3\.micro"):
        change(machine)
    assert (machine.state, machine.type, machine.tags) == ("running", "t3.micro", {})


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_type_change_that_is_forbidden_leaves_the_instance_running(state: str) -> None:
    machine = Machine(state=state)
    machine.denied.add("ModifyInstanceAttribute")
    with pytest.raises(StackError, match=r"UnauthorizedOperation.* was started again and still is t3\.micro"):
        change(machine)
    assert (machine.state, machine.type) == ("running", "t3.micro")


def kill_type_change_before_start() -> Machine:
    machine = Machine()
    machine.dies_at_start = True
    with pytest.raises(KeyboardInterrupt):
        change(machine)
    machine.dies_at_start = False
    assert (machine.state, machine.type) == ("stopped", "t3.small")
    return machine


def test_the_run_after_a_killed_type_change_starts_the_instance_with_the_new_type() -> None:
    machine = kill_type_change_before_start()
    bring_back(machine)
    assert (machine.state, machine.type) == ("running", "t3.small")


def test_the_run_after_a_killed_type_change_restores_the_previous_type_if_the_new_one_does_not_start() -> None:
    machine = kill_type_change_before_start()
    machine.rejected_when_started.add("t3.small")
    with pytest.raises(StackError, match=r"changed its type to t3\.small .* started again as t3\.micro: choose"):
        bring_back(machine)
    assert (machine.state, machine.type, machine.tags) == ("running", "t3.micro", {})


def test_another_type_after_a_killed_type_change_falls_back_to_the_type_that_ran() -> None:
    machine = kill_type_change_before_start()
    machine.rejected_when_started |= {"t3.small", "t3.medium"}
    machine.described = [{**SMALL, "InstanceType": "t3.medium"}]
    with pytest.raises(StackError, match=r"started again as t3\.micro"):
        change(machine, "t3.medium")
    assert (machine.state, machine.type) == ("running", "t3.micro")


@pytest.mark.parametrize("tags", [{}, {PREVIOUS_TYPE: "t3.micro"}])
def test_an_instance_that_aws_does_not_start_is_reported_as_stopped(tags: dict[str, str]) -> None:
    machine = Machine(state="stopped")
    machine.tags = dict(tags)
    machine.denied.add("StartInstances")
    with pytest.raises(StackError, match=r"The instance i-1 is stopped and its type is t3\.micro"):
        bring_back(machine)


def test_an_instance_that_does_not_start_with_its_old_type_either_is_reported_as_stopped() -> None:
    machine = Machine()
    machine.rejected_when_started |= {"t3.small", "t3.micro"}
    with pytest.raises(
        StackError, match=r"It could not be started as t3\.micro either: .* The instance i-1 is stopped"
    ):
        change(machine)


def test_without_permission_to_ask_the_change_is_tried() -> None:
    machine = Machine()
    machine.forbidden = True
    assert find_problems(InstanceTypes(machine), machine.instance, "t3.small") == []


@pytest.mark.parametrize(
    ("instance", "described", "problems"),
    [
        ({}, {}, 0),
        ({}, {"InstanceType": "t3.small"}, 0),
        ({"Architecture": None}, SMALL, 0),
        ({"VirtualizationType": "paravirtual"}, SMALL, 1),
        ({"EnaSupport": False}, SMALL, 1),
        ({"EnaSupport": False}, {**SMALL, "NetworkInfo": {"EnaSupport": "supported"}}, 0),
        ({"Architecture": "arm64"}, SMALL, 1),
    ],
)
def test_only_what_aws_says_is_compared(instance: dict[str, Any], described: dict[str, Any], problems: int) -> None:
    assert len(compare({**INSTANCE, **instance}, described)) == problems


def test_each_type_is_asked_for_once_and_only_for_instances_that_get_another() -> None:
    machine = Machine(described=[{**SMALL, "ProcessorInfo": {"SupportedArchitectures": ["arm64"]}}])
    asked: list[str] = []
    pages = machine.pages
    machine.pages = lambda operation, arguments: asked.append(operation) or pages(operation, arguments)  # type: ignore[method-assign, func-returns-value]
    existing = [
        ActualResource("instance", f"app-{n}", f"i-{n}", {}, {}, {}, {**INSTANCE, "InstanceId": f"i-{n}"})
        for n in "123"
    ]
    after = [{"type": "t3.small"}, {"type": "t3.small"}, {"security_groups": ["sg-1"]}]
    found = find_rejected(machine, list(zip(existing, after, strict=True)))
    assert found == {name: ["t3.small runs arm64, and the instance is x86_64"] for name in ("i-1", "i-2")}
    assert asked == ["describe_instance_types"]
