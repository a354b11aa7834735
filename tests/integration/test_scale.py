# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of scaling, each by itself: what is named is done, and everything else stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from rig.stacks import Stack, Stacks, base_of

SCALED = base_of("scaled")


def web(**instances: Any) -> dict[str, Any]:
    return {"services": {"web": {"instances": instances}}}


@pytest.fixture
def stack(stacks: Stacks) -> Stack:
    made = stacks(SCALED)
    made.made()
    return made


def targets(stack: Stack) -> set[str]:
    answer = stack.account.client("elbv2").describe_target_health(TargetGroupArn=stack.id_of("target_group/web"))
    return {one["Target"]["Id"] for one in answer["TargetHealthDescriptions"]}


def machines(stack: Stack) -> dict[str, str]:
    """The type of each instance that runs, by its id."""
    found = stack.account.client("ec2").describe_instances()["Reservations"]
    listed = [one for item in found for one in item["Instances"] if one["State"]["Name"] == "running"]
    return {one["InstanceId"]: one["InstanceType"] for one in listed}


def left(outcome: Any) -> dict[str, str]:
    return {change["address"]: change["part"] for change in outcome.result["left"]}


def test_a_service_is_scaled_out_and_in_step_by_step(stack: Stack) -> None:
    two, more = machines(stack), web(count=3)
    provisioned = stack.present(more, traffic=False)
    assert provisioned.actions == {"instance/web-3": "create"}
    assert left(provisioned) == {"target/web--web-3": "join"}
    assert targets(stack) == two.keys() < machines(stack).keys()
    assert stack.present(more, only=["target/web--web-3"]).ok
    assert targets(stack) == machines(stack).keys()
    stack.assert_quiet(more)

    kept = stack.present(traffic=False)
    assert kept.ok, str(kept)
    assert not kept.changed
    assert left(kept) == {"instance/web-3": "retire", "target/web--web-3": "retire"}
    alone = stack.present(only=["instance/web-3"])
    assert alone.refused
    assert "instance/web-3: target/web--web-3 uses it, and is not selected" in alone.message
    assert len(machines(stack)) == 3
    gone = stack.present(only=[*left(kept)])
    assert gone.actions == {"instance/web-3": "delete", "target/web--web-3": "delete"}
    assert targets(stack) == machines(stack).keys() == two.keys()
    stack.assert_quiet()


def test_types_change_one_by_one(stack: Stack) -> None:
    larger = web(type="t3.small")
    answer = {change["address"]: change["part"] for change in stack.info(larger).result["plan"]}
    assert answer == {"instance/web-1": "resize", "instance/web-2": "resize"}
    assert not stack.present(larger, traffic=False).changed
    assert set(machines(stack).values()) == {"t3.micro"}
    first = stack.present(larger, only=["instance/web-1"])
    assert first.ok, str(first)
    assert (first.actions, left(first)) == ({"instance/web-1": "update"}, {"instance/web-2": "resize"})
    assert machines(stack)[stack.id_of_instance("instance/web-1")] == "t3.small"
    assert machines(stack)[stack.id_of_instance("instance/web-2")] == "t3.micro"
    assert stack.present(larger, only=["instance/web-2"]).ok
    stack.assert_quiet(larger)


def test_resources_outside_only_are_not_changed(stack: Stack) -> None:
    changed = {**web(count=3), "tags": {"team": "blue"}, "access": {"ssh_from": ["203.0.113.0/24"]}}
    outcome = stack.present(changed, only=["security_group/web"])
    assert outcome.actions == {"security_group/web": "update"}
    assert "instance/web-3" in left(outcome)
    assert len(machines(stack)) == 2
    unknown = stack.present(changed, only=["instance/wbe-3"])
    assert unknown.refused
    assert "only: instance/wbe-3: is neither in the topology nor in the account" in unknown.message


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (5, "services.web.instances.count: 5 is more than max, 4 (lower it, or raise max)"),
        (0, "services.web.instances.count: 0 is not a number of instances"),
    ],
)
def test_a_count_out_of_its_range_is_refused(stack: Stack, count: int, text: str) -> None:
    outcome = stack.present(web(count=count))
    assert outcome.refused
    assert text in outcome.message
