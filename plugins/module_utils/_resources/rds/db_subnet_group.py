# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB subnet group: the subnets, in two zones at least, in which RDS may place a database."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import EVERY, a_set
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from . import common as rds


def with_defaults(desired: Properties) -> dict[str, Any]:
    return {"description": "Subnets of databases", **desired, "subnets": sorted(desired["subnets"])}


def normalize(group: Raw) -> dict[str, Any]:
    subnets = group.get("Subnets")
    return {
        **returned_members(group, {"description": "DBSubnetGroupDescription"}),
        **({} if subnets is None else {"subnets": sorted(subnet["SubnetIdentifier"] for subnet in subnets)}),
    }


def _request(desired: Properties) -> dict[str, Any]:
    return {"DBSubnetGroupDescription": desired["description"], "SubnetIds": desired["subnets"]}


def create(client: Client, resource: ResolvedResource) -> Raw:
    made: Raw = client.create_db_subnet_group(
        DBSubnetGroupName=resource.name, **_request(resource.properties), Tags=tags_to_list(resource.tags)
    )["DBSubnetGroup"]
    return made


def modify(client: Client, update: ResourceUpdate) -> None:
    client.modify_db_subnet_group(DBSubnetGroupName=update.actual.id, **_request(update.desired.properties))


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_db_subnet_group(DBSubnetGroupName=actual.id)


TYPE = ResourceType(
    Schema(
        name="db_subnet_group",
        service="rds",
        id_path="DBSubnetGroupName",
        attributes={"id": "DBSubnetGroupName", "arn": "DBSubnetGroupArn", "name": "DBSubnetGroupName"},
        required=frozenset({"subnets"}),
        references={("subnets", EVERY): ("subnet.id",)},
        limits={("subnets",): a_set(least=2)},
        with_defaults=with_defaults,
        normalize=normalize,
        name_attributes=frozenset({"id", "name"}),
    ),
    Discovery(
        listing=rds.listing("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
        tag_detail=rds.tags("DBSubnetGroupName", "DBSubnetGroupArn"),
        tagging=rds.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"subnets": modify, "description": modify},
        delete=delete,
        name_taken_codes=frozenset({"DBSubnetGroupAlreadyExists"}),
        in_use_codes=frozenset({"InvalidDBSubnetGroupStateFault"}),
    ),
)
