# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to an instance that exists. Each function can be run again after it died anywhere in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._aws.errors import StackError, join_sentences, taken_as_done, tell
from .._aws.sdk import ClientError
from .._aws.tags import RESOURCE, STACK, as_list, is_protected, specification
from . import ec2
from .instance_types import find_problems
from .resource import Client, Edit, Live, Raw, Tagging, Wait, Waiter, dig

TERMINATION = "groundwork:termination-protection"
FINAL = "groundwork:final-snapshot-of"

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
    """Change the type, for which the instance must be stopped. Where AWS rejects the new type, the old one is started.

    StackError when the type was rejected, before the instance was stopped or after.
    """
    instance, wanted = edit.live.raw, edit.order.properties["type"]
    current, is_down = instance["InstanceType"], instance["State"]["Name"] in ("stopping", "stopped")
    problems = find_problems(client, instance, wanted)
    if problems:
        # Stopped by an earlier run that AWS rejected, say: the service matters more than its type.
        if is_down:
            yield from start(client, edit)
        state = f"was started again as {current}" if is_down else "was not stopped"
        raise StackError(join_sentences("; ".join(problems), f"The instance {state}: choose another type"))
    client.stop_instances(InstanceIds=[edit.live.id])
    yield Wait(STOPPED, edit.live.id)
    try:
        _modify_type(client, edit.live.id, wanted)
        client.start_instances(InstanceIds=[edit.live.id])
    except ClientError as error:
        rejected = tell(error)
    else:
        yield Wait(RUNNING, edit.live.id)
        return
    yield from _start_as(client, edit.live.id, current, rejected)
    raise StackError(join_sentences(rejected, f"The instance was started again as {current}: choose another type"))


def _modify_type(client: Client, identifier: str, name: str) -> None:
    client.modify_instance_attribute(InstanceId=identifier, InstanceType={"Value": name})


def _start_as(client: Client, identifier: str, current: str, rejected: str) -> Iterator[Wait]:
    """Start an instance with the type that it had; ``rejected`` is why it does not get the other one."""
    try:
        _modify_type(client, identifier, current)
        client.start_instances(InstanceIds=[identifier])
    except ClientError as error:
        problem = f"It could not be started as {current} either: {tell(error)}"
        raise StackError(
            join_sentences(rejected, problem, f"The instance {identifier} is stopped: start it")
        ) from error
    yield Wait(RUNNING, identifier)


def start(client: Client, edit: Edit) -> Iterator[Wait]:
    """Bring back an instance that somebody, or a change of type that died, has stopped."""
    if edit.live.raw["State"]["Name"] == "stopping":
        yield Wait(STOPPED, edit.live.id)
    client.start_instances(InstanceIds=[edit.live.id])
    yield Wait(RUNNING, edit.live.id)


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
    """Terminate; one that holds data is stopped and its volumes are kept as snapshots before."""
    if is_protected(live.tags):
        client.stop_instances(InstanceIds=[live.id])
        yield Wait(STOPPED, live.id)
        for snapshot in [_final_snapshot(client, live, volume) for volume in _volumes(live)]:
            yield Wait(SNAPPED, snapshot)
    if is_protected(live.tags) or live.properties.get("termination_protection"):
        client.modify_instance_attribute(InstanceId=live.id, DisableApiTermination={"Value": False})
    client.terminate_instances(InstanceIds=[live.id])
    yield Wait(TERMINATED, live.id)


def _final_snapshot(client: Client, live: Live, volume: str) -> str:
    """The volume's final snapshot, made unless a run that died has made it."""
    filters = [{"Name": f"tag:{FINAL}", "Values": [volume]}, {"Name": "status", "Values": ["pending", "completed"]}]
    found = client.describe_snapshots(OwnerIds=["self"], Filters=filters)["Snapshots"]
    if found:
        return str(found[0]["SnapshotId"])
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
