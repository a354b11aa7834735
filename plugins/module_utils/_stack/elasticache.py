# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the types of ElastiCache have in common: lists show no tags, yet a description, which says whose an object is.

Names cannot: they have dashes and nothing else. The tags are read of what the stack owns, a call each, and not while
AWS is at work on it, when it tells none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._aws.answer import missing
from .._aws.errors import code_of
from .._aws.sdk import ClientError
from .._aws.tags import RESOURCE, STACK, as_list, as_mapping
from .details import known_by
from .resource import TAGS_UNKNOWN, Client, Detail, Live, Order, Raw, Scope, Tagging

BUSY = "InvalidReplicationGroupState"
MOST_NODES = 6  # a primary and five replicas
# Attributes: the names of a cache's nodes.
NODES = {f"node_{number}": f"NodeNames.{number - 1}" for number in range(1, MOST_NODES + 1)}


def mark(stack: str, address: str) -> str:
    """The description of an object of a stack."""
    return f"groundwork/{stack}/{address}"


def description(order: Order) -> str:
    return mark(order.scope.stack, order.address)


def owner(key: str, name: str) -> Callable[[Raw, Scope], str | None]:
    """The address of an item, by its description ``key``; without one an item that is ``name``d like the stack's may
    be the stack's."""

    def address(item: Raw, scope: Scope) -> str | None:
        if key not in item and str(item.get(name)).startswith(scope.physical("")):
            raise missing(item, f"{key} of {item[name]}")
        text, start = str(item.get(key, "")), mark(scope.stack, "")
        return text.removeprefix(start) if text.startswith(start) else None

    return address


def _read(client: Client, items: list[Raw]) -> list[Raw]:
    try:
        return [{"Tags": client.list_tags_for_resource(ResourceName=items[0]["ARN"])["TagList"]}]
    except ClientError as error:
        if code_of(error) != BUSY:
            raise
        return [{TAGS_UNKNOWN: True}]


def tagging(describe: Callable[[Client, str, str], Any]) -> Tagging:
    """Tags, and with those that say whose it is the description; ``describe`` sets that of an object, by id."""

    def write(client: Client, live: Live, tags: Mapping[str, str]) -> None:
        client.add_tags_to_resource(ResourceName=live.attributes["arn"], Tags=as_list(tags))
        if STACK in tags or RESOURCE in tags:
            whole = {**live.tags, **tags}
            describe(client, live.id, mark(whole[STACK], whole[RESOURCE]))

    def remove(client: Client, live: Live, keys: Sequence[str]) -> None:
        client.remove_tags_from_resource(ResourceName=live.attributes["arn"], TagKeys=list(keys))

    return Tagging(lambda item: as_mapping(item.get("Tags")), write, remove)


def with_node_names(group: Raw) -> Raw:
    """With the names of its nodes, which metrics go by: those that there are, then those that AWS would give to more.

    So what watches a node is told its name in the same run in which the cache grows.
    """
    there = sorted(group.get("MemberClusters") or ())
    given = (f"{group['ReplicationGroupId']}-{number:03}" for number in range(1, MOST_NODES + len(there) + 1))
    return group | {"NodeNames": [*there, *(name for name in given if name not in there)][:MOST_NODES]}


TAGS = Detail(_read, known=known_by("ARN", "Tags"))
