# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to a cache that exists. Each function can be run again after it died anywhere in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .._aws.errors import code_of, taken_as_done
from .._aws.sdk import ClientError
from . import elasticache
from .resource import Client, Edit, Live, Wait, Waiter, dig, shortened

# AWS takes minutes for each node of a cache, and longer where it changes the type of one that is full.
# Of one that could not be made the wait tells at once; whoever takes it out of the document is rid of it.
FAILED = ("create-failed",)
COMING = ("creating", "modifying", *FAILED)
# The cache serves, and takes no changes: AWS's own doings, every day.
PASSING = ("snapshotting",)
AVAILABLE = Waiter(
    "available", "Status", ("available",), (*FAILED, "deleting"), COMING, PASSING, timeout=3600, delay=15
)
# AWS does not say how long the name of a snapshot may be; that of a replication group may have so many characters.
LONGEST = 40
GONE = Waiter("deleted", "Status", (), absent_is_ready=True, timeout=3600, delay=15)
# What one call modifies, and where AWS has it.
PLACES = {
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


def change(client: Client, edit: Edit) -> Iterator[Wait]:
    """More nodes come first and fewer last, for failover wants two; AWS takes one change at a time."""
    nodes = edit.order.properties["nodes"]
    there = edit.live.properties.get("nodes", nodes)
    count = {"ReplicationGroupId": edit.live.id, "NewReplicaCount": nodes - 1, "ApplyImmediately": True}
    if nodes > there:
        yield from _when_available(edit.live.id, lambda: client.increase_replica_count(**count))
    told = {place: edit.order.properties[name] for name, place in PLACES.items() if name in edit.changed}
    if told:
        request = {"ReplicationGroupId": edit.live.id, **told, "ApplyImmediately": True}
        yield from _when_available(edit.live.id, lambda: client.modify_replication_group(**request))
    if nodes < there:
        yield from _when_available(edit.live.id, lambda: client.decrease_replica_count(**count))
    yield Wait(AVAILABLE, edit.live.id)


def _when_available(identifier: str, call: Callable[[], object]) -> Iterator[Wait]:
    """Make a change once the cache takes one. A snapshot may begin just before the call."""
    for last in (False, False, True):
        yield Wait(AVAILABLE, identifier)
        try:
            with taken_as_done("NoOperationFault"):
                call()
            return
        except ClientError as error:
            if last or code_of(error) != elasticache.BUSY:
                raise


def remove(client: Client, live: Live) -> Iterator[Wait]:
    """A last snapshot is kept of what snapshots are kept of, and where AWS does not say whether they are. It stays when
    the cache comes and goes again."""
    is_kept = live.properties.get("snapshot_retention_days", 1)
    last = {"FinalSnapshotIdentifier": _final_snapshot(live)} if is_kept else {}
    client.delete_replication_group(ReplicationGroupId=live.id, RetainPrimaryCluster=False, **last)
    yield Wait(GONE, live.id)


def _final_snapshot(live: Live) -> str:
    """The name of the last snapshot: that of this one incarnation, whatever run deletes it."""
    # Groups made before AWS kept their time have that of their nodes alone.
    created = live.raw.get("ReplicationGroupCreateTime") or dig(live.raw, "Node.CacheClusterCreateTime")
    suffix = f"-final-{created:%Y%m%d%H%M%S}" if created else "-final"
    return shortened(live.id, LONGEST - len(suffix)) + suffix
