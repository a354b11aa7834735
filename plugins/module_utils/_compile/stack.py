# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile an effective document to the resources of its stack. Pure: data in, data out, always in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._aws.tags import HOSTED_ZONE
from .._engine.model import DesiredResource, DesiredStack, Ref
from .._topology.placement import find_placement, find_placements
from .._topology.view import Document, load_balancer, services
from .caches import compile_caches
from .databases import compile_databases
from .load_balancer import ALB, compile_load_balancer
from .monitoring import compile_monitoring
from .network import compile_network
from .placement import address_ref, compile_placements
from .raw import compile_raw
from .shared_secrets import compile_secrets


def compile_stack(document: Document) -> DesiredStack:
    """The desired stack of an effective document (see `_compile.load.load`)."""
    raw = (compile_raw(address, body) for address, body in document["resources"].items())
    return DesiredStack(
        name=document["name"],
        region=document["region"],
        resources=tuple(_tag_hosted_zones([*compile_topology(document), *raw])),
        tags=dict(document["tags"]),
        outputs=dict(_compile_outputs(document)),
    )


def _tag_hosted_zones(resources: Iterable[DesiredResource]) -> Iterator[DesiredResource]:
    """Add a tag for each hosted zone to the VPC, which every stack has.

    The tags lead to records in a zone that the document no longer names.
    """
    everything = list(resources)
    zones = sorted({str(resource.properties.get("zone")) for resource in everything if resource.type == "dns_record"})
    tags = {f"{HOSTED_ZONE}{zone}": "" for zone in zones}
    for resource in everything:
        if resource.address == "vpc/main":
            yield replace(resource, tags={**resource.tags, **tags})
        else:
            yield resource


def compile_topology(document: Document) -> Iterator[DesiredResource]:
    """All resources but the raw ones."""
    yield from compile_network(document)
    if document["access"]["public_key"] is not None:
        yield DesiredResource("key_pair", "main", {"public_key": document["access"]["public_key"]})
    yield from compile_placements(document)
    yield from compile_load_balancer(document)
    yield from compile_databases(document)
    yield from compile_caches(document)
    yield from compile_secrets(document)
    yield from compile_monitoring(document)


def _compile_outputs(document: Document) -> Iterator[tuple[str, tuple[str | Ref, ...]]]:
    url = _compile_url(document)
    if url is not None:
        yield "url", url
    for placement in find_placements(document).values():
        parts: list[str | Ref] = []
        for member in placement.member_names:
            parts += [" ", address_ref(placement, member)]
        yield f"{placement.name.replace('-', '_')}_addresses", tuple(parts[1:])


def _compile_url(document: Document) -> tuple[str | Ref, ...] | None:
    """The URL of the load balancer, else of the proxy, else of the first service that listens on a port."""
    balancer = load_balancer(document)
    if balancer is not None:
        return _site_url(balancer, balancer["domain"] or Ref(ALB, "dns_name"))
    for placement in find_placements(document).values():
        if placement.proxy is not None:
            return _site_url(placement.proxy, address_ref(placement, placement.member_names[0]))
    for name, service in services(document).items():
        if service["port"] is not None:
            placement = find_placement(document, name)
            return ("http://", address_ref(placement, placement.member_names[0]), f":{service['port']}/")
    return None


def _site_url(site: Mapping[str, Any], address: str | Ref) -> tuple[str | Ref, ...]:
    """The URL of a proxy or load balancer; the usual port of the scheme is left out."""
    scheme, port, usual = ("https", site["tls"]["port"], 443) if site["tls"] else ("http", site["port"], 80)
    host: str | Ref = site["server_name"] if site["server_name"] and "*" not in site["server_name"] else address
    return (f"{scheme}://", host, "/" if port == usual else f":{port}/")
