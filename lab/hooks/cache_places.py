# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where caches stand: the zones and the group that AWS chooses, and the network interface of each node."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elasticache.models import elasticache_backends

from .interfaces import stand_in, take_away
from .lifecycle import note, read_note

REQUESTER = "amazon-elasticache"


def complete(backend: Any, nodes: int, given: dict[str, Any]) -> dict[str, Any]:
    """What CreateReplicationGroup is asked for, with a zone for each node and a security group of its network.

    moto puts nodes into us-east-1, whatever the region, and into no group.
    """
    subnets = _subnets(backend, given.get("cache_subnet_group_name"))
    zones = sorted({one.availability_zone for one in subnets})
    if not zones:
        return given
    asked = given.get("preferred_cache_cluster_azs") or ()
    chosen = [asked[n] if n < len(asked) and asked[n] in zones else zones[n % len(zones)] for n in range(nodes)]
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    groups = given.get("security_group_ids") or [ec2.get_default_security_group(subnets[0].vpc_id).id]
    return {**given, "preferred_cache_cluster_azs": chosen, "security_group_ids": groups}


def next_zone(group: Any, number: int) -> str:
    """The zone of a further node, the first being number 1."""
    zones = sorted({str(one.availability_zone) for one in _subnets(_backend(group), group.cache_subnet_group_name)})
    return zones[(number - 1) % len(zones)] if zones else str(nodes(group)[0]["preferred_availability_zone"])


def nodes(group: Any) -> list[dict[str, Any]]:
    """The nodes of a group that has one shard, the primary first."""
    (shard,) = read_note(group, "shards")
    return list(shard["node_group_members"])


def is_simple(group: Any) -> bool:
    """Whether it is one primary with its replicas, which has an endpoint; clusters of shards are otherwise."""
    shards = read_note(group, "shards", ())
    return group.cluster_mode == "disabled" and len(shards) == 1


def interfaces(group: Any) -> list[Any]:
    """The network interfaces at which its nodes are reached, the primary's first; none when there is no subnet."""
    there = _ec2(group).enis
    return [there[id] for id in read_note(group, "interfaces", {}).values() if id in there]


def plug(group: Any) -> None:
    """Give each node an interface with the names that lead to it, or change what is there."""
    if not is_simple(group):
        return
    ec2 = _ec2(group)
    groups = [ec2.get_security_group_from_id(one) for one in group.security_group_ids or ()]
    there = {name: ec2.enis[id] for name, id in read_note(group, "interfaces", {}).items() if id in ec2.enis}
    held = {name: eni for name, eni in there.items() if name in group.member_clusters}
    take_away(eni for name, eni in there.items() if name not in held)
    for node in nodes(group):
        name = node["cache_cluster_id"]
        subnet = _home(group, node["preferred_availability_zone"])
        if name not in held and subnet:
            options = {"requester": REQUESTER, "name": node["read_endpoint"]["address"]}
            held[name] = stand_in(ec2, subnet, (), f"ElastiCache {name}", **options)
        if name in held:
            held[name]._group_set = groups
            note(held[name], "aliases", _aliases(group, node))
    note(group, "interfaces", {name: eni.id for name, eni in held.items()})


def unplug(group: Any) -> None:
    """The cache is gone."""
    take_away(interfaces(group))


def _aliases(group: Any, node: dict[str, Any]) -> tuple[str, ...]:
    """The endpoints of the group that lead to a node: readers are sent to replicas, where there are any."""
    (shard,) = read_note(group, "shards")
    first, alone = node is shard["node_group_members"][0], len(shard["node_group_members"]) == 1
    primary = (shard["primary_endpoint"]["address"],) if first else ()
    return (*primary, shard["reader_endpoint"]["address"]) if alone or not first else primary


def _home(group: Any, zone: str) -> str:
    """The subnet of a zone."""
    subnets = _subnets(_backend(group), group.cache_subnet_group_name)
    return next((str(one.id) for one in subnets if one.availability_zone == zone), "")


def _subnets(backend: Any, name: str | None) -> list[Any]:
    """Those of a subnet group; without one those of the default network, as in AWS."""
    ec2: Any = ec2_backends[backend.account_id][backend.region_name]
    group = backend.cache_subnet_groups.get(name or "")
    if group is None:
        return list(ec2.get_default_subnets().values())
    there = {id: subnet for zone in ec2.subnets.values() for id, subnet in zone.items()}
    return [there[one] for one in group.subnet_ids if one in there]


def _backend(group: Any) -> Any:
    region, account = group.arn.split(":")[3:5]
    return elasticache_backends[account][region]


def _ec2(group: Any) -> Any:
    region, account = group.arn.split(":")[3:5]
    return ec2_backends[account][region]
