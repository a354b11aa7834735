# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an instance can get another type: AWS says so only once the instance is stopped, which is too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.errors import is_forbidden
from .._aws.sdk import ClientError
from .resource import Client, dig


def find_problems(client: Client, instance: Mapping[str, Any], wanted: str) -> list[str]:
    """Why an instance (as DescribeInstances shows it) cannot get the type ``wanted``; empty where nothing is known.

    What AWS does not say is not judged, nor is anything where the credentials may not ask.
    Source: EC2 user guide, Compatibility for changing the instance type.
    """
    try:
        described = _describe(client, wanted)
        if described is None:
            return [f"there is no instance type {wanted} in this region"]
        problems = compare(instance, described)
        zone = dig(instance, "Placement.AvailabilityZone")
        if zone and not problems and not _is_offered(client, wanted, zone):
            problems = [f"{wanted} is not offered in {zone}"]
    except ClientError as error:
        if not is_forbidden(error):
            raise
        return []
    return problems


def _describe(client: Client, name: str) -> Mapping[str, Any] | None:
    # A filter leaves out an unknown type, where InstanceTypes would fail.
    filters = [{"Name": "instance-type", "Values": [name]}]
    pages = client.pages("describe_instance_types", {"Filters": filters})
    return next((item for page in pages for item in page.get("InstanceTypes") or ()), None)


def _is_offered(client: Client, name: str, zone: str) -> bool:
    filters = [{"Name": "instance-type", "Values": [name]}, {"Name": "location", "Values": [zone]}]
    pages = client.pages("describe_instance_type_offerings", {"LocationType": "availability-zone", "Filters": filters})
    return any(page.get("InstanceTypeOfferings") for page in pages)


def compare(instance: Mapping[str, Any], described: Mapping[str, Any]) -> list[str]:
    """Where an instance does not fit to a type as DescribeInstanceTypes shows it."""
    name = described.get("InstanceType")
    problems = []
    architecture, offered = instance.get("Architecture"), dig(described, "ProcessorInfo.SupportedArchitectures")
    if architecture and offered and architecture not in offered:
        problems.append(f"{name} runs {', '.join(offered)}, and the instance is {architecture}")
    virtualization, supported = instance.get("VirtualizationType"), described.get("SupportedVirtualizationTypes")
    if virtualization and supported and virtualization not in supported:
        problems.append(f"{name} supports {', '.join(supported)} virtualization, and the instance is {virtualization}")
    if dig(described, "NetworkInfo.EnaSupport") == "required" and instance.get("EnaSupport") is False:
        problems.append(f"{name} needs ENA, which the instance has not enabled")
    return problems
