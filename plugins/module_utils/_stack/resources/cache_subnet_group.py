# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cache subnet group: the subnets among which ElastiCache places the nodes of a cache."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import as_list
from .. import elasticache
from ..resource import Client, Edit, Listing, Live, Order, Raw, ResourceType


def normalize(group: Raw) -> dict[str, Any]:
    if "Subnets" not in group:
        return {}
    return {"subnets": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"])}


def create(client: Client, order: Order) -> Raw:
    made: Raw = client.create_cache_subnet_group(
        CacheSubnetGroupName=order.name,
        CacheSubnetGroupDescription=elasticache.description(order),
        SubnetIds=order.properties["subnets"],
        Tags=as_list(order.tags),
    )["CacheSubnetGroup"]
    return made


def describe(client: Client, name: str, text: str) -> None:
    client.modify_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription=text)


def set_subnets(client: Client, edit: Edit) -> None:
    client.modify_cache_subnet_group(CacheSubnetGroupName=edit.live.id, SubnetIds=edit.order.properties["subnets"])


def delete(client: Client, live: Live) -> None:
    client.delete_cache_subnet_group(CacheSubnetGroupName=live.id)


TYPE = ResourceType(
    name="cache_subnet_group",
    service="elasticache",
    listing=Listing(
        "describe_cache_subnet_groups",
        "CacheSubnetGroups",
        by_ids=lambda names: {"CacheSubnetGroupName": names[0]},
        fails_whole=True,
    ),
    id="CacheSubnetGroupName",
    owner=elasticache.owner("CacheSubnetGroupDescription", "CacheSubnetGroupName"),
    details=(elasticache.TAGS,),
    tagging=elasticache.tagging(describe),
    attributes={"id": "CacheSubnetGroupName", "arn": "ARN", "name": "CacheSubnetGroupName"},
    named=frozenset({"id", "name"}),
    longest=255,
    required=frozenset({"subnets"}),
    desired=lambda wanted: {**wanted, "subnets": sorted(wanted["subnets"])},
    normalize=normalize,
    create=create,
    updates={"subnets": set_subnets},
    delete=delete,
    exists=frozenset({"CacheSubnetGroupAlreadyExists"}),
    busy=frozenset({"CacheSubnetGroupInUse"}),
    busy_timeout=1800.0,
)
