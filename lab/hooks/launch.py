# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RunInstances: client tokens, the checks that AWS makes, and the parameters that moto does not read."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceBackend, Reservation
from moto.ec2.responses.instances import InstanceResponse

from .errors import ec2_error
from .lifecycle import enter, read_note
from .patch import Hook, around
from .tokens import once


@around(InstanceResponse, "run_instances")
def run_instances(original: Hook, response: Any) -> ActionResult:
    """The same token with the same parameters starts nothing twice, also when the instances are gone again."""
    reservations = response.ec2_backend.reservations
    return ActionResult(reservations[once(response, reservations, lambda: _launch(original, response))])


def _launch(original: Hook, response: Any) -> str:
    backend = response.ec2_backend
    _check(response, backend)
    response.params["MinCount"] = _count(response)
    reservation = original(response).result
    assert isinstance(reservation, Reservation)
    _complete(response, backend, reservation)
    return str(reservation.id)


def _count(response: Any) -> int:
    """As many as possible up to MaxCount, which is all of them: the lab has no lack of capacity."""
    least = int(response._get_param("MinCount") or 1)
    most = int(response._get_param("MaxCount") or least)
    if most < least:
        raise ec2_error("InvalidParameterCombination", "MaxCount must not be smaller than MinCount")
    return most


def _check(response: Any, backend: Any) -> None:
    key = response._get_param("KeyName")
    if key and key not in backend.key_pairs:
        raise ec2_error("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    image = response._get_param("ImageId")
    if not image and not response._get_param("LaunchTemplate"):
        raise ec2_error("MissingParameter", "The request must contain the parameter ImageId")
    if image:
        backend.describe_images(ami_ids=[image])
        _check_architecture(backend, image, response._get_param("InstanceType"))
    interfaces = response._get_param("NetworkInterfaces", []) or []
    groups = list(response._get_param("SecurityGroupIds", []) or [])
    subnet = response._get_param("SubnetId")
    for interface in interfaces:
        groups += interface.get("Groups", [])
        subnet = subnet or interface.get("SubnetId")
    _check_groups(backend, subnet, groups)
    profile = response._get_param("IamInstanceProfile.Name")
    if profile:
        _check_profile(response, profile)


def _check_architecture(backend: Any, image: str, instance_type: str | None) -> None:
    if not instance_type:
        return
    found = backend.describe_images(ami_ids=[image])
    try:
        kinds = backend.describe_instance_types([instance_type])
    except EC2ClientError:
        raise ec2_error("InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType.") from None
    offered = kinds[0]["ProcessorInfo"]["SupportedArchitectures"]
    if found and found[0].architecture not in offered:
        raise ec2_error(
            "InvalidParameterValue",
            f"The architecture '{','.join(offered)}' of the specified instance type does not match the architecture "
            f"'{found[0].architecture}' of the specified AMI. Specify an instance type and an AMI that have matching "
            "architectures, and try again.",
        )


def _check_groups(backend: Any, subnet_id: str | None, group_ids: list[str]) -> None:
    for group_id in group_ids:
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise ec2_error("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
        if subnet_id and group.vpc_id != backend.get_subnet(subnet_id).vpc_id:
            raise ec2_error(
                "InvalidParameter",
                f"Security group {group_id} and subnet {subnet_id} belong to different networks.",
            )


def _check_profile(response: Any, name: str) -> None:
    from moto.iam.models import iam_backends

    profiles = iam_backends[response.current_account][response.partition].instance_profiles.values()
    if all(profile.name != name for profile in profiles):
        raise ec2_error(
            "InvalidParameterValue",
            f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        )


def _complete(response: Any, backend: Any, reservation: Reservation) -> None:
    """What moto leaves out."""
    protected = str(response._get_param("DisableApiTermination", False)).lower() == "true"
    profile = response._get_param("IamInstanceProfile.Name")
    arn = response._get_param("IamInstanceProfile.Arn")
    for number, instance in enumerate(reservation.instances):
        instance.disable_api_termination = protected
        if number and (profile or arn):
            backend.associate_iam_instance_profile(
                instance_id=instance.id, iam_instance_profile_name=profile, iam_instance_profile_arn=arn
            )


@around(InstanceResponse, "_parse_block_device_mapping")
def parse_mappings(original: Hook, response: Any) -> list[dict[str, Any]]:
    """By default AWS deletes volumes with their instance; moto keeps them."""
    given = response._get_param("BlockDeviceMappings", []) or []
    parsed: list[dict[str, Any]] = original(response)
    for asked, mapping in zip(given, parsed, strict=True):
        if asked.get("Ebs", {}).get("DeleteOnTermination") is None:
            mapping["Ebs"]["DeleteOnTermination"] = True
    return parsed


@around(InstanceBackend, "run_instances")
def launch(original: Hook, backend: Any, image_id: str, count: int, *args: Any, **kwargs: Any) -> Reservation:
    """Every way to start an instance ends here: auto scaling, fleets and RunInstances itself."""
    if kwargs.get("block_device_mappings"):
        kwargs["block_device_mappings"] = _with_root(backend, image_id, kwargs["block_device_mappings"])
    reservation: Reservation = original(backend, image_id, count, *args, **kwargs)
    for instance in reservation.instances:
        _adopt_interfaces(instance)
        enter(instance, "pending")
    return reservation


def _with_root(backend: Any, image_id: str, mappings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The image's root volume is there in any case, and sizes and types have defaults."""
    images = backend.describe_images(ami_ids=[image_id]) if image_id else []
    root = images[0].root_device_name if images else "/dev/xvda"
    filled = []
    for mapping in mappings:
        ebs = dict(mapping.get("Ebs") or {})
        ebs["VolumeSize"] = ebs.get("VolumeSize") or 8
        ebs["VolumeType"] = ebs.get("VolumeType") or "gp3"
        filled.append({**mapping, "Ebs": ebs})
    if all(mapping["DeviceName"] != root for mapping in filled):
        size = {"VolumeSize": 8, "VolumeType": "gp3", "DeleteOnTermination": True}
        filled.insert(0, {"DeviceName": root, "Ebs": size})
    return filled


def _adopt_interfaces(instance: Instance) -> None:
    """Interfaces that were made for the instance end with it, and their groups are the instance's."""
    for interface in instance.nics.values():
        if not read_note(interface, "standing"):
            interface.delete_on_termination = True
    if not instance.security_groups and instance.nics:
        instance.security_groups = list(instance.nics[0].group_set)
