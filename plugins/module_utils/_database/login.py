# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading, on the controller, how a service gets into a database: where it is, by which name and password."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._aws.client import Clients
from .._aws.errors import StackError, tell
from .._aws.options import Connection
from .._aws.sdk import FAILURES
from .._stack.live import read_all
from .._stack.resource import Live, Scope
from .._stack.resources import REGISTRY


def login(options: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module `database_login`, with ``failed`` and ``msg`` in it when it went wrong."""
    try:
        connection = Connection.of(options)
        if connection.region is None:
            raise StackError("region: missing; name the region of the stack")
        clients, scope = Clients(connection, connection.region), Scope(options["stack"], connection.region)
        return {"changed": False, **_read(clients, scope, options["database"], options["service"], options["master"])}
    except (StackError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}


def _read(clients: Clients, scope: Scope, database: str, service: str, master: bool) -> dict[str, Any]:
    alive = read_all(clients, [REGISTRY["db_instance"], REGISTRY["secret"]], scope).alive
    found = {live.address: live for live in alive}
    instance = _existing(found, scope, f"db_instance/{database}")
    user = _secret(clients, _existing(found, scope, f"secret/{database}-{service}").id)
    where = {
        "engine": instance.properties["engine"],
        "host": instance.attributes["endpoint"],
        "port": int(instance.attributes["port"]),
        "database": instance.attributes["database"],
    }
    held = {"master": _secret(clients, str(instance.attributes["secret"]))} if master else {}
    return {**where, "user": user, "url": _url(where, user), **held}


def _existing(found: Mapping[str, Live], scope: Scope, address: str) -> Live:
    live = found.get(address)
    if live is None or live.attributes.get("endpoint", "") is None:
        state = "is not up yet" if live else "does not exist"
        raise StackError(
            f"{address} of stack {scope.stack} {state}. Nothing was changed. Run the playbook provision.yml"
        )
    return live


def _secret(clients: Clients, identifier: str) -> dict[str, str]:
    held = json.loads(clients("secretsmanager").get_secret_value(SecretId=identifier)["SecretString"])
    return {"username": held["username"], "password": held["password"]}


def _url(where: Mapping[str, Any], user: Mapping[str, str]) -> str:
    scheme = {"mysql": "mysql", "postgres": "postgresql"}[where["engine"]]
    who = f"{quote(user['username'], safe='')}:{quote(user['password'], safe='')}"
    return f"{scheme}://{who}@{where['host']}:{where['port']}/{where['database']}"
