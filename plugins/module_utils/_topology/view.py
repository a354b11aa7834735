# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sections of a document, and facts about them that several modules need."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

Document = Mapping[str, Any]

# useradd(8): names of users have at most 32 characters.
LONGEST_USER = 32

KEEP_ALIVE_MARGIN = 15  # seconds

# The environment variable of a store, for a service that uses one of the kind.
STORE_VARIABLES: Mapping[str, str] = {"database": "DATABASE_URL", "cache": "REDIS_URL"}
# By which services verify the certificates of databases, as the role app sets them (its variables `app_authorities` and
# `app_postgres_tls`), and that of caches. An inventory names the authorities of caches only where their certificates
# are signed by others than an image knows.
DATABASE_AUTHORITIES, CACHE_AUTHORITIES = "DATABASE_CA", "REDIS_CA"
POSTGRES_VARIABLES = ("PGSSLMODE", "PGSSLROOTCERT")


def services(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("services") or {}


def databases(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("databases") or {}


def caches(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("caches") or {}


def generated_secrets(document: Document) -> Mapping[str, Mapping[str, Any]]:
    return document.get("secrets") or {}


def monitoring(document: Document) -> Mapping[str, Any] | None:
    settings: Mapping[str, Any] | None = document.get("monitoring")
    return settings


def find_store_users(document: Document, store: str) -> list[str]:
    """The names of the services that use a store (``database/main``, ``cache/redis``), in the document's order."""
    return [name for name, service in services(document).items() if store in service["uses"]]


def find_store_variables(service: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The environment variable with the URL of each store of a kind that a service uses, by the name of the store."""
    names = [store.partition("/")[2] for store in service["uses"] if store.startswith(f"{kind}/")]
    if len(names) == 1:
        return {names[0]: STORE_VARIABLES[kind]}
    return {name: f"{name.upper().replace('-', '_')}_{STORE_VARIABLES[kind]}" for name in names}


def find_authority_variables(document: Document, service: Mapping[str, Any]) -> list[str]:
    """The variables by which a service verifies the databases that it uses."""
    used = find_store_variables(service, "database")
    engines = {one["engine"] for name, one in databases(document).items() if name in used}
    found = [DATABASE_AUTHORITIES] if used else []
    return [*found, *(POSTGRES_VARIABLES if "postgres" in engines else ())]


def tiers(document: Document) -> Mapping[str, Mapping[str, Any]]:
    """The tiers of subnets by name."""
    return (document.get("network") or {}).get("subnets") or {}


def find_public_tier(document: Document) -> str | None:
    """The first tier with a route to the internet, which also has the NAT gateways."""
    return next((name for name, subnets in tiers(document).items() if subnets.get("route") == "internet"), None)


def find_call_variables(document: Document, name: str) -> dict[str, str]:
    """The services that a service calls over the network, by the environment variable with their URLs."""
    every_service = services(document)
    variables = {}
    for called in every_service[name]["calls"]:
        if called in every_service and every_service[called]["port"] is not None:
            variables[f"{called.upper().replace('-', '_')}_URLS"] = called
    return variables


def load_balancer(document: Document) -> Mapping[str, Any] | None:
    balancer: Mapping[str, Any] | None = document.get("load_balancer")
    return balancer


def listens(service: Mapping[str, Any]) -> bool:
    """Whether a service gets requests, at a port or a socket."""
    return service["port"] is not None or bool(service["socket"])


def has_url(document: Document) -> bool:
    """Whether the stack has a URL: that of its load balancer, its proxy, or a service that listens on a port."""
    has_port = any(service["port"] is not None for service in services(document).values())
    return bool(load_balancer(document) or document.get("proxy") or has_port)


def service_user(name: str) -> str:
    """The user of a service on its hosts. The end of a long name is replaced by a digest of the name."""
    user = f"app-{name}"
    if len(user) <= LONGEST_USER:
        return user
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{user[: LONGEST_USER - len(digest) - 1].rstrip('-')}-{digest}"


def stop_timeout(service: Mapping[str, Any]) -> int:
    """The seconds that a process of a service gets to finish its requests, or its task, when it is asked to end."""
    return max(service["timeout"], service["drain"] or 0)


def keep_alive_timeout(document: Document, name: str) -> int | None:
    """The seconds that a service behind the load balancer keeps idle connections; None for any other service.

    They exceed the load balancer's own timeout. Otherwise it may send a request on a connection that the service is
    closing, and answers 502 (Elastic Load Balancing user guide, "HTTP 502: Bad gateway").
    """
    if name not in balanced_services(document):
        return None
    return int((load_balancer(document) or {})["idle_timeout"]) + KEEP_ALIVE_MARGIN


def balanced_services(document: Document) -> dict[str, Mapping[str, Any]]:
    """The services that the load balancer sends requests to, in the document's order."""
    if load_balancer(document) is None:
        return {}
    return {name: service for name, service in services(document).items() if service["routes"]}
