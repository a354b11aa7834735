# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Caches of ElastiCache: states, nodes that are listed with all that they have, and ends that come to an end.

In moto they are there at once, have one node whatever was asked for, cannot be modified much, and are deleted for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.elasticache.exceptions import (
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import CacheCluster, ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from .lifecycle import note, noted
from .patch import Hook, add, around

# AWS takes minutes; so long every state can be seen.
MOMENT = 0.5
# What a modification may change besides what moto knows.
MORE = {
    "EngineVersion": "engine_version",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "SecurityGroupIds": "security_group_ids",
}


def _error(code: str, message: str) -> ElastiCacheException:
    error = ElastiCacheException(message)
    error.code = code
    return error


def _busy(identifier: str) -> ElastiCacheException:
    return _error("InvalidReplicationGroupState", f"Replication group {identifier} is not in an available state.")


@around(ElastiCacheBackend, "create_replication_group")
def create_replication_group(original: Hook, backend: Any, replication_group_id: str, **more: Any) -> ReplicationGroup:
    settle(backend)
    nodes = more.get("num_cache_clusters") or 1
    _check(backend, nodes, more)
    replicas = more.pop("replicas_per_node_group", None) or nodes - 1
    group: ReplicationGroup = original(
        backend, replication_group_id=replication_group_id.lower(), replicas_per_node_group=replicas, **more
    )
    group.port = int(group.port)
    for shard in group.node_groups:
        _endpoints(group, shard)
    note(group, "shards", group.node_groups)
    # There is no endpoint before there is a node.
    group.node_groups = []
    _enter(group, "creating")
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
    group = _available(response)
    _check_groups(group_backend(response), response._get_param("SecurityGroupIds") or ())
    for parameter, attribute in MORE.items():
        value = response._get_param(parameter)
        if value is not None:
            setattr(group, attribute, value)
    result = original(response)
    if response._get_param("ReplicationGroupDescription") is None:
        _enter(group, "modifying")
    return result


def group_backend(response: Any) -> Any:
    return response.elasticache_backend


def _available(response: Any) -> Any:
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


@add(ElastiCacheResponse, "increase_replica_count")
def increase_replica_count(response: Any) -> ActionResult:
    group, wanted = _available(response), response._get_int_param("NewReplicaCount")
    for shard in noted(group, "shards"):
        nodes = shard["node_group_members"]
        _must_differ(wanted > len(nodes) - 1)
        for number in range(len(nodes) + 1, wanted + 2):
            nodes.append(_node(group, nodes[0], number))
            group.member_clusters.append(nodes[-1]["cache_cluster_id"])
    _enter(group, "modifying")
    return ActionResult({"ReplicationGroup": group})


@add(ElastiCacheResponse, "decrease_replica_count")
def decrease_replica_count(response: Any) -> ActionResult:
    group, wanted = _available(response), response._get_int_param("NewReplicaCount")
    if group.automatic_failover == "enabled" and wanted < 1:
        raise InvalidParameterValueException("Automatic failover needs at least one replica in each node group.")
    for shard in noted(group, "shards"):
        nodes = shard["node_group_members"]
        _must_differ(wanted < len(nodes) - 1)
        for gone in nodes[wanted + 1 :]:
            group.member_clusters.remove(gone["cache_cluster_id"])
        del nodes[wanted + 1 :]
    _enter(group, "modifying")
    return ActionResult({"ReplicationGroup": group})


def _must_differ(differs: bool) -> None:
    if not differs:
        raise _error("NoOperationFault", "The operation was not performed because no changes were required.")


def _node(group: Any, first: dict[str, Any], number: int) -> dict[str, Any]:
    name = f"{first['cache_cluster_id'].rpartition('-')[0]}-{number:0>3}"
    domain = first["read_endpoint"]["address"].partition(".")[2]
    return {
        **first,
        "cache_cluster_id": name,
        "read_endpoint": {"address": f"{name}.{domain}", "port": group.port},
        "current_role": "replica",
    }


@around(ElastiCacheResponse, "delete_replication_group")
def delete_replication_group(original: Hook, response: Any) -> Any:
    group = _available(response)
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
    _enter(group, "deleting")
    return result


@around(ElastiCacheBackend, "list_tags_for_resource")
def list_tags_for_resource(original: Hook, backend: Any, arn: str) -> Any:
    """AWS tells no tags of a group that it is at work on."""
    settle(backend)
    for group in backend.replication_groups.values():
        if group.arn == arn and group.status != "available":
            raise _busy(group.replication_group_id)
    return original(backend, arn)


@around(ElastiCacheResponse, "describe_cache_clusters")
def describe_cache_clusters(original: Hook, response: Any) -> Any:
    """The nodes of replication groups are clusters too; what they are reached at is shown when it is asked for."""
    backend = response.elasticache_backend
    settle(backend)
    name, with_nodes = response._get_param("CacheClusterId"), response._get_bool_param("ShowCacheNodeInfo")
    members = [one for group in backend.replication_groups.values() for one in _members(group, with_nodes)]
    mine = [one for one in members if one["cache_cluster_id"] == name] if name else members
    others = backend.describe_cache_clusters(cache_cluster_id=name) if not mine or not name else []
    return PaginatedResult({"CacheClusters": [*others, *mine]})


def _members(group: Any, with_nodes: bool) -> Iterator[dict[str, Any]]:
    version = group.engine_version or "7.1"
    for shard in noted(group, "shards"):
        for node in shard["node_group_members"]:
            shown = {
                "cache_cluster_id": node["cache_cluster_id"],
                "replication_group_id": group.replication_group_id,
                "cache_cluster_status": group.status,
                "cache_node_type": group.cache_node_type,
                "engine": group.engine,
                "engine_version": version if version.count(".") > 1 else f"{version}.0",
                "num_cache_nodes": 1,
                "preferred_availability_zone": node["preferred_availability_zone"],
                "preferred_maintenance_window": group.preferred_maintenance_window or "sun:05:00-sun:06:00",
                "cache_parameter_group": {
                    "cache_parameter_group_name": group.cache_parameter_group_name or "default.redis7",
                    "parameter_apply_status": "in-sync",
                },
                "cache_subnet_group_name": group.cache_subnet_group_name or "default",
                "security_groups": [
                    {"security_group_id": one, "status": "active"} for one in group.security_group_ids or ()
                ],
                "snapshot_retention_limit": group.snapshot_retention_limit,
                "at_rest_encryption_enabled": group.at_rest_encryption_enabled,
                "transit_encryption_enabled": group.transit_encryption_enabled,
            }
            endpoint = {"cache_node_id": "0001", "cache_node_status": group.status, "endpoint": node["read_endpoint"]}
            yield {**shown, "cache_nodes": [endpoint]} if with_nodes else shown


@around(ElastiCacheBackend, "delete_cache_cluster")
def delete_cache_cluster(original: Hook, backend: Any, cache_cluster_id: str) -> CacheCluster:
    cluster: CacheCluster = original(backend, cache_cluster_id)
    note(cluster, "since", time.time())
    return cluster


def settle(backend: Any) -> None:
    """Let everything go on to the state that it has reached by now."""
    before = time.time() - MOMENT
    for group in list(backend.replication_groups.values()):
        if noted(group, "since", 0.0) < before:
            _go_on(backend, group)
    for name, cluster in list(backend.cache_clusters.items()):
        if cluster.cache_cluster_status == "deleting" and noted(cluster, "since", 0.0) < before:
            del backend.cache_clusters[name]


def _go_on(backend: Any, group: Any) -> None:
    if group.status == "deleting":
        del backend.replication_groups[group.replication_group_id]
        backend.tagging_service.delete_all_tags_for_resource(group.arn)
    else:
        group.status, group.node_groups = "available", noted(group, "shards")


def _enter(group: Any, status: str) -> None:
    group.status = status
    note(group, "since", time.time())
