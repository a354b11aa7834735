# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the metadata service says of an instance, as a tree of texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TypeAlias

from ..access.keys import RoleCredentials
from ..machines import Machine

Node: TypeAlias = "str | bytes | dict[str, Node]"
VERSIONS = ("latest", "2021-07-15", "2021-03-23", "2020-10-27", "2019-10-01", "2009-04-04", "1.0")


def tree(machine: Machine, roles: RoleCredentials, now: datetime) -> dict[str, Node]:
    """Everything below a version."""
    found: dict[str, Node] = {"meta-data": _meta_data(machine, roles, now), "dynamic": _dynamic(machine)}
    if machine.user_data:
        found["user-data"] = machine.user_data
    return found


def read(node: Node, path: str) -> bytes | None:
    """The text at a path, or the list of what is below it; None where there is nothing."""
    for part in (part for part in path.split("/") if part):
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    if isinstance(node, dict):
        return "\n".join(_listing(node)).encode()
    return node if isinstance(node, bytes) else node.encode()


def _listing(node: dict[str, Node]) -> Iterator[str]:
    for name in sorted(node):
        yield f"{name}/" if isinstance(node[name], dict) else name


def _meta_data(machine: Machine, roles: RoleCredentials, now: datetime) -> dict[str, Node]:
    groups = "\n".join(name for _, name in machine.groups)
    data: dict[str, Node] = {
        "ami-id": machine.image,
        "ami-launch-index": str(machine.launch_index),
        "hostname": machine.hostname,
        "instance-action": "none",
        "instance-id": machine.id,
        "instance-life-cycle": "on-demand",
        "instance-type": machine.type,
        "local-hostname": machine.hostname,
        "local-ipv4": machine.private_ip,
        "mac": machine.mac,
        "network": {"interfaces": {"macs": {machine.mac: _interface(machine)}}},
        "placement": {"availability-zone": machine.zone, "region": machine.region},
        "reservation-id": machine.reservation,
        "security-groups": groups,
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    if machine.public_ip:
        data["public-ipv4"] = machine.public_ip
        data["public-hostname"] = public_name(machine)
    if machine.public_key:
        data["public-keys"] = {"0": {"openssh-key": machine.public_key.strip() + "\n"}}
    if machine.access.tags:
        data["tags"] = {"instance": dict(machine.tags)}
    if machine.profile_arn:
        data["iam"] = _iam(machine, roles, now)
    return data


def public_name(machine: Machine) -> str:
    """AWS's name for the public address."""
    domain = "compute-1" if machine.region == "us-east-1" else f"{machine.region}.compute"
    return f"ec2-{machine.public_ip.replace('.', '-')}.{domain}.amazonaws.com"


def _interface(machine: Machine) -> dict[str, Node]:
    found: dict[str, Node] = {
        "device-number": "0",
        "local-hostname": machine.hostname,
        "local-ipv4s": machine.private_ip,
        "mac": machine.mac,
        "owner-id": machine.account,
        "security-group-ids": "\n".join(group for group, _ in machine.groups),
        "security-groups": "\n".join(name for _, name in machine.groups),
        "subnet-id": machine.subnet,
        "subnet-ipv4-cidr-block": machine.subnet_cidr,
        "vpc-id": machine.vpc,
        "vpc-ipv4-cidr-block": machine.vpc_cidrs[0] if machine.vpc_cidrs else "",
        "vpc-ipv4-cidr-blocks": "\n".join(machine.vpc_cidrs),
    }
    if machine.public_ip:
        found["public-ipv4s"] = machine.public_ip
    return found


def _iam(machine: Machine, roles: RoleCredentials, now: datetime) -> dict[str, Node]:
    info = {
        "Code": "Success",
        "LastUpdated": _time(now),
        "InstanceProfileArn": machine.profile_arn,
        "InstanceProfileId": machine.profile_id,
    }
    found: dict[str, Node] = {"info": json.dumps(info, indent=2)}
    if machine.role:
        found["security-credentials"] = {machine.role: json.dumps(credentials(machine, roles, now), indent=2)}
    return found


def credentials(machine: Machine, roles: RoleCredentials, now: datetime) -> dict[str, str]:
    """Temporary credentials of the instance's role, with which it may sign requests to the lab's API."""
    key, start = roles.issue(machine.account, machine.id, machine.role, now)
    return {
        "Code": "Success",
        "LastUpdated": _time(start),
        "Type": "AWS-HMAC",
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Token": key.token,
        "Expiration": _time(key.expires or start),
    }


def _dynamic(machine: Machine) -> dict[str, Node]:
    document = {
        "accountId": machine.account,
        "architecture": machine.architecture,
        "availabilityZone": machine.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "imageId": machine.image,
        "instanceId": machine.id,
        "instanceType": machine.type,
        "kernelId": None,
        "marketplaceProductCodes": None,
        "pendingTime": _time(machine.launched) if machine.launched else None,
        "privateIp": machine.private_ip,
        "ramdiskId": None,
        "region": machine.region,
        "version": "2017-09-30",
    }
    return {"instance-identity": {"document": json.dumps(document, indent=2)}}


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
