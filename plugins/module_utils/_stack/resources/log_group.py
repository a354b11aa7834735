# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log group: where CloudWatch keeps logs, and for how long. Others write into it, some under a name of their choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import named
from ..resource import Client, Detail, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope, Tagging

# What AWS takes, in days.
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
OURS = "/groundwork/"
ARN = "arn:{partition}:logs:{region}:{account}:log-group:{name}"


def prefix(scope: Scope) -> str:
    return f"{OURS}{scope.stack}/"


def beginning(name: str) -> Mapping[str, Any]:
    return {"logGroupNamePrefix": name}


def title_of(arn: str) -> str | None:
    """The name in an ARN, unless it is one by which the group is listed anyway."""
    name = arn.split(":", 6)[6].removesuffix(":*")
    return None if name.startswith(OURS) else name


def read_tags(client: Client, groups: list[Raw]) -> list[Raw]:
    return [{"Tags": client.list_tags_for_resource(resourceArn=groups[0]["logGroupArn"])["tags"]}]


def desired(wanted: Properties) -> dict[str, Any]:
    given = {"name": None, "retention_days": 30, **wanted}
    if given["retention_days"] not in (None, *RETENTIONS):
        raise ValueError(f"retention_days is one of {', '.join(map(str, RETENTIONS))}, or null for ever")
    if str(given["name"] or "").startswith(OURS):
        raise ValueError(f"names below {OURS} are those that stacks give themselves: leave name out")
    return given


def normalize(group: Raw) -> dict[str, Any]:
    name = group["logGroupName"]
    return {"name": None if name.startswith(OURS) else name, "retention_days": group.get("retentionInDays")}


def create(client: Client, order: Order) -> Raw:
    """A group keeps everything for ever at first."""
    client.create_log_group(logGroupName=order.name, tags=dict(order.tags))
    return {"logGroupName": order.name, "logGroupArn": order.prepared["arn"]}


def prepare(clients: Any, orders: list[Order]) -> Mapping[str, Any]:
    return named.arns(clients, ARN, orders)


def set_retention(client: Client, edit: Edit) -> None:
    days = edit.order.properties["retention_days"]
    if days is None:
        client.delete_retention_policy(logGroupName=edit.live.id)
    else:
        client.put_retention_policy(logGroupName=edit.live.id, retentionInDays=days)


def delete(client: Client, live: Live) -> None:
    client.delete_log_group(logGroupName=live.id)


TAGGING = Tagging(
    lambda group: dict(group.get("Tags") or {}),
    lambda client, live, tags: client.tag_resource(resourceArn=live.attributes["arn"], tags=dict(tags)),
    lambda client, live, keys: client.untag_resource(resourceArn=live.attributes["arn"], tagKeys=list(keys)),
)
TYPE = ResourceType(
    name="log_group",
    service="logs",
    listing=Listing(
        "describe_log_groups",
        "logGroups",
        lambda scope: beginning(prefix(scope)),
        by_ids=lambda names: beginning(names[0]),
        of_title=beginning,
        fails_whole=True,
    ),
    id="logGroupName",
    naming=named.naming(prefix),
    title="name",
    of_arn=title_of,
    tags=Detail(read_tags),
    tagging=TAGGING,
    attributes={"id": "logGroupName", "arn": "logGroupArn", "name": "logGroupName"},
    mentioned_by=("name", "arn"),
    create_only=frozenset({"name"}),
    exclusive=("name",),
    desired=desired,
    normalize=normalize,
    prepare=prepare,
    create=create,
    updates={"retention_days": set_retention},
    delete=delete,
    exists=frozenset({"ResourceAlreadyExistsException"}),
    busy=frozenset({"OperationAbortedException"}),
)
