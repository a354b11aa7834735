# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cache: Redis of ElastiCache, a primary node and its replicas. Encrypted, unless told otherwise.

An AUTH token would be a secret in the document. Whoever may reach a cache is said by its security groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._aws.tags import as_list
from .. import cache_changes as changes
from .. import elasticache
from ..resource import Client, Listing, Order, Properties, Raw, ResourceType, returned

PORT = "NodeGroups.0.PrimaryEndpoint.Port"
# Where the lists of the groups, and of their nodes, have what a call modifies or sets once.
MEMBERS = {
    "node_type": "CacheNodeType",
    "automatic_failover": "AutomaticFailover",
    "multi_az": "MultiAZ",
    "snapshot_retention_days": "SnapshotRetentionLimit",
    "encryption_at_rest": "AtRestEncryptionEnabled",
    "encryption_in_transit": "TransitEncryptionEnabled",
}
MEMBERS_OF_NODE = {
    "engine_version": "EngineVersion",
    "parameter_group": "CacheParameterGroup.CacheParameterGroupName",
    "maintenance_window": "PreferredMaintenanceWindow",
    "subnet_group": "CacheSubnetGroupName",
}
ONCE = {
    "subnet_group": "CacheSubnetGroupName",
    "port": "Port",
    "encryption_at_rest": "AtRestEncryptionEnabled",
    "encryption_in_transit": "TransitEncryptionEnabled",
}


def desired(wanted: Properties) -> dict[str, Any]:
    nodes = int(wanted.get("nodes", 1))
    given = {
        "engine_version": "7.1",
        "automatic_failover": nodes > 1,
        "multi_az": False,
        "port": 6379,
        "snapshot_retention_days": 0,
        "encryption_at_rest": True,
        "encryption_in_transit": True,
        **wanted,
        "nodes": nodes,
        "security_groups": sorted(wanted["security_groups"]),
    }
    if (given["automatic_failover"] or given["multi_az"]) and nodes < 2:
        raise ValueError("automatic_failover and multi_az need two nodes")
    if given["multi_az"] and not given["automatic_failover"]:
        raise ValueError("multi_az needs automatic_failover")
    return {**given, "engine_version": str(given["engine_version"])}


def normalize(group: Raw) -> dict[str, Any]:
    """What only the list of the nodes shows is left out where there is none yet."""
    found = returned(group, {**MEMBERS, "port": PORT})
    for name in ("automatic_failover", "multi_az"):
        if name in found:
            found[name] = found[name] in ("enabled", "enabling")
    if "MemberClusters" in group:
        found["nodes"] = len(group["MemberClusters"])
    return {**found, **_node(group.get("Node") or {})}


def _node(node: Raw) -> dict[str, Any]:
    found = returned(node, MEMBERS_OF_NODE)
    if "SecurityGroups" in node:
        found["security_groups"] = sorted(one["SecurityGroupId"] for one in node["SecurityGroups"])
    return found


def join(groups: list[Raw], others: Sequence[list[Raw]]) -> list[Raw]:
    """The groups, each with its first node: they are alike, and come in any order."""
    nodes: dict[str, Raw] = {}
    for node in sorted((one for found in others for one in found), key=lambda one: str(one.get("CacheClusterId"))):
        nodes.setdefault(node.get("ReplicationGroupId", ""), node)
    return [elasticache.with_node_names(group) | {"Node": nodes.get(group["ReplicationGroupId"])} for group in groups]


def same_version(wanted: str, live: str) -> bool:
    """The document may leave the end of a version to AWS, which brings in smaller ones by itself."""
    return live == wanted or live.startswith(f"{wanted}.")


def refuse(wanted: Properties, live: Properties) -> str | None:
    there = live.get("engine_version")
    if there and not same_version(wanted["engine_version"], there) and _parts(wanted["engine_version"]) < _parts(there):
        return f"AWS cannot take it from {there} back to engine_version {wanted['engine_version']}: give it a new name"
    return None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    made: Raw = client.create_replication_group(
        ReplicationGroupId=order.name,
        ReplicationGroupDescription=elasticache.description(order),
        Engine="redis",
        NumCacheClusters=wanted["nodes"],
        **{place: wanted[name] for name, place in {**changes.PLACES, **ONCE}.items() if name in wanted},
        Tags=as_list(order.tags),
    )["ReplicationGroup"]
    return elasticache.with_node_names(made)


TYPE = ResourceType(
    name="cache",
    service="elasticache",
    listing=Listing(
        "describe_replication_groups",
        "ReplicationGroups",
        by_ids=lambda names: {"ReplicationGroupId": names[0]},
        fails_whole=True,
    ),
    also=(Listing("describe_cache_clusters", "CacheClusters"),),
    join=join,
    id="ReplicationGroupId",
    owner=elasticache.owner("Description", "ReplicationGroupId"),
    details=(elasticache.TAGS,),
    tagging=elasticache.tagging(changes.describe),
    attributes={
        "id": "ReplicationGroupId",
        "arn": "ARN",
        "name": "ReplicationGroupId",
        "primary_endpoint": "NodeGroups.0.PrimaryEndpoint.Address",
        "reader_endpoint": "NodeGroups.0.ReaderEndpoint.Address",
        "port": PORT,
        **elasticache.NODES,
    },
    named=frozenset({"id", "name"}),
    longest=40,
    required=frozenset({"node_type", "subnet_group", "security_groups"}),
    create_only=frozenset(ONCE),
    same={"engine_version": same_version},
    refuse=refuse,
    is_dead=lambda group: group.get("Status") == "deleting",
    desired=desired,
    normalize=normalize,
    create=create,
    updates=dict.fromkeys((*changes.PLACES, "nodes"), changes.change),
    delete=changes.remove,
    exists=frozenset({"ReplicationGroupAlreadyExists"}),
    busy=frozenset({elasticache.BUSY}),
    busy_timeout=3600.0,
    ready=changes.AVAILABLE,
)
