# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cache subnet group: the subnets among which ElastiCache places the nodes of a cache."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import tags_to_list
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import EVERY, a_set
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    ResolvedResource,
    ResourceUpdate,
    Schema,
)
from . import common as elasticache


def normalize(group: Raw) -> dict[str, Any]:
    if "Subnets" not in group:
        return {}
    return {"subnets": sorted(subnet["SubnetIdentifier"] for subnet in group["Subnets"])}


def create(client: Client, resource: ResolvedResource) -> Raw:
    made: Raw = client.create_cache_subnet_group(
        CacheSubnetGroupName=resource.name,
        CacheSubnetGroupDescription=elasticache.description(resource),
        SubnetIds=resource.properties["subnets"],
        Tags=tags_to_list(resource.tags),
    )["CacheSubnetGroup"]
    return made


def describe(client: Client, name: str, text: str) -> None:
    client.modify_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription=text)


def set_subnets(client: Client, update: ResourceUpdate) -> None:
    client.modify_cache_subnet_group(
        CacheSubnetGroupName=update.actual.id, SubnetIds=update.desired.properties["subnets"]
    )


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_cache_subnet_group(CacheSubnetGroupName=actual.id)


class CacheSubnetGroupType(elasticache.DescriptionOwnedType):
    description_path = "CacheSubnetGroupDescription"


TYPE = CacheSubnetGroupType(
    Schema(
        name="cache_subnet_group",
        service="elasticache",
        id_path="CacheSubnetGroupName",
        attributes={"id": "CacheSubnetGroupName", "arn": "ARN", "name": "CacheSubnetGroupName"},
        required=frozenset({"subnets"}),
        references={("subnets", EVERY): ("subnet.id",)},
        limits={("subnets",): a_set(least=1)},
        with_defaults=lambda desired: {**desired, "subnets": sorted(desired["subnets"])},
        normalize=normalize,
        name_attributes=frozenset({"id", "name"}),
        max_name_length=255,
    ),
    Discovery(
        listing=Listing(
            "describe_cache_subnet_groups",
            "CacheSubnetGroups",
            by_ids=lambda names: {"CacheSubnetGroupName": names[0]},
            by_ids_fails_whole=True,
        ),
        details=(elasticache.TAGS,),
        tagging=elasticache.tagging(describe),
    ),
    Lifecycle(
        create=create,
        updates={"subnets": set_subnets},
        delete=delete,
        name_taken_codes=frozenset({"CacheSubnetGroupAlreadyExists"}),
        in_use_codes=frozenset({"CacheSubnetGroupInUse"}),
        in_use_timeout=1800.0,
    ),
)
