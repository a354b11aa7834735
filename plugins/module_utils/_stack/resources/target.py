# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Target: an instance as a member of a target group. It gets requests after its first good health check, and leaves
when those that it has are answered, or the deregistration delay of the group is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..resource import Client, Listing, Live, Order, Raw, ResourceType, Wait, Waiter, returned

LEAVING = "draining"
# The longest deregistration delay is an hour.
DRAINED = Waiter("drained", "TargetHealth.State", (), absent_is_ready=True, timeout=3700)


def _group(target: str) -> str:
    """The target group in the id of a target: AWS gives targets none of their own, so it is made of what it joins."""
    return target.partition("@")[0]


def _whole(request: Mapping[str, Any], item: Raw) -> Raw:
    """A target with its group. Functions of Lambda have no port."""
    group, target = request["TargetGroupArn"], item["Target"]
    return item | {"TargetGroupArn": group, "TargetId": f"{group}@{target['Id']}:{target.get('Port', '')}"}


def _request(group: str, instance: str, port: int | None) -> dict[str, Any]:
    """``port`` is None where AWS did not return it: then it means the one of the group."""
    return {"TargetGroupArn": group, "Targets": [{"Id": instance, **({} if port is None else {"Port": port})}]}


def normalize(target: Raw) -> dict[str, Any]:
    return returned(target, {"target_group": "TargetGroupArn", "instance": "Target.Id", "port": "Target.Port"})


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    request = _request(wanted["target_group"], wanted["instance"], wanted["port"])
    client.register_targets(**request)
    return _whole(request, {"Target": request["Targets"][0]})


def delete(client: Client, live: Live) -> Iterator[Wait]:
    is_ = live.properties
    client.deregister_targets(**_request(is_["target_group"], is_["instance"], is_.get("port")))
    yield Wait(DRAINED, live.id)


TYPE = ResourceType(
    name="target",
    service="elbv2",
    under="target_group",
    joins={"target_group": "TargetGroupArn", "instance": "Target.Id"},
    listing=Listing(
        "describe_target_health",
        "TargetHealthDescriptions",
        by_ids=lambda found: {"TargetGroupArn": _group(found[0])},
        of_parent=lambda group: {"TargetGroupArn": group},
        within=_group,
        shape=_whole,
    ),
    id="TargetId",
    # Tags are of the target group alone.
    tagging=None,
    attributes={"id": "TargetId"},
    required=frozenset({"target_group", "instance", "port"}),
    create_only=frozenset({"target_group", "instance", "port"}),
    # A listener is led to a group that has somebody to answer.
    serves=("target_group",),
    # The new group has its targets before the old one loses them.
    create_first="target_group",
    normalize=normalize,
    create=create,
    delete=delete,
    is_dead=lambda target: target.get("TargetHealth", {}).get("State") == LEAVING,
)
