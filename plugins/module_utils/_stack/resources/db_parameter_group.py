# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB parameter group: settings of a database engine. Some take effect at once, others when the database restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..._aws.tags import as_list
from .. import rds
from ..resource import Client, Detail, Edit, Live, Order, Properties, Raw, ResourceType, returned

# The most that AWS changes in one call.
A_CALL = 20


def read_parameters(client: Client, groups: list[Raw]) -> list[Raw]:
    """What somebody has set: the hundreds that are as the engine has them do not matter. None is a value that AWS does
    not show."""
    request = {"DBParameterGroupName": groups[0]["DBParameterGroupName"], "Source": "user"}
    told = [item for page in client.pages("describe_db_parameters", request) for item in page["Parameters"]]
    return [{"Parameters": {one["ParameterName"]: one.get("ParameterValue") for one in told}}]


def same_parameters(wanted: Properties, live: Properties) -> bool:
    """Whether as much is set as is wanted, with these values as far as AWS shows them."""
    shown = {name: value for name, value in live.items() if value is not None}
    return wanted.keys() <= live.keys() and all(wanted.get(name) == value for name, value in shown.items())


def desired(wanted: Properties) -> dict[str, Any]:
    return {"description": "Settings of a database", **wanted, "parameters": rds.as_text(wanted.get("parameters"))}


def normalize(group: Raw) -> dict[str, Any]:
    members = {"family": "DBParameterGroupFamily", "description": "Description"}
    return {**returned(group, members), "parameters": group["Parameters"]}


def create(client: Client, order: Order) -> Raw:
    made: Raw = client.create_db_parameter_group(
        DBParameterGroupName=order.name,
        DBParameterGroupFamily=order.properties["family"],
        Description=order.properties["description"],
        Tags=as_list(order.tags),
    )["DBParameterGroup"]
    return made | {"Parameters": {}}


def set_parameters(client: Client, edit: Edit) -> None:
    """Set what differs, and give back to the engine what the document does not name."""
    live, wanted = edit.live.properties["parameters"], edit.order.properties["parameters"]
    for names in _chunks([name for name in sorted(wanted) if live.get(name) != wanted[name]]):
        changes = [{**item, "ParameterValue": wanted[item["ParameterName"]]} for item in _how(client, edit, names)]
        client.modify_db_parameter_group(DBParameterGroupName=edit.live.id, Parameters=changes)
    for names in _chunks(sorted(name for name in live if name not in wanted and live[name] is not None)):
        client.reset_db_parameter_group(
            DBParameterGroupName=edit.live.id, ResetAllParameters=False, Parameters=_how(client, edit, names)
        )


def _chunks(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), A_CALL):
        yield list(names[start : start + A_CALL])


def _how(client: Client, edit: Edit, names: list[str]) -> list[dict[str, str]]:
    """Parameters with the way in which each can be applied: AWS refuses to apply a static one at once."""
    told = client.describe_db_parameters(
        DBParameterGroupName=edit.live.id, Filters=[{"Name": "parameter-name", "Values": names}]
    )["Parameters"]
    static = {item["ParameterName"] for item in told if item.get("ApplyType") == "static"}
    methods = {name: "pending-reboot" if name in static else "immediate" for name in names}
    return [{"ParameterName": name, "ApplyMethod": method} for name, method in methods.items()]


def delete(client: Client, live: Live) -> None:
    client.delete_db_parameter_group(DBParameterGroupName=live.id)


TYPE = ResourceType(
    name="db_parameter_group",
    service="rds",
    listing=rds.listing("describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    id="DBParameterGroupName",
    tags=rds.tags("DBParameterGroupName", "DBParameterGroupArn"),
    tagging=rds.TAGGING,
    details=(Detail(read_parameters),),
    attributes={"id": "DBParameterGroupName", "arn": "DBParameterGroupArn", "name": "DBParameterGroupName"},
    required=frozenset({"family"}),
    create_only=frozenset({"family", "description"}),
    # Databases use the old one until they have been told of the new one. Names are the region's.
    create_first="region",
    same={"parameters": same_parameters},
    desired=desired,
    normalize=normalize,
    create=create,
    updates={"parameters": set_parameters},
    delete=delete,
    exists=frozenset({"DBParameterGroupAlreadyExists"}),
    busy=frozenset({"InvalidDBParameterGroupState"}),
)
