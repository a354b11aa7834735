# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List calls: the requests of a type, and the items that AWS answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._aws.errors import is_not_found
from .._aws.sdk import ClientError
from .items import Raw
from .list_call import Listing
from .scope import Scope


def list_items(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    """All items of all pages."""
    items: list[Raw] = []
    for page in client.pages(listing.operation, request):
        for item in _items_of_page(page, listing.result):
            items.append(listing.complete_item(request, item))
    return items


def list_existing(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    """All items; none where the object that the request names does not exist."""
    try:
        return list_items(client, listing, request)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return []


def list_inside(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    """All items; none where they are listed inside an object that does not exist any more."""
    return list_existing(client, listing, request) if listing.by_parent else list_items(client, listing, request)


def list_by_ids(client: Any, listing: Listing, identifiers: Sequence[str], scope: Scope) -> list[Raw]:
    """The items with these ids in one paged call; also others where a call for several ids would fail for one."""
    if listing.by_ids and not listing.by_ids_fails_whole:
        return list_items(client, listing, listing.by_ids(identifiers))
    return list_items(client, listing, listing.by_stack(scope))


def _items_of_page(page: Any, path: str) -> list[Raw]:
    """The items at a dotted path: nested lists are flattened, and a single object counts as a list of one."""
    found: list[Any] = [page]
    for key in path.split("."):
        inner: list[Any] = []
        for item in found:
            value = item[key]
            inner += [value] if isinstance(value, Mapping) else list(value)
        found = inner
    return found
