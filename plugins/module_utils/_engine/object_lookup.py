# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking up single objects: by address, by name, by id."""

from __future__ import annotations

from collections.abc import Sequence

from .._aws.errors import is_not_found
from .._aws.sdk import ClientError
from .details import complete_item, read_details
from .items import Raw
from .listing import list_existing, list_inside
from .ownership import address_reader
from .resource_type import ActualResource, ClientOf, ResolvedResource, ResourceType
from .scope import Scope


def find_resource(
    clients: ClientOf,
    kind: ResourceType,
    scope: Scope,
    address: str,
    known_ids: frozenset[str] = frozenset(),
    others: Sequence[ActualResource] = (),
) -> Raw | None:
    """An existing object with this address and an unknown id: what a call whose answer was lost may have created.

    ``others`` are the stack's objects: parents inside which the type is listed, and objects that it connects.
    """
    client, listing = clients(kind.service), kind.discovery.listing
    read_address = address_reader(kind, scope, others)
    if listing.by_parent:
        requests = [listing.by_parent(other.id) for other in others if other.type == kind.discovery.parent_type]
    else:
        requests = list(kind.list_requests(client, listing, scope))
    listed = [item for request in requests for item in list_inside(client, listing, request)]
    tag_detail = kind.discovery.tag_detail
    for item in kind.merge(listed, [[] for _listing in kind.other_listings]):
        if kind.is_deleted(item) or kind.identify(item) in known_ids or not kind.may_be_owned(item, scope):
            continue
        tagged = item | (read_details(client, tag_detail, [item])[0] or {}) if tag_detail else item
        if read_address(tagged) == address:
            return complete_item(client, kind, tagged)
    return None


def find_by_name(
    clients: ClientOf, kind: ResourceType, scope: Scope, resource: ResolvedResource, known_ids: frozenset[str]
) -> Raw | None:
    """The existing object with the name and the address of a resource and an unknown id."""
    try:
        item = kind.find_by_name(clients(kind.service), resource.name)
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    if item is None or kind.is_deleted(item) or kind.identify(item) in known_ids:
        return None
    return item if address_reader(kind, scope, ())(item) == resource.address else None


def find_by_id(clients: ClientOf, kind: ResourceType, identifier: str) -> Raw | None:
    """The existing object with an id, of any owner; None where there is none, or AWS has no such call."""
    listing = kind.discovery.listing
    if listing.by_ids is None:
        return None
    client = clients(kind.service)
    for item in list_existing(client, listing, listing.by_ids([identifier])):
        if kind.identify(item) == identifier and not kind.is_deleted(item):
            return complete_item(client, kind, item)
    return None
