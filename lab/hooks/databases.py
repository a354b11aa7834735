# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases: states, changes that take time, and random passwords.

In moto they are there at once, change at once and are gone at once, and each has the same password. Here they go
through their states with time, or as the real database behind them does (lab/databases), where there is one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import string
import time
import uuid
from collections.abc import Iterator
from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, MasterUserSecret, RDSBackend, rds_backends

from .database_places import complete, plug, standing_in, unplug
from .database_versions import check_family, rds_error, upgrade, whole_version
from .lifecycle import note, read_note
from .patch import Hook, around
from .plane import is_real

# AWS takes minutes; so long every state can be seen.
MOMENT = 0.5
# AWS goes on saying `available` for some seconds after a change was asked for.
LAG = 0.15
ALTERABLE = ("available", "backing-up", "storage-optimization", "storage-full", "incompatible-parameters")
# What comes by itself after a while.
NEXT = {
    "creating": "available",
    "modifying": "available",
    "rebooting": "available",
    "renaming": "available",
    "resetting-master-credentials": "available",
    "starting": "available",
    "storage-optimization": "available",
    "stopping": "stopped",
}
# What no database has to do anything for.
BY_ITSELF = frozenset({"storage-optimization"})
# Changes that take time; until they are done AWS lists them as pending.
SLOW = {
    "db_instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "storage_type": "StorageType",
    "iops": "Iops",
    "multi_az": "MultiAZ",
    "engine_version": "EngineVersion",
    "db_port_number": "Port",
    "backup_retention_period": "BackupRetentionPeriod",
    "ca_certificate_identifier": "CACertificateIdentifier",
    "new_db_instance_identifier": "DBInstanceIdentifier",
}
# What AWS knows under another word than the one by which it is asked for.
KNOWN_AS = {"db_port_number": "port", "new_db_instance_identifier": "db_instance_identifier"}
# What a database is started anew for.
RESTARTS = frozenset(
    {
        *("db_instance_class", "engine_version", "db_port_number", "ca_certificate_identifier"),
        "new_db_instance_identifier",
    }
)
# The engines of the lab's own databases.
ENGINES = frozenset({"mysql", "postgres"})
LETTERS = string.ascii_uppercase + string.digits


def is_driven(database: Any) -> bool:
    """Whether a real database stands, or is about to stand, behind this one."""
    return is_real() and database.engine in ENGINES and bool(read_note(database, "interface"))


def all_databases() -> Iterator[tuple[Any, Any]]:
    """Every database that has a place in a network, with its backend, gone on to the state of now."""
    for account in list(rds_backends.values()):
        for backend in list(account.values()):
            settle(backend)
            yield from ((backend, one) for one in list(backend.databases.values()) if is_driven(one))


def of_secret(secret: Any) -> Any:
    """The database whose master password the secret holds; None when there is none."""
    backend = rds_backends[secret.account_id][secret.region]
    owned = (one for one in backend.databases.values() if one.manage_master_user_password)
    return next((one for one in owned if one.master_user_secret.secret is secret), None)


def not_now(message: str = "Database instance is not in available state.") -> RDSClientError:
    return rds_error("InvalidDBInstanceState", message)


@around(RDSBackend, "create_db_instance")
def create_db_instance(original: Hook, backend: Any, db_kwargs: dict[str, Any]) -> DBInstance:
    settle(backend)
    given = complete(backend, dict(**db_kwargs))
    engine = given["engine"]
    given["engine_version"] = whole_version(engine, given.get("engine_version"))
    check_family(backend, given.get("db_parameter_group_name"), engine, given["engine_version"])
    if given.get("storage_encrypted") and not given.get("kms_key_id"):
        key = uuid.uuid5(uuid.NAMESPACE_DNS, f"rds.{backend.region_name}.{backend.account_id}")
        given["kms_key_id"] = f"arn:aws:kms:{backend.region_name}:{backend.account_id}:key/{key}"
    database: Any = original(backend, given)
    database.dbi_resource_id = "db-" + "".join(secrets.choice(LETTERS) for _ in range(26))
    database.performance_insights_enabled = bool(given.get("enable_performance_insights"))
    plug(database)
    enter(database, "creating")
    return database  # type: ignore[no-any-return]


@around(MasterUserSecret, "_generate_secret_string")
def make_password(original: Hook, secret: Any) -> str:
    return json.dumps({"username": secret.resource.master_username, "password": secrets.token_urlsafe(24)})


@around(DBInstance, "address")
def address(original: Hook, database: Any) -> str:
    """The endpoint, with the part that AWS gives each account and region."""
    place = hashlib.sha256(f"{database.account_id}/{database.region}".encode()).hexdigest()[:11]
    return f"{database.db_instance_identifier}.c{place}.{database.region}.rds.amazonaws.com"


@around(DBInstance, "endpoint")
def endpoint(original: Hook, database: Any) -> Any:
    return None if database.status == "creating" else original(database)


@around(DBInstance, "db_parameter_group_status_list")
def parameter_groups(original: Hook, database: Any) -> list[dict[str, Any]]:
    status = read_note(database, "parameters", "in-sync")
    return [
        {"DBParameterGroupName": group.name, "ParameterApplyStatus": status} for group in database.db_parameter_groups()
    ]


@around(RDSBackend, "describe_db_instances")
def describe_db_instances(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> list[DBInstance]:
    settle(backend)
    found: list[DBInstance] = original(backend, *args, **kwargs)
    return found


@around(RDSBackend, "modify_db_instance")
def modify_db_instance(original: Hook, backend: Any, db_instance_identifier: str, db_kwargs: Any) -> DBInstance:
    database = backend.describe_db_instances(db_instance_identifier)[0]
    if database.status not in ALTERABLE or read_note(database, "applying", False):
        raise not_now()
    given = _checked(backend, database, dict(**db_kwargs))
    slow = {name: given.pop(name) for name in SLOW if name in given}
    original(backend, db_instance_identifier, given)
    plug(database)
    if given.get("manage_master_user_password"):
        enter(database, "resetting-master-credentials")
    if "db_parameter_group_name" in given:
        note(database, "parameters", "pending-reboot")
    if "enable_performance_insights" in given:
        database.performance_insights_enabled = given["enable_performance_insights"]
    pending = {**read_note(database, "pending", {}), **slow}
    note(database, "pending", {name: value for name, value in pending.items() if _now(database, name) != value})
    _tell_pending(database)
    if read_note(database, "pending") and given.get("apply_immediately"):
        note(database, "applying", True)
        note(database, "since", time.time())
    return database  # type: ignore[no-any-return]


def _checked(backend: Any, database: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, as AWS takes it."""
    size, now = given.get("allocated_storage"), database.allocated_storage
    if size is not None and int(size) < now:
        message = f"Requested storage size ({size}) cannot be less than current storage size ({now})"
        raise rds_error("InvalidParameterCombination", message)
    if size is not None and int(size) > now:
        given["allocated_storage"] = max(int(size), -(-now * 11 // 10))
    if given.get("engine_version"):
        given["engine_version"] = upgrade(database, given)
    version = given.get("engine_version") or database.engine_version
    group = given.get("db_parameter_group_name") or database.db_parameter_group_name
    check_family(backend, group, database.engine, version)
    if (given.get("db_parameter_group_name") or "").startswith("default."):
        # Without one moto uses the default of the version.
        del given["db_parameter_group_name"]
        database.db_parameter_group_name = None
    if database.manage_master_user_password:
        given.pop("manage_master_user_password", None)
    _check_name(backend, given)
    exports = given.get("cloudwatch_logs_export_configuration") or {}
    there = database.enabled_cloudwatch_logs_exports
    exports["DisableLogTypes"] = [one for one in exports.get("DisableLogTypes", ()) if one in there]
    exports["EnableLogTypes"] = [one for one in exports.get("EnableLogTypes", ()) if one not in there]
    return {**given, "cloudwatch_logs_export_configuration": exports}


def _check_name(backend: Any, given: dict[str, Any]) -> None:
    """A new name must be free; AWS keeps it in small letters."""
    name = given.get("new_db_instance_identifier")
    if name is not None:
        given["new_db_instance_identifier"] = name.lower()
        if name.lower() in backend.databases:
            raise rds_error("DBInstanceAlreadyExists", "DB instance already exists")


def _now(database: Any, name: str) -> Any:
    return getattr(database, KNOWN_AS.get(name, name))


def _tell_pending(database: Any) -> None:
    database.pending_modified_values = {SLOW[name]: value for name, value in read_note(database, "pending", {}).items()}


def _apply(backend: Any, database: Any) -> None:
    pending = read_note(database, "pending", {})
    before = database.db_instance_identifier
    for name, value in pending.items():
        setattr(database, KNOWN_AS.get(name, name), value)
    note(database, "pending", {})
    note(database, "applying", False)
    _tell_pending(database)
    if "new_db_instance_identifier" in pending:
        backend.databases[database.db_instance_identifier] = backend.databases.pop(before)
        plug(database)
        note(database, "restart", is_driven(database))
        enter(database, "renaming")
    elif is_driven(database) and RESTARTS & pending.keys():
        note(database, "restart", True)
        enter(database, "modifying")
    else:
        enter(database, "storage-optimization" if "allocated_storage" in pending else "available")


@around(RDSBackend, "reboot_db_instance")
def reboot_db_instance(original: Hook, backend: Any, db_instance_identifier: str) -> DBInstance:
    database: DBInstance = original(backend, db_instance_identifier)
    if database.status not in ALTERABLE:
        raise not_now()
    note(database, "parameters", "in-sync")
    note(database, "restart", True)
    enter(database, "rebooting")
    return database


@around(RDSBackend, "stop_db_instance")
def stop_db_instance(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> DBInstance:
    database: DBInstance = original(backend, *args, **kwargs)
    enter(database, "stopping")
    return database


@around(RDSBackend, "start_db_instance")
def start_db_instance(original: Hook, backend: Any, db_instance_identifier: str) -> DBInstance:
    database: DBInstance = original(backend, db_instance_identifier)
    enter(database, "starting")
    return database


def enter(thing: Any, status: str) -> None:
    """Put a database or a snapshot into a state."""
    thing.status = status
    note(thing, "since", time.time())


def settle(backend: Any) -> None:
    """Let databases and snapshots go on to the state that they have reached by now."""
    now = time.time()
    for snapshot in list(backend.database_snapshots.values()):
        if (
            snapshot.status == "creating"
            and not read_note(snapshot, "copy")
            and now - read_note(snapshot, "since", 0.0) > MOMENT
        ):
            snapshot.status = "available"
    for database in list(backend.databases.values()):
        _go_on(backend, database, now - read_note(database, "since", 0.0))


def _go_on(backend: Any, database: Any, age: float) -> None:
    if read_note(database, "applying", False):
        if age > MOMENT:
            _apply(backend, database)
        elif age > LAG:
            database.status = "modifying"
    elif database.status in NEXT and age > MOMENT and (database.status in BY_ITSELF or not is_driven(database)):
        enter(database, NEXT[database.status])
    elif database.status == "deleting" and age > MOMENT and not is_driven(database):
        finish_deletion(backend, database)


def come_up(database: Any) -> None:
    """The real database answers, and is as it should be."""
    if (
        NEXT.get(database.status) == "available"
        and not read_note(database, "restart")
        and not read_note(database, "applying")
    ):
        enter(database, "available")


def go_away(database: Any) -> None:
    """The real database does not answer, without a request to stop it."""
    if database.status in ALTERABLE:
        enter(database, "rebooting")


def finish_deletion(backend: Any, database: Any) -> None:
    """Nothing of the database is left but its snapshots."""
    if not read_note(database, "gone", False):
        note(database, "gone", True)
        unplug(database)
        backend.delete_db_instance(database.db_instance_identifier, **read_note(database, "ends", {}))


def in_subnet(account: str, region: str, subnet: str) -> bool:
    """Whether a database stands in a subnet."""
    return any(subnet in standing_in(database) for database in _databases(account, region))


def in_group(account: str, region: str, group: str) -> bool:
    """Whether a database has a security group."""
    return any(group in database.vpc_security_group_ids for database in _databases(account, region))


def _databases(account: str, region: str) -> Iterator[Any]:
    if account in rds_backends and region in rds_backends[account]:
        settle(rds_backends[account][region])
        yield from rds_backends[account][region].databases.values()
