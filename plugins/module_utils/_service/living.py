# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of a stack that are needed, or all that keeps them from being used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .._aws.errors import StackError, is_not_found
from .._aws.sdk import ClientError
from .._stack.live import dead, read_all, to_live
from .._stack.resource import Live, Scope
from .._stack.resources import REGISTRY

ClientOf = Callable[[str], Any]
# The attribute that an object has as soon as it is up.
# What services need of an object: AWS returns it once the object is up.
UP = {"db_instance": ("endpoint", "port"), "cache": ("primary_endpoint", "port")}


def living(clients: ClientOf, scope: Scope, addresses: Iterable[str]) -> dict[str, Live]:
    """The objects by address, in one list call a type. StackError names all that do not exist or are not up yet."""
    wanted = list(dict.fromkeys(addresses))
    kinds = [REGISTRY[name] for name in dict.fromkeys(address.partition("/")[0] for address in wanted)]
    found = {live.address: live for live in read_all(clients, kinds, scope).alive} if kinds else {}
    for address in wanted:
        if address.startswith("secret/") and address not in found:
            found.update(_new_secret(clients, scope, address))
    problems = [f"{address} of stack {scope.stack} {state}" for address in wanted if (state := _lacks(found, address))]
    if problems:
        raise StackError(f"{'; '.join(problems)}. Nothing was changed. Run the playbook provision.yml")
    return {address: found[address] for address in wanted}


def _lacks(found: dict[str, Live], address: str) -> str | None:
    live = found.get(address)
    if live is None:
        return "does not exist"
    return None if all(live.attributes.get(name) for name in UP.get(live.type, ())) else "is not up yet"


def _new_secret(clients: ClientOf, scope: Scope, address: str) -> dict[str, Live]:
    """A secret of the last minutes, by its name: the list of secrets is up to five minutes late."""
    kind, name = REGISTRY["secret"], address.partition("/")[2]
    try:
        item = clients(kind.service).describe_secret(SecretId=kind.physical(scope, name))
    except ClientError as error:
        if not is_not_found(error):
            raise
        return {}
    ours = kind.owner is not None and kind.owner(item, scope) == address and not dead(kind, item)
    return {address: to_live(kind, item, name)} if ours else {}
