# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ownership: the address that a listed item has in the stack, if the stack owns it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .._aws.answer import missing_member
from .items import Raw, value_at
from .resource_type import ActualResource, ResourceType
from .scope import Scope

# The address of an item in the stack; None for an item that the stack does not own.
AddressOf = Callable[[Raw], "str | None"]


@dataclass(frozen=True)
class Identity:
    """Type, id and name of an object. They are known before its details are read."""

    type: str
    id: str
    name: str
    is_deleted: bool = False


def address_reader(kind: ResourceType, scope: Scope, others: Iterable[ActualResource | Identity]) -> AddressOf:
    """A function that gives the address of an item; ``others`` are objects of the stack that associations connect."""
    names = {(other.type, other.id): other.name for other in others}

    def read_address(item: Raw) -> str | None:
        address = _find_address(kind, scope, item, names)
        if address is None and _must_have_tags(kind, item, scope):
            arn_path = kind.schema.attributes.get("arn", kind.schema.id_path)
            tag_member = kind.discovery.tagging.member if kind.discovery.tagging else "Tags"
            missing = tag_member if value_at(item, arn_path) else arn_path
            raise missing_member(item, f"{missing} of {kind.identify(item)}")
        return address

    return read_address


def _find_address(kind: ResourceType, scope: Scope, item: Raw, names: Mapping[tuple[str, str], str]) -> str | None:
    if not kind.association_of:
        address = kind.find_address(item, scope)
        return address if address is not None and address.startswith(f"{kind.name}/") else None
    connected: list[str] = []
    for other_type, path in kind.association_of.items():
        name = names.get((other_type, str(value_at(item, path))))
        if name is None:
            return None
        connected.append(name)
    return f"{kind.name}/{kind.association_name(connected)}"


def _must_have_tags(kind: ResourceType, item: Raw, scope: Scope) -> bool:
    """Whether an item without tags is an incomplete answer: taken for a foreign object, it would be created again.

    AWS was asked for objects with the stack's tag, or the item is inside an object of the stack, or is named like one.
    """
    discovery = kind.discovery
    if discovery.tagging is None or kind.is_deleted(item):
        return False
    if discovery.listing.filters_by_tag:
        return not item.get(discovery.tagging.member)
    if not kind.owned_by_tags or kind.association_of or discovery.tagging.member in item:
        return False
    name = value_at(item, kind.schema.attributes.get("name", kind.schema.id_path))
    return bool(discovery.parent_type) or str(name).startswith(scope.physical_name(""))
