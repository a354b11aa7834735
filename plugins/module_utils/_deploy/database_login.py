# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the endpoint, user and password with which a service logs in to a database. Controller only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .._aws.client import Clients
from .._aws.errors import StackError
from .._aws.tags import STANDBY
from .._engine.object_lookup import find_by_id
from .._engine.resource_type import ActualResource
from .._engine.scope import Scope
from .._resources.lookup import require_resources
from .._resources.rds.db_instance import TYPE
from .secret_values import read_user
from .stack_options import run_stack_query


def read_database_login(options: Mapping[str, Any]) -> dict[str, Any]:
    """Run the module `database_login`; a failure is in ``failed`` and ``msg`` of the result."""

    def read(clients: Clients, scope: Scope) -> dict[str, Any]:
        return _read_login(
            clients, scope, options["database"], options["service"], options["master"], options["instance"]
        )

    return run_stack_query(options, read)


def _read_login(
    clients: Clients, scope: Scope, database: str, service: str, needs_master: bool, standby: str | None
) -> dict[str, Any]:
    instance_address, secret_address = f"db_instance/{database}", f"secret/{database}-{service}"
    addresses = [secret_address] if standby else [instance_address, secret_address]
    found = require_resources(clients, scope, addresses)
    instance = find_standby(clients, scope, database, standby) if standby else found[instance_address]
    user = read_user(clients, found[secret_address].id, secret_address)
    master = {}
    if needs_master:
        master["master"] = read_user(
            clients, str(instance.attributes["secret"]), f"the master user of {instance_address}"
        )
    endpoint = read_endpoint(instance)
    return {**endpoint, "user": user, "url": format_url(endpoint, user), **master}


def find_standby(clients: Clients, scope: Scope, database: str, name: str) -> ActualResource:
    """A standby of a database: an instance that was restored for it or replaced."""
    item = find_by_id(clients, TYPE, name)
    if item is None or TYPE.read_tags(item).get(STANDBY) != f"{scope.stack}/{database}":
        raise StackError(f"{name} is not a standby of db_instance/{database} of stack {scope.stack}")
    actual = TYPE.to_actual(item, database)
    if not (actual.attributes["endpoint"] and actual.attributes["port"] and actual.attributes["secret"]):
        raise StackError(f"{name} is not available yet, or RDS does not keep its password")
    return actual


def read_endpoint(instance: ActualResource) -> dict[str, Any]:
    """The engine and the endpoint of a database."""
    required = {
        "its engine": instance.properties.get("engine"),
        "the name of its database": instance.attributes["database"],
    }
    missing = [name for name, value in required.items() if not value]
    if missing:
        raise StackError(f"{instance.address}: AWS did not return {' and '.join(missing)}. Nothing was changed.")
    return {
        "engine": instance.properties["engine"],
        "host": instance.attributes["endpoint"],
        "port": int(instance.attributes["port"]),
        "database": instance.attributes["database"],
    }


def format_url(endpoint: Mapping[str, Any], user: Mapping[str, str]) -> str:
    """The URL of a database with user and password, as drivers accept it."""
    scheme = {"mysql": "mysql", "postgres": "postgresql"}[endpoint["engine"]]
    login = f"{quote(user['username'], safe='')}:{quote(user['password'], safe='')}"
    return f"{scheme}://{login}@{endpoint['host']}:{endpoint['port']}/{endpoint['database']}"
