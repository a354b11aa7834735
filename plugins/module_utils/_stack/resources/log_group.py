# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Log group: where CloudWatch keeps logs, and for how long. Others write into it, some under a name of their choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.answer import missing
from .. import named
from ..logs import RETENTIONS
from ..resource import Client, Detail, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope, Tagging, Told

OURS = "/groundwork/"
ARN = "arn:{partition}:logs:{region}:{account}:log-group:{name}"


def prefix(scope: Scope) -> str:
    return f"{OURS}{scope.stack}/"


def beginning(name: str) -> Mapping[str, Any]:
    return {"logGroupNamePrefix": name}


def beginnings(names: Sequence[str]) -> list[Mapping[str, Any]]:
    """One request for all that begin alike: those of a service have its name, three parts long, before their own."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault("/".join(name.split("/")[:4]), []).append(name)
    return [beginning(_common_start(alike)) for alike in found.values()]


def _common_start(names: Sequence[str]) -> str:
    """What all of these begin with. Between the first and the last of them in order, nothing differs earlier."""
    first, last = min(names), max(names)
    return first[: next((place for place, letter in enumerate(first) if letter != last[place]), len(first))]


def may_be_ours(group: Raw, scope: Scope) -> bool:
    name = str(group["logGroupName"])
    return name.startswith(prefix(scope)) or name in scope.titles.get("log_group", ())


def title_of(arn: str) -> str | None:
    """The name in an ARN, unless it is one by which the group is listed anyway."""
    name = arn.split(":", 6)[6].removesuffix(":*")
    return None if name.startswith(OURS) else name


def read_tags(client: Client, groups: list[Raw]) -> list[Raw]:
    return [{"Tags": client.list_tags_for_resource(resourceArn=groups[0]["logGroupArn"])["tags"]}]


def with_arns(groups: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
    """The groups with the ARN that the tagging calls take. AWS shows it beside one that ends with ``:*``."""
    return [_with_arn(group) for group in groups]


def _with_arn(group: Raw) -> Raw:
    """With name and ARN, where AWS returns one of them."""
    arn = group.get("logGroupArn") or group.get("arn", "").removesuffix(":*")
    name = group.get("logGroupName") or arn.partition(":log-group:")[2]
    if not name:
        raise missing(group, "logGroupName")
    return group | {"logGroupName": name, **({"logGroupArn": arn} if arn else {})}


def known_tags(group: Raw, told: Told) -> Raw | None:
    tags = told.get(group.get("logGroupArn", ""))
    return {"Tags": dict(tags)} if tags else None


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
        of_titles=beginnings,
        fails_whole=True,
    ),
    id="logGroupName",
    join=with_arns,
    naming=named.naming(prefix),
    title="name",
    of_arn=title_of,
    maybe=may_be_ours,
    tags=Detail(read_tags, known=known_tags),
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
