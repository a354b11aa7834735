# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Data is not deleted by accident: what holds it goes only when it is named, and leaves a snapshot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rig.faults import Fail, named
from rig.runs import Outcome
from rig.stacks import DATA, NAME, Stack, assert_same

OTHER_SUBNET: Mapping[str, Any] = {"network": {"subnets": {"public": {"cidrs": ["10.0.7.0/24"]}}}}
ON_THE_WAY: Mapping[str, Any] = {"access": {"ssh_from": ["192.0.2.0/24"]}}

REFUSED: dict[str, Callable[[Stack], Outcome]] = {
    "deletion": lambda stack: stack.absent(allow_destroy=[]),
    "deletion, something else named": lambda stack: stack.absent(allow_destroy=["instance/app-2", "vpc/main"]),
    "replacement": lambda stack: stack.present({**OTHER_SUBNET, **ON_THE_WAY}),
    "deletion in check mode": lambda stack: stack.absent(check=True, allow_destroy=[]),
}


@pytest.mark.parametrize("which", list(REFUSED))
def test_deleting_data_is_rejected_and_nothing_is_changed(stack: Stack, which: str) -> None:
    stack.made()
    before = stack.account.state()
    outcome = REFUSED[which](stack)
    assert outcome.refused, str(outcome)
    assert f"allow_destroy: [{DATA}]" in outcome.message
    assert "othing was changed" in outcome.message
    assert outcome.actions[DATA] in ("delete", "replace"), "the plan is still shown"
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)


def final_snapshots(stack: Stack) -> list[dict[str, Any]]:
    filters = [{"Name": "tag:groundwork:final-stack", "Values": [NAME]}]
    found: list[dict[str, Any]] = stack.account.client("ec2").describe_snapshots(Filters=filters)["Snapshots"]
    return found


def root_volume(stack: Stack) -> str:
    item = stack.account.objects()[stack.id_of_instance()]
    return str(item["BlockDeviceMappings"][0]["Ebs"]["VolumeId"])


def test_an_allowed_deletion_leaves_a_final_snapshot(stack: Stack) -> None:
    stack.made()
    volume = root_volume(stack)
    outcome = stack.absent(allow_destroy=[DATA])
    assert outcome.ok, str(outcome)
    assert [snapshot["VolumeId"] for snapshot in final_snapshots(stack)] == [volume]
    names = stack.proxy.names()
    assert names.index("StopInstances") < names.index("CreateSnapshot") < names.index("TerminateInstances")
    stack.assert_empty()


def test_an_allowed_replacement_leaves_a_final_snapshot(stack: Stack) -> None:
    stack.made()
    volume, before = root_volume(stack), stack.id_of_instance()
    outcome = stack.present(OTHER_SUBNET, allow_destroy=[DATA])
    assert outcome.ok, str(outcome)
    assert outcome.actions[DATA] == "replace"
    assert [snapshot["VolumeId"] for snapshot in final_snapshots(stack)] == [volume]
    assert stack.id_of_instance() != before
    stack.assert_quiet(OTHER_SUBNET)


def test_a_resource_that_left_the_document_is_still_protected(stack: Stack) -> None:
    two = {"instances": {"app": {"count": 2}}}
    stack.made(two)
    before = stack.account.state()
    outcome = stack.present()
    assert outcome.refused, str(outcome)
    assert "allow_destroy: [instance/app-2]" in outcome.message
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)
    assert stack.present(allow_destroy=["instance/app-2"]).ok
    stack.assert_quiet()


def test_protection_is_removed_with_the_document(stack: Stack) -> None:
    """In two steps, as a person would: first say that it is not to be protected, then remove it."""
    unprotected = {"instances": {"app": {"protect": False}}}
    stack.made()
    outcome = stack.present(unprotected)
    assert outcome.ok, str(outcome)
    assert outcome.actions == {DATA: "update"}
    stack.assert_quiet(unprotected)
    down = stack.start(unprotected, state="absent").finish()
    assert down.ok, str(down)
    assert final_snapshots(stack) == []
    stack.assert_empty()


DENIED = Fail(status=403, code="UnauthorizedOperation", message="You are not authorized to perform this operation.")


def protection(stack: Stack) -> bool:
    answer = stack.account.client("ec2").describe_instance_attribute(
        InstanceId=stack.id_of_instance(), Attribute="disableApiTermination"
    )
    return bool(answer["DisableApiTermination"]["Value"])


@pytest.mark.long
def test_a_snapshot_from_before_the_instance_ran_again_is_not_its_final_one(stack: Stack) -> None:
    """A deletion fails after its snapshot, the instance serves again, and is deleted later: its new data is kept."""
    stack.made()
    volume = root_volume(stack)
    stack.proxy.faults.add(named("TerminateInstances"), DENIED)
    assert stack.absent().refused
    stack.proxy.faults.clear()
    first = final_snapshots(stack)
    assert [snapshot["VolumeId"] for snapshot in first] == [volume]
    again = stack.present()
    assert again.ok, str(again)
    outcome = stack.absent()
    assert outcome.ok, str(outcome)
    assert [snapshot["VolumeId"] for snapshot in final_snapshots(stack)] == [volume, volume]


@pytest.mark.long
def test_a_continued_deletion_uses_its_own_snapshot(stack: Stack) -> None:
    stack.made()
    stack.proxy.faults.add(named("TerminateInstances"), DENIED)
    assert stack.absent().refused
    assert stack.absent().refused
    stack.proxy.faults.clear()
    assert stack.absent().ok
    assert len(final_snapshots(stack)) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("refused", "left"),
    [
        ("TerminateInstances", r"it is stopped, the snapshot snap-\w+ of its volume vol-\w+ exists, its termin"),
        ("CreateSnapshot", r"was not terminated: it is stopped\. Run again"),
    ],
)
def test_a_failed_deletion_reports_the_state_and_the_next_run_restores_it(
    stack: Stack, refused: str, left: str
) -> None:
    stack.made()
    stack.proxy.faults.add(named(refused), DENIED)
    outcome = stack.absent()
    assert outcome.refused, str(outcome)
    assert re.search(left, outcome.message), outcome.message
    assert "run with state present to start" in outcome.message
    stack.proxy.faults.clear()
    again = stack.present()
    assert again.ok, str(again)
    assert protection(stack)
    stack.assert_quiet()
