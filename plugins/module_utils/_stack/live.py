# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading what a stack owns: one paged list call a type, types in parallel, details of single objects only where AWS
has no other way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._aws.answer import missing, reading
from .._aws.errors import LostResponseError, StackError, is_not_found, tell
from .._aws.sdk import FAILURES, ClientError
from . import details
from .resource import SHOWN, Listing, Live, Order, Raw, ResourceType, Scope, Told, dig, plain, tagged_address

ClientOf = Callable[[str], Any]
# Objects, and of each whether it is dead.
Found = list[tuple[Live, bool]]
Owner = Callable[[Raw], "str | None"]


@dataclass(frozen=True)
class Inventory:
    """What was found: what lives, and what died so lately that AWS still lists it.

    ``hearsay``: some tags are as the tagging API tells them, which may be late by minutes.
    """

    alive: tuple[Live, ...]
    dead: tuple[Live, ...] = ()
    hearsay: bool = False


def read_all(
    clients: ClientOf,
    types: Iterable[ResourceType],
    scope: Scope,
    known: Sequence[Live] = (),
    told: Callable[[], Told] = dict,
    width: int = 32,
) -> Inventory:
    """Everything of these types that the stack owns; the dead apart (a terminated instance is listed for an hour).

    ``known`` is what was read before, of other types; ``told`` waits for the tags that need not be asked for again.
    """
    kinds = _in_order(types)
    with ThreadPoolExecutor(width) as calls, ThreadPoolExecutor(max(1, len(kinds))) as readers:
        reading: dict[str, _Reading] = {}
        for kind in kinds:
            others = {name: reading[name] for name in kind.stands_on if name in reading}
            members: Future[list[Member]] = Future()
            reader = _Reader(clients, kind, scope, calls, others, known, told, members)
            reading[kind.name] = _Reading(members, readers.submit(reader.read))
        found = [pair for name in sorted(reading) for pair in reading[name].found.result()]
    return Inventory(tuple(live for live, gone in found if not gone), tuple(live for live, gone in found if gone))


def _in_order(types: Iterable[ResourceType]) -> list[ResourceType]:
    """Those that others wait for first; among them those after which most answers have to be waited for, and then
    those of the service with most of them: its model takes the longest to load."""
    kinds = {kind.name: kind for kind in types}
    services = Counter(kind.service for kind in kinds.values())

    def depth(kind: ResourceType) -> int:
        return max((1 + depth(kinds[name]) for name in kind.stands_on if name in kinds), default=0)

    def answers(kind: ResourceType) -> int:
        inside = (answers(other) for other in kinds.values() if kind.name in other.stands_on)
        return 1 + bool(kind.details) + max(inside, default=0)

    return sorted(kinds.values(), key=lambda kind: (depth(kind), -answers(kind), -services[kind.service], kind.name))


@dataclass(frozen=True)
class Member:
    """What can be told of an object before its details are read: enough for what is listed inside it, or joins it."""

    type: str
    id: str
    name: str
    gone: bool


@dataclass(frozen=True)
class _Reading:
    """The objects of one type: first whose they are, then all of them."""

    members: Future[list[Member]]
    found: Future[Found]


@dataclass(frozen=True)
class _Reader:
    """Reads the objects of one type; ``others`` are those that they are listed under, or join."""

    clients: ClientOf
    kind: ResourceType
    scope: Scope
    calls: ThreadPoolExecutor
    others: Mapping[str, _Reading]
    known: Sequence[Live]
    told: Callable[[], Told]
    members: Future[list[Member]]

    def read(self) -> Found:
        try:
            with reading(self.kind.name):
                return self._read()
        except BaseException as error:
            known = isinstance(error, (LostResponseError, *FAILURES))
            told = StackError(f"reading {self.kind.name}: {tell(error)}") if known else error
            # Whoever waits for the members must not wait for ever.
            if not self.members.done():
                self.members.set_exception(told)
            if told is error:
                raise
            raise told from error

    def _read(self) -> Found:
        listed = [item for item in self._listed() if _may_be_ours(self.kind, item, self.scope)]
        gone = [item for item in listed if dead(self.kind, item)]
        completion = details.Completion(self.clients(self.kind.service), self.kind, self.calls, self._told)
        tagged = completion.tagged([item for item in listed if not dead(self.kind, item)])
        owner = self._owner()
        ours, buried = [item for item in tagged if owner(item)], [item for item in gone if owner(item)]
        self.members.set_result([self._member(item, owner) for item in (*ours, *buried)])
        # Whose they are is asked again of the whole items: details may show the tags that say it (IAM).
        return self._lives([*completion.whole(ours), *buried], owner)

    def _member(self, item: Raw, owner: Owner) -> Member:
        kind = self.kind
        return Member(kind.name, kind.identify(item), self._name(item, owner), dead(kind, item))

    def _name(self, item: Raw, owner: Owner) -> str:
        return (owner(item) or "").removeprefix(f"{self.kind.name}/")

    def _told(self) -> Told:
        """The tags that are known, and those that the details of another type show."""
        told = self.others[self.kind.told_by].found.result() if self.kind.told_by in self.others else []
        shown = [live.raw.get(SHOWN, {}) for live, _gone in told]
        return {**self.told(), **{arn: tags for tags_of in shown for arn, tags in tags_of.items()}}

    def _owner(self) -> Owner:
        """Whose an item is. Waits for the others to be read, so nobody who is waited for may wait for it."""
        others = [member for reading in self.others.values() for member in reading.members.result()]
        return _owner(self.kind, self.scope, [*self.known, *others])

    def _lives(self, items: Iterable[Raw], owner: Owner) -> Found:
        kind, found = self.kind, []
        for item in items:
            name = self._name(item, owner)
            if dead(kind, item):
                found.append((Live(kind.name, name, kind.identify(item), {}, {}, {}, item), True))
            else:
                found.append((to_live(kind, item, name), False))
        return found

    def _listed(self) -> list[Raw]:
        listings = (self.kind.listing, *self.kind.also)
        asked = [
            [self.calls.submit(self._call, listing, request) for request in self._requests(listing)]
            for listing in listings
        ]
        main, *others = [[item for future in futures for item in future.result()] for futures in asked]
        return self.kind.join(main, others) if self.kind.join else main

    def _requests(self, listing: Listing) -> list[Mapping[str, Any]]:
        if listing.of_parent is None:
            return _of_stack(self.clients(self.kind.service), self.kind, listing, self.scope)
        beside = self.others[self.kind.under].members.result() if self.kind.under in self.others else []
        parents = [live.id for live in self.known if live.type == self.kind.under]
        return [listing.of_parent(one) for one in (*parents, *(member.id for member in beside if not member.gone))]

    def _call(self, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
        return _asked(self.clients(self.kind.service), listing, request)


def find(
    clients: ClientOf,
    kind: ResourceType,
    scope: Scope,
    address: str,
    known: frozenset[str] = frozenset(),
    others: Sequence[Live] = (),
) -> Raw | None:
    """A living object of one address, besides the known ones: what a call that was not answered may have made.

    ``others`` are the stack's objects, among which are those that it is listed under, or joins.
    """
    client, listing, owner = clients(kind.service), kind.listing, _owner(kind, scope, others)
    parents, of_parent = [live.id for live in others if live.type == kind.under], listing.of_parent
    inside = [of_parent(parent) for parent in parents] if of_parent else _of_stack(client, kind, listing, scope)
    listed = [item for request in inside for item in _asked(client, listing, request)]
    for item in kind.join(listed, [[] for _listing in kind.also]) if kind.join else listed:
        if dead(kind, item) or kind.identify(item) in known or not _may_be_ours(kind, item, scope):
            continue
        tagged = item | (details.read(client, kind.tags, [item])[0] or {}) if kind.tags else item
        if owner(tagged) == address:
            return complete(client, kind, tagged)
    return None


def find_by_name(
    clients: ClientOf, kind: ResourceType, scope: Scope, order: Order, known: frozenset[str]
) -> Raw | None:
    """The living object that has the name of an order and bears its address, besides the known ones."""
    try:
        item = kind.by_name(clients(kind.service), order.name) if kind.by_name else None
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    if item is None or dead(kind, item) or kind.identify(item) in known:
        return None
    return item if _owner(kind, scope, ())(item) == order.address else None


def find_by_id(clients: ClientOf, kind: ResourceType, identifier: str) -> Raw | None:
    """The living object with an id, whoever owns it; None when there is none or the type cannot be looked up so."""
    if kind.listing.by_ids is None:
        return None
    client = clients(kind.service)
    for item in _if_any(client, kind.listing, kind.listing.by_ids([identifier])):
        if kind.identify(item) == identifier and not dead(kind, item):
            return complete(client, kind, item)
    return None


def by_ids(client: Any, listing: Listing, identifiers: Sequence[str], scope: Scope) -> list[Raw]:
    """The listed items among the ids, in one paged call."""
    together = listing.by_ids if listing.by_ids and not listing.fails_whole else None
    return _list(client, listing, together(identifiers) if together else listing.of_stack(scope))


def complete(client: Any, kind: ResourceType, item: Raw) -> Raw:
    """A single listed item with all its details."""
    whole = kind.join([item], [[] for _listing in kind.also])[0] if kind.join else item
    for detail in (*((kind.tags,) if kind.tags else ()), *kind.details):
        whole = whole | detail.read(client, [item])[0]
    return whole


def dead(kind: ResourceType, item: Raw) -> bool:
    return kind.is_dead is not None and kind.is_dead(item)


def to_live(kind: ResourceType, item: Raw, name: str) -> Live:
    """A listed item in the words of the document."""
    with reading(f"{kind.name}/{name}"):
        attributes = {attribute: plain(dig(item, path)) for attribute, path in kind.attributes.items()}
        properties = plain(kind.normalize(item))
        return Live(kind.name, name, kind.identify(item), properties, attributes, kind.tags_of(item), item)


def _list(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    items = (item for page in client.pages(listing.operation, request) for item in _flat(page, listing.result))
    return [listing.shape(request, item) if listing.shape else item for item in items]


def _of_stack(client: Any, kind: ResourceType, listing: Listing, scope: Scope) -> list[Mapping[str, Any]]:
    """The requests that list what may be the stack's: all that has its names, and what has names of its own."""
    if listing.requests:
        return list(listing.requests(client, scope))
    titles = sorted(scope.titles.get(kind.name, ()))
    return [listing.of_stack(scope), *(listing.of_titles(titles) if listing.of_titles and titles else ())]


def _flat(page: Any, path: str) -> list[Raw]:
    """The items of an answer; one that is about a single object has it in the place of a list."""
    items: list[Any] = [page]
    for key in path.split("."):
        found = [item[key] for item in items]
        items = [inner for one in found for inner in ([one] if isinstance(one, Mapping) else one)]
    return items


def _asked(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    """What is listed; nothing where that which it is listed inside is gone."""
    return _if_any(client, listing, request) if listing.of_parent else _list(client, listing, request)


def _if_any(client: Any, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
    """What is listed; nothing where that which the call names does not exist."""
    try:
        return _list(client, listing, request)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return []


def _may_be_ours(kind: ResourceType, item: Raw, scope: Scope) -> bool:
    return kind.maybe is None or kind.maybe(item, scope)


def _owner(kind: ResourceType, scope: Scope, others: Iterable[Live | Member]) -> Owner:
    """How the address of an item in the stack is told; None for one that is not the stack's."""
    address = _address(kind, scope, others)

    def owner(item: Raw) -> str | None:
        found = address(item)
        if found is None and kind.tagging and _must_have_tags(kind, item, scope):
            arn = kind.attributes.get("arn", kind.id)
            untold = kind.tagging.member if dig(item, arn) else arn
            raise missing(item, f"{untold} of {kind.identify(item)}")
        return found

    return owner


def _must_have_tags(kind: ResourceType, item: Raw, scope: Scope) -> bool:
    """Whether an item without any tags cannot be taken for somebody else's: a second one would be made in its place.

    AWS was asked for what bears the stack's tag, or it is inside an object of the stack, or is named like one.
    """
    if dead(kind, item):
        return False
    if kind.listing.by_tag:
        return kind.tagging is not None and not item.get(kind.tagging.member)
    if kind.owner or kind.joins or (kind.tagging and kind.tagging.member in item):
        return False
    name = dig(item, kind.attributes.get("name", kind.id))
    return bool(kind.under) or str(name).startswith(scope.physical(""))


def _address(kind: ResourceType, scope: Scope, others: Iterable[Live | Member]) -> Owner:
    if kind.owner:
        told = kind.owner
        return lambda item: _own(kind, told(item, scope))
    if kind.joins:
        names = {(live.type, live.id): live.name for live in others}
        return lambda item: _joined(kind, item, names)
    return lambda item: _own(kind, tagged_address(item, kind.tags_of(item), scope))


def _own(kind: ResourceType, address: str | None) -> str | None:
    return address if address is not None and address.startswith(f"{kind.name}/") else None


def _joined(kind: ResourceType, item: Raw, names: Mapping[tuple[str, str], str]) -> str | None:
    found = [names.get((other, str(dig(item, path)))) for other, path in kind.joins.items()]
    return None if None in found else f"{kind.name}/{kind.joined([name for name in found if name])}"
