# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the IAM types have in common: no regions, no tags in lists; the stack's own path says what it owns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.tags import RESOURCE, STACK, as_list, as_mapping
from .resource import Detail, Listing, Live, Raw, Scope, Tagging


def listing(operation: str, result: str) -> Listing:
    """A list call for the path of one stack."""

    def stack(scope: Scope) -> Mapping[str, Any]:
        return {"PathPrefix": scope.path}

    return Listing(operation, result, stack)


def tags(operation: str, key: str, result: str) -> Detail:
    """The tags of one listed item, which IAM's lists leave out."""

    def read(client: Any, items: list[Raw]) -> list[Raw]:
        return [{"Tags": getattr(client, operation)(**{key: items[0][key]})[result].get("Tags", [])}]

    return Detail(read)


def tagging(kind: str, key: str) -> Tagging:
    """Tags by the operations `tag_<kind>` and `untag_<kind>`."""

    def write(client: Any, live: Live, wanted: Mapping[str, str]) -> None:
        getattr(client, f"tag_{kind}")(**{key: live.id}, Tags=as_list(wanted))

    def remove(client: Any, live: Live, keys: Any) -> None:
        getattr(client, f"untag_{kind}")(**{key: live.id}, TagKeys=list(keys))

    return Tagging(lambda item: as_mapping(item.get("Tags")), write, remove)


def owner(kind: str, key: str) -> Any:
    """The address of an item: its tag, or else its name, which together with its path is the stack's alone.

    Lists are asked for that path, so that an item without one has it.
    """

    def address(item: Raw, scope: Scope) -> str | None:
        found = as_mapping(item.get("Tags"))
        if found.get(STACK) == scope.stack and found.get(RESOURCE):
            return found[RESOURCE]
        prefix = scope.physical("", everywhere=True)
        return f"{kind}/{item[key].removeprefix(prefix)}" if item.get("Path", scope.path) == scope.path else None

    return address
