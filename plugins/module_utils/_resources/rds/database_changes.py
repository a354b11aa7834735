# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of an existing database. Each function can run again after it was interrupted at any point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._aws.errors import StackError, describe_error, error_code, ignore_errors, is_forbidden, join_sentences
from ..._aws.sdk import ClientError
from ..._aws.tags import is_protected
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import value_at
from ..._engine.resource_type import ActualResource, Client, Properties, ResourceUpdate
from . import common as rds
from . import engines

STATUS = "DBInstanceStatus"
# A change is in progress, perhaps that of an interrupted run.
PENDING = (
    *("converting-to-vpc", "creating", "modifying", "moving-to-vpc", "rebooting", "renaming"),
    *("resetting-master-credentials", "starting", "upgrading"),
)
# The database serves and takes no changes: daily operations of AWS, and what follows a change.
# Source: RDS user guide, Viewing DB instance status.
BUSY_STATES = (
    *("backing-up", "configuring-associated-roles", "configuring-enhanced-monitoring", "configuring-iam-database-auth"),
    *("configuring-log-exports", "maintenance", "storage-config-upgrade", "storage-initialization"),
)
# Final failures: of the data only snapshots and backups are left.
LOST = ("failed", "incompatible-restore", "restore-error")
# A person has to repair something; the data exists.
NEEDS_REPAIR = (
    *("inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"),
    *("incompatible-network", "incompatible-option-group", "incompatible-parameters"),
    *("insufficient-capacity", "storage-full"),
)
# No snapshot is possible any more: AWS rejects a deletion that asks for one.
WITHOUT_SNAPSHOTS = ("failed", "incompatible-restore", "incompatible-network")
NOT_NOW = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})

# A database with a standby takes up to forty minutes to become available, a change of its class about as long. A full
# storage is no failure: a change that lets it grow shows the old state for a while.
READY = Waiter(
    Condition(
        "available",
        STATUS,
        ("available", "storage-optimization"),
        (*LOST, *(state for state in NEEDS_REPAIR if state != "storage-full"), "deleting"),
        pending=PENDING,
        busy=BUSY_STATES,
    ),
    timeout=2700,
    delay=20,
)
# The state stays `available` for some seconds after a call, but the pending values are shown at once.
APPLIED = Waiter(Condition("applied", "PendingModifiedValues", ({}, None)), timeout=2700, delay=20)
STOPPED = Waiter(Condition("stopped", STATUS, ("stopped",), (*LOST, "deleting")), timeout=2700, delay=20)
# The deletion includes the final snapshot.
GONE = Waiter(Condition("deleted", STATUS, (), absent_is_ready=True), timeout=7200, delay=20)

# The parameters of CreateDBInstance and ModifyDBInstance by property, where the value is passed unchanged.
PLAIN = {
    "class": "DBInstanceClass",
    "version": "EngineVersion",
    "multi_az": "MultiAZ",
    "security_groups": "VpcSecurityGroupIds",
    "backup_retention": "BackupRetentionPeriod",
    "backup_window": "PreferredBackupWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "minor_upgrades": "AutoMinorVersionUpgrade",
    "publicly_accessible": "PubliclyAccessible",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "performance_insights": "EnablePerformanceInsights",
    "ca_certificate": "CACertificateIdentifier",
    "deletion_protection": "DeletionProtection",
    "managed_password": "ManageMasterUserPassword",
}
# Properties whose change can wait for the maintenance window, and is cancelled by a call with the current value.
DEFERRABLE = {"DBInstanceClass": "class", "MultiAZ": "multi_az", "BackupRetentionPeriod": "backup_retention"}
# From this size on AWS stripes gp3 storage. Then it requires the IOPS parameter, with at least this value.
STRIPED, STRIPED_IOPS = 400, 12000
# Types of storage whose IOPS are bought. A call that sets the type or the size of one must name them
# (RDS API reference, ModifyDBInstance).
PROVISIONED = ("io1", "io2")


def is_grown(desired: Properties, actual: Properties) -> bool:
    """Whether AWS has let the storage grow within its limit."""
    return desired["limit"] is not None and desired["size"] <= actual["size"] <= desired["limit"]


def same_storage(desired: Properties, actual: Properties) -> bool:
    """Whether the storage is as desired, or has grown by itself."""
    size = desired["size"] == actual["size"] or is_grown(desired, actual)
    iops = actual["iops"] in (None, desired["iops"])
    return size and iops and desired["type"] == actual["type"] and desired["limit"] == actual["limit"]


def start(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Start a database that was stopped by hand (AWS does so after a week): stopped, it takes no changes."""
    if update.actual.raw[STATUS] == "stopping":
        yield Wait(STOPPED, update.actual.id)
    with ignore_errors(*NOT_NOW):
        client.start_db_instance(DBInstanceIdentifier=update.actual.id)
    yield Wait(READY, update.actual.id)


def modify(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Make all changes in one call, at once instead of in the maintenance window."""
    request = {"DBInstanceIdentifier": update.actual.id, "ApplyImmediately": True, **_changes(update)}
    try:
        client.modify_db_instance(**request)
    except ClientError as error:
        if error_code(error) not in NOT_NOW:
            raise
        # It is being changed already: by another process, or by this call, whose answer was lost.
        yield Wait(READY, update.actual.id)
        client.modify_db_instance(**request)
    yield Wait(APPLIED, update.actual.id)
    yield Wait(READY, update.actual.id)


def _changes(update: ResourceUpdate) -> dict[str, Any]:
    desired, actual = update.desired.properties, update.actual.properties
    # An immediate change also applies changes that wait for the maintenance window: these get the desired values.
    waiting = {
        name for word, name in DEFERRABLE.items() if word in (update.actual.raw.get("PendingModifiedValues") or ())
    }
    found = {PLAIN[name]: desired[name] for name in sorted((update.changed | waiting) & PLAIN.keys())}
    if "version" in update.changed and _series(desired, desired["version"]) != _series(desired, actual["version"]):
        found["AllowMajorVersionUpgrade"] = True
    if "port" in update.changed:
        found["DBPortNumber"] = desired["port"]
    if "parameter_group" in update.changed:
        version = desired["version"] or update.actual.raw["EngineVersion"]
        found["DBParameterGroupName"] = desired["parameter_group"] or rds.default_parameters(desired["engine"], version)
    if "logs" in update.changed:
        found["CloudwatchLogsExportConfiguration"] = _logs(desired["logs"], actual["logs"])
    return {**found, **(_storage(update) if "storage" in update.changed else {})}


def _series(desired: Properties, version: str) -> str:
    return engines.read_major_version(desired["engine"], version)


def _logs(desired: list[str], actual: list[str]) -> dict[str, list[str]]:
    return {
        "EnableLogTypes": [name for name in desired if name not in actual],
        "DisableLogTypes": [name for name in actual if name not in desired],
    }


def _storage(update: ResourceUpdate) -> dict[str, Any]:
    desired, actual = update.desired.properties["storage"], update.actual.properties["storage"]
    size = max(desired["size"], actual["size"])
    found: dict[str, Any] = {}
    if size != actual["size"]:
        found["AllocatedStorage"] = size
    if desired["type"] != actual["type"]:
        found["StorageType"] = desired["type"]
    if found and desired["type"] == "gp3" and size >= STRIPED:
        iops = max(update.actual.raw.get("Iops") or 0, STRIPED_IOPS)
        found = {"AllocatedStorage": size, "StorageType": "gp3", "Iops": iops}
    if desired["type"] in PROVISIONED and (found or desired["iops"] != actual["iops"]):
        found = {"AllocatedStorage": size, "StorageType": desired["type"], "Iops": desired["iops"]}
    if desired["limit"] != actual["limit"]:
        # A limit that equals the size switches storage autoscaling off.
        found["MaxAllocatedStorage"] = desired["limit"] or size
    return found


def remove(client: Client, actual: ActualResource) -> Iterator[Wait]:
    """Delete a database. The same call takes a final snapshot if the database is protected."""
    status = actual.raw[STATUS]
    if status != "deleting":
        snapshot = is_protected(actual.tags) and status not in WITHOUT_SNAPSHOTS
        if snapshot and status in (*PENDING, *BUSY_STATES):
            yield Wait(READY, actual.id)
        if actual.properties.get("deletion_protection", True):
            client.modify_db_instance(DBInstanceIdentifier=actual.id, DeletionProtection=False, ApplyImmediately=True)
        try:
            client.delete_db_instance(DBInstanceIdentifier=actual.id, **_retention(actual, snapshot))
        except ClientError as error:
            if not is_forbidden(error):
                raise
            state = f"The database {actual.id} was not deleted: its deletion protection is lifted"
            advice = "Run again to delete it, or run with state present to protect it again as declared"
            raise StackError(join_sentences(describe_error(error), state, advice)) from error
    yield Wait(GONE, actual.id)


def _retention(actual: ActualResource, snapshot: bool) -> dict[str, Any]:
    """The parameters that keep data. The snapshot is named by the resource id, so that a repeated call adds none."""
    if snapshot:
        name = f"{actual.id}-final-{actual.raw['DbiResourceId'].lower()}"
        return {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": name}
    # Where no snapshot is possible, the automated backups stay until they expire.
    return {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": not is_protected(actual.tags)}


def notices(actual: ActualResource) -> list[str]:
    """States that a person has to decide on."""
    status, groups = actual.raw.get(STATUS), actual.raw.get("DBParameterGroups", ())
    pending = sorted(actual.raw.get("PendingModifiedValues") or ())
    found = [f"it is {status}: see the events of the database in RDS"] if status in NEEDS_REPAIR else []
    if any(group.get("ParameterApplyStatus") == "pending-reboot" for group in groups):
        found.append("settings of its parameter group take effect when it is rebooted, which no run does")
    if pending and status in READY.condition.ready:
        found.append(f"these changes wait for the maintenance window: {', '.join(pending)}")
    return found


def state(item: Any) -> str | None:
    """The state in the words of the document; None for a stopped database, which can be started."""
    status = value_at(item, STATUS)
    if status in ("stopping", "stopped"):
        return None
    if status in LOST:
        return "failed"
    return "deleting" if status == "deleting" else "running"
