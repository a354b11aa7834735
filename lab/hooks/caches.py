# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Caches of ElastiCache: states, and ends that come to an end.

In moto they are there at once, have one node whatever was asked for, cannot be modified much, and are deleted for ever.
Here they go through their states with time, or as the real cache behind them does (lab/caches), where there is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elasticache.exceptions import (
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup, elasticache_backends
from moto.elasticache.responses import ElastiCacheResponse

from . import cache_tokens
from .cache_places import complete, is_simple, plug, unplug
from .lifecycle import note, read_note
from .patch import Hook, around
from .plane import is_real

# AWS takes minutes; so long every state can be seen.
MOMENT = 0.5
REBOOTING = "rebooting cluster nodes"
# What becomes available, in time or when the real cache serves.
COMING = ("creating", "modifying")
# The engine of the lab's own caches.
ENGINE = "redis"
# What a modification may change besides what moto knows.
MORE = {
    "EngineVersion": "engine_version",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "SecurityGroupIds": "security_group_ids",
}


def cache_error(code: str, message: str) -> ElastiCacheException:
    error = ElastiCacheException(message)
    error.code = code
    return error


def _busy(identifier: str) -> ElastiCacheException:
    return cache_error("InvalidReplicationGroupState", f"Replication group {identifier} is not in an available state.")


@around(ElastiCacheBackend, "create_replication_group")
def create_replication_group(original: Hook, backend: Any, replication_group_id: str, **more: Any) -> ReplicationGroup:
    settle(backend)
    nodes = more.get("num_cache_clusters") or 1
    _check(backend, nodes, more)
    replicas = more.pop("replicas_per_node_group", None) or nodes - 1
    more = complete(backend, replicas + 1, more)
    group: ReplicationGroup = original(
        backend, replication_group_id=replication_group_id.lower(), replicas_per_node_group=replicas, **more
    )
    group.port = int(group.port)
    for shard in group.node_groups:
        _endpoints(group, shard)
    note(group, "shards", group.node_groups)
    cache_tokens.begin(group, more.get("auth_token"))
    plug(group)
    # There is no endpoint before there is a node.
    group.node_groups = []
    enter(group, "creating")
    return group


def _check(backend: Any, nodes: int, more: dict[str, Any]) -> None:
    subnets = more.get("cache_subnet_group_name")
    if subnets and subnets not in backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(subnets)
    if more.get("automatic_failover_enabled") and nodes < 2 and not more.get("num_node_groups"):
        raise InvalidParameterValueException(
            "When using automatic failover, there must be at least 2 cache clusters in the replication group."
        )
    if more.get("multi_az_enabled") and not more.get("automatic_failover_enabled"):
        raise InvalidParameterCombinationException("Multi-AZ requires automatic failover to be enabled.")
    _check_groups(backend, more.get("security_group_ids") or ())
    cache_tokens.check_new(more)


def _check_groups(backend: Any, identifiers: Any) -> None:
    known = ec2_backends[backend.account_id][backend.region_name]
    for identifier in identifiers:
        if known.get_security_group_from_id(identifier) is None:
            raise InvalidParameterValueException(f"The following security group was not found: {identifier}")


def _endpoints(group: Any, shard: dict[str, Any]) -> None:
    """The port is a number, and readers have an endpoint too."""
    if "primary_endpoint" in shard:
        shard["primary_endpoint"]["port"] = group.port
        shard["reader_endpoint"] = {"address": shard["reader_endpoint_address"], "port": group.port}
    for node in shard["node_group_members"]:
        if "read_endpoint" in node:
            node["read_endpoint"]["port"] = group.port


@around(ElastiCacheBackend, "describe_replication_groups")
def describe_replication_groups(original: Hook, backend: Any, **more: Any) -> Any:
    settle(backend)
    return original(backend, **more)


@around(ElastiCacheResponse, "modify_replication_group")
def modify_replication_group(original: Hook, response: Any) -> Any:
    group = available(response)
    _check_groups(group_backend(response), response._get_param("SecurityGroupIds") or ())
    cache_tokens.change(group, response._get_param("AuthToken"), response._get_param("AuthTokenUpdateStrategy"))
    for parameter, attribute in MORE.items():
        value = response._get_param(parameter)
        if value is not None:
            setattr(group, attribute, value)
    result = original(response)
    plug(group)
    if response._get_param("ReplicationGroupDescription") is None:
        enter(group, "modifying")
    return result


def group_backend(response: Any) -> Any:
    return response.elasticache_backend


def available(response: Any) -> Any:
    """The replication group that a request is about, when it can be worked on."""
    backend = response.elasticache_backend
    settle(backend)
    identifier = response._get_param("ReplicationGroupId")
    if identifier not in backend.replication_groups:
        raise ReplicationGroupNotFound(identifier)
    group = backend.replication_groups[identifier]
    if group.status != "available":
        raise _busy(identifier)
    return group


@around(ElastiCacheResponse, "delete_replication_group")
def delete_replication_group(original: Hook, response: Any) -> Any:
    group = available(response)
    backend, name = response.elasticache_backend, response._get_param("FinalSnapshotIdentifier")
    if name:
        snapshot = backend.create_snapshot(
            snapshot_name=name,
            replication_group_id=group.replication_group_id,
            cache_cluster_id=None,
            kms_key_id=None,
            tags=None,
        )
        snapshot.snapshot_status = "available"
    result = original(response)
    enter(group, "deleting")
    return result


@around(ElastiCacheBackend, "list_tags_for_resource")
def list_tags_for_resource(original: Hook, backend: Any, arn: str) -> Any:
    """AWS tells no tags of a group that it is at work on."""
    settle(backend)
    for group in backend.replication_groups.values():
        if group.arn == arn and group.status != "available":
            raise _busy(group.replication_group_id)
    return original(backend, arn)


def is_driven(group: Any) -> bool:
    """Whether a real cache stands, or is about to stand, behind this one; none does that has users or shards."""
    return (
        is_real()
        and group.engine == ENGINE
        and is_simple(group)
        and not group.user_group_ids
        and bool(read_note(group, "interfaces"))
    )


def all_caches() -> Iterator[tuple[Any, Any]]:
    """Every replication group with a real cache, with its backend, gone on to the state of now."""
    for account in list(elasticache_backends.values()):
        for backend in list(account.values()):
            settle(backend)
            yield from ((backend, one) for one in list(backend.replication_groups.values()) if is_driven(one))


def settle(backend: Any) -> None:
    """Let everything go on to the state that it has reached by now."""
    before = time.time() - MOMENT
    for group in list(backend.replication_groups.values()):
        if not is_driven(group) and read_note(group, "since", 0.0) < before:
            _go_on(backend, group)
    for name, cluster in list(backend.cache_clusters.items()):
        if read_note(cluster, "since", 0.0) < before:
            if cluster.cache_cluster_status == "deleting":
                del backend.cache_clusters[name]
            else:
                cluster.cache_cluster_status = "available"


def _go_on(backend: Any, group: Any) -> None:
    if group.status == "deleting":
        finish_deletion(backend, group)
    else:
        _serve(group)


def _serve(group: Any) -> None:
    group.status, group.node_groups = "available", read_note(group, "shards")
    note(group, "rebooting", None)
    cache_tokens.end(group)


def come_up(group: Any) -> None:
    """The real cache answers."""
    if (
        group.status in COMING
        and not read_note(group, "restart")
        and read_note(group, "since", 0.0) < time.time() - MOMENT
    ):
        _serve(group)


def go_away(group: Any) -> None:
    """The real cache does not answer, without a request: AWS is replacing its primary node."""
    if group.status == "available":
        enter(group, "modifying")


def finish_deletion(backend: Any, group: Any) -> None:
    """Nothing of the cache is left but its snapshots."""
    unplug(group)
    if backend.replication_groups.pop(group.replication_group_id, None):
        backend.tagging_service.delete_all_tags_for_resource(group.arn)


def enter(group: Any, status: str) -> None:
    """Put a cache into a state."""
    group.status = status
    note(group, "since", time.time())
