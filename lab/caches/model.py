# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a data plane has to know of its cache, and how that is read from the API's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..hooks import cache_places


@dataclass(frozen=True)
class Cache:
    """A replication group. One certificate is for all of its endpoints, as in AWS; it is ``kept`` when a replica
    would still have what it held."""

    id: str
    address: str
    port: int
    encrypted: bool
    kept: bool


def appliance_id(group: Any) -> str:
    """The name of its container: another one for every cache that had the name."""
    name, mark = _domain(group).split(".")[:2]
    return f"cache-{name}-{mark}"


def describe(group: Any) -> Cache:
    """Take the snapshot; the lock of the API is held."""
    return Cache(
        id=appliance_id(group),
        address=f"*.{_domain(group)}",
        port=int(group.port),
        encrypted=bool(group.transit_encryption_enabled),
        kept=len(group.member_clusters) > 1,
    )


def _domain(group: Any) -> str:
    """What the names of all its endpoints end with."""
    first = cache_places.nodes(group)[0]["read_endpoint"]["address"]
    return str(first).partition(".")[2]
