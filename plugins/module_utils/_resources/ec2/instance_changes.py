# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of an existing instance. Each function can run again after it was interrupted at any point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..._aws.errors import StackError, describe_error, ignore_errors, is_not_found, is_uncertain, join_sentences
from ..._aws.sdk import ClientError
from ..._aws.tags import RESOURCE, STACK, is_protected, tag_specification, tags_to_list
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import Raw, value_at
from ..._engine.resource_type import ActualResource, Client, ResourceUpdate, Tagging
from . import common as ec2
from .instance_types import InstanceTypes, find_problems

TERMINATION = "groundwork:termination-protection"
FINAL = "groundwork:final-snapshot-of"
# The type that an instance last ran with, written before a change of type and removed when the instance runs again. It
# is not among the own tags, so that the planner removes it after an interrupted run.
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
RUNNING = Waiter(Condition("running", "State.Name", ("running",), GONE, pending=("pending",)), timeout=600)
STOPPED = Waiter(Condition("stopped", "State.Name", ("stopped",), GONE), timeout=900)
TERMINATED = Waiter(Condition("terminated", "State.Name", ("terminated",), absent_is_ready=True), timeout=900)
FINAL_SNAPSHOT = Waiter(
    Condition("final snapshot", "State", ("completed",), ("error",)),
    timeout=7200,
    delay=15,
    listing=SNAPSHOTS,
    id_path="SnapshotId",
)


def root_volume(instance: Mapping[str, Any]) -> Raw | None:
    """The volume that the instance boots from; None when it is not known (an adopted one whose volume has no tags)."""
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


def _volumes(actual: ActualResource) -> list[str]:
    """The volumes of an instance that have the stack's tags, and those that AWS deletes with it."""
    found = [volume["VolumeId"] for volume in actual.raw.get("Volumes", ())]
    disks = [mapping.get("Ebs") or {} for mapping in actual.raw.get("BlockDeviceMappings", ())]
    going = [disk["VolumeId"] for disk in disks if disk.get("VolumeId") and disk.get("DeleteOnTermination")]
    return list(dict.fromkeys([*found, *going]))


def _parts(actual: ActualResource) -> list[str]:
    """An instance and its attached volumes: they have the same tags, by which volumes are found."""
    volumes = (value_at(mapping, "Ebs.VolumeId") for mapping in actual.raw.get("BlockDeviceMappings", ()))
    return [actual.id, *(volume for volume in volumes if volume)]


def _write_tags(client: Client, actual: ActualResource, tags: Mapping[str, str]) -> None:
    client.create_tags(Resources=_parts(actual), Tags=tags_to_list(tags))


def _remove_tags(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.delete_tags(Resources=_parts(actual), Tags=[{"Key": key} for key in keys])


TAGGING = Tagging(ec2.TAGGING.read, _write_tags, _remove_tags)


def set_type(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Change the type, for which the instance must be stopped. If AWS refuses that, start it with the previous type.

    StackError when the change was refused, before the instance was stopped or after.
    """
    instance, desired = update.actual.raw, update.desired.properties["type"]
    current, is_down = instance["InstanceType"], instance["State"]["Name"] in ("stopping", "stopped")
    # An instance that is down may have a type from an interrupted change, with which it never started.
    previous = (update.actual.tags.get(PREVIOUS_TYPE) if is_down else None) or current
    problems = find_problems(InstanceTypes(client), instance, desired)
    if problems:
        # An earlier run may have stopped it: the service matters more than its type.
        if is_down:
            yield from start(client, update)
        state = f"was started again as {current}" if is_down else "was not stopped"
        raise StackError(join_sentences("; ".join(problems), f"The instance {state}: choose another type"))
    client.create_tags(Resources=[update.actual.id], Tags=tags_to_list({PREVIOUS_TYPE: previous}))
    if instance["State"]["Name"] != "stopped":
        client.stop_instances(InstanceIds=[update.actual.id])
        yield Wait(STOPPED, update.actual.id)
    is_changed = current != previous
    try:
        _modify_type(client, update.actual.id, desired)
        is_changed = True
        client.start_instances(InstanceIds=[update.actual.id])
    except ClientError as error:
        rejected, is_changed = describe_error(error), is_changed or is_uncertain(error)
    else:
        yield from _await_start(client, update.actual.id)
        return
    yield from _start_as(client, update.actual.id, previous, rejected, is_changed)
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
        problem = f"It could not be started as {previous} either: {describe_error(error)}"
        raise StackError(
            join_sentences(rejected, problem, f"The instance {identifier} is stopped: start it")
        ) from error
    yield from _await_start(client, identifier)


def _await_start(client: Client, identifier: str) -> Iterator[Wait]:
    """Wait until an instance runs after a change of type, then remove the note of its previous type."""
    yield Wait(RUNNING, identifier)
    client.delete_tags(Resources=[identifier], Tags=[{"Key": PREVIOUS_TYPE}])


def start(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Start an instance that was stopped by hand or by an interrupted change of type.

    If AWS refuses the type that an interrupted change has set, the instance is started with the previous one.
    StackError when the start was refused.
    """
    identifier, current = update.actual.id, update.actual.raw["InstanceType"]
    previous = update.actual.tags.get(PREVIOUS_TYPE)
    if update.actual.raw["State"]["Name"] == "stopping":
        yield Wait(STOPPED, identifier)
    try:
        client.start_instances(InstanceIds=[identifier])
    except ClientError as error:
        rejected = describe_error(error)
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


def set_groups(client: Client, update: ResourceUpdate) -> None:
    client.modify_instance_attribute(InstanceId=update.actual.id, Groups=update.desired.properties["security_groups"])


def set_profile(client: Client, update: ResourceUpdate) -> None:
    filters = [
        {"Name": "instance-id", "Values": [update.actual.id]},
        {"Name": "state", "Values": ["associating", "associated"]},
    ]
    found = client.describe_iam_instance_profile_associations(Filters=filters)["IamInstanceProfileAssociations"]
    profile = update.desired.properties["instance_profile"]
    if not profile:
        for item in found:
            client.disassociate_iam_instance_profile(AssociationId=item["AssociationId"])
    elif found:
        client.replace_iam_instance_profile_association(
            AssociationId=found[0]["AssociationId"], IamInstanceProfile={"Name": profile}
        )
    else:
        client.associate_iam_instance_profile(InstanceId=update.actual.id, IamInstanceProfile={"Name": profile})


def set_metadata(client: Client, update: ResourceUpdate) -> None:
    client.modify_instance_metadata_options(
        InstanceId=update.actual.id, **metadata(update.desired.properties["metadata"])
    )


def set_volume(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Change the size, type or IOPS of the root volume; a file system grows at the next boot."""
    root = root_volume(update.actual.raw)
    if root is None:
        return
    desired = update.desired.properties
    size, iops = desired["volume.size"], desired["volume.iops"]
    optional = {} if iops is None else {"Iops": iops}
    with ignore_errors("IncorrectModificationState"):
        client.modify_volume(VolumeId=root["VolumeId"], Size=size, VolumeType=desired["volume.type"], **optional)
    # DescribeVolumes shows the old size until the modification has begun to take effect.
    grown = Waiter(Condition("grown", "Size", (size,)), timeout=600, listing=VOLUMES, id_path="VolumeId")
    yield Wait(grown, root["VolumeId"])


def set_protection(client: Client, update: ResourceUpdate) -> None:
    # The tag is what later runs read: it follows the fact, so that a run that died in between does both again.
    desired = update.desired.properties["termination_protection"]
    client.modify_instance_attribute(InstanceId=update.actual.id, DisableApiTermination={"Value": desired})
    client.create_tags(Resources=[update.actual.id], Tags=tags_to_list({TERMINATION: str(desired).lower()}))


def terminate(client: Client, actual: ActualResource) -> Iterator[Wait]:
    """Terminate an instance; stop one that holds data and keep its volumes as snapshots before.

    StackError when AWS refuses a step: it says what was done to the instance before that.
    """
    done: list[str] = []
    try:
        if is_protected(actual.tags):
            yield from _keep_volumes(client, actual, done)
        is_refused = actual.properties.get("termination_protection") or actual.tags.get(TERMINATION) == LIFTED
        if is_protected(actual.tags) or is_refused:
            # The tag comes first: after a run that died in between, `present` still sees that protection is missing.
            client.create_tags(Resources=[actual.id], Tags=tags_to_list({TERMINATION: LIFTED}))
            client.modify_instance_attribute(InstanceId=actual.id, DisableApiTermination={"Value": False})
            done.append("its termination protection is lifted")
        client.terminate_instances(InstanceIds=[actual.id])
    except ClientError as error:
        if not done or is_not_found(error):
            raise
        state = f"The instance {actual.id} was not terminated: {', '.join(done)}"
        advice = "Run again to delete it, or run with state present to start and protect it again as declared"
        raise StackError(join_sentences(describe_error(error), state, advice)) from error
    yield Wait(TERMINATED, actual.id)


def _keep_volumes(client: Client, actual: ActualResource, done: list[str]) -> Iterator[Wait]:
    """Stop an instance and wait for a snapshot of each volume; what was done is added to ``done``, in words."""
    instance = _read(client, actual)
    if instance["State"]["Name"] != "stopped":
        client.stop_instances(InstanceIds=[actual.id])
    done.append("it is stopped")
    yield Wait(STOPPED, actual.id)
    instance = _read(client, actual)
    snapshots = []
    for volume in _volumes(actual):
        snapshots.append(_final_snapshot(client, actual, volume, _last_write(instance, volume)))
        done.append(f"the snapshot {snapshots[-1]} of its volume {volume} exists")
    for snapshot in snapshots:
        yield Wait(FINAL_SNAPSHOT, snapshot)


def _read(client: Client, actual: ActualResource) -> Raw:
    """The instance as it is now: ``actual`` was read before the run stopped it, or before it was started by hand."""
    reservations = client.describe_instances(InstanceIds=[actual.id]).get("Reservations", ())
    found = [item for reservation in reservations for item in reservation["Instances"]]
    return {"State": actual.raw["State"], **(found[0] if found else {})}


def _last_write(instance: Raw, volume: str) -> datetime | None:
    """The time of the last possible write to a volume of a stopped instance, None when AWS does not return it."""
    said = STOP_TIME.search(instance.get("StateTransitionReason") or "")
    if not said:
        return None
    stopped = datetime.strptime(said[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    disks = [mapping.get("Ebs") or {} for mapping in instance.get("BlockDeviceMappings", ())]
    # A volume that was detached for a while may have been written elsewhere.
    attached = [disk["AttachTime"] for disk in disks if disk.get("VolumeId") == volume and disk.get("AttachTime")]
    return max([stopped, *attached])


def _final_snapshot(client: Client, actual: ActualResource, volume: str, last_write: datetime | None) -> str:
    """The volume's final snapshot: that of an interrupted deletion if it has all data, else a new one."""
    filters = [{"Name": f"tag:{FINAL}", "Values": [volume]}, {"Name": "status", "Values": ["pending", "completed"]}]
    found = client.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    for snapshot in found if last_write else ():
        if snapshot.get("StartTime") and snapshot["StartTime"] >= last_write:
            return str(snapshot["SnapshotId"])
    tags = {
        FINAL: volume,
        "Name": f"{actual.tags.get('Name', actual.address)} final",
        # Not the stack's own tags: a snapshot outlives the stack and is no resource of it.
        "groundwork:final-stack": actual.tags.get(STACK, ""),
        "groundwork:final-resource": actual.tags.get(RESOURCE, ""),
    }
    answer = client.create_snapshot(
        VolumeId=volume,
        Description=f"Final snapshot of {actual.address} ({actual.id})",
        TagSpecifications=tag_specification(tags, "snapshot"),
    )
    return str(answer["SnapshotId"])
