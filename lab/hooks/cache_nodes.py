# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes of caches: they come and go, are clusters of their own in one list, and are rebooted.

moto has no such calls, and lists no node of a replication group.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.elasticache.exceptions import CacheClusterNotFound, InvalidParameterValueException
from moto.elasticache.models import CacheCluster, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from .cache_places import next_zone, plug
from .caches import REBOOTING, available, cache_error, enter, settle
from .lifecycle import note, read_note
from .patch import Hook, add, around


@add(ElastiCacheResponse, "increase_replica_count")
def increase_replica_count(response: Any) -> ActionResult:
    group, requested = available(response), response._get_int_param("NewReplicaCount")
    for shard in read_note(group, "shards"):
        nodes = shard["node_group_members"]
        _must_differ(requested > len(nodes) - 1)
        for number in range(len(nodes) + 1, requested + 2):
            nodes.append(_node(group, nodes[0], number))
            group.member_clusters.append(nodes[-1]["cache_cluster_id"])
    return _changed(group)


@add(ElastiCacheResponse, "decrease_replica_count")
def decrease_replica_count(response: Any) -> ActionResult:
    group, requested = available(response), response._get_int_param("NewReplicaCount")
    if group.automatic_failover == "enabled" and requested < 1:
        raise InvalidParameterValueException("Automatic failover needs at least one replica in each node group.")
    for shard in read_note(group, "shards"):
        nodes = shard["node_group_members"]
        _must_differ(requested < len(nodes) - 1)
        for gone in nodes[requested + 1 :]:
            group.member_clusters.remove(gone["cache_cluster_id"])
        del nodes[requested + 1 :]
    return _changed(group)


def _changed(group: Any) -> ActionResult:
    plug(group)
    enter(group, "modifying")
    return ActionResult({"ReplicationGroup": group})


def _must_differ(differs: bool) -> None:
    if not differs:
        raise cache_error("NoOperationFault", "The operation was not performed because no changes were required.")


def _node(group: Any, first: dict[str, Any], number: int) -> dict[str, Any]:
    name = f"{first['cache_cluster_id'].rpartition('-')[0]}-{number:0>3}"
    domain = first["read_endpoint"]["address"].partition(".")[2]
    return {
        **first,
        "cache_cluster_id": name,
        "read_endpoint": {"address": f"{name}.{domain}", "port": group.port},
        "preferred_availability_zone": next_zone(group, number),
        "current_role": "replica",
    }


@add(ElastiCacheResponse, "reboot_cache_cluster")
def reboot_cache_cluster(response: Any) -> ActionResult:
    """The one server that stands behind all nodes of a group is the primary's: only with that it starts anew."""
    backend, name = response.elasticache_backend, response._get_param("CacheClusterId").lower()
    settle(backend)
    groups = (one for one in backend.replication_groups.values() if name in one.member_clusters)
    group: Any = next(groups, None)
    alone = backend.cache_clusters.get(name)
    if group is None and alone is None:
        raise CacheClusterNotFound(name)
    status = group.status if group else alone.cache_cluster_status
    if status != "available":
        raise cache_error("InvalidCacheClusterState", f"Cache cluster {name} is not in available state.")
    if not group:
        alone.cache_cluster_status = REBOOTING
        note(alone, "since", time.time())
        return ActionResult({"CacheCluster": alone})
    note(group, "rebooting", name)
    note(group, "restart", name == group.member_clusters[0])
    enter(group, "modifying")
    return ActionResult(
        {"CacheCluster": next(one for one in _members(group, False) if one["cache_cluster_id"] == name)}
    )


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
    for shard in read_note(group, "shards"):
        for node in shard["node_group_members"]:
            status = REBOOTING if node["cache_cluster_id"] == read_note(group, "rebooting") else group.status
            shown = {
                "cache_cluster_id": node["cache_cluster_id"],
                "replication_group_id": group.replication_group_id,
                "cache_cluster_status": status,
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
                "auth_token_enabled": group.auth_token_enabled,
                "auth_token_last_modified_date": group.auth_token_last_modified_date,
            }
            endpoint = {"cache_node_id": "0001", "cache_node_status": status, "endpoint": node["read_endpoint"]}
            yield {**shown, "cache_nodes": [endpoint]} if with_nodes else shown


@around(ElastiCacheBackend, "delete_cache_cluster")
def delete_cache_cluster(original: Hook, backend: Any, cache_cluster_id: str) -> CacheCluster:
    cluster: CacheCluster = original(backend, cache_cluster_id)
    note(cluster, "since", time.time())
    return cluster
