# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about databases, caches and secrets, and the services that use them."""

from __future__ import annotations

from collections.abc import Iterator

from ..._aws.partition import find_arn_problem
from ..._resources.elasticache.node_types import find_node_type_problem
from ..._resources.elasticache.versions import find_version_problem as find_cache_version_problem
from ..._resources.rds.engines import (
    TITLES,
    find_class_problem,
    find_database_name_problem,
    find_version_problem,
)
from ..database_names import database_name, database_user, user_secret
from ..schema.kinds import DependentFinding, Finding, display
from ..schema.stores import ENGINES, LARGEST_STORAGE
from ..view import Document, caches, databases, find_store_users, generated_secrets, tiers
from .reserved import USER_NAMES, USER_PREFIXES
from .windows import WINDOW_RULES


def databases_have_two_zones(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for name, database in databases(document).items():
        if database["subnets"] in tiers(document) and zones < 2:
            text = f"a database needs subnets in at least two zones, and network.zones has {zones} (add one)"
            yield DependentFinding(("databases", name, "subnets"), text, ("network", "zones"))


def database_names_are_not_reserved(document: Document) -> Iterator[Finding]:
    """Without ``name``, the name of the database is derived from its key. Reserved words are compared without case."""
    for name, database in databases(document).items():
        problem = find_database_name_problem(database["engine"], database_name(name, database))
        if problem is not None:
            yield ("databases", name) if database["name"] is None else ("databases", name, "name"), problem


def database_versions_fit_their_engine(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        problem = find_version_problem(database["engine"], database["version"])
        if problem is not None:
            yield ("databases", name, "version"), problem


def database_classes_are_offered(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        engine, version = database["engine"], database["version"]
        if engine is None or find_version_problem(engine, version) is not None:
            continue
        problem = find_class_problem(engine, version, database["class"])
        if problem is not None:
            yield ("databases", name, "class"), problem


def node_types_are_offered(document: Document) -> Iterator[Finding]:
    for name, cache in caches(document).items():
        problem = find_node_type_problem(cache["node_type"])
        if problem is not None:
            yield ("caches", name, "node_type"), problem


def cache_versions_exist(document: Document) -> Iterator[Finding]:
    for name, cache in caches(document).items():
        problem = None if cache["version"] is None else find_cache_version_problem(cache["version"])
        if problem is not None:
            yield ("caches", name, "version"), problem


def logs_are_supported_by_the_engine(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        known = ENGINES.get(database["engine"], {}).get("logs", ())
        for number, log in enumerate(database["logs"]):
            if known and log not in known:
                text = f"{display(log)} is not a log of {database['engine']} (it has {', '.join(known)})"
                yield ("databases", name, "logs", number), text


def storage_limit_is_above_the_size(document: Document) -> Iterator[Finding]:
    """RDS requires a limit that is at least a tenth above the size."""
    for name, database in databases(document).items():
        least = (database["size"] * 11 + 9) // 10
        if database["limit"] is not None and database["limit"] < least:
            fix = f"write {least} or more, or leave it out" if least <= LARGEST_STORAGE else "leave it out"
            text = f"{database['limit']} is less than a tenth above the size"
            yield DependentFinding(("databases", name, "limit"), f"{text} ({fix})", ("databases", name, "size"))


def multi_az_caches_have_two_nodes_and_zones(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for name, cache in caches(document).items():
        if cache["multi_az"] and cache["nodes"] < 2:
            text = f"needs two nodes, and there is {cache['nodes']} (write nodes: 2, or false)"
            yield DependentFinding(("caches", name, "multi_az"), text, ("caches", name, "nodes"))
        if cache["multi_az"] and zones < 2:
            text = f"its nodes need two zones at least, and network.zones has {zones} (add one, or write false)"
            yield DependentFinding(("caches", name, "multi_az"), text, ("network", "zones"))


def secrets_are_generated_or_existing(document: Document) -> Iterator[Finding]:
    """Generated secrets have no key; existing ones have neither length nor description of their own."""
    for name, secret in generated_secrets(document).items():
        if secret["existing"] is None:
            if secret["key"] is not None:
                yield ("secrets", name, "key"), "a generated secret has no keys (remove it, or name an existing secret)"
            continue
        for key in ("length", "description"):
            if secret[key] is not None:
                yield ("secrets", name, key), "does not apply to an existing secret (remove it, or existing)"
        region = document["region"]
        reason, fix = f"services read secrets of {region}", "replicate it there"
        problem = find_arn_problem(secret["existing"], region, reason, fix)
        if problem is not None:
            yield ("secrets", name, "existing"), problem


def secret_names_differ_from_user_secrets(document: Document) -> Iterator[Finding]:
    for database in databases(document):
        for service in find_store_users(document, f"database/{database}"):
            name = user_secret(database, service)
            if generated_secrets(document).get(name, {"existing": ""})["existing"] is None:
                text = f"is the secret of the user of services.{service} in database {database} (choose another name)"
                yield ("secrets", name), text


def database_users_have_different_names(document: Document) -> Iterator[Finding]:
    for database, settings in databases(document).items():
        owners: dict[str, str] = {}
        for service in find_store_users(document, f"database/{database}"):
            user, engine = database_user(service), settings["engine"]
            other = owners.setdefault(user, service)
            if other != service:
                text = f'its user in database {database} would be "{user}", which is that of services.{other}'
                yield ("services", service), f"{text} (shorten a name)"
            elif user in USER_NAMES.get(engine, ()):
                text = f'its user in database {database} would be "{user}", which {TITLES[engine]} has already'
                yield ("services", service), f"{text} (rename the service, for example to {service}-service)"
            elif user.startswith(USER_PREFIXES.get(engine, ())):
                text = f'its user in database {database} would be "{user}", and {TITLES[engine]} has such users'
                yield ("services", service), f"{text} of its own (rename the service)"


def user_secrets_have_different_names(document: Document) -> Iterator[Finding]:
    """``a`` of database ``b-c`` and ``c-a`` of database ``b`` would have the same secret."""
    owners: dict[str, str] = {}
    for database in databases(document):
        for service in find_store_users(document, f"database/{database}"):
            name = user_secret(database, service)
            if name in owners:
                text = f"its user in database {database} would have secret/{name}, which is that of {owners[name]}"
                yield ("services", service), f"{text} (rename the service or the database)"
            owners.setdefault(name, f"services.{service} in database {database}")


STORE_RULES = (
    databases_have_two_zones,
    database_names_are_not_reserved,
    database_versions_fit_their_engine,
    database_classes_are_offered,
    node_types_are_offered,
    cache_versions_exist,
    logs_are_supported_by_the_engine,
    storage_limit_is_above_the_size,
    multi_az_caches_have_two_nodes_and_zones,
    secrets_are_generated_or_existing,
    secret_names_differ_from_user_secrets,
    database_users_have_different_names,
    user_secrets_have_different_names,
    *WINDOW_RULES,
)
