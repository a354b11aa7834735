# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance. What can change in place does; other changes replace the instance.

Some properties cannot be read in one call for many instances (termination protection, user data) or at all (whether a
public address was requested). They are noted in tags: termination protection in a tag of its own, written after the
change; the others in ``groundwork:created-with``, written by the call that creates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._aws.answer import first_item
from ..._aws.errors import error_code
from ..._aws.sdk import ClientError
from ..._aws.tags import tag_specification
from ..._engine.items import Raw, returned_members, value_at
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    Limit,
    Matching,
    OneOf,
    PropertyProblem,
    WholeNumber,
    a_set,
    is_reference,
    keys,
    one_of,
    whole_number,
)
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
VOLUME = {"size": 8, "type": "gp3", "iops": None, "encrypted": True}
# EC2 API Reference, EbsBlockDevice: the sizes in GiB and the IOPS of each type. EBS User Guide, "Amazon EBS volume
# types": st1 and sc1 cannot be boot volumes, and how many IOPS a GiB may have.
VOLUME_SIZES = {
    "gp2": (1, 16384),
    "gp3": (1, 65536),
    "io1": (4, 16384),
    "io2": (4, 65536),
    "standard": (1, 1024),
}
VOLUME_IOPS = {"gp3": (3000, 80000), "io1": (100, 64000), "io2": (100, 256000)}
IOPS_OF_A_GIB = {"gp3": 500, "io1": 50, "io2": 1000}
LARGEST_VOLUME = max(largest for _smallest, largest in VOLUME_SIZES.values())
MOST_IOPS = max(most for _least, most in VOLUME_IOPS.values())
# EC2 User Guide, "Resource IDs": they have 8 or 17 hexadecimal digits.
IMAGE = Matching(
    "al2023, an image id (ami-…) or the path of an SSM parameter (/…)",
    pattern=r"al2023|ami-(?:[0-9a-f]{8}|[0-9a-f]{17})|/.+",
)
# The sizes of instance types are those of botocore's list of them.
TYPE_NAME = Matching(
    "an instance type like t3.micro",
    pattern=r"[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|large|[0-9]*xlarge|metal(?:-[0-9]+xl)?)",
)
IMAGE_SIZES = {"al2023": 8}  # GiB; AL2023 User Guide, "AL2023 on Amazon EC2": the root volume of its images
MAX_USER_DATA = 16384  # bytes; EC2 User Guide, "Run commands when you launch an EC2 instance with user data input"
# EC2 API Reference, "Error codes for the Amazon EC2 API".
ADDRESS_IN_USE = "InvalidIPAddress.InUse"
STATES = {"pending": "running", "running": "running", "stopping": "stopped", "stopped": "stopped"}


def digest(text: str | None) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def complete_volume(desired: Properties) -> dict[str, Any]:
    """The volume with its defaults; a null in it is the same as leaving the key out."""
    return {**VOLUME, **{name: value for name, value in (desired.get("volume") or {}).items() if value is not None}}


def with_defaults(desired: Properties) -> dict[str, Any]:
    volume = complete_volume(desired)
    metadata = {"http_tokens": "required", "hop_limit": 1, "instance_tags": "enabled", **desired.get("metadata", {})}
    rest = {name: value for name, value in desired.items() if name not in ("volume", "metadata")}
    groups = sorted(desired.get("security_groups", ()))
    sizes = {f"volume.{name}": value for name, value in volume.items()}
    return {**DEFAULTS, **rest, "security_groups": groups, **sizes, "metadata": metadata, "state": "running"}


@dataclass(frozen=True)
class UserData(Limit):
    """Messages do not show it: it may have secrets."""

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if not isinstance(value, str):
            yield (), "this is not text (write a script, or a configuration of cloud-init)"
        elif len(value.encode(errors="replace")) > MAX_USER_DATA:
            size = len(value.encode(errors="replace"))
            yield (), f"has {size} bytes, and EC2 accepts at most {MAX_USER_DATA} (shorten it, or have it load a file)"
        elif value.partition("\n")[0].endswith("\r"):
            # The kernel takes the CR as a part of the interpreter's name (execve(2)).
            yield (), "ends its first line with CR, which is read as a part of it (end lines with LF only)"


def check_image(given: Properties) -> Iterator[PropertyProblem]:
    problem = images.find_architecture_problem(given["image"], given["type"])
    if problem is not None:
        yield ("image",), problem


def check_volume(given: Properties) -> Iterator[PropertyProblem]:
    volume = complete_volume(given)
    kind, size, iops = volume["type"], volume["size"], volume["iops"]
    if any(map(is_reference, (kind, size, iops))):
        return
    smallest, largest = VOLUME_SIZES[kind]
    image = given["image"]
    needed = IMAGE_SIZES.get(image, 0) if isinstance(image, str) else 0
    if smallest <= size < needed:
        yield ("volume", "size"), f"{size} GiB are less than the image {image} has (write {needed} or more)"
    elif not smallest <= size <= largest:
        yield ("volume", "size"), f"{size} is not a size of {kind} in GiB ({smallest}-{largest})"
    elif iops is None and kind in ("io1", "io2"):
        yield ("volume",), f"lacks iops, which a volume of the type {kind} needs (write {VOLUME_IOPS[kind][0]} or more)"
    elif iops is not None:
        yield from _check_iops(kind, size, iops)


def _check_iops(kind: str, size: int, iops: int) -> Iterator[PropertyProblem]:
    if kind not in VOLUME_IOPS:
        yield ("volume", "iops"), f"goes with volumes of the types {', '.join(VOLUME_IOPS)} only (leave it out)"
        return
    least, highest = VOLUME_IOPS[kind]
    most = min(highest, max(least, size * IOPS_OF_A_GIB[kind]))
    if not least <= iops <= most:
        text = f"{iops} are not the IOPS that {size} GiB of {kind} can have"
        yield ("volume", "iops"), f"{text} (write {least} to {most})"


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
    """A replacement gets the private address of its predecessor, which others may know, unless that is taken by now."""
    address = _inherited_address(resource)
    try:
        answer = client.run_instances(MinCount=1, MaxCount=1, ClientToken=resource.token, **_request(resource, address))
    except ClientError as error:
        if not address or error_code(error) != ADDRESS_IN_USE:
            raise
        # A token goes with the parameters of its first call.
        token = f"{resource.token}-other"
        answer = client.run_instances(MinCount=1, MaxCount=1, ClientToken=token, **_request(resource, None))
    instance: Raw = first_item(answer, "Instances")
    return instance


def _inherited_address(resource: ResolvedResource) -> str | None:
    """The private address of the predecessor in the same subnet, which has been terminated."""
    predecessor = resource.predecessor
    if predecessor is None or predecessor.properties.get("subnet") != resource.properties["subnet"]:
        return None
    address: str | None = predecessor.attributes.get("private_ip")
    return address


def _request(resource: ResolvedResource, address: str | None) -> dict[str, Any]:
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
        "NetworkInterfaces": [_interface(desired, address)],
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


def _interface(desired: Properties, address: str | None) -> dict[str, Any]:
    interface = {"DeviceIndex": 0, "SubnetId": desired["subnet"], "Groups": desired["security_groups"]}
    if address:
        interface["PrivateIpAddress"] = address
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
    lost_by_replacement = "the data on its root volume is lost"
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

    def find_differences(self, desired: Properties, actual: Properties) -> frozenset[str]:
        """Also the image, where its alias is another one for the processors of the type."""
        found = super().find_differences(desired, actual)
        if desired["image"] != images.ALIAS or "type" not in found or "image" not in actual:
            return found
        is_other = images.architecture(desired["type"]) != images.architecture(actual["type"])
        return found | {"image"} if is_other else found

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
        references={
            ("subnet",): ("subnet.id",),
            ("security_groups", EVERY): ("security_group.id",),
            ("key_pair",): ("key_pair.name",),
            ("instance_profile",): ("instance_profile.name",),
        },
        create_only=frozenset({"image", "subnet", "key_pair", "user_data", "public_ip", "volume.encrypted"}),
        limits={
            ("image",): IMAGE,
            ("type",): TYPE_NAME,
            ("state",): OneOf("running, which every instance of a stack is", values=("running",)),
            ("security_groups",): a_set(),
            ("user_data",): UserData(),
            ("public_ip",): FLAG,
            ("termination_protection",): FLAG,
            ("volume",): keys(*VOLUME),
            ("volume", "size"): whole_number("a size in GiB", 1, LARGEST_VOLUME),
            ("volume", "type"): one_of(*VOLUME_SIZES),
            ("volume", "iops"): WholeNumber(f"a number of IOPS (100-{MOST_IOPS})", low=100, high=MOST_IOPS),
            ("volume", "encrypted"): FLAG,
            ("metadata",): keys(*METADATA),
            ("metadata", "http_tokens"): one_of("required", "optional"),
            ("metadata", "hop_limit"): whole_number("a number of hops", 1, 64),
            ("metadata", "instance_tags"): one_of("enabled", "disabled"),
        },
        checks=(check_volume, check_image),
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
