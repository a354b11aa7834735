# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether an instance can get another type. AWS rejects a type only once the instance is stopped, which is too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.errors import is_forbidden
from ..._aws.sdk import ClientError
from ..._engine.items import value_at
from ..._engine.resource_type import ActualResource, Client, Properties


class InstanceTypes:
    """The instance types of a region. Each is described once, for any number of instances."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._described: dict[str, Mapping[str, Any] | None] = {}
        self._offered: dict[tuple[str, str], bool] = {}

    def describe(self, name: str) -> Mapping[str, Any] | None:
        if name not in self._described:
            self._described[name] = _describe(self._client, name)
        return self._described[name]

    def is_offered(self, name: str, zone: str) -> bool:
        if (name, zone) not in self._offered:
            self._offered[name, zone] = _is_offered(self._client, name, zone)
        return self._offered[name, zone]


def find_rejected(client: Client, updates: Sequence[tuple[ActualResource, Properties]]) -> dict[str, list[str]]:
    """Why instances cannot get their desired types, by id; instances that keep their type are left out."""
    types = InstanceTypes(client)
    return {actual.id: find_problems(types, actual.raw, after["type"]) for actual, after in updates if "type" in after}


def find_problems(types: InstanceTypes, instance: Mapping[str, Any], desired: str) -> list[str]:
    """Why an instance (as DescribeInstances shows it) cannot get the type ``desired``; empty where nothing is known.

    Members that AWS does not return are not compared. Without permission for these calls, nothing is.
    Source: EC2 user guide, Compatibility for changing the instance type.
    """
    try:
        described = types.describe(desired)
        if described is None:
            return [f"there is no instance type {desired} in this region"]
        problems = compare(instance, described)
        zone = value_at(instance, "Placement.AvailabilityZone")
        if zone and not problems and not types.is_offered(desired, zone):
            problems = [f"{desired} is not offered in {zone}"]
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
    """The incompatibilities of an instance with a type, as DescribeInstanceTypes describes it."""
    name = described.get("InstanceType")
    problems = []
    architecture, offered = instance.get("Architecture"), value_at(described, "ProcessorInfo.SupportedArchitectures")
    if architecture and offered and architecture not in offered:
        problems.append(f"{name} runs {', '.join(offered)}, and the instance is {architecture}")
    virtualization, supported = instance.get("VirtualizationType"), described.get("SupportedVirtualizationTypes")
    if virtualization and supported and virtualization not in supported:
        problems.append(f"{name} supports {', '.join(supported)} virtualization, and the instance is {virtualization}")
    if value_at(described, "NetworkInfo.EnaSupport") == "required" and instance.get("EnaSupport") is False:
        problems.append(f"{name} needs ENA, which the instance has not enabled")
    return problems
