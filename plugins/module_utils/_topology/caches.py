# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The caches of a document. They are encrypted, at rest and on the way, without being asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._stack.wanted import Ref, Wanted
from .firewall import store_ingress
from .stores import REDIS_PORT
from .view import Document, caches


def caches_in_tiers(document: Document) -> Iterator[Wanted]:
    zones = range(1, len(document["network"]["zones"]) + 1)
    for tier in dict.fromkeys(cache["subnets"] for cache in caches(document).values()):
        yield Wanted("cache_subnet_group", tier, {"subnets": [Ref(f"subnet/{tier}-{zone}") for zone in zones]})
    for name, cache in caches(document).items():
        yield _security_group(document, name)
        yield Wanted("cache", name, _properties(name, cache))


def _security_group(document: Document, name: str) -> Wanted:
    properties = {
        "vpc": Ref("vpc/main"),
        "description": f"Cache {name} of {document['name']}",
        "ingress": store_ingress(document, f"cache/{name}", REDIS_PORT),
    }
    return Wanted("security_group", f"cache-{name}", properties)


def _properties(name: str, cache: Mapping[str, Any]) -> dict[str, Any]:
    window = cache["maintenance_window"]
    return {
        "engine_version": cache["version"],
        "node_type": cache["node_type"],
        "nodes": cache["nodes"],
        "multi_az": cache["multi_az"],
        "port": REDIS_PORT,
        "snapshot_retention_days": cache["snapshot_retention"],
        **({"maintenance_window": window} if window is not None else {}),
        "subnet_group": Ref(f"cache_subnet_group/{cache['subnets']}", "name"),
        "security_groups": [Ref(f"security_group/cache-{name}")],
        "encryption_at_rest": True,
        "encryption_in_transit": True,
    }
