# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment variables that a stack gives to a service: where its databases and caches are, and its secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._database.login import place, url
from .._stack.asking import ask
from .._stack.resource import Live, Scope
from .living import living
from .values import part, text, user

WIDTH = 8
Named = Mapping[str, Any]
Value = Callable[[], str]


def environment(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module `service_environment`, with ``failed`` and ``msg`` in it when it went wrong."""
    wanted = Wanted(options["service"], options["databases"], options["caches"], options["secrets"])
    return ask(options, lambda clients, scope: {"environment": read(clients, scope, wanted)})


@dataclass(frozen=True)
class Wanted:
    """What a service is given, as `groundwork_services` of the inventory has it."""

    service: str
    databases: Sequence[Named]
    caches: Sequence[Named]
    secrets: Sequence[Named]

    def addresses(self) -> Iterator[str]:
        """The objects of the stack in which all of it is found."""
        for database in self.databases:
            yield f"db_instance/{database['name']}"
            yield f"secret/{database['name']}-{self.service}"
        for cache in self.caches:
            yield f"cache/{cache['name']}"
        for secret in self.secrets:
            if not secret.get("existing"):
                yield f"secret/{secret['name']}"


def read(clients: Callable[[str], Any], scope: Scope, wanted: Wanted) -> dict[str, str]:
    """The variables and their values; those of secrets are read side by side."""
    found = living(clients, scope, wanted.addresses())
    values = dict(_values(clients, wanted, found))
    with ThreadPoolExecutor(WIDTH) as pool:
        reading = {variable: pool.submit(value) for variable, value in values.items()}
        return {variable: future.result() for variable, future in reading.items()}


def _values(clients: Callable[[str], Any], wanted: Wanted, found: Mapping[str, Live]) -> Iterator[tuple[str, Value]]:
    for database in wanted.databases:
        secret = found[f"secret/{database['name']}-{wanted.service}"]
        yield database["variable"], partial(_database_url, clients, found[f"db_instance/{database['name']}"], secret)
    for cache in wanted.caches:
        yield cache["variable"], partial(_cache_url, found[f"cache/{cache['name']}"])
    for secret_of in wanted.secrets:
        yield secret_of["variable"], partial(_secret, clients, secret_of, found)


def _database_url(clients: Callable[[str], Any], instance: Live, secret: Live) -> str:
    return url(place(instance), user(clients, secret.id, secret.address))


def _cache_url(cache: Live) -> str:
    """Caches of documents are encrypted on the way, which the scheme with two s says."""
    return f"rediss://{cache.attributes['primary_endpoint']}:{cache.attributes['port']}/0"


def _secret(clients: Callable[[str], Any], secret: Named, found: Mapping[str, Live]) -> str:
    if not secret.get("existing"):
        live = found[f"secret/{secret['name']}"]
        return text(clients, live.id, live.address)
    name = f"{secret['existing']} (secrets.{secret['name']} of the document)"
    whole = text(clients, secret["existing"], name)
    return part(whole, secret["key"], name) if secret.get("key") else whole
