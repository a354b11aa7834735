# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of an existing cache. Each function can run again after it was interrupted at any point."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from ..._aws.errors import StackError, error_code, ignore_errors
from ..._aws.sdk import ClientError
from ..._aws.tags import tags_to_dict, tags_to_list
from ..._engine.condition import Condition, Wait, Waiter
from ..._engine.items import value_at
from ..._engine.resource_type import ActualResource, Client, ResourceUpdate
from ..._engine.scope import shorten_name
from . import auth_token
from . import common as elasticache

T = TypeVar("T")

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
# A change of the AUTH token that AWS is still making.
SETTLED = Waiter(
    Condition("settled", auth_token.STATUS, (None,), pending=("ROTATING", "SETTING")), timeout=3600, delay=15
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


def change_token(client: Client, update: ResourceUpdate) -> Iterator[Wait]:
    """Rotate the token of a cache or set it (`auth_token.py`): one of both, since services change in between."""
    begun = yield from _when_available(update.actual.id, lambda: _begin_token_change(client, update))
    if begun is not None:
        yield Wait(SETTLED, update.actual.id)
        yield from _when_available(update.actual.id, lambda: _note(client, update.actual, begun.complete()))


def _begin_token_change(client: Client, update: ResourceUpdate) -> auth_token.TokenState | None:
    """Make the call that is due, and return the state that was noted for it; None where no call is due.

    The state is read from AWS again, because this function begins again after a lost answer.
    """
    desired = update.desired.properties["auth_token"]
    group = auth_token.read_group(client, update.actual.id)
    noted = _read_state(client, update.actual)
    may_revoke = desired.get("exclusive", False)
    state = noted
    if noted.call:
        was_made = auth_token.was_made(noted, group)
        state = noted.complete() if was_made else noted.undo()
        # Services do not have a token yet that was rotated just now or by a run that was interrupted.
        may_revoke = may_revoke and not (was_made and noted.call == auth_token.ROTATE)
    call = auth_token.choose_call(state, desired["version"], may_revoke)
    if not call:
        if state != noted:
            _note(client, update.actual, state)
        return None
    token = auth_token.read_token(update.desired.clients, desired)
    state = state.begin(call, desired["version"], group)
    _note(client, update.actual, state)
    client.modify_replication_group(
        ReplicationGroupId=update.actual.id, AuthToken=token, AuthTokenUpdateStrategy=call, ApplyImmediately=True
    )
    return state


def _read_state(client: Client, actual: ActualResource) -> auth_token.TokenState:
    tags = tags_to_dict(client.list_tags_for_resource(ResourceName=actual.attributes["arn"])["TagList"])
    state = auth_token.read_state(tags)
    if state is None:
        raise StackError(f"the tag {auth_token.TAG} cannot be read. The token was not changed. Restore the tag")
    return state


def _note(client: Client, actual: ActualResource, state: auth_token.TokenState) -> None:
    tags = tags_to_list({auth_token.TAG: state.as_tag})
    client.add_tags_to_resource(ResourceName=actual.attributes["arn"], Tags=tags)


def _when_available(identifier: str, call: Callable[[], T]) -> Generator[Wait, None, T | None]:
    """Make a change once the cache takes one, and return its result. A snapshot may begin just before the call."""
    for last in (False, False, True):
        yield Wait(AVAILABLE, identifier)
        try:
            with ignore_errors("NoOperationFault"):
                return call()
            break
        except ClientError as error:
            if last or error_code(error) != elasticache.BUSY:
                raise
    return None


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
