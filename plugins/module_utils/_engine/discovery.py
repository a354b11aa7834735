# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Discovery: everything that a stack owns in AWS.

One paged list call a type, types in parallel, and calls for single objects only where AWS has no other way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._aws.answer import answers_about
from .._aws.errors import LostResponseError, StackError, describe_error, is_of_every_call
from .._aws.sdk import FAILURES
from .details import add_details, add_tags
from .items import Raw
from .list_call import Listing
from .listing import list_inside
from .model import DesiredStack
from .ownership import AddressOf, Identity, address_reader
from .resource_type import ActualResource, ClientOf, Registry, ResourceType
from .scope import Scope
from .tag_index import EMPTY_INDEX, read_tag_index
from .type_selection import add_found_names, add_required_types, select_expected_types, stack_scope

MAX_PARALLEL_CALLS = 32


@dataclass(frozen=True)
class DiscoveredResources:
    """The stack's objects: those that exist, and those that were deleted so lately that AWS still lists them.

    ``spares`` are objects that it does not own and that are kept for one of its resources: they have its address.
    """

    alive: tuple[ActualResource, ...]
    deleted: tuple[ActualResource, ...] = ()
    spares: tuple[ActualResource, ...] = ()


def discover(clients: ClientOf, stack: DesiredStack, registry: Registry) -> DiscoveredResources:
    """Everything that the stack owns, in two rounds: most types first, then those that need the first round's answers.

    The second round lists types with names that only the tag index knows, types inside hosted zones that tags name, and
    types that are not in the document and of which the tag index reports objects.
    """
    scope = stack_scope(stack, registry)
    expected = select_expected_types(stack, registry)
    unexpected = [kind for kind in registry.values() if kind not in expected]
    named_by_index = [kind for kind in expected if kind.name_property]
    in_hosted_zones = [kind for kind in registry.values() if kind.hosted_zone_property]
    second_round = [*named_by_index, *in_hosted_zones]
    with ThreadPoolExecutor(1) as pool:
        reading_index = pool.submit(read_tag_index, clients, scope.stack, [*unexpected, *named_by_index])
        first = discover_types(clients, [kind for kind in expected if kind not in second_round], scope)
        index = reading_index.result()
    if index is None:
        # Without the index every type may have objects.
        reported = unexpected
    else:
        names = {kind.name for kind in expected} | (index.types & registry.keys())
        reported = [kind for kind in add_required_types(names, registry) if kind not in expected]
    second_round += [kind for kind in reported if kind not in in_hosted_zones]
    wider_scope = add_found_names(scope, second_round, index or EMPTY_INDEX, first.alive)
    second = discover_types(clients, second_round, wider_scope, known=first.alive)
    return DiscoveredResources(first.alive + second.alive, first.deleted + second.deleted, first.spares + second.spares)


def discover_types(
    clients: ClientOf, kinds: Iterable[ResourceType], scope: Scope, known: Sequence[ActualResource] = ()
) -> DiscoveredResources:
    """Everything of these types that the stack owns; ``known`` are objects of other types, discovered before."""
    ordered = order_by_dependency(kinds)
    discoveries: dict[str, _TypeDiscovery] = {}
    results: dict[str, Future[DiscoveredResources]] = {}
    with ThreadPoolExecutor(MAX_PARALLEL_CALLS) as calls, ThreadPoolExecutor(max(1, len(ordered))) as threads:
        for kind in ordered:
            others = {name: discoveries[name] for name in kind.depends_on_types if name in discoveries}
            discoveries[kind.name] = _TypeDiscovery(clients, kind, scope, calls, others, known)
            results[kind.name] = threads.submit(discoveries[kind.name].run)
        found = [results[name].result() for name in sorted(results)]
    return DiscoveredResources(
        tuple(actual for one in found for actual in one.alive),
        tuple(actual for one in found for actual in one.deleted),
        tuple(actual for one in found for actual in one.spares),
    )


class _TypeDiscovery:
    """Discovers the objects of one type. Their identities are published before their details are read.

    ``others`` are the discoveries of the types that this one is listed inside, or connects.
    """

    def __init__(
        self,
        clients: ClientOf,
        kind: ResourceType,
        scope: Scope,
        calls: ThreadPoolExecutor,
        others: Mapping[str, _TypeDiscovery],
        known: Sequence[ActualResource],
    ) -> None:
        self.identities: Future[list[Identity]] = Future()
        self._clients = clients
        self._kind = kind
        self._scope = scope
        self._calls = calls
        self._others = others
        self._known = known

    def run(self) -> DiscoveredResources:
        try:
            with answers_about(self._kind.name):
                return self._discover()
        except (LostResponseError, *FAILURES) as error:
            subject = "" if is_of_every_call(error) else f"reading {self._kind.name}: "
            problem = StackError(f"{subject}{describe_error(error)}")
            self._fail(problem)
            raise problem from error
        except BaseException as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        """Other types may wait for the identities: they must get the error."""
        if not self.identities.done():
            self.identities.set_exception(error)

    def _discover(self) -> DiscoveredResources:
        """List, read tags, find what the stack owns, read the details of that."""
        kind, client = self._kind, self._clients(self._kind.service)
        listed = [item for item in self._list() if kind.may_be_owned(item, self._scope)]
        tagged = add_tags(client, kind, [item for item in listed if not kind.is_deleted(item)], self._calls)
        address_of = address_reader(kind, self._scope, [*self._known, *self._other_identities()])
        alive = [item for item in tagged if address_of(item)]
        deleted = [item for item in listed if kind.is_deleted(item) and address_of(item)]
        self.identities.set_result([self._identity(item, address_of) for item in (*alive, *deleted)])
        complete = add_details(client, kind, alive, self._calls)
        # The address is read again: the details may have the tags that decide it (IAM).
        return DiscoveredResources(
            tuple(kind.to_actual(item, self._name(item, address_of)) for item in complete),
            tuple(self._incomplete(item, address_of(item)) for item in deleted),
            tuple(self._find_spares(tagged, alive)),
        )

    def _find_spares(self, tagged: Sequence[Raw], alive: Sequence[Raw]) -> Iterator[ActualResource]:
        for item in tagged:
            address = self._kind.find_origin(item, self._scope)
            if address and item not in alive:
                yield self._incomplete(item, address)

    def _incomplete(self, item: Raw, address: str | None) -> ActualResource:
        """An object of which only the address and the id matter."""
        name = (address or "").removeprefix(f"{self._kind.name}/")
        return ActualResource(self._kind.name, name, self._kind.identify(item), {}, {}, {}, item)

    def _identity(self, item: Raw, address_of: AddressOf) -> Identity:
        kind = self._kind
        return Identity(kind.name, kind.identify(item), self._name(item, address_of), kind.is_deleted(item))

    def _name(self, item: Raw, address_of: AddressOf) -> str:
        return (address_of(item) or "").removeprefix(f"{self._kind.name}/")

    def _other_identities(self) -> list[Identity]:
        return [identity for other in self._others.values() for identity in other.identities.result()]

    def _list(self) -> list[Raw]:
        submitted = [
            [self._calls.submit(self._call, listing, request) for request in self._requests(listing)]
            for listing in (self._kind.discovery.listing, *self._kind.other_listings)
        ]
        main, *others = [[item for future in futures for item in future.result()] for futures in submitted]
        return self._kind.merge(main, others)

    def _call(self, listing: Listing, request: Mapping[str, Any]) -> list[Raw]:
        return list_inside(self._clients(self._kind.service), listing, request)

    def _requests(self, listing: Listing) -> list[Mapping[str, Any]]:
        if listing.by_parent is None:
            return list(self._kind.list_requests(self._clients(self._kind.service), listing, self._scope))
        return [listing.by_parent(identifier) for identifier in self._parent_ids()]

    def _parent_ids(self) -> list[str]:
        parent = self._kind.discovery.parent_type
        found = [actual.id for actual in self._known if actual.type == parent]
        if parent in self._others:
            found += [one.id for one in self._others[parent].identities.result() if not one.is_deleted]
        return found


def order_by_dependency(types: Iterable[ResourceType]) -> list[ResourceType]:
    """Types that others wait for come first; then those with the longest chain of calls; then the busiest services.

    The model of a service with many types takes the longest to load.
    """
    kinds = {kind.name: kind for kind in types}
    services = Counter(kind.service for kind in kinds.values())

    def depth(kind: ResourceType) -> int:
        return max((1 + depth(kinds[name]) for name in kind.depends_on_types if name in kinds), default=0)

    def chain_of_calls(kind: ResourceType) -> int:
        dependents = (chain_of_calls(other) for other in kinds.values() if kind.name in other.depends_on_types)
        return 1 + bool(kind.discovery.details) + max(dependents, default=0)

    return sorted(
        kinds.values(), key=lambda kind: (depth(kind), -chain_of_calls(kind), -services[kind.service], kind.name)
    )
