# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about databases and those who use them."""

from __future__ import annotations

from collections.abc import Iterator

from .databases import username
from .kinds import Place, shown
from .stores import ENGINES
from .view import Document, database_users, database_variables, databases, services, tiers

Finding = tuple[Place, str]


def databases_have_a_place(document: Document) -> Iterator[Finding]:
    zones = len(document["network"]["zones"] or ())
    for name, database in databases(document).items():
        if database["subnets"] in tiers(document) and zones < 2:
            text = f"a database takes subnets in two zones at least, and network.zones has {zones} (add one)"
            yield ("databases", name, "subnets"), text


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


def environment_leaves_urls_to_databases(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        for variable in database_variables(service).values():
            if variable in service["environment"]:
                text = "is made of uses, with the password of the service (remove it)"
                yield ("services", name, "environment", variable), text


def users_have_names_of_their_own(document: Document) -> Iterator[Finding]:
    for database in databases(document):
        owners: dict[str, str] = {}
        for service in database_users(document, database):
            other = owners.setdefault(username(service), service)
            if other != service:
                text = (
                    f'its user in database {database} would be "{username(service)}", which is that of services.{other}'
                )
                yield ("services", service), f"{text} (shorten a name)"


STORE_RULES = (
    databases_have_a_place,
    databases_log_what_they_can,
    storage_has_room_to_grow,
    environment_leaves_urls_to_databases,
    users_have_names_of_their_own,
)
