# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Target: an instance as a member of a target group.

It gets requests after its first good health check. It is deregistered when its requests are answered, or when the
deregistration delay of the group is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import Raw, returned_members
from ..._engine.list_call import Listing
from ..._engine.model import DesiredResource
from ..._engine.property_limits import PORT, PropertyPath, PropertyProblem
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    Schema,
)

DRAINING = "draining"
# The longest deregistration delay is an hour.
DRAINED = Waiter(Condition("drained", "TargetHealth.State", (), absent_is_ready=True), timeout=3700)


def _group(target: str) -> str:
    """The target group in the id of a target."""
    return target.partition("@")[0]


class DescribeTargetHealth(Listing):
    """The targets of one target group. An item has no group: it is taken from the request."""

    def complete_item(self, request: Mapping[str, Any], item: Raw) -> Raw:
        return _with_group(request["TargetGroupArn"], item)

    def parent_of(self, identifier: str) -> str | None:
        return _group(identifier)


def _with_group(group: str, item: Raw) -> Raw:
    """A target with its group and its id. Lambda functions have no port."""
    target = item["Target"]
    return item | {"TargetGroupArn": group, "TargetId": f"{group}@{target['Id']}:{target.get('Port', '')}"}


def _request(group: str, instance: str, port: int | None) -> dict[str, Any]:
    """``port`` is None where AWS did not return it: then the call means the port of the group."""
    return {"TargetGroupArn": group, "Targets": [{"Id": instance, **({} if port is None else {"Port": port})}]}


def normalize(target: Raw) -> dict[str, Any]:
    return returned_members(target, {"target_group": "TargetGroupArn", "instance": "Target.Id", "port": "Target.Port"})


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    request = _request(desired["target_group"], desired["instance"], desired["port"])
    client.register_targets(**request)
    return _with_group(request["TargetGroupArn"], {"Target": request["Targets"][0]})


def delete(client: Client, actual: ActualResource) -> Iterator[Wait]:
    properties = actual.properties
    port = properties.get("port")
    client.deregister_targets(**_request(properties["target_group"], properties["instance"], port))
    yield Wait(DRAINED, actual.id)


def check_group(_given: Properties, path: PropertyPath, group: DesiredResource) -> Iterator[PropertyProblem]:
    """Elastic Load Balancing API Reference, CreateTargetGroup, TargetType: which targets a group takes."""
    kind = group.properties.get("target_type")
    if group.type == "target_group" and isinstance(kind, str) and kind != "instance":
        yield path, f"{group.address} takes no instances, but is of target_type: {kind} (name another group)"


class TargetType(ResourceType):
    """AWS gives targets no ids: an id is made of the target group, the instance and the port."""

    unique_within = "target_group"
    traffic_group_property = "target_group"
    association_of: ClassVar[Mapping[str, str]] = {"target_group": "TargetGroupArn", "instance": "Target.Id"}

    def is_deleted(self, item: Raw) -> bool:
        return item.get("TargetHealth", {}).get("State") == DRAINING


TYPE = TargetType(
    Schema(
        name="target",
        service="elbv2",
        id_path="TargetId",
        attributes={"id": "TargetId"},
        required=frozenset({"target_group", "instance", "port"}),
        references={("target_group",): ("target_group.arn",), ("instance",): ("instance.id",)},
        create_only=frozenset({"target_group", "instance", "port"}),
        limits={("port",): PORT},
        target_checks={("target_group",): check_group},
        normalize=normalize,
    ),
    Discovery(
        listing=DescribeTargetHealth(
            "describe_target_health",
            "TargetHealthDescriptions",
            by_ids=lambda found: {"TargetGroupArn": _group(found[0])},
            by_parent=lambda group: {"TargetGroupArn": group},
        ),
        parent_type="target_group",
        # Tags are of the target group alone.
        tagging=None,
    ),
    Lifecycle(
        create=create,
        delete=delete,
        # The new group has its targets before the old one loses them.
        create_before_destroy=True,
        # A listener forwards to a group once it has targets.
        before_dependents=("target_group",),
    ),
)
