# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of an existing cache. Each function can run again after it was interrupted at any point."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..._aws.errors import error_code, ignore_errors
from ..._aws.sdk import ClientError
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import value_at
from ..._engine.resource_type import ActualResource, Client, ResourceUpdate
from ..._engine.scope import shorten_name
from . import common as elasticache

# AWS takes minutes for each node of a cache, and longer where it changes the type of one that is full.
# The wait for a cache that could not be created fails at once; removed from the document, the cache is deleted.
FAILED = ("create-failed",)
PENDING = ("creating", "modifying", *FAILED)
# The cache serves and takes no changes: daily operations of AWS.
BUSY_STATES = ("snapshotting",)
AVAILABLE = Waiter(
    Condition("available", "Status", ("available",), (*FAILED, "deleting"), PENDING, BUSY_STATES),
    timeout=3600,
    delay=15,
)
# The length limit of a snapshot name is not documented; this is that of a replication group.
LONGEST = 40
GONE = Waiter(Condition("deleted", "Status", (), absent_is_ready=True), timeout=3600, delay=15)
# The parameters of ModifyReplicationGroup by property.
PARAMETERS = {
    "node_type": "CacheNodeType",
    "engine_version": "EngineVersion",
    "automatic_failover": "AutomaticFailoverEnabled",
    "multi_az": "MultiAZEnabled",
    "parameter_group": "CacheParameterGroupName",
    "security_groups": "SecurityGroupIds",
    "snapshot_retention_days": "SnapshotRetentionLimit",
    "maintenance_window": "PreferredMaintenanceWindow",
}


def describe(client: Client, name: str, text: str) -> None:
    client.modify_replication_group(ReplicationGroupId=name, ReplicationGroupDescription=text, ApplyImmediately=True)


def change(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Nodes are added first and removed last, since failover needs two. AWS takes one change at a time."""
    nodes = update.desired.properties["nodes"]
    current = update.actual.properties.get("nodes", nodes)
    count = {"ReplicationGroupId": update.actual.id, "NewReplicaCount": nodes - 1, "ApplyImmediately": True}
    if nodes > current:
        yield from _when_available(update.actual.id, lambda: client.increase_replica_count(**count))
    changes = {
        parameter: update.desired.properties[name] for name, parameter in PARAMETERS.items() if name in update.changed
    }
    if changes:
        request = {"ReplicationGroupId": update.actual.id, **changes, "ApplyImmediately": True}
        yield from _when_available(update.actual.id, lambda: client.modify_replication_group(**request))
    if nodes < current:
        yield from _when_available(update.actual.id, lambda: client.decrease_replica_count(**count))
    yield Wait(AVAILABLE, update.actual.id)


def _when_available(identifier: str, call: Callable[[], object]) -> Iterator[Wait]:
    """Make a change once the cache takes one. A snapshot may begin just before the call."""
    for last in (False, False, True):
        yield Wait(AVAILABLE, identifier)
        try:
            with ignore_errors("NoOperationFault"):
                call()
            return
        except ClientError as error:
            if last or error_code(error) != elasticache.BUSY:
                raise


def remove(client: Client, actual: ActualResource) -> Iterator[Wait]:
    """Delete a cache. A final snapshot is kept unless AWS returns that the cache keeps no snapshots."""
    is_kept = actual.properties.get("snapshot_retention_days", 1)
    last = {"FinalSnapshotIdentifier": _final_snapshot(actual)} if is_kept else {}
    client.delete_replication_group(ReplicationGroupId=actual.id, RetainPrimaryCluster=False, **last)
    yield Wait(GONE, actual.id)


def _final_snapshot(actual: ActualResource) -> str:
    """The name of the final snapshot: with the creation time, so that each cache of this name has its own."""
    # Old groups have no creation time; their nodes have one.
    created = actual.raw.get("ReplicationGroupCreateTime") or value_at(actual.raw, "Node.CacheClusterCreateTime")
    suffix = f"-final-{created:%Y%m%d%H%M%S}" if created else "-final"
    return shorten_name(actual.id, LONGEST - len(suffix)) + suffix
