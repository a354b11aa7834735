# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a data plane has to know of its cache, and how that is read from the API's objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..hooks import cache_places
from ..hooks.cache_tokens import NO_TOKEN, accepted
from ..hooks.lifecycle import read_note


@dataclass(frozen=True)
class Cache:
    """A replication group. One certificate is for all of its endpoints, as in AWS; it is ``kept`` when a replica
    would still have what it held.

    ``tokens`` are digests of those that it accepts, of which an empty one stands for connections without any. One that
    may accept both is ``fronted`` (front.py). ``admin`` is the digest of the password with which the lab changes it.
    """

    id: str
    address: str
    port: int
    encrypted: bool
    kept: bool
    tokens: tuple[str, ...] = (NO_TOKEN,)
    fronted: bool = False
    admin: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it accepts connections without a token."""
        return NO_TOKEN in self.tokens

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests of its tokens."""
        return tuple(dict.fromkeys(token for token in self.tokens if token != NO_TOKEN))


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
        tokens=accepted(group),
        fronted=is_fronted(group),
    )


def is_fronted(group: Any) -> bool:
    """Whether it may accept connections with a token and without one at the same time."""
    return bool(read_note(group, "fronted", False))


def _domain(group: Any) -> str:
    """What the names of all its endpoints end with."""
    first = cache_places.nodes(group)[0]["read_endpoint"]["address"]
    return str(first).partition(".")[2]
