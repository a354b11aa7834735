# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The domain names of the load balancer of a document, and the names of their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def domain_names(balancer: Mapping[str, Any]) -> list[str]:
    """The domain names of the load balancer, ``domain`` first; none without it."""
    return [balancer["domain"], *balancer["alternative_names"]] if balancer["domain"] else []


def remove_wildcard(name: str) -> str:
    """A name without a leading wildcard."""
    return name.removeprefix("*.")


def creates_certificate(balancer: Mapping[str, Any]) -> bool:
    """Whether the stack creates the certificate of the HTTPS listener."""
    return balancer["tls"] is not None and not balancer["tls"]["certificate"]


def record_resource_name(name: str) -> str:
    """The name of the resource for the DNS record of a domain."""
    return name.replace("*", "any").replace(".", "-")
