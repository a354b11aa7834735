# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment variables that a stack gives to a service: URLs of its databases and caches, and its secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from .._aws.errors import StackError
from .._engine.resource_type import ActualResource
from .._engine.scope import Scope
from .._resources.elasticache.auth_token import CURRENT, find_usable_version
from .._resources.lookup import require_resources
from .._topology.cache_names import token_secret
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

    def list_token_addresses(self) -> Iterator[str]:
        """The addresses of the secrets with AUTH tokens, which caches from before these tokens do not have."""
        for cache in self.caches:
            yield _token_address(cache)


def _token_address(cache: Record) -> str:
    return f"secret/{token_secret(cache['name'])}"


def read_environment(clients: Callable[[str], Any], scope: Scope, requested: RequestedEnvironment) -> dict[str, str]:
    """The variables and their values; values of secrets are read in parallel."""
    found = require_resources(clients, scope, requested.list_addresses(), requested.list_token_addresses())
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
        actual, token_address = found[f"cache/{cache['name']}"], _token_address(cache)
        token_holder = found.get(token_address)
        yield cache["variable"], partial(_read_cache_url, clients, actual, token_holder, token_address)
    for record in requested.secrets:
        yield record["variable"], partial(_read_secret, clients, record, found)


def _read_database_url(clients: Callable[[str], Any], instance: ActualResource, secret: ActualResource) -> str:
    return format_url(read_endpoint(instance), read_user(clients, secret.id, secret.address))


def _read_cache_url(
    clients: Callable[[str], Any], cache: ActualResource, secret: ActualResource | None, secret_address: str
) -> str:
    """The URL of a cache with the token that it accepts; its secret may have a newer one already.

    The scheme ``rediss`` means TLS, which all caches of documents use.
    """
    endpoint = f"{cache.attributes['primary_endpoint']}:{cache.attributes['port']}/0"
    version = find_usable_version(cache)
    if version is None:
        return f"rediss://{endpoint}"
    if secret is None:
        raise StackError(
            f"{secret_address} does not exist, and {cache.address} requires the AUTH token that was in it. Nothing was "
            "changed. Run the playbook provision.yml, which gives the cache another token"
        )
    token = read_text(clients, secret.id, secret.address, "" if version == CURRENT else version)
    return f"rediss://:{quote(token, safe='')}@{endpoint}"


def _read_secret(clients: Callable[[str], Any], secret: Record, found: Mapping[str, ActualResource]) -> str:
    if not secret.get("existing"):
        resource = found[f"secret/{secret['name']}"]
        return read_text(clients, resource.id, resource.address)
    name = f"{secret['existing']} (secrets.{secret['name']} of the document)"
    text = read_text(clients, secret["existing"], name)
    return select_key(text, secret["key"], name) if secret.get("key") else text
