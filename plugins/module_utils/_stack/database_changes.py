# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to a database that exists. Each function can be run again after it died anywhere in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._aws.errors import StackError, code_of, is_forbidden, join_sentences, taken_as_done, tell
from .._aws.sdk import ClientError
from .._aws.tags import is_protected
from . import rds
from .resource import Client, Edit, Live, Properties, Wait, Waiter, dig

STATUS = "DBInstanceStatus"
# A change is under way, perhaps that of a run which died.
COMING = (
    *("converting-to-vpc", "creating", "modifying", "moving-to-vpc", "rebooting", "renaming"),
    *("resetting-master-credentials", "starting", "upgrading"),
)
# The database serves, and takes no changes: AWS's own doings, every day, and what follows a change that was made.
# Source: RDS user guide, Viewing DB instance status.
PASSING = (
    *("backing-up", "configuring-associated-roles", "configuring-enhanced-monitoring", "configuring-iam-database-auth"),
    *("configuring-log-exports", "maintenance", "storage-config-upgrade", "storage-initialization"),
)
# AWS has given up: the object is of no use, and only its snapshots and backups are left of the data.
LOST = ("failed", "incompatible-restore", "restore-error")
# Somebody has to mend something; the data is there.
ILL = (
    *("inaccessible-encryption-credentials", "inaccessible-encryption-credentials-recoverable"),
    *("incompatible-network", "incompatible-option-group", "incompatible-parameters"),
    *("insufficient-capacity", "storage-full"),
)
# No snapshot can be taken any more: AWS refuses a deletion that asks for one.
PAST_SNAPSHOTS = ("failed", "incompatible-restore", "incompatible-network")
NOT_NOW = frozenset({"InvalidDBInstanceState", "InvalidDBInstanceStateFault"})

# A database with a standby takes up to forty minutes to come up, a change of its class about as long. What has run full
# is not given up: a change that lets it grow shows the old state for a while.
READY = Waiter(
    "available",
    STATUS,
    ("available", "storage-optimization"),
    (*LOST, *(state for state in ILL if state != "storage-full"), "deleting"),
    coming=COMING,
    passing=PASSING,
    timeout=2700,
    delay=20,
)
# The state stays `available` for some seconds after a change was asked for: what is pending is told at once.
APPLIED = Waiter("applied", "PendingModifiedValues", ({}, None), timeout=2700, delay=20)
STOPPED = Waiter("stopped", STATUS, ("stopped",), (*LOST, "deleting"), timeout=2700, delay=20)
# The final snapshot is part of it.
GONE = Waiter("deleted", STATUS, absent_is_ready=True, ready=(), timeout=7200, delay=20)

# What each property is called by CreateDBInstance and ModifyDBInstance, where a value is handed on as it is.
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
# What can be left for the maintenance window, and taken back by saying it as it is.
LEFT = {"DBInstanceClass": "class", "MultiAZ": "multi_az", "BackupRetentionPeriod": "backup_retention"}
# From this size on AWS stripes gp3 storage, which then has at least so many operations a second, and wants to be told.
STRIPED, STRIPED_IOPS = 400, 12000


def is_grown(wanted: Properties, live: Properties) -> bool:
    """Whether AWS itself has let the storage grow, as it may."""
    return wanted["limit"] is not None and wanted["size"] <= live["size"] <= wanted["limit"]


def same_storage(wanted: Properties, live: Properties) -> bool:
    """Storage is as wanted also when it has grown by itself."""
    size = wanted["size"] == live["size"] or is_grown(wanted, live)
    return size and wanted["type"] == live["type"] and wanted["limit"] == live["limit"]


def start(client: Client, edit: Edit) -> Iterator[Wait]:
    """Bring back a database that somebody has stopped (AWS does so after a week): stopped, it takes no changes."""
    if edit.live.raw[STATUS] == "stopping":
        yield Wait(STOPPED, edit.live.id)
    with taken_as_done(*NOT_NOW):
        client.start_db_instance(DBInstanceIdentifier=edit.live.id)
    yield Wait(READY, edit.live.id)


def modify(client: Client, edit: Edit) -> Iterator[Wait]:
    """All that differs in one call, at once and not in the maintenance window."""
    request = {"DBInstanceIdentifier": edit.live.id, "ApplyImmediately": True, **_changes(edit)}
    try:
        client.modify_db_instance(**request)
    except ClientError as error:
        if code_of(error) not in NOT_NOW:
            raise
        # It changes already: by somebody else's wish, or by this one, the answer to which was lost.
        yield Wait(READY, edit.live.id)
        client.modify_db_instance(**request)
    yield Wait(APPLIED, edit.live.id)
    yield Wait(READY, edit.live.id)


def _changes(edit: Edit) -> dict[str, Any]:
    wanted, live = edit.order.properties, edit.live.properties
    # A change at once takes with it what somebody has left for the maintenance window: that is said again as wanted.
    left = {name for word, name in LEFT.items() if word in (edit.live.raw.get("PendingModifiedValues") or ())}
    found = {PLAIN[name]: wanted[name] for name in sorted((edit.changed | left) & PLAIN.keys())}
    if "version" in edit.changed and _series(wanted, wanted["version"]) != _series(wanted, live["version"]):
        found["AllowMajorVersionUpgrade"] = True
    if "port" in edit.changed:
        found["DBPortNumber"] = wanted["port"]
    if "parameter_group" in edit.changed:
        version = wanted["version"] or edit.live.raw["EngineVersion"]
        found["DBParameterGroupName"] = wanted["parameter_group"] or rds.default_parameters(wanted["engine"], version)
    if "logs" in edit.changed:
        found["CloudwatchLogsExportConfiguration"] = _logs(wanted["logs"], live["logs"])
    return {**found, **(_storage(edit) if "storage" in edit.changed else {})}


def _series(wanted: Properties, version: str) -> str:
    return rds.series(wanted["engine"], version)


def _logs(wanted: list[str], live: list[str]) -> dict[str, list[str]]:
    return {
        "EnableLogTypes": [name for name in wanted if name not in live],
        "DisableLogTypes": [name for name in live if name not in wanted],
    }


def _storage(edit: Edit) -> dict[str, Any]:
    wanted, live = edit.order.properties["storage"], edit.live.properties["storage"]
    size = max(wanted["size"], live["size"])
    found: dict[str, Any] = {}
    if size != live["size"]:
        found["AllocatedStorage"] = size
    if wanted["type"] != live["type"]:
        found["StorageType"] = wanted["type"]
    if found and wanted["type"] == "gp3" and size >= STRIPED:
        iops = max(edit.live.raw.get("Iops") or 0, STRIPED_IOPS)
        found = {"AllocatedStorage": size, "StorageType": "gp3", "Iops": iops}
    if wanted["limit"] != live["limit"]:
        # A limit that leaves no room says that there is none.
        found["MaxAllocatedStorage"] = wanted["limit"] or size
    return found


def remove(client: Client, live: Live) -> Iterator[Wait]:
    """Delete; one that holds data leaves a final snapshot, taken by the same call."""
    status = live.raw[STATUS]
    if status != "deleting":
        snapshot = is_protected(live.tags) and status not in PAST_SNAPSHOTS
        if snapshot and status in (*COMING, *PASSING):
            yield Wait(READY, live.id)
        if live.properties.get("deletion_protection", True):
            client.modify_db_instance(DBInstanceIdentifier=live.id, DeletionProtection=False, ApplyImmediately=True)
        try:
            client.delete_db_instance(DBInstanceIdentifier=live.id, **_farewell(live, snapshot))
        except ClientError as error:
            if not is_forbidden(error):
                raise
            state = f"The database {live.id} was not deleted: its deletion protection is lifted"
            advice = "Run again to delete it, or run with state present to protect it again as declared"
            raise StackError(join_sentences(tell(error), state, advice)) from error
    yield Wait(GONE, live.id)


def _farewell(live: Live, snapshot: bool) -> dict[str, Any]:
    """What is kept. The snapshot's name is that of this one incarnation, so that there is one, whatever dies."""
    if snapshot:
        name = f"{live.id}-final-{live.raw['DbiResourceId'].lower()}"
        return {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": name}
    # Where data cannot be kept otherwise, the automated backups stay as long as they would have.
    return {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": not is_protected(live.tags)}


def notices(live: Live) -> list[str]:
    """What is not as it should be, and is for a person to decide on."""
    status, groups = live.raw.get(STATUS), live.raw.get("DBParameterGroups", ())
    pending = sorted(live.raw.get("PendingModifiedValues") or ())
    found = [f"it is {status}: see the events of the database in RDS"] if status in ILL else []
    if any(group.get("ParameterApplyStatus") == "pending-reboot" for group in groups):
        found.append("settings of its parameter group take effect when it is rebooted; nobody does that by itself")
    if pending and status in READY.ready:
        found.append(f"these changes wait for the maintenance window: {', '.join(pending)}")
    return found


def state(item: Any) -> str | None:
    """The state in the words of the document; None for one that can be started."""
    status = dig(item, STATUS)
    if status in ("stopping", "stopped"):
        return None
    if status in LOST:
        return "failed"
    return "deleting" if status == "deleting" else "running"
