# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers for the types of ElastiCache: lists show no tags, but a description, which names the owner.

The tags of the stack's objects are read by a call each. While AWS is at work on an object, it returns none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from ..._aws.answer import missing_member
from ..._aws.errors import error_code
from ..._aws.sdk import ClientError
from ..._aws.tags import RESOURCE, STACK, tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.resource_type import (
    TAGS_UNKNOWN,
    ActualResource,
    Client,
    Detail,
    ResolvedResource,
    ResourceType,
    Tagging,
)
from ..._engine.scope import Scope

BUSY = "InvalidReplicationGroupState"
MOST_NODES = 6  # a primary and five replicas
# Attributes: the names of a cache's nodes.
NODES = {f"node_{number}": f"NodeNames.{number - 1}" for number in range(1, MOST_NODES + 1)}


def mark(stack: str, address: str) -> str:
    """The description of an object of a stack."""
    return f"groundwork/{stack}/{address}"


def description(resource: ResolvedResource) -> str:
    return mark(resource.scope.stack, resource.address)


class DescriptionOwnedType(ResourceType):
    """A type whose list shows a description but no tags: the description says who owns an object.

    Names cannot: they contain dashes only, so that ``shop`` and ``shop-2`` would find each other's objects.
    """

    owned_by_tags = False
    description_path: ClassVar[str]

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        name = str(item.get(self.schema.id_path))
        if self.description_path not in item and name.startswith(scope.physical_name("")):
            # An item of another stack may lack anything. This one may be the stack's.
            raise missing_member(item, f"{self.description_path} of {name}")
        text, prefix = str(item.get(self.description_path, "")), mark(scope.stack, "")
        return text.removeprefix(prefix) if text.startswith(prefix) else None


def _read(client: Client, items: list[Raw]) -> list[Raw]:
    try:
        return [{"Tags": client.list_tags_for_resource(ResourceName=items[0]["ARN"])["TagList"]}]
    except ClientError as error:
        if error_code(error) != BUSY:
            raise
        return [{TAGS_UNKNOWN: True}]


def tagging(describe: Callable[[Client, str, str], Any]) -> Tagging:
    """Tags, and with the ownership tags the description, which ``describe`` sets by id."""

    def write(client: Client, actual: ActualResource, tags: Mapping[str, str]) -> None:
        client.add_tags_to_resource(ResourceName=actual.attributes["arn"], Tags=tags_to_list(tags))
        if STACK in tags or RESOURCE in tags:
            whole = {**actual.tags, **tags}
            describe(client, actual.id, mark(whole[STACK], whole[RESOURCE]))

    def remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
        client.remove_tags_from_resource(ResourceName=actual.attributes["arn"], TagKeys=list(keys))

    return Tagging(lambda item: tags_to_dict(item.get("Tags")), write, remove)


def with_node_names(group: Raw) -> Raw:
    """The group with the names of its nodes, which metrics use: existing nodes, then the names that AWS gives next.

    An alarm can then name a node in the same run that adds it.
    """
    existing = sorted(group.get("MemberClusters") or ())
    given = (f"{group['ReplicationGroupId']}-{number:03}" for number in range(1, MOST_NODES + len(existing) + 1))
    return group | {"NodeNames": [*existing, *(name for name in given if name not in existing)][:MOST_NODES]}


TAGS = Detail(_read)
