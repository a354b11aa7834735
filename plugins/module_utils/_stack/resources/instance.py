# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance: a machine. What can change in place does; the rest makes a new one.

Some facts cannot be read back in one call for many instances (termination protection, user data) or at all (whether a
public address was asked for). They are noted in tags: protection in one of its own, written after the fact; the others
in ``groundwork:created-with``, written by the call that creates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import first
from ..._aws.tags import specification
from .. import ec2, images
from .. import instance_changes as changes
from ..resource import Client, Live, Order, Properties, Raw, ResourceType, dig, returned

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


def desired(wanted: Properties) -> dict[str, Any]:
    volume = {"size": 8, "type": "gp3", "encrypted": True, **wanted.get("volume", {})}
    metadata = {"http_tokens": "required", "hop_limit": 1, "instance_tags": "enabled", **wanted.get("metadata", {})}
    rest = {name: value for name, value in wanted.items() if name not in ("volume", "metadata")}
    groups = sorted(wanted.get("security_groups", ()))
    sizes = {f"volume.{name}": value for name, value in volume.items()}
    return {**DEFAULTS, **rest, "security_groups": groups, **sizes, "metadata": metadata, "state": "running"}


def join(instances: list[Raw], others: Sequence[list[Raw]]) -> list[Raw]:
    """Put each instance's volumes to it; they bear the stack's tag as well."""
    volumes: dict[str, list[Raw]] = {}
    for volume in others[0]:
        for attachment in volume.get("Attachments", ()):
            volumes.setdefault(attachment.get("InstanceId", ""), []).append(volume)
    return [item | {"Volumes": volumes.get(item["InstanceId"], [])} for item in instances]


def _noted(tags: Mapping[str, str]) -> dict[str, Any]:
    """What the instance was created with, as noted; nothing for one that was adopted."""
    notes = dict(note.partition("=")[::2] for note in tags.get(CREATED_WITH, "").split())
    found: dict[str, Any] = {"user_data": notes["user_data"].removeprefix("none")} if "user_data" in notes else {}
    if "public_ip" in notes:
        found["public_ip"] = {"true": True, "false": False}.get(notes["public_ip"])
    return found


def _volume(instance: Raw) -> dict[str, Any]:
    members = {"volume.size": "Size", "volume.type": "VolumeType", "volume.encrypted": "Encrypted"}
    return returned(changes.root_volume(instance) or {}, members)


def normalize(instance: Raw) -> dict[str, Any]:
    tags = ec2.TAGGING.read(instance)
    # Without a key pair AWS returns no KeyName. That is not compared: another one would take a new instance.
    members = {"image": "ImageId", "type": "InstanceType", "subnet": "SubnetId", "key_pair": "KeyName"}
    options = {name: f"MetadataOptions.{field}" for name, field in METADATA.items()}
    groups = instance.get("SecurityGroups")
    return {
        **returned(instance, members),
        **({} if groups is None else {"security_groups": sorted(group["GroupId"] for group in groups)}),
        **_profile(instance),
        "metadata": returned(instance, options),
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
    arn = dig(instance, "IamInstanceProfile.Arn")
    return {"instance_profile": arn.rsplit("/", 1)[-1]} if arn else {}


def same_metadata(wanted: Properties, live: Properties) -> bool:
    """Whether the options are as wanted, as far as AWS returned them."""
    return all(wanted.get(name) == value for name, value in live.items())


def create(client: Client, order: Order) -> Raw:
    answer = client.run_instances(MinCount=1, MaxCount=1, ClientToken=order.token, **_request(order))
    instance: Raw = first(answer, "Instances")
    return instance


def _request(order: Order) -> dict[str, Any]:
    wanted = order.properties
    tags = {**order.tags, CREATED_WITH: _note(wanted), changes.TERMINATION: _word(wanted["termination_protection"])}
    optional = {
        "KeyName": wanted["key_pair"],
        "IamInstanceProfile": {"Name": wanted["instance_profile"]} if wanted["instance_profile"] else None,
        "UserData": wanted["user_data"],
    }
    return {
        "ImageId": order.prepared["id"],
        "InstanceType": wanted["type"],
        "NetworkInterfaces": [_interface(wanted)],
        "BlockDeviceMappings": [{"DeviceName": order.prepared["root"], "Ebs": _disk(wanted)}],
        "MetadataOptions": {**changes.metadata(wanted["metadata"]), "HttpEndpoint": "enabled"},
        "DisableApiTermination": wanted["termination_protection"],
        "TagSpecifications": [*specification(tags, "instance"), *specification(order.tags, "volume")],
        **{name: value for name, value in optional.items() if value},
    }


def _note(wanted: Properties) -> str:
    return f"public_ip={_word(wanted['public_ip'])} user_data={digest(wanted['user_data']) or 'none'}"


def _word(value: bool | None) -> str:
    return "default" if value is None else str(value).lower()


def _interface(wanted: Properties) -> dict[str, Any]:
    interface = {"DeviceIndex": 0, "SubnetId": wanted["subnet"], "Groups": wanted["security_groups"]}
    asked = wanted["public_ip"]
    return interface if asked is None else {**interface, "AssociatePublicIpAddress": asked}


def _disk(wanted: Properties) -> dict[str, Any]:
    disk = {name: wanted[f"volume.{name}"] for name in ("size", "type", "encrypted")}
    return {
        "VolumeSize": disk["size"],
        "VolumeType": disk["type"],
        "Encrypted": disk["encrypted"],
        "DeleteOnTermination": True,
    }


def refuse(wanted: Properties, live: Properties) -> str | None:
    size, now = wanted["volume.size"], live.get("volume.size", 0)
    if size < now:
        return f"volume.size: a volume cannot shrink ({now} GiB now, {size} wanted); keep {now} or replace the instance"
    return None


def same_image(wanted: str, live: str) -> bool:
    """An image that was not given by its id was resolved at creation: a newer one is not a difference."""
    return wanted == live or not wanted.startswith("ami-")


def delete(client: Client, live: Live) -> Any:
    return changes.terminate(client, live)


TYPE = ResourceType(
    name="instance",
    service="ec2",
    told_as="ec2:instance",
    listing=changes.INSTANCES,
    also=(changes.VOLUMES,),
    join=join,
    id="InstanceId",
    tagging=changes.TAGGING,
    attributes={
        "id": "InstanceId",
        "private_ip": "PrivateIpAddress",
        "public_ip": "PublicIpAddress",
        "zone": "Placement.AvailabilityZone",
    },
    required=frozenset({"image", "type", "subnet"}),
    create_only=frozenset({"image", "subnet", "key_pair", "user_data", "public_ip", "volume.encrypted"}),
    same={"image": same_image, "metadata": same_metadata, "user_data": lambda wanted, live: digest(wanted) == live},
    hidden=frozenset({"user_data"}),
    own_tags=frozenset({CREATED_WITH, changes.TERMINATION}),
    refuse=refuse,
    prepare=images.look_up,
    is_dead=lambda item: item["State"]["Name"] in ("shutting-down", "terminated"),
    desired=desired,
    normalize=normalize,
    create=create,
    updates={
        "type": changes.set_type,
        "state": changes.start,
        "security_groups": changes.set_groups,
        "instance_profile": changes.set_profile,
        "metadata": changes.set_metadata,
        "volume.size": changes.set_volume,
        "volume.type": changes.set_volume,
        "termination_protection": changes.set_protection,
    },
    delete=delete,
    ready=changes.RUNNING,
)
