# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of placements: roles, security groups, instances and their addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._aws.partition import arn_partition
from .._engine.model import DesiredResource, Ref, Spread
from .._topology.placement import Placement, find_placements
from .._topology.view import Document, monitoring
from .firewall import instance_ingress
from .network import subnet_refs

# What Systems Manager's agent calls for sessions:
# docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
SESSIONS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Sessions",
            "Effect": "Allow",
            "Action": [
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            "Resource": "*",
        }
    ],
}


def compile_placements(document: Document) -> Iterator[DesiredResource]:
    placements = find_placements(document).values()
    for placement in placements:
        yield from _compile_role(document, placement)
    for placement in placements:
        yield _compile_security_group(document, placement)
    for placement in placements:
        yield from _compile_instances(document, placement)


def instance_ref(member: str, attribute: str = "id") -> Ref:
    """A reference to an instance by its name in the placement."""
    return Ref(f"instance/{member}", attribute)


def address_ref(placement: Placement, member: str) -> Ref:
    """A reference to the address at which an instance is reached."""
    if placement.address == "elastic":
        return Ref(f"elastic_ip/{member}", "public_ip")
    return instance_ref(member, f"{placement.address}_ip")


def _compile_role(document: Document, placement: Placement) -> Iterator[DesiredResource]:
    """The role of the instances: sessions of Systems Manager, which need no open port, and writing logs.

    AWS's own policy for sessions, AmazonSSMManagedInstanceCore, would also allow reading all parameters of the account.
    """
    yield DesiredResource(
        "iam_role",
        placement.name,
        {
            "principal": "ec2.amazonaws.com",
            "inline_policies": {"sessions": SESSIONS, **_log_policies(document, placement)},
            "description": f"Instances {placement.name} of {document['name']}",
        },
    )
    yield DesiredResource("instance_profile", placement.name, {"role": Ref(f"iam_role/{placement.name}", "name")})


def _log_policies(document: Document, placement: Placement) -> dict[str, Any]:
    """The policy that lets the instances send the logs of their services to CloudWatch, by name."""
    if monitoring(document) is None or not placement.services:
        return {}
    region = document["region"]
    start = f"arn:{arn_partition(region)}:logs:{region}:*:log-group:/groundwork/{document['name']}"
    allowed = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        "Resource": [f"{start}/{name}:*" for name in placement.services],
    }
    return {"logs": {"Version": "2012-10-17", "Statement": [allowed]}}


def _compile_security_group(document: Document, placement: Placement) -> DesiredResource:
    return DesiredResource(
        "security_group",
        placement.name,
        {
            "vpc": Ref("vpc/main"),
            "description": f"Instances {placement.name} of {document['name']}",
            "ingress": instance_ingress(document, placement),
        },
    )


def _compile_instances(document: Document, placement: Placement) -> Iterator[DesiredResource]:
    for member in placement.member_names:
        yield _compile_instance(document, placement, member)
    if placement.address == "elastic":
        for member in placement.member_names:
            yield DesiredResource("elastic_ip", member, {"instance": instance_ref(member)})


def _compile_instance(document: Document, placement: Placement, member: str) -> DesiredResource:
    settings = placement.settings
    properties: dict[str, Any] = {
        "image": settings["image"],
        "type": settings["type"],
        "subnet": Spread(placement.name, tuple(subnet_refs(document, placement.tier))),
        "security_groups": [Ref(f"security_group/{placement.name}")],
        "instance_profile": Ref(f"instance_profile/{placement.name}", "name"),
        "volume": {"size": settings["volume"]["size"], "type": "gp3", "encrypted": True},
        # An elastic address replaces a public one from AWS's pool, which would then show as drift.
        "public_ip": placement.address == "public",
        "metadata": {"http_tokens": "required", "hop_limit": 1, "instance_tags": "enabled"},
        "termination_protection": settings["protect"],
    }
    if document["access"]["public_key"] is not None:
        properties["key_pair"] = Ref("key_pair/main", "name")
    if settings["user_data"] is not None:
        properties["user_data"] = settings["user_data"]
    tags = {
        "groundwork:services": " ".join(placement.services),
        "groundwork:tier": placement.tier,
        "groundwork:group": placement.name,
    }
    return DesiredResource("instance", member, properties, tags, protected=settings["protect"])
