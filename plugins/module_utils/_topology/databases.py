# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The databases of a document, and the users by which services get in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._stack.wanted import Ref, Wanted
from .firewall import store_ingress
from .stores import ENGINES
from .view import Document, databases, monitoring, store_users

# What makes an engine write the logs that CloudWatch is to have.
NEEDED_BY_LOGS: Mapping[str, Mapping[str, str]] = {
    "slowquery": {"slow_query_log": "1", "log_output": "FILE"},
    "general": {"general_log": "1", "log_output": "FILE"},
}


def databases_with_users(document: Document) -> Iterator[Wanted]:
    tiers = dict.fromkeys(database["subnets"] for database in databases(document).values())
    for tier in tiers:
        numbers = range(1, len(document["network"]["zones"]) + 1)
        yield Wanted("db_subnet_group", tier, {"subnets": [Ref(f"subnet/{tier}-{number}") for number in numbers]})
    for name, database in databases(document).items():
        yield from _database(document, name, database)


def _database(document: Document, name: str, database: Mapping[str, Any]) -> Iterator[Wanted]:
    yield Wanted(
        "security_group",
        f"database-{name}",
        {
            "vpc": Ref("vpc/main"),
            "description": f"Database {name} of {document['name']}",
            "ingress": store_ingress(document, f"database/{name}", ENGINES[database["engine"]]["port"]),
        },
    )
    parameters = _parameters(database)
    if parameters:
        yield Wanted("db_parameter_group", name, {"family": _family(database), "parameters": parameters})
    properties = {**_properties(name, database, bool(parameters)), **_log_groups(document, name, database)}
    yield Wanted("db_instance", name, properties, protected=database["protect"])
    for service in store_users(document, f"database/{name}"):
        yield _user(name, service)


def _properties(name: str, database: Mapping[str, Any], tuned: bool) -> dict[str, Any]:
    same = ("engine", "version", "class", "multi_az", "backup_retention", "backup_window", "maintenance_window", "logs")
    limit = {"limit": database["limit"]} if database["limit"] is not None else {}
    return {
        **{key: database[key] for key in same},
        "storage": {"size": database["size"], **limit},
        "database": database_name(name, database),
        "subnet_group": Ref(f"db_subnet_group/{database['subnets']}", "name"),
        "security_groups": [Ref(f"security_group/database-{name}")],
        "deletion_protection": database["protect"],
        **({"parameter_group": Ref(f"db_parameter_group/{name}", "name")} if tuned else {}),
    }


def _log_groups(document: Document, name: str, database: Mapping[str, Any]) -> dict[str, Any]:
    """RDS makes those that are not there, and makes them again when it has something left to write."""
    if monitoring(document) is None or not database["logs"]:
        return {}
    return {"log_groups": [Ref(f"log_group/{log_group(name, log)}", "name") for log in database["logs"]]}


def log_group(database: str, log: str) -> str:
    """The name of the log group for a log of a database."""
    return f"database-{database}-{log}"


def database_name(name: str, database: Mapping[str, Any]) -> str:
    """What the database inside of an instance is called."""
    return str(database["name"] or name.replace("-", "_"))


def _parameters(database: Mapping[str, Any]) -> dict[str, str]:
    needed = [NEEDED_BY_LOGS.get(log, {}) for log in database["logs"] if database["engine"] == "mysql"]
    merged = {key: value for each in needed for key, value in each.items()}
    return {**merged, **database["parameters"]}


def _family(database: Mapping[str, Any]) -> str:
    parts = database["version"].split(".")
    return database["engine"] + ".".join(parts[: 2 if database["engine"] == "mysql" else 1])


def _user(name: str, service: str) -> Wanted:
    """The name and password by which a service gets in: made up once, and never the master user's."""
    generate = {
        "template": {"username": username(service)},
        "key": "password",
        "length": 40,
        # It stands in a URL, and every driver reads that in its own way.
        "exclude_punctuation": True,
    }
    text = f"Service {service} in database {name}"
    return Wanted("secret", user_secret(name, service), {"description": text, "generate": generate})


def user_secret(database: str, service: str) -> str:
    """The name of the secret by which a service gets into a database."""
    return f"{database}-{service}"


def username(service: str) -> str:
    """MySQL takes 32 characters."""
    return service.replace("-", "_")[:32]
