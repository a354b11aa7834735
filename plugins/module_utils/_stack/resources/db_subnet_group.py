# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB subnet group: the subnets, in two zones at least, in which a database may stand."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import as_list
from .. import rds
from ..resource import Client, Edit, Live, Order, Properties, Raw, ResourceType, returned


def desired(wanted: Properties) -> dict[str, Any]:
    return {"description": "Subnets of databases", **wanted, "subnets": sorted(wanted["subnets"])}


def normalize(group: Raw) -> dict[str, Any]:
    subnets = group.get("Subnets")
    return {
        **returned(group, {"description": "DBSubnetGroupDescription"}),
        **({} if subnets is None else {"subnets": sorted(subnet["SubnetIdentifier"] for subnet in subnets)}),
    }


def _request(wanted: Properties) -> dict[str, Any]:
    return {"DBSubnetGroupDescription": wanted["description"], "SubnetIds": wanted["subnets"]}


def create(client: Client, order: Order) -> Raw:
    made: Raw = client.create_db_subnet_group(
        DBSubnetGroupName=order.name, **_request(order.properties), Tags=as_list(order.tags)
    )["DBSubnetGroup"]
    return made


def modify(client: Client, edit: Edit) -> None:
    client.modify_db_subnet_group(DBSubnetGroupName=edit.live.id, **_request(edit.order.properties))


def delete(client: Client, live: Live) -> None:
    client.delete_db_subnet_group(DBSubnetGroupName=live.id)


TYPE = ResourceType(
    name="db_subnet_group",
    service="rds",
    listing=rds.listing("describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    id="DBSubnetGroupName",
    tags=rds.tags("DBSubnetGroupName", "DBSubnetGroupArn"),
    tagging=rds.TAGGING,
    attributes={"id": "DBSubnetGroupName", "arn": "DBSubnetGroupArn", "name": "DBSubnetGroupName"},
    named=frozenset({"id", "name"}),
    required=frozenset({"subnets"}),
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"subnets": modify, "description": modify},
    delete=delete,
    exists=frozenset({"DBSubnetGroupAlreadyExists"}),
    busy=frozenset({"InvalidDBSubnetGroupStateFault"}),
)
