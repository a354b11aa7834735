# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to an instance that exists. Each function can be run again after it died anywhere in between."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from .._aws.errors import StackError, is_not_found, is_uncertain, join_sentences, taken_as_done, tell
from .._aws.sdk import ClientError
from .._aws.tags import RESOURCE, STACK, as_list, is_protected, specification
from . import ec2
from .instance_types import find_problems
from .resource import Client, Edit, Live, Raw, Tagging, Wait, Waiter, dig

TERMINATION = "groundwork:termination-protection"
FINAL = "groundwork:final-snapshot-of"
# The type that an instance last ran with, written before a change of type and removed when the instance runs again. It
# is not among the type's own tags, so that the planner removes it after a run that died before it could.
PREVIOUS_TYPE = "groundwork:previous-type"
# Value of the tag TERMINATION while a deletion lifts the protection: a later `present` sets it again.
LIFTED = "lifted"
# DescribeInstances, StateTransitionReason: "User initiated (2026-01-31 12:00:00 GMT)". It has no time after a shutdown
# from inside the instance.
STOP_TIME = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")

INSTANCES = ec2.listing("describe_instances", "Reservations.Instances", "instance-id")
VOLUMES = ec2.listing("describe_volumes", "Volumes", "volume-id")
SNAPSHOTS = ec2.listing("describe_snapshots", "Snapshots", "snapshot-id", OwnerIds=["self"])

GONE = ("shutting-down", "terminated")
RUNNING = Waiter("running", "State.Name", ("running",), GONE, coming=("pending",), timeout=600)
STOPPED = Waiter("stopped", "State.Name", ("stopped",), GONE, timeout=900)
TERMINATED = Waiter("terminated", "State.Name", ("terminated",), absent_is_ready=True, timeout=900)
SNAPPED = Waiter(
    "final snapshot", "State", ("completed",), ("error",), timeout=7200, delay=15, listing=SNAPSHOTS, id="SnapshotId"
)


def root_volume(instance: Mapping[str, Any]) -> Raw | None:
    """The volume that the instance boots from, None when it is not known (an adopted one that bears no tags)."""
    root = instance.get("RootDeviceName")
    for volume in instance.get("Volumes", ()) if root else ():
        attached = [one for one in volume.get("Attachments", ()) if one.get("InstanceId") == instance.get("InstanceId")]
        if any(one.get("Device") == root for one in attached):
            found: Raw = volume
            return found
    return None


def metadata(options: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata options as AWS takes them."""
    return {
        "HttpTokens": options["http_tokens"],
        "HttpPutResponseHopLimit": options["hop_limit"],
        "InstanceMetadataTags": options["instance_tags"],
    }


def _volumes(live: Live) -> list[str]:
    """The volumes of an instance that bear the stack's tags, and all that AWS deletes together with it."""
    found = [volume["VolumeId"] for volume in live.raw.get("Volumes", ())]
    disks = [mapping.get("Ebs") or {} for mapping in live.raw.get("BlockDeviceMappings", ())]
    going = [disk["VolumeId"] for disk in disks if disk.get("VolumeId") and disk.get("DeleteOnTermination")]
    return list(dict.fromkeys([*found, *going]))


def _parts(live: Live) -> list[str]:
    """An instance and the volumes attached to it: they bear the same tags, by which volumes are found."""
    volumes = (dig(mapping, "Ebs.VolumeId") for mapping in live.raw.get("BlockDeviceMappings", ()))
    return [live.id, *(volume for volume in volumes if volume)]


def _write_tags(client: Client, live: Live, tags: Mapping[str, str]) -> None:
    client.create_tags(Resources=_parts(live), Tags=as_list(tags))


def _remove_tags(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.delete_tags(Resources=_parts(live), Tags=[{"Key": key} for key in keys])


TAGGING = Tagging(ec2.TAGGING.read, _write_tags, _remove_tags)


def set_type(client: Client, edit: Edit) -> Iterator[Wait]:
    """Change the type, for which the instance must be stopped. If AWS refuses that, start it with the previous type.

    StackError when the change was refused, before the instance was stopped or after.
    """
    instance, wanted = edit.live.raw, edit.order.properties["type"]
    current, is_down = instance["InstanceType"], instance["State"]["Name"] in ("stopping", "stopped")
    # An instance that is down may have a type from an interrupted change, with which it never started.
    previous = (edit.live.tags.get(PREVIOUS_TYPE) if is_down else None) or current
    problems = find_problems(client, instance, wanted)
    if problems:
        # Stopped by an earlier run that AWS rejected, say: the service matters more than its type.
        if is_down:
            yield from start(client, edit)
        state = f"was started again as {current}" if is_down else "was not stopped"
        raise StackError(join_sentences("; ".join(problems), f"The instance {state}: choose another type"))
    client.create_tags(Resources=[edit.live.id], Tags=as_list({PREVIOUS_TYPE: previous}))
    if instance["State"]["Name"] != "stopped":
        client.stop_instances(InstanceIds=[edit.live.id])
        yield Wait(STOPPED, edit.live.id)
    is_changed = current != previous
    try:
        _modify_type(client, edit.live.id, wanted)
        is_changed = True
        client.start_instances(InstanceIds=[edit.live.id])
    except ClientError as error:
        rejected, is_changed = tell(error), is_changed or is_uncertain(error)
    else:
        yield from _await_start(client, edit.live.id)
        return
    yield from _start_as(client, edit.live.id, previous, rejected, is_changed)
    raise StackError(
        join_sentences(rejected, f"The instance was started again as {previous}: choose another type")
        if is_changed
        else join_sentences(rejected, f"The instance was started again and still is {previous}")
    )


def _modify_type(client: Client, identifier: str, name: str) -> None:
    client.modify_instance_attribute(InstanceId=identifier, InstanceType={"Value": name})


def _start_as(client: Client, identifier: str, previous: str, rejected: str, is_changed: bool) -> Iterator[Wait]:
    """Start an instance with its previous type, which is set again only if it has changed (setting may be forbidden).

    ``rejected`` says why it does not get the other type. StackError when it remains stopped.
    """
    try:
        if is_changed:
            _modify_type(client, identifier, previous)
        client.start_instances(InstanceIds=[identifier])
    except ClientError as error:
        problem = f"It could not be started as {previous} either: {tell(error)}"
        raise StackError(
            join_sentences(rejected, problem, f"The instance {identifier} is stopped: start it")
        ) from error
    yield from _await_start(client, identifier)


def _await_start(client: Client, identifier: str) -> Iterator[Wait]:
    """Wait until an instance runs after a change of type, then remove the note of its previous type."""
    yield Wait(RUNNING, identifier)
    client.delete_tags(Resources=[identifier], Tags=[{"Key": PREVIOUS_TYPE}])


def start(client: Client, edit: Edit) -> Iterator[Wait]:
    """Start an instance that somebody, or a change of type that died, has stopped.

    If AWS refuses the type that an interrupted change has set, the instance is started with the previous one.
    StackError when the start was refused.
    """
    identifier, current = edit.live.id, edit.live.raw["InstanceType"]
    previous = edit.live.tags.get(PREVIOUS_TYPE)
    if edit.live.raw["State"]["Name"] == "stopping":
        yield Wait(STOPPED, identifier)
    try:
        client.start_instances(InstanceIds=[identifier])
    except ClientError as error:
        rejected = tell(error)
        if not previous or previous == current:
            state = f"The instance {identifier} is stopped and its type is {current}"
            advice = "Run again to start it, or choose another type"
            raise StackError(join_sentences(rejected, state, advice)) from error
    else:
        yield Wait(RUNNING, identifier)
        return
    yield from _start_as(client, identifier, previous, rejected, is_changed=True)
    state = f"An earlier run changed its type to {current} and did not start it"
    raise StackError(
        join_sentences(rejected, state, f"The instance was started again as {previous}: choose another type")
    )


def set_groups(client: Client, edit: Edit) -> None:
    client.modify_instance_attribute(InstanceId=edit.live.id, Groups=edit.order.properties["security_groups"])


def set_profile(client: Client, edit: Edit) -> None:
    filters = [
        {"Name": "instance-id", "Values": [edit.live.id]},
        {"Name": "state", "Values": ["associating", "associated"]},
    ]
    found = client.describe_iam_instance_profile_associations(Filters=filters)["IamInstanceProfileAssociations"]
    profile = edit.order.properties["instance_profile"]
    if not profile:
        for item in found:
            client.disassociate_iam_instance_profile(AssociationId=item["AssociationId"])
    elif found:
        client.replace_iam_instance_profile_association(
            AssociationId=found[0]["AssociationId"], IamInstanceProfile={"Name": profile}
        )
    else:
        client.associate_iam_instance_profile(InstanceId=edit.live.id, IamInstanceProfile={"Name": profile})


def set_metadata(client: Client, edit: Edit) -> None:
    client.modify_instance_metadata_options(InstanceId=edit.live.id, **metadata(edit.order.properties["metadata"]))


def set_volume(client: Client, edit: Edit) -> Iterator[Wait]:
    """Grow the root volume; the file system on it grows at the next boot."""
    root = root_volume(edit.live.raw)
    if root is None:
        return
    size, kind = edit.order.properties["volume.size"], edit.order.properties["volume.type"]
    with taken_as_done("IncorrectModificationState"):
        client.modify_volume(VolumeId=root["VolumeId"], Size=size, VolumeType=kind)
    # DescribeVolumes shows the old size until the modification has begun to take effect.
    yield Wait(Waiter("grown", "Size", (size,), timeout=600, listing=VOLUMES, id="VolumeId"), root["VolumeId"])


def set_protection(client: Client, edit: Edit) -> None:
    # The tag is what later runs read: it follows the fact, so that a run that died in between does both again.
    wanted = edit.order.properties["termination_protection"]
    client.modify_instance_attribute(InstanceId=edit.live.id, DisableApiTermination={"Value": wanted})
    client.create_tags(Resources=[edit.live.id], Tags=as_list({TERMINATION: str(wanted).lower()}))


def terminate(client: Client, live: Live) -> Iterator[Wait]:
    """Terminate an instance; stop one that holds data and keep its volumes as snapshots before.

    StackError when AWS refuses a step: it says what was done to the instance before that.
    """
    done: list[str] = []
    try:
        if is_protected(live.tags):
            yield from _keep_volumes(client, live, done)
        is_refused = live.properties.get("termination_protection") or live.tags.get(TERMINATION) == LIFTED
        if is_protected(live.tags) or is_refused:
            # The tag comes first: after a run that died in between, `present` still sees that protection is missing.
            client.create_tags(Resources=[live.id], Tags=as_list({TERMINATION: LIFTED}))
            client.modify_instance_attribute(InstanceId=live.id, DisableApiTermination={"Value": False})
            done.append("its termination protection is lifted")
        client.terminate_instances(InstanceIds=[live.id])
    except ClientError as error:
        if not done or is_not_found(error):
            raise
        state = f"The instance {live.id} was not terminated: {', '.join(done)}"
        advice = "Run again to delete it, or run with state present to start and protect it again as declared"
        raise StackError(join_sentences(tell(error), state, advice)) from error
    yield Wait(TERMINATED, live.id)


def _keep_volumes(client: Client, live: Live, done: list[str]) -> Iterator[Wait]:
    """Stop an instance and wait for a snapshot of each volume; what was done is added to ``done``, in words."""
    instance = _read(client, live)
    if instance["State"]["Name"] != "stopped":
        client.stop_instances(InstanceIds=[live.id])
    done.append("it is stopped")
    yield Wait(STOPPED, live.id)
    instance = _read(client, live)
    snapshots = []
    for volume in _volumes(live):
        snapshots.append(_final_snapshot(client, live, volume, _last_write(instance, volume)))
        done.append(f"the snapshot {snapshots[-1]} of its volume {volume} exists")
    for snapshot in snapshots:
        yield Wait(SNAPPED, snapshot)


def _read(client: Client, live: Live) -> Raw:
    """The instance as it is now: ``live`` was read before the run stopped it, and maybe before somebody started it."""
    reservations = client.describe_instances(InstanceIds=[live.id]).get("Reservations", ())
    found = [item for reservation in reservations for item in reservation["Instances"]]
    return {"State": live.raw["State"], **(found[0] if found else {})}


def _last_write(instance: Raw, volume: str) -> datetime | None:
    """The time after which a volume of a stopped instance was not written any more, None when AWS does not say it."""
    said = STOP_TIME.search(instance.get("StateTransitionReason") or "")
    if not said:
        return None
    stopped = datetime.strptime(said[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    disks = [mapping.get("Ebs") or {} for mapping in instance.get("BlockDeviceMappings", ())]
    # A volume that was detached for a while may have been written elsewhere.
    attached = [disk["AttachTime"] for disk in disks if disk.get("VolumeId") == volume and disk.get("AttachTime")]
    return max([stopped, *attached])


def _final_snapshot(client: Client, live: Live, volume: str, last_write: datetime | None) -> str:
    """The volume's final snapshot: that of an interrupted deletion if it has all data, else a new one."""
    filters = [{"Name": f"tag:{FINAL}", "Values": [volume]}, {"Name": "status", "Values": ["pending", "completed"]}]
    found = client.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    for snapshot in found if last_write else ():
        if snapshot.get("StartTime") and snapshot["StartTime"] >= last_write:
            return str(snapshot["SnapshotId"])
    tags = {
        FINAL: volume,
        "Name": f"{live.tags.get('Name', live.address)} final",
        # Not the stack's own tags: a snapshot outlives the stack and is no resource of it.
        "groundwork:final-stack": live.tags.get(STACK, ""),
        "groundwork:final-resource": live.tags.get(RESOURCE, ""),
    }
    answer = client.create_snapshot(
        VolumeId=volume,
        Description=f"Final snapshot of {live.address} ({live.id})",
        TagSpecifications=specification(tags, "snapshot"),
    )
    return str(answer["SnapshotId"])
