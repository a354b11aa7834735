# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading what a stack owns: one paged list call a type, types in parallel, details of single objects only where AWS
has no other way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._aws.errors import LostResponseError, StackError, is_not_found, tell
from .._aws.sdk import FAILURES, ClientError
from .._aws.tags import RESOURCE, STACK
from .resource import Detail, Listing, Live, Raw, ResourceType, Scope, dig

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class Inventory:
    """What was found: what lives, and what died so lately that AWS still lists it."""

    alive: tuple[Live, ...]
    dead: tuple[Live, ...] = ()


def read_all(clients: ClientOf, types: Iterable[ResourceType], scope: Scope, width: int = 16) -> Inventory:
    """Everything that the stack owns; the dead apart (a terminated instance is listed for an hour)."""
    kinds = sorted(types, key=lambda kind: kind.name)
    with ThreadPoolExecutor(width) as calls, ThreadPoolExecutor(max(1, len(kinds))) as readers:
        reading = [readers.submit(_read_type, clients, kind, scope, calls) for kind in kinds]
        found = [pair for future in reading for pair in future.result()]
    return Inventory(tuple(live for live, gone in found if not gone), tuple(live for live, gone in found if gone))


def _read_type(
    clients: ClientOf, kind: ResourceType, scope: Scope, calls: ThreadPoolExecutor
) -> list[tuple[Live, bool]]:
    try:
        return _read(clients, kind, scope, calls)
    except (LostResponseError, *FAILURES) as error:
        raise StackError(f"reading {kind.name}: {tell(error)}") from error


def _read(clients: ClientOf, kind: ResourceType, scope: Scope, calls: ThreadPoolExecutor) -> list[tuple[Live, bool]]:
    ours = [item for item in _joined(kind, _start(clients, kind, scope, calls)) if _owner(kind, item, scope)]
    gone = [item for item in ours if dead(kind, item)]
    whole = _completed(clients(kind.service), kind, [item for item in ours if not dead(kind, item)], calls)
    return list(_lives(kind, [*whole, *gone], scope))


def find(
    clients: ClientOf, kind: ResourceType, scope: Scope, address: str, known: frozenset[str] = frozenset()
) -> Raw | None:
    """A living object of one address, besides the known ones: what a call that was not answered may have made."""
    client = clients(kind.service)
    for item in _list(client, kind.listing, kind.listing.of_stack(scope)):
        if not dead(kind, item) and kind.identify(item) not in known and _owner(kind, item, scope) == address:
            return complete(client, kind, item)
    return None


def find_by_id(clients: ClientOf, kind: ResourceType, identifier: str) -> Raw | None:
    """The living object with an id, whoever owns it; None when there is none or the type cannot be looked up so."""
    if kind.listing.by_ids is None:
        return None
    client = clients(kind.service)
    for item in _list(client, kind.listing, kind.listing.by_ids([identifier])):
        if not dead(kind, item):
            return complete(client, kind, item)
    return None


def by_ids(client: Any, listing: Listing, identifiers: Sequence[str], scope: Scope) -> list[Raw]:
    """The listed items among the ids, in one paged call."""
    request = listing.by_ids(identifiers) if listing.by_ids else listing.of_stack(scope)
    return _list(client, listing, request)


def complete(client: Any, kind: ResourceType, item: Raw) -> Raw:
    """A single listed item with all its details."""
    whole = kind.join([item], [[] for _listing in kind.also])[0] if kind.join else item
    for detail in kind.details:
        whole = {**whole, **detail.read(client, [item])[0]}
    return whole


def dead(kind: ResourceType, item: Raw) -> bool:
    return kind.is_dead is not None and kind.is_dead(item)


def to_live(kind: ResourceType, item: Raw, name: str) -> Live:
    """A listed item in the words of the document."""
    attributes = {attribute: dig(item, path) for attribute, path in kind.attributes.items()}
    return Live(kind.name, name, kind.identify(item), kind.normalize(item), attributes, kind.tagging.read(item), item)


def _start(clients: ClientOf, kind: ResourceType, scope: Scope, pool: ThreadPoolExecutor) -> list[Future[list[Raw]]]:
    def call(listing: Listing) -> list[Raw]:
        return _list(clients(kind.service), listing, listing.of_stack(scope))

    return [pool.submit(call, listing) for listing in (kind.listing, *kind.also)]


def _joined(kind: ResourceType, futures: Sequence[Future[list[Raw]]]) -> list[Raw]:
    main, *others = [future.result() for future in futures]
    return kind.join(main, others) if kind.join else main


def _list(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    return [item for page in client.pages(listing.operation, request) for item in _flat(page, listing.result)]


def _flat(page: Any, path: str) -> list[Raw]:
    items: list[Any] = [page]
    for key in path.split("."):
        items = [inner for item in items for inner in item.get(key) or ()]
    return items


def _completed(client: Any, kind: ResourceType, items: list[Raw], pool: ThreadPoolExecutor) -> list[Raw]:
    """The items with their details; without those that have gone since they were listed."""
    whole = {kind.identify(item): item for item in items}
    chunks = [
        (detail, items[start : start + detail.size])
        for detail in kind.details
        for start in range(0, len(items), detail.size)
    ]
    reading = [(chunk, pool.submit(_detail, client, detail, chunk)) for detail, chunk in chunks]
    for chunk, future in reading:
        for item, more in zip(chunk, future.result(), strict=True):
            identifier = kind.identify(item)
            if more is None:
                whole.pop(identifier, None)
            elif identifier in whole:
                whole[identifier] = {**whole[identifier], **more}
    return list(whole.values())


def _detail(client: Any, detail: Detail, chunk: list[Raw]) -> Sequence[Raw | None]:
    """The details of some items; None for one that has gone since it was listed."""
    try:
        return detail.read(client, chunk)
    except ClientError as error:
        if not is_not_found(error) or len(chunk) > 1:
            raise
        return [None]


def _lives(kind: ResourceType, items: Iterable[Raw], scope: Scope) -> Iterable[tuple[Live, bool]]:
    for item in items:
        address = _owner(kind, item, scope)
        if address is not None and address.startswith(f"{kind.name}/"):
            name = address.partition("/")[2]
            if dead(kind, item):
                yield Live(kind.name, name, kind.identify(item), {}, {}, {}, item), True
            else:
                yield to_live(kind, item, name), False


def _owner(kind: ResourceType, item: Raw, scope: Scope) -> str | None:
    """The address that an item has in the stack, None when it is not the stack's."""
    if kind.owner:
        return kind.owner(item, scope)
    tags = kind.tagging.read(item)
    return tags.get(RESOURCE) if tags.get(STACK) == scope.stack else None
