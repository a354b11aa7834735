# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the caches of a document. They are always encrypted at rest and in transit, and require an AUTH token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.cache_names import token_secret
from .._topology.schema.stores import REDIS_PORT
from .._topology.view import Document, caches
from .firewall import STORE_EGRESS, store_ingress
from .network import subnet_refs


def compile_caches(document: Document) -> Iterator[DesiredResource]:
    for tier in dict.fromkeys(cache["subnets"] for cache in caches(document).values()):
        yield DesiredResource("cache_subnet_group", tier, {"subnets": subnet_refs(document, tier)})
    for name, cache in caches(document).items():
        yield _compile_security_group(document, name)
        yield _compile_token(name)
        yield DesiredResource("cache", name, _build_properties(name, cache))


def _compile_security_group(document: Document, name: str) -> DesiredResource:
    properties = {
        "vpc": Ref("vpc/main"),
        "description": f"Cache {name} of {document['name']}",
        "ingress": store_ingress(document, f"cache/{name}", REDIS_PORT),
        "egress": list(STORE_EGRESS),
    }
    return DesiredResource("security_group", f"cache-{name}", properties)


def _compile_token(name: str) -> DesiredResource:
    """The AUTH token, which is generated once. It is part of a URL, so it has letters and digits only."""
    properties = {"description": f"AUTH token of cache {name}", "generate": {"length": 64, "exclude_punctuation": True}}
    return DesiredResource("secret", token_secret(name), properties)


def _build_properties(name: str, cache: Mapping[str, Any]) -> dict[str, Any]:
    window, secret = cache["maintenance_window"], f"secret/{token_secret(name)}"
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
        "auth_token": {"secret": Ref(secret), "version": Ref(secret, "version")},
    }
