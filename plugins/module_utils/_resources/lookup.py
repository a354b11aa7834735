# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of a stack that are needed, or all that keeps them from being used."""

from __future__ import annotations

from collections.abc import Iterable

from .._aws.errors import StackError, is_not_found
from .._aws.sdk import ClientError
from .._engine.discovery import discover_types
from .._engine.resource_type import ActualResource, ClientOf
from .._engine.scope import Scope
from . import REGISTRY

# Attributes that services need of an object, and that AWS returns once it is up.
ATTRIBUTES_WHEN_UP = {"db_instance": ("endpoint", "port"), "cache": ("primary_endpoint", "port")}


def require_resources(
    clients: ClientOf, scope: Scope, addresses: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, ActualResource]:
    """The objects by address, with one list call a type. ``optional`` ones are left out where they do not exist.

    StackError names all that do not exist, are not up yet, or cannot be used for now.
    """
    required, more = list(dict.fromkeys(addresses)), list(dict.fromkeys(optional))
    kinds = [REGISTRY[name] for name in dict.fromkeys(address.partition("/")[0] for address in (*required, *more))]
    found: dict[str, ActualResource] = {}
    if kinds:
        alive = discover_types(clients, kinds, scope).alive
        _reject_unusable(actual for actual in alive if actual.address in (*required, *more))
        found = {actual.address: actual for actual in alive}
    problems: list[str] = []
    for address in required:
        actual = found.get(address) or _find_unlisted(clients, scope, address)
        if actual is None:
            problems.append(f"{address} of stack {scope.stack} does not exist")
            continue
        found[address] = actual
        if not all(actual.attributes.get(name) for name in ATTRIBUTES_WHEN_UP.get(actual.type, ())):
            problems.append(f"{address} of stack {scope.stack} is not up yet")
    if problems:
        raise StackError(f"{'; '.join(problems)}. Nothing was changed. Run the playbook provision.yml")
    for address in more:
        unlisted = None if address in found else _find_unlisted(clients, scope, address)
        if unlisted is not None:
            found[address] = unlisted
    return {address: found[address] for address in (*required, *more) if address in found}


def _reject_unusable(found: Iterable[ActualResource]) -> None:
    """Raise `StackError` with the objects that cannot be used for now, also where one of two for an address can be."""
    problems = [(actual.address, REGISTRY[actual.type].find_unusable(actual)) for actual in found]
    texts = [f"{address}: {problem}" for address, problem in problems if problem]
    if texts:
        raise StackError(f"{'; '.join(texts)}. Nothing was changed")


def _find_unlisted(clients: ClientOf, scope: Scope, address: str) -> ActualResource | None:
    """An object by its name, where lists are late by minutes."""
    kind, name = REGISTRY[address.partition("/")[0]], address.partition("/")[2]
    if not kind.listed_late:
        return None
    try:
        item = kind.find_by_name(clients(kind.service), kind.physical_name(scope, name))
    except ClientError as error:
        if not is_not_found(error):
            raise
        return None
    if item is None or kind.is_deleted(item) or kind.find_address(item, scope) != address:
        return None
    return kind.to_actual(item, name)
