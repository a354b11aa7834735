# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading, on the controller, how a service gets into a database: where it is, by which name and password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._aws.client import Clients
from .._aws.errors import StackError
from .._aws.tags import BESIDE
from .._service.living import living
from .._service.values import user
from .._stack.asking import ask
from .._stack.live import find_by_id, to_live
from .._stack.resource import Live, Scope
from .._stack.resources.db_instance import TYPE


def login(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module `database_login`, with ``failed`` and ``msg`` in it when it went wrong."""
    names = options["database"], options["service"]
    more = {"master": options["master"], "beside": options["instance"]}
    return ask(options, lambda clients, scope: _read(clients, scope, *names, **more))


def _read(
    clients: Clients, scope: Scope, database: str, service: str, *, master: bool, beside: str | None
) -> dict[str, Any]:
    instance_address, secret_address = f"db_instance/{database}", f"secret/{database}-{service}"
    found = living(clients, scope, (*(() if beside else (instance_address,)), secret_address))
    instance = standing(clients, scope, database, beside) if beside else found[instance_address]
    of_service = user(clients, found[secret_address].id, secret_address)
    held = {}
    if master:
        held["master"] = user(clients, str(instance.attributes["secret"]), f"the master user of {instance_address}")
    where = place(instance)
    return {**where, "user": of_service, "url": url(where, of_service), **held}


def standing(clients: Clients, scope: Scope, database: str, name: str) -> Live:
    """An instance that stands beside a database: restored, or kept after another has taken its place."""
    item = find_by_id(clients, TYPE, name)
    if item is None or TYPE.tags_of(item).get(BESIDE) != f"{scope.stack}/{database}":
        raise StackError(f"{name} does not stand beside db_instance/{database} of stack {scope.stack}")
    live = to_live(TYPE, item, database)
    if not (live.attributes["endpoint"] and live.attributes["port"] and live.attributes["secret"]):
        raise StackError(f"{name} is not up yet, or RDS does not keep its password")
    return live


def place(instance: Live) -> dict[str, Any]:
    """Where a database is, and what it is."""
    known = {
        "its engine": instance.properties.get("engine"),
        "the name of its database": instance.attributes["database"],
    }
    lacking = [what for what, value in known.items() if not value]
    if lacking:
        raise StackError(f"{instance.address}: AWS did not return {' and '.join(lacking)}. Nothing was changed.")
    return {
        "engine": instance.properties["engine"],
        "host": instance.attributes["endpoint"],
        "port": int(instance.attributes["port"]),
        "database": instance.attributes["database"],
    }


def url(where: Mapping[str, Any], who: Mapping[str, str]) -> str:
    """All of it in one line, as drivers take it."""
    scheme = {"mysql": "mysql", "postgres": "postgresql"}[where["engine"]]
    login_of = f"{quote(who['username'], safe='')}:{quote(who['password'], safe='')}"
    return f"{scheme}://{login_of}@{where['host']}:{where['port']}/{where['database']}"
