# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all resource types of EC2 have in common: filters by tag, tags in the item, tags by one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from .._aws.tags import as_list, as_mapping, of_stack
from .resource import Client, Listing, Live, Raw, Scope, Tagging


def listing(operation: str, result: str, id_filter: str, filters: str = "Filters", **more: Any) -> Listing:
    """A describe call with server-side filters: an id that is gone is left out instead of failing all others.

    ``filters`` is what the call names them.
    """

    def stack(scope: Scope) -> Mapping[str, Any]:
        return {filters: of_stack(scope.stack), **more}

    def ids(identifiers: Sequence[str]) -> Mapping[str, Any]:
        return {filters: [{"Name": id_filter, "Values": list(identifiers)}], **more}

    return Listing(operation, result, stack, ids, by_tag=True)


def network(cidr: str) -> str:
    """A CIDR as AWS writes it: without host bits, IPv6 in short form."""
    return str(ip_network(cidr, strict=False))


def _read(item: Raw) -> dict[str, str]:
    return as_mapping(item.get("Tags"))


def _write(client: Client, live: Live, tags: Mapping[str, str]) -> None:
    client.create_tags(Resources=[live.id], Tags=as_list(tags))


def _remove(client: Client, live: Live, keys: Sequence[str]) -> None:
    client.delete_tags(Resources=[live.id], Tags=[{"Key": key} for key in keys])


TAGGING = Tagging(_read, _write, _remove)
