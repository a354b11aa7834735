# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots of databases, what is made of them, and deletion, which takes the last one.

A copy of the data has a name of its own: snapshots are copied and deleted, databases are renamed. Where a real
database stands behind the API, the copies that it owes are noted with it, and it makes them one after the other.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.rds.exceptions import DBSnapshotAlreadyExistsError
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend, rds_backends

from .database_versions import rds_error
from .databases import enter, is_driven, not_now, settle
from .lifecycle import note, read_note
from .patch import Hook, around

NOW = timedelta(minutes=2)
# What a database that is restored does not have in common with its source.
NOT_RESTORED = frozenset({"backend", "db_subnet_group", "master_user_secret", "_max_allocated_storage"})


def owe(database: Any) -> str:
    """Have a copy of the data made; returns its name."""
    name = f"copy-{uuid.uuid4()}"
    note(database, "copies", [*read_note(database, "copies", []), name])
    return name


def paid(backend: Any, database: Any, name: str) -> None:
    """The copy is there, and with it the snapshots that are made of it."""
    note(database, "copies", [one for one in read_note(database, "copies", []) if one != name])
    for snapshot in backend.database_snapshots.values():
        if read_note(snapshot, "copy") == name and snapshot.status == "creating":
            snapshot.status = "available"


def copies_in_use() -> set[str]:
    """The names of copies that a snapshot has, or that a database is made or waits to be made of."""
    found: set[str] = set()
    for account in list(rds_backends.values()):
        for backend in list(account.values()):
            found.update(read_note(one, "copy", "") for one in list(backend.database_snapshots.values()))
            for database in list(backend.databases.values()):
                found.update([read_note(database, "origin", ""), *read_note(database, "copies", [])])
    return found - {""}


@around(RDSBackend, "create_db_snapshot")
def create_db_snapshot(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> DBSnapshot:
    snapshot: DBSnapshot = original(backend, *args, **kwargs)
    database = backend.databases[snapshot.db_instance_identifier]
    # What moto makes of it, it makes of this.
    vars(snapshot.database).update(_unmanaged(database))
    if snapshot.snapshot_type == "manual":
        if is_driven(database):
            note(snapshot, "copy", owe(database))
        enter(snapshot, "creating")
    return snapshot


def _unmanaged(database: Any) -> dict[str, Any]:
    """The password of the master user is in the data: what is made of them has it, and no secret until it gets one."""
    if not database.manage_master_user_password:
        return {}
    secret = database.master_user_secret.secret
    held = json.loads(secret.versions[secret.default_version_id]["secret_string"])
    return {"manage_master_user_password": False, "_master_user_password": held["password"]}


@around(RDSBackend, "copy_db_snapshot")
def copy_db_snapshot(
    original: Hook, backend: Any, source_db_snapshot_identifier: str, *args: Any, **kwargs: Any
) -> Any:
    snapshot = original(backend, source_db_snapshot_identifier, *args, **kwargs)
    source = backend.get_db_snapshot(source_db_snapshot_identifier)
    note(snapshot, "copy", read_note(source, "copy", ""))
    return snapshot


@around(RDSBackend, "describe_db_snapshots")
def describe_db_snapshots(original: Hook, backend: Any, *args: Any, **kwargs: Any) -> list[DBSnapshot]:
    settle(backend)
    found: list[DBSnapshot] = original(backend, *args, **kwargs)
    return found


@around(RDSBackend, "restore_db_instance_from_db_snapshot")
def restore_db_instance_from_db_snapshot(
    original: Hook, backend: Any, from_snapshot_id: str, overrides: dict[str, Any]
) -> DBInstance:
    name = from_snapshot_id.rpartition(":snapshot:")[2]
    (snapshot,) = backend.describe_db_snapshots(db_instance_identifier=None, db_snapshot_identifier=name)
    data = read_note(snapshot, "copy", "")
    if snapshot.status != "available":
        raise rds_error("InvalidDBSnapshotState", f"The snapshot {name} is {snapshot.status}.")
    if is_driven(snapshot.database) and not data:
        raise rds_error("InvalidDBSnapshotState", f"The lab keeps no data with the snapshot {name}: it is automated.")
    database: DBInstance = original(backend, from_snapshot_id, overrides)
    note(database, "origin", data)
    return database


def _means_now(overrides: Mapping[str, Any]) -> bool:
    """Whether the requested time is the latest, or less than NOW before: what a client reads as the latest is past."""
    when = overrides.get("restore_time")
    if overrides.get("use_latest_restorable_time") or not isinstance(when, datetime):
        return bool(overrides.get("use_latest_restorable_time"))
    if when.tzinfo is None:
        # moto leaves out that a time is in UTC.
        when = when.replace(tzinfo=timezone.utc)
    return datetime.now(timezone.utc) - when < NOW


@around(RDSBackend, "restore_db_instance_to_point_in_time")
def restore_db_instance_to_point_in_time(
    original: Hook, backend: Any, source_db_identifier: str, target_db_identifier: str, overrides: dict[str, Any]
) -> DBInstance:
    """The lab knows one point in time: now. The source makes a copy of its data for it."""
    (source,) = backend.describe_db_instances(db_instance_identifier=source_db_identifier)
    if source.status not in ("available", "backing-up", "storage-optimization", "stopped"):
        raise not_now()
    if is_driven(source) and not _means_now(overrides):
        raise rds_error("InvalidRestoreFault", "The lab keeps no logs of changes: it knows the latest time alone.")
    # moto would copy whatever the source refers to: with its secret all secrets of the account.
    given = {
        name.removeprefix("_"): copy.copy(value)
        for name, value in {**vars(source), **_unmanaged(source)}.items()
        if name not in NOT_RESTORED
    }
    if not source.option_group_supplied:
        del given["option_group_name"]
    given.update({name: value for name, value in overrides.items() if value})
    database: DBInstance = backend.create_db_instance({**given, "db_instance_identifier": target_db_identifier})
    if is_driven(source):
        note(database, "origin", owe(source))
    return database


@around(RDSBackend, "delete_db_instance")
def delete_db_instance(
    original: Hook,
    backend: Any,
    db_instance_identifier: str,
    final_db_snapshot_identifier: str | None = None,
    skip_final_snapshot: bool | None = False,
    **more: Any,
) -> DBInstance:
    """AWS takes the snapshot, and then the database is there for a while."""
    database = backend.describe_db_instances(db_instance_identifier)[0]
    if read_note(database, "gone", False):
        result: DBInstance = original(backend, db_instance_identifier, None, True, **more)
        return result
    if database.deletion_protection:
        # moto's own words for it.
        return original(backend, db_instance_identifier)  # type: ignore[no-any-return]
    if not skip_final_snapshot and not final_db_snapshot_identifier:
        message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        raise rds_error("InvalidParameterCombination", message)
    if skip_final_snapshot and final_db_snapshot_identifier:
        message = "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot."
        raise rds_error("InvalidParameterCombination", message)
    if database.status == "deleting":
        raise not_now(f"Instance {db_instance_identifier} is already being deleted.")
    if final_db_snapshot_identifier:
        _take_final_snapshot(backend, database, final_db_snapshot_identifier)
    note(database, "ends", more)
    enter(database, "deleting")
    return database  # type: ignore[no-any-return]


def _take_final_snapshot(backend: Any, database: Any, name: str) -> None:
    if database.status in ("creating", "failed", "incompatible-restore", "incompatible-network"):
        raise not_now(f"Instance {database.db_instance_identifier} cannot be snapshotted: it is {database.status}.")
    if name in backend.database_snapshots:
        raise DBSnapshotAlreadyExistsError(name)
    backend.create_db_snapshot(database.db_instance_identifier, name)
