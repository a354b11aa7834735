# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about databases, caches and secrets, and those who use them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .databases import database_name, user_secret, username
from .kinds import Place, shown
from .reserved import DATABASE_NAMES, USER_NAMES, USER_PREFIXES
from .stores import ENGINES
from .view import (
    Document,
    caches,
    databases,
    shared_secrets,
    store_users,
    tiers,
)
from .windows import WINDOW_RULES

Finding = tuple[Place, str]
ENGINE_NAMES = {"mysql": "MySQL", "postgres": "PostgreSQL"}
# RDS User Guide, "MySQL on Amazon RDS versions" (a major version is X.Y: 5.7, 8.0, 8.4, 9.7) and "Available PostgreSQL
# database versions" (a major version is X since 10; 11 is the oldest that is left). Newer ones are left to RDS.
VERSIONS: Mapping[str, str] = {
    "mysql": r"(?:5\.7|8\.[04]|(?:9|[1-9][0-9])\.[0-9])(?:\.(?:0|[1-9][0-9]*))?",
    "postgres": r"(?:1[1-9]|[2-9][0-9])(?:\.(?:0|[1-9][0-9]*))?",
}
VERSION_EXAMPLES = {
    "mysql": "write a major version like 8.4, or a whole one like 8.4.5",
    "postgres": "write a major version like 17, or a whole one like 17.4",
}


def databases_have_a_place(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for name, database in databases(document).items():
        if database["subnets"] in tiers(document) and zones < 2:
            text = f"a database takes subnets in two zones at least, and network.zones has {zones} (add one)"
            yield ("databases", name, "subnets"), text


def databases_have_names_that_are_free(document: Document) -> Iterator[Finding]:
    """The name inside follows from the key where none is given. Reserved names are so in any case."""
    for name, database in databases(document).items():
        inside, engine = database_name(name, database), database["engine"]
        if inside.lower() in DATABASE_NAMES.get(engine, ()):
            text = f"{shown(inside)} is a word of {ENGINE_NAMES[engine]}'s own, which AWS does not take"
            place = ("databases", name) if database["name"] is None else ("databases", name, "name")
            others = (f"{inside}{end}" for end in ("s", "_db", "_data"))
            free = [other for other in others if other.lower() not in DATABASE_NAMES[engine]]
            yield place, f"{text} (give it the name {free[0]}, say)"


def database_versions_fit_their_engine(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        engine, version = database["engine"], database["version"]
        if engine in VERSIONS and version is not None and not re.fullmatch(VERSIONS[engine], version):
            text = f"{shown(version)} is no version of {ENGINE_NAMES[engine]} on RDS ({VERSION_EXAMPLES[engine]})"
            yield ("databases", name, "version"), text


def databases_log_what_they_can(document: Document) -> Iterator[Finding]:
    for name, database in databases(document).items():
        known = ENGINES.get(database["engine"], {}).get("logs", ())
        for number, log in enumerate(database["logs"]):
            if known and log not in known:
                text = f"{shown(log)} is not a log of {database['engine']} (it has {', '.join(known)})"
                yield ("databases", name, "logs", number), text


def storage_has_room_to_grow(document: Document) -> Iterator[Finding]:
    """AWS wants a limit that is a tenth above the size."""
    for name, database in databases(document).items():
        least = (database["size"] * 11 + 9) // 10
        if database["limit"] is not None and database["limit"] < least:
            text = f"{database['limit']} is less than a tenth above the size (write {least} or more, or leave it out)"
            yield ("databases", name, "limit"), text


def caches_have_what_they_need(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for name, cache in caches(document).items():
        if cache["multi_az"] and cache["nodes"] < 2:
            yield (
                ("caches", name, "multi_az"),
                f"needs two nodes, and there is {cache['nodes']} (write nodes: 2, or false)",
            )
        if cache["multi_az"] and zones < 2:
            text = f"its nodes need two zones at least, and network.zones has {zones} (add one, or write false)"
            yield ("caches", name, "multi_az"), text


def secrets_are_made_up_or_exist(document: Document) -> Iterator[Finding]:
    """A document that is loaded again has the lengths that were filled in."""
    for name, secret in shared_secrets(document).items():
        if secret["existing"] is None:
            if secret["key"] is not None:
                yield ("secrets", name, "key"), "what is made up has no keys (remove it, or name an existing secret)"
            continue
        for key in ("length", "description"):
            if secret[key] is not None:
                yield ("secrets", name, key), "is said of a secret that exists already (remove it, or existing)"
        parts = secret["existing"].split(":")
        if len(parts) > 1 and document["region"] not in (None, parts[3]):
            text = f"lies in {parts[3]}, and services read secrets of {document['region']} (replicate it there)"
            yield ("secrets", name, "existing"), text


def secrets_have_names_of_their_own(document: Document) -> Iterator[Finding]:
    for database in databases(document):
        for service in store_users(document, f"database/{database}"):
            name = user_secret(database, service)
            if shared_secrets(document).get(name, {"existing": ""})["existing"] is None:
                text = f"is the name of what lets services.{service} into database {database} (choose another)"
                yield ("secrets", name), text


def users_have_names_of_their_own(document: Document) -> Iterator[Finding]:
    for database, settings in databases(document).items():
        owners: dict[str, str] = {}
        for service in store_users(document, f"database/{database}"):
            user, engine = username(service), settings["engine"]
            other = owners.setdefault(user, service)
            if other != service:
                text = f'its user in database {database} would be "{user}", which is that of services.{other}'
                yield ("services", service), f"{text} (shorten a name)"
            elif user in USER_NAMES.get(engine, ()):
                text = f'its user in database {database} would be "{user}", which {ENGINE_NAMES[engine]} has already'
                yield ("services", service), f"{text} (rename the service: {service}-service, say)"
            elif user.startswith(USER_PREFIXES.get(engine, ())):
                text = f'its user in database {database} would be "{user}", and {ENGINE_NAMES[engine]} has such users'
                yield ("services", service), f"{text} of its own (rename the service)"


def user_secrets_have_names_of_their_own(document: Document) -> Iterator[Finding]:
    """``a`` of database ``b-c`` and ``c-a`` of database ``b`` would have the same secret."""
    owners: dict[str, str] = {}
    for database in databases(document):
        for service in store_users(document, f"database/{database}"):
            name = user_secret(database, service)
            if name in owners:
                text = f"what lets it into database {database} would be secret/{name}, which is that of {owners[name]}"
                yield ("services", service), f"{text} (rename the service or the database)"
            owners.setdefault(name, f"services.{service} in database {database}")


STORE_RULES = (
    databases_have_a_place,
    databases_have_names_that_are_free,
    database_versions_fit_their_engine,
    databases_log_what_they_can,
    storage_has_room_to_grow,
    caches_have_what_they_need,
    secrets_are_made_up_or_exist,
    secrets_have_names_of_their_own,
    users_have_names_of_their_own,
    user_secrets_have_names_of_their_own,
    *WINDOW_RULES,
)
