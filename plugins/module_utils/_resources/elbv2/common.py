# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers for the types of Elastic Load Balancing, whose tags and attributes take calls of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._aws.answer import select_members
from ..._aws.similar_names import suggest
from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import (
    Limit,
    Matching,
    OneOf,
    PropertyProblem,
    display_value,
    is_reference,
    one_of,
    whole_number,
)
from ..._engine.resource_type import ActualResource, Client, Detail, ResourceType, ResourceUpdate, Tagging

TAGS_A_CALL = 20
# Elastic Load Balancing API Reference, CreateListener and CreateTargetGroup, Protocol.
PROTOCOLS = ("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC")
OF_APPLICATIONS = ("HTTP", "HTTPS")  # those of Application Load Balancers and their target groups
# Values of attributes are compared as AWS stores them: text, with true and false in lower case.
SWITCH = OneOf("true or false", values=("true", "false"))


@dataclass(frozen=True)
class Attribute(Limit):
    """The value of an attribute, which a document may write as text, as a number, or as true or false."""

    value: Limit = field(default_factory=Limit)

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if isinstance(value, (Mapping, list, tuple)):
            yield (), f"{display_value(value)} is not the value of an attribute (write text, a number, true or false)"
            return
        (text,) = as_text({"value": value}).values()
        yield from self.value.find_problems(text)


@dataclass(frozen=True)
class Attributes(Limit):
    """A mapping of attributes by AWS's names for them. ``foreign`` are those of other load balancers, by their kind."""

    what: str = "a mapping"
    names: Mapping[str, Attribute] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if not isinstance(value, Mapping):
            yield (), "this is not a mapping (write each as name: value)"
            return
        for name, given in value.items():
            if name in self.foreign:
                yield (name,), f"is an attribute of {self.foreign[name]} only (remove it)"
            elif name not in self.names:
                yield (name,), f"unknown attribute; {suggest(str(name), list(self.names))}"
            elif given is not None and not is_reference(given):
                for path, text in self.names[name].find_problems(given):
                    yield (name, *path), text


def text_attribute(what: str, pattern: str = "(?s:.*)", hint: str = "") -> Attribute:
    return Attribute(value=Matching(what, hint, pattern=pattern))


def switch() -> Attribute:
    return Attribute(value=SWITCH)


def seconds(low: int, high: int) -> Attribute:
    return Attribute(value=whole_number("a number of seconds", low, high, is_text=True))


def one_of_attribute(*words: str) -> Attribute:
    return Attribute(value=one_of(*words))


def listing(operation: str, result: str, ids: str, parent: str = "") -> Listing:
    """A list call without a filter: it lists the objects of all owners, or with ``parent`` those of one parent.

    A call for several ids fails when one does not exist.
    """
    inside = (lambda identifier: {parent: identifier}) if parent else None
    return Listing(
        operation, result, by_ids=lambda found: {ids: list(found)}, by_parent=inside, by_ids_fails_whole=True
    )


def tags(key: str) -> Detail:
    """The tags of twenty items in one call; an item without an answer gets none."""

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        answer = client.describe_tags(ResourceArns=[item[key] for item in items])
        found = {one["ResourceArn"]: one for one in answer["TagDescriptions"]}
        return [select_members(found.get(item[key], answer), lambda member: member == "Tags") for item in items]

    return Detail(read, size=TAGS_A_CALL)


def attributes(operation: str, key: str) -> Detail:
    """The attributes of an item, as a mapping; AWS gives those of one item a call."""

    def read(client: Client, items: list[Raw]) -> list[Raw]:
        answer = getattr(client, operation)(**{key: items[0][key]})["Attributes"]
        return [{"Attributes": {one["Key"]: one.get("Value") for one in answer}}]

    return Detail(read)


def set_attributes(operation: str, key: str) -> Any:
    """An update function that sets the attributes that differ."""

    def set_changed(client: Client, update: ResourceUpdate) -> None:
        actual = update.actual.properties["attributes"]
        desired = update.desired.properties["attributes"]
        changed = {
            name: value for name, value in desired.items() if name not in actual or actual[name] not in (value, None)
        }
        getattr(client, operation)(**{key: update.actual.id}, Attributes=tags_to_list(changed))

    return set_changed


def full_name(arn: str) -> str:
    """The name of a load balancer or target group in CloudWatch's metrics."""
    return arn.rpartition(":")[2].removeprefix("loadbalancer/")


class FullNameType(ResourceType):
    """A type whose objects have a full name, which the list does not show: it is a part of the ARN."""

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        return [item | {"FullName": full_name(self.identify(item))} for item in items]


def as_text(given: Mapping[str, Any] | None) -> dict[str, str]:
    """Attributes as AWS stores them: text, with true and false in lower case. One that is null is not given."""
    values = {name: str(value) for name, value in (given or {}).items() if value is not None}
    return {name: value.lower() if value in ("True", "False") else value for name, value in values.items()}


def read_attributes(given: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of a document as AWS stores them, without those that are references."""
    attributes = given.get("attributes") or {}
    return as_text({name: value for name, value in attributes.items() if not is_reference(value)})


def same_attributes(desired: Mapping[str, str], actual: Mapping[str, str]) -> bool:
    """Whether the attributes are as desired. An attribute that the document does not name is not compared, nor is one
    whose value AWS does not return. One that the list lacks differs."""
    return all(name in actual and actual[name] in (value, None) for name, value in desired.items())


def _write(client: Client, actual: ActualResource, desired: Mapping[str, str]) -> None:
    client.add_tags(ResourceArns=[actual.id], Tags=tags_to_list(desired))


def _remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.remove_tags(ResourceArns=[actual.id], TagKeys=list(keys))


TAGGING = Tagging(lambda item: tags_to_dict(item.get("Tags")), _write, _remove)
