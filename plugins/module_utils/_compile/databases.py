# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile the databases of a document, and the users with which services log in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._topology.database_names import database_name, database_user, user_secret
from .._topology.schema.stores import ENGINES
from .._topology.view import Document, databases, find_store_users, monitoring
from .firewall import STORE_EGRESS, store_ingress
from .network import subnet_refs

# The parameters that make an engine write the logs that CloudWatch receives.
LOG_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "slowquery": {"slow_query_log": "1", "log_output": "FILE"},
    "general": {"general_log": "1", "log_output": "FILE"},
}


def compile_databases(document: Document) -> Iterator[DesiredResource]:
    tiers = dict.fromkeys(database["subnets"] for database in databases(document).values())
    for tier in tiers:
        yield DesiredResource("db_subnet_group", tier, {"subnets": subnet_refs(document, tier)})
    for name, database in databases(document).items():
        yield from _compile_database(document, name, database)


def _compile_database(document: Document, name: str, database: Mapping[str, Any]) -> Iterator[DesiredResource]:
    yield DesiredResource(
        "security_group",
        f"database-{name}",
        {
            "vpc": Ref("vpc/main"),
            "description": f"Database {name} of {document['name']}",
            "ingress": store_ingress(document, f"database/{name}", ENGINES[database["engine"]]["port"]),
            "egress": list(STORE_EGRESS),
        },
    )
    parameters = _build_parameters(database)
    if parameters:
        yield DesiredResource(
            "db_parameter_group", name, {"family": _parameter_family(database), "parameters": parameters}
        )
    properties = {**_build_properties(name, database, bool(parameters)), **_build_log_groups(document, name, database)}
    yield DesiredResource("db_instance", name, properties, protected=database["protect"])
    for service in find_store_users(document, f"database/{name}"):
        yield _compile_user(name, service)


def _build_properties(name: str, database: Mapping[str, Any], has_parameters: bool) -> dict[str, Any]:
    copied = (
        "engine",
        "version",
        "class",
        "multi_az",
        "backup_retention",
        "backup_window",
        "maintenance_window",
        "logs",
    )
    limit = {"limit": database["limit"]} if database["limit"] is not None else {}
    return {
        **{key: database[key] for key in copied},
        "storage": {"size": database["size"], **limit},
        "database": database_name(name, database),
        "subnet_group": Ref(f"db_subnet_group/{database['subnets']}", "name"),
        "security_groups": [Ref(f"security_group/database-{name}")],
        "deletion_protection": database["protect"],
        **({"parameter_group": Ref(f"db_parameter_group/{name}", "name")} if has_parameters else {}),
    }


def _build_log_groups(document: Document, name: str, database: Mapping[str, Any]) -> dict[str, Any]:
    """References by which log groups are created first and deleted last, because RDS creates missing ones."""
    if monitoring(document) is None or not database["logs"]:
        return {}
    return {"log_groups": [Ref(f"log_group/{log_group_name(name, log)}", "name") for log in database["logs"]]}


def log_group_name(database: str, log: str) -> str:
    """The name of the log group for a log of a database."""
    return f"database-{database}-{log}"


def _build_parameters(database: Mapping[str, Any]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    if database["engine"] == "mysql":
        for log in database["logs"]:
            parameters.update(LOG_PARAMETERS.get(log, {}))
    return {**parameters, **database["parameters"]}


def _parameter_family(database: Mapping[str, Any]) -> str:
    parts = database["version"].split(".")
    return database["engine"] + ".".join(parts[: 2 if database["engine"] == "mysql" else 1])


def _compile_user(name: str, service: str) -> DesiredResource:
    """The name and password with which a service logs in: generated once, and never those of the master user."""
    generate = {
        "template": {"username": database_user(service)},
        "key": "password",
        "length": 40,
        # It is part of a URL, and drivers decode special characters in different ways.
        "exclude_punctuation": True,
    }
    text = f"Service {service} in database {name}"
    return DesiredResource("secret", user_secret(name, service), {"description": text, "generate": generate})
