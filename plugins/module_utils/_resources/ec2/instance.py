# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance. What can change in place does; other changes replace the instance.

Some properties cannot be read in one call for many instances (termination protection, user data) or at all (whether a
public address was requested). They are noted in tags: termination protection in a tag of its own, written after the
change; the others in ``groundwork:created-with``, written by the call that creates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import first_item
from ..._aws.tags import tag_specification
from ..._engine.items import Raw, returned_members, value_at
from ..._engine.resource_type import (
    ActualResource,
    Client,
    ClientOf,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    Schema,
)
from . import common as ec2
from . import images, instance_types
from . import instance_changes as changes

CREATED_WITH = "groundwork:created-with"
METADATA = {
    "http_tokens": "HttpTokens",
    "hop_limit": "HttpPutResponseHopLimit",
    "instance_tags": "InstanceMetadataTags",
}
DEFAULTS: dict[str, Any] = {
    "key_pair": None,
    "instance_profile": None,
    "user_data": None,
    "public_ip": None,
    "termination_protection": False,
}
STATES = {"pending": "running", "running": "running", "stopping": "stopped", "stopped": "stopped"}


def digest(text: str | None) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def with_defaults(desired: Properties) -> dict[str, Any]:
    volume = {"size": 8, "type": "gp3", "iops": None, "encrypted": True, **desired.get("volume", {})}
    if volume["type"] in ("io1", "io2") and not isinstance(volume["iops"], int):
        raise ValueError(f"volume.iops must be given for a volume of the type {volume['type']}: AWS requires it")
    if volume["type"] not in ("io1", "io2", "gp3") and volume["iops"] is not None:
        raise ValueError("volume.iops goes with volumes of the types gp3, io1 and io2 only: leave it out")
    metadata = {"http_tokens": "required", "hop_limit": 1, "instance_tags": "enabled", **desired.get("metadata", {})}
    rest = {name: value for name, value in desired.items() if name not in ("volume", "metadata")}
    groups = sorted(desired.get("security_groups", ()))
    sizes = {f"volume.{name}": value for name, value in volume.items()}
    return {**DEFAULTS, **rest, "security_groups": groups, **sizes, "metadata": metadata, "state": "running"}


def _noted(tags: Mapping[str, str]) -> dict[str, Any]:
    """The properties that the instance was created with, as its tag notes them; none for an adopted instance."""
    notes = dict(note.partition("=")[::2] for note in tags.get(CREATED_WITH, "").split())
    found: dict[str, Any] = {"user_data": notes["user_data"].removeprefix("none")} if "user_data" in notes else {}
    if "public_ip" in notes:
        found["public_ip"] = {"true": True, "false": False}.get(notes["public_ip"])
    return found


def _volume(instance: Raw) -> dict[str, Any]:
    members = {
        "volume.size": "Size",
        "volume.type": "VolumeType",
        "volume.iops": "Iops",
        "volume.encrypted": "Encrypted",
    }
    return returned_members(changes.root_volume(instance) or {}, members)


def normalize(instance: Raw) -> dict[str, Any]:
    tags = ec2.TAGGING.read(instance)
    # Without a key pair AWS returns no KeyName. It is not compared then: a difference would replace the instance.
    members = {"image": "ImageId", "type": "InstanceType", "subnet": "SubnetId", "key_pair": "KeyName"}
    options = {name: f"MetadataOptions.{field}" for name, field in METADATA.items()}
    groups = instance.get("SecurityGroups")
    return {
        **returned_members(instance, members),
        **({} if groups is None else {"security_groups": sorted(group["GroupId"] for group in groups)}),
        **_profile(instance),
        "metadata": returned_members(instance, options),
        **({} if tags.get(changes.TERMINATION) == "" else {"termination_protection": _is_protected(tags)}),
        "state": STATES.get(instance["State"]["Name"]),
        **_noted(tags),
        **_volume(instance),
    }


def _is_protected(tags: Mapping[str, str]) -> bool:
    return tags.get(changes.TERMINATION) == "true"


def _profile(instance: Raw) -> dict[str, Any]:
    """The instance profile by its name, None where there is none."""
    if not instance.get("IamInstanceProfile"):
        return {"instance_profile": None}
    arn = value_at(instance, "IamInstanceProfile.Arn")
    return {"instance_profile": arn.rsplit("/", 1)[-1]} if arn else {}


def same_metadata(desired: Properties, actual: Properties) -> bool:
    """Whether the options are as desired, as far as AWS returned them."""
    return all(desired.get(name) == value for name, value in actual.items())


def create(client: Client, resource: ResolvedResource) -> Raw:
    answer = client.run_instances(MinCount=1, MaxCount=1, ClientToken=resource.token, **_request(resource))
    instance: Raw = first_item(answer, "Instances")
    return instance


def _request(resource: ResolvedResource) -> dict[str, Any]:
    desired = resource.properties
    tags = {
        **resource.tags,
        CREATED_WITH: _note(desired),
        changes.TERMINATION: _word(desired["termination_protection"]),
    }
    optional = {
        "KeyName": desired["key_pair"],
        "IamInstanceProfile": {"Name": desired["instance_profile"]} if desired["instance_profile"] else None,
        "UserData": desired["user_data"],
    }
    return {
        "ImageId": resource.prepared["id"],
        "InstanceType": desired["type"],
        "NetworkInterfaces": [_interface(desired)],
        "BlockDeviceMappings": [{"DeviceName": resource.prepared["root"], "Ebs": _disk(desired)}],
        "MetadataOptions": {**changes.metadata(desired["metadata"]), "HttpEndpoint": "enabled"},
        "DisableApiTermination": desired["termination_protection"],
        "TagSpecifications": [*tag_specification(tags, "instance"), *tag_specification(resource.tags, "volume")],
        **{name: value for name, value in optional.items() if value},
    }


def _note(desired: Properties) -> str:
    return f"public_ip={_word(desired['public_ip'])} user_data={digest(desired['user_data']) or 'none'}"


def _word(value: bool | None) -> str:
    return "default" if value is None else str(value).lower()


def _interface(desired: Properties) -> dict[str, Any]:
    interface = {"DeviceIndex": 0, "SubnetId": desired["subnet"], "Groups": desired["security_groups"]}
    asked = desired["public_ip"]
    return interface if asked is None else {**interface, "AssociatePublicIpAddress": asked}


def _disk(desired: Properties) -> dict[str, Any]:
    disk = {name: desired[f"volume.{name}"] for name in ("size", "type", "encrypted")}
    return {
        "VolumeSize": disk["size"],
        "VolumeType": disk["type"],
        "Encrypted": disk["encrypted"],
        "DeleteOnTermination": True,
        **({} if desired["volume.iops"] is None else {"Iops": desired["volume.iops"]}),
    }


def same_iops(desired: int | None, actual: int | None) -> bool:
    """Whether a volume has the IOPS of the document, which need not give any: AWS returns a default then."""
    return desired is None or desired == actual


def same_image(desired: str, actual: str) -> bool:
    """An image by alias or parameter was resolved at creation: a newer image is no difference."""
    return desired == actual or not desired.startswith("ami-")


def delete(client: Client, actual: ActualResource) -> Any:
    return changes.terminate(client, actual)


class InstanceType(ResourceType):
    hidden = frozenset({"user_data"})
    resize_property = "type"
    other_listings = (changes.VOLUMES,)

    def merge(self, items: list[Raw], others: Sequence[list[Raw]]) -> list[Raw]:
        """The instances with their volumes, which have the stack's tag as well."""
        volumes: dict[str, list[Raw]] = {}
        for volume in others[0]:
            for attachment in volume.get("Attachments", ()):
                volumes.setdefault(attachment.get("InstanceId", ""), []).append(volume)
        return [item | {"Volumes": volumes.get(item["InstanceId"], [])} for item in items]

    def is_deleted(self, item: Raw) -> bool:
        return item["State"]["Name"] in ("shutting-down", "terminated")

    def reject(self, desired: Properties, actual: Properties) -> str | None:
        size, now = desired["volume.size"], actual.get("volume.size", 0)
        if size < now:
            sizes = f"({now} GiB now, {size} wanted)"
            return f"volume.size: a volume cannot shrink {sizes}; keep {now} or replace the instance"
        return None

    def find_rejected_updates(
        self, client: Client, updates: Sequence[tuple[ActualResource, Properties]]
    ) -> Mapping[str, Sequence[str]]:
        return instance_types.find_rejected(client, updates)

    def prepare(self, clients: ClientOf, resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        return images.find_images(clients, resources)


TYPE = InstanceType(
    Schema(
        name="instance",
        service="ec2",
        id_path="InstanceId",
        attributes={
            "id": "InstanceId",
            "private_ip": "PrivateIpAddress",
            "public_ip": "PublicIpAddress",
            "zone": "Placement.AvailabilityZone",
        },
        required=frozenset({"image", "type", "subnet"}),
        create_only=frozenset({"image", "subnet", "key_pair", "user_data", "public_ip", "volume.encrypted"}),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={
            "image": same_image,
            "metadata": same_metadata,
            "volume.iops": same_iops,
            "user_data": lambda desired, actual: digest(desired) == actual,
        },
        own_tags=frozenset({CREATED_WITH, changes.TERMINATION}),
    ),
    Discovery(
        listing=changes.INSTANCES,
        tag_index_type="ec2:instance",
        tagging=changes.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={
            "type": changes.set_type,
            "state": changes.start,
            "security_groups": changes.set_groups,
            "instance_profile": changes.set_profile,
            "metadata": changes.set_metadata,
            "volume.size": changes.set_volume,
            "volume.type": changes.set_volume,
            "volume.iops": changes.set_volume,
            "termination_protection": changes.set_protection,
        },
        delete=delete,
        ready=changes.RUNNING,
    ),
)
