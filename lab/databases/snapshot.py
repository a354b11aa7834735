# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what the API's objects say about a database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..hooks import secrets
from ..hooks.database_groups import is_static
from ..hooks.lifecycle import read_note
from .model import Database, Login

# PostgreSQL of RDS takes encrypted connections only from this version on, unless a group says otherwise.
DEMANDS_TLS = 15


@dataclass(frozen=True)
class InForce:
    """The parameters that a server runs with, and the group that they are from."""

    group: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def appliance_id(database: Any) -> str:
    """The name of its container, which it keeps when it is renamed."""
    return str(database.dbi_resource_id).lower()


def runs(database: Any) -> bool:
    """Whether there is to be a container; a stopped database has one as long as it is copied."""
    return database.status != "stopped" or bool(read_note(database, "copies"))


def describe(database: Any, fresh: bool) -> Database:
    """Take the snapshot; ``fresh`` for a server that starts, and takes whatever waits for that."""
    forced = in_force(database, fresh)
    return Database(
        id=appliance_id(database),
        engine=database.engine,
        address=database.address,
        port=int(database.port),
        login=login(database),
        initial=database.db_name or "",
        parameters=forced.values,
        group=forced.group,
        copies=tuple(read_note(database, "copies", ())),
        origin=read_note(database, "origin", ""),
        ends=database.status in ("stopping", "stopped"),
    )


def login(database: Any) -> Login:
    """The master user; a password that it is about to get counts already."""
    if database.manage_master_user_password:
        secret = database.master_user_secret.secret
        version = secrets.read_pending(secret) or secret.versions[secret.default_version_id]
        return Login(str(database.master_username), str(json.loads(version["secret_string"])["password"]))
    # moto has no public attribute for it.
    return Login(str(database.master_username), str(database._master_user_password))


def in_force(database: Any, fresh: bool) -> InForce:
    """The parameters that its server is to run with."""
    (group,) = database.db_parameter_groups()
    before = InForce() if fresh else read_note(database, "in_force", InForce())
    parameters = {**defaults(group.family), **group.parameters}
    return merge(before, group.name, parameters, lambda name: is_static(group, name))


def defaults(family: str) -> dict[str, dict[str, str]]:
    """The parameters that AWS sets itself, as far as they say who is let in; as a group has those that were set."""
    version = family.removeprefix("postgres")
    return {"rds.force_ssl": {"ParameterValue": "1"}} if version.isdigit() and int(version) >= DEMANDS_TLS else {}


def merge(
    before: InForce, group: str, parameters: Mapping[str, Mapping[str, Any]], static: Callable[[str], bool]
) -> InForce:
    """What is in force now. A group that was exchanged waits for a restart, as do static parameters and those that
    were set to; a server that has nothing in force is starting."""
    now = {name: str(one["ParameterValue"]) for name, one in parameters.items() if "ParameterValue" in one}
    if not before.group:
        return InForce(group, now)
    if before.group != group:
        return before
    waits = {
        name
        for name in {*now, *before.values}
        if static(name) or parameters.get(name, {}).get("ApplyMethod") == "pending-reboot"
    }
    kept = {name: value for name, value in before.values.items() if name in waits}
    return InForce(group, {**{name: value for name, value in now.items() if name not in waits}, **kept})
