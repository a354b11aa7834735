# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the domain names of the load balancer: its DNS records, and its certificate with the validation records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.domains import creates_certificate, domain_names, record_resource_name, remove_wildcard

CERTIFICATE = "certificate/alb"


def find_certificate(balancer: Mapping[str, Any]) -> str | Ref | None:
    """The certificate of the HTTPS listener; None without such a listener."""
    if balancer["tls"] is None:
        return None
    existing: str | None = balancer["tls"]["certificate"]
    return existing or Ref(CERTIFICATE, "arn")


def compile_domain(balancer: Mapping[str, Any], address: str) -> Iterator[DesiredResource]:
    """The certificate and the records; ``address`` is the resource of the load balancer."""
    names = domain_names(balancer)
    if names and creates_certificate(balancer):
        yield DesiredResource("certificate", "alb", {"domain": names[0], "names": names[1:]})
        # ACM validates a name with and without a wildcard by the same record.
        for name in dict.fromkeys(map(remove_wildcard, names)):
            proof = {"domain": name, "records": Ref(CERTIFICATE, "records")}
            yield DesiredResource(
                "dns_record",
                f"proof-{record_resource_name(name)}",
                {"zone": _find_zone(balancer, name), "validates": proof},
            )
    for name in names if balancer["alias_records"] else ():
        properties = {
            "zone": _find_zone(balancer, remove_wildcard(name)),
            "name": name,
            "type": "A",
            "alias": {"name": Ref(address, "dns_name"), "zone": Ref(address, "zone_id")},
        }
        yield DesiredResource("dns_record", record_resource_name(name), properties)


def _find_zone(balancer: Mapping[str, Any], name: str) -> str:
    return str(balancer["hosted_zone"] or name)
