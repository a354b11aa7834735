# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment variables that a stack gives to a service: URLs of its databases and caches, and its secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._engine.resource_type import ActualResource
from .._engine.scope import Scope
from .._resources.lookup import require_resources
from .database_login import format_url, read_endpoint
from .secret_values import read_text, read_user, select_key
from .stack_options import run_stack_query

PARALLEL_READS = 8
Record = Mapping[str, Any]
ReadValue = Callable[[], str]


def read_service_environment(options: Mapping[str, Any]) -> dict[str, Any]:
    """Run the module `service_environment`; a failure is in ``failed`` and ``msg`` of the result."""
    requested = RequestedEnvironment(options["service"], options["databases"], options["caches"], options["secrets"])
    return run_stack_query(options, lambda clients, scope: {"environment": read_environment(clients, scope, requested)})


@dataclass(frozen=True)
class RequestedEnvironment:
    """The databases, caches and secrets of a service, as `groundwork_services` of the inventory lists them."""

    service: str
    databases: Sequence[Record]
    caches: Sequence[Record]
    secrets: Sequence[Record]

    def list_addresses(self) -> Iterator[str]:
        """The addresses of the resources from which the variables are read."""
        for database in self.databases:
            yield f"db_instance/{database['name']}"
            yield f"secret/{database['name']}-{self.service}"
        for cache in self.caches:
            yield f"cache/{cache['name']}"
        for secret in self.secrets:
            if not secret.get("existing"):
                yield f"secret/{secret['name']}"


def read_environment(clients: Callable[[str], Any], scope: Scope, requested: RequestedEnvironment) -> dict[str, str]:
    """The variables and their values; values of secrets are read in parallel."""
    found = require_resources(clients, scope, requested.list_addresses())
    readers = dict(_list_readers(clients, requested, found))
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        futures = {variable: pool.submit(read_value) for variable, read_value in readers.items()}
        return {variable: future.result() for variable, future in futures.items()}


def _list_readers(
    clients: Callable[[str], Any], requested: RequestedEnvironment, found: Mapping[str, ActualResource]
) -> Iterator[tuple[str, ReadValue]]:
    for database in requested.databases:
        secret = found[f"secret/{database['name']}-{requested.service}"]
        yield (
            database["variable"],
            partial(_read_database_url, clients, found[f"db_instance/{database['name']}"], secret),
        )
    for cache in requested.caches:
        yield cache["variable"], partial(_format_cache_url, found[f"cache/{cache['name']}"])
    for record in requested.secrets:
        yield record["variable"], partial(_read_secret, clients, record, found)


def _read_database_url(clients: Callable[[str], Any], instance: ActualResource, secret: ActualResource) -> str:
    return format_url(read_endpoint(instance), read_user(clients, secret.id, secret.address))


def _format_cache_url(cache: ActualResource) -> str:
    """The scheme ``rediss`` means TLS, which all caches of documents use."""
    return f"rediss://{cache.attributes['primary_endpoint']}:{cache.attributes['port']}/0"


def _read_secret(clients: Callable[[str], Any], secret: Record, found: Mapping[str, ActualResource]) -> str:
    if not secret.get("existing"):
        resource = found[f"secret/{secret['name']}"]
        return read_text(clients, resource.id, resource.address)
    name = f"{secret['existing']} (secrets.{secret['name']} of the document)"
    text = read_text(clients, secret["existing"], name)
    return select_key(text, secret["key"], name) if secret.get("key") else text
