# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of the load balancer of a document: the records that lead there, and the certificate that proves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._stack.wanted import Ref, Wanted

CERTIFICATE = "certificate/alb"


def names_of(balancer: Mapping[str, Any]) -> list[str]:
    """Its names, the one that people know first; none where somebody else sees to them."""
    return [balancer["domain"], *balancer["alternative_names"]] if balancer["domain"] else []


def bare(name: str) -> str:
    """A name without the asterisk that it may begin with."""
    return name.removeprefix("*.")


def certificate_of(balancer: Mapping[str, Any]) -> str | Ref | None:
    """What the HTTPS listener has; None without one."""
    if balancer["tls"] is None:
        return None
    given: str | None = balancer["tls"]["certificate"]
    return given or Ref(CERTIFICATE, "arn")


def domain(balancer: Mapping[str, Any], address: str) -> Iterator[Wanted]:
    """What the names take; ``address`` is that of the load balancer."""
    names = names_of(balancer)
    if names and isinstance(certificate_of(balancer), Ref):
        yield Wanted("certificate", "alb", {"domain": names[0], "names": names[1:]})
        # A name has the same record with and without an asterisk.
        for name in dict.fromkeys(map(bare, names)):
            proof = {"domain": name, "records": Ref(CERTIFICATE, "records")}
            yield Wanted("dns_record", f"proof-{called(name)}", {"zone": _zone(balancer, name), "validates": proof})
    for name in names if balancer["alias_records"] else ():
        properties = {
            "zone": _zone(balancer, bare(name)),
            "name": name,
            "type": "A",
            "alias": {"name": Ref(address, "dns_name"), "zone": Ref(address, "zone_id")},
        }
        yield Wanted("dns_record", called(name), properties)


def _zone(balancer: Mapping[str, Any], name: str) -> str:
    return str(balancer["hosted_zone"] or name)


def called(name: str) -> str:
    """The name of the resource of a domain's record."""
    return name.replace("*", "any").replace(".", "-")
