# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Helpers for the types of EC2: filters by tag, tags in the items, one call to write tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from ..._aws.tags import stack_filter, tags_to_dict, tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import Matching, Network
from ..._engine.resource_type import ActualResource, Client, Tagging
from ..._engine.scope import Scope

# VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
IPV4_NETWORK = Network(versions=(4,), shortest=16, longest=28)
# EC2 API Reference, CreateSecurityGroup and IpRange, Description.
DESCRIPTION = Matching(
    "a description that EC2 accepts",
    "write letters from a to z, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
    pattern=r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*",
    longest=255,
)


def listing(operation: str, result: str, id_filter: str, filters: str = "Filters", **more: Any) -> Listing:
    """A describe call with filters: it leaves out ids that do not exist, where a call by ids would fail.

    ``filters`` is the name of the parameter.
    """

    def stack(scope: Scope) -> Mapping[str, Any]:
        return {filters: stack_filter(scope.stack), **more}

    def ids(identifiers: Sequence[str]) -> Mapping[str, Any]:
        return {filters: [{"Name": id_filter, "Values": list(identifiers)}], **more}

    return Listing(operation, result, stack, ids, filters_by_tag=True)


def network(cidr: str) -> str:
    """A CIDR as AWS writes it: without host bits, IPv6 in its short form."""
    return str(ip_network(cidr, strict=False))


def _read(item: Raw) -> dict[str, str]:
    return tags_to_dict(item.get("Tags"))


def _write(client: Client, actual: ActualResource, tags: Mapping[str, str]) -> None:
    client.create_tags(Resources=[actual.id], Tags=tags_to_list(tags))


def _remove(client: Client, actual: ActualResource, keys: Sequence[str]) -> None:
    client.delete_tags(Resources=[actual.id], Tags=[{"Key": key} for key in keys])


TAGGING = Tagging(_read, _write, _remove)
