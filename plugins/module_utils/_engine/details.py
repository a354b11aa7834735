# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Details: the calls that complete listed items, as few as AWS allows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from .._aws.errors import is_not_found
from .._aws.sdk import ClientError
from .items import Raw
from .resource_type import Detail, ResourceType

# From this number of items on, one call for all of them is worth its larger answer.
MANY = 2


def add_tags(client: Any, kind: ResourceType, items: Sequence[Raw], calls: ThreadPoolExecutor) -> list[Raw]:
    """The items with their tags; without those that were deleted since they were listed."""
    tag_detail = kind.discovery.tag_detail
    return _add_details(client, kind, (tag_detail,), items, calls) if tag_detail else list(items)


def add_details(client: Any, kind: ResourceType, items: Sequence[Raw], calls: ThreadPoolExecutor) -> list[Raw]:
    """The items with all details; without those that were deleted since they were listed."""
    found = kind.read_details_of_all(client, list(items)) if len(items) >= MANY else {}
    complete = [item | found[kind.identify(item)] for item in items if kind.identify(item) in found]
    incomplete = [item for item in items if kind.identify(item) not in found]
    return [*complete, *_add_details(client, kind, kind.discovery.details, incomplete, calls)]


def complete_item(client: Any, kind: ResourceType, item: Raw) -> Raw:
    """A single listed item with its tags and all details."""
    complete = kind.merge([item], [[] for _listing in kind.other_listings])[0]
    tag_detail = kind.discovery.tag_detail
    if tag_detail:
        complete = complete | tag_detail.read(client, [item])[0]
    for detail in kind.discovery.details:
        complete = complete | detail.read(client, [item])[0]
    return complete


def read_details(client: Any, detail: Detail, items: list[Raw]) -> Sequence[Raw | None]:
    """The details of some items; None for an item that was deleted since it was listed."""
    try:
        return detail.read(client, items)
    except ClientError as error:
        if not is_not_found(error):
            raise
        if len(items) == 1:
            return [None]
        # Only a call for each item shows which one does not exist any more.
        return [details for item in items for details in read_details(client, detail, [item])]


def _add_details(
    client: Any, kind: ResourceType, details: Sequence[Detail], items: Sequence[Raw], calls: ThreadPoolExecutor
) -> list[Raw]:
    complete = {kind.identify(item): item for item in items}
    submitted: list[tuple[list[Raw], Future[Sequence[Raw | None]]]] = []
    for detail in details:
        for start in range(0, len(items), detail.size):
            chunk = list(items[start : start + detail.size])
            submitted.append((chunk, calls.submit(read_details, client, detail, chunk)))
    for chunk, future in submitted:
        for item, found in zip(chunk, future.result(), strict=True):
            identifier = kind.identify(item)
            if found is None:
                complete.pop(identifier, None)
            elif identifier in complete:
                complete[identifier] = complete[identifier] | found
    return list(complete.values())
