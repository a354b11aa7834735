# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB parameter group: settings of a database engine. Some apply at once, others when the database restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..._aws.tags import tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.property_limits import EVERY, Entries, Matching, Scalar
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Detail,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from . import common as rds
from . import engines

# The most parameters that AWS changes in one call.
PARAMETERS_PER_CALL = 20


def read_parameters(client: Client, groups: list[Raw]) -> list[Raw]:
    """The parameters that were set, without the hundreds that have the engine's default. None is a value that AWS does
    not show."""
    request = {"DBParameterGroupName": groups[0]["DBParameterGroupName"], "Source": "user"}
    listed = [item for page in client.pages("describe_db_parameters", request) for item in page["Parameters"]]
    return [{"Parameters": {one["ParameterName"]: one.get("ParameterValue") for one in listed}}]


def same_parameters(desired: Properties, actual: Properties) -> bool:
    """Whether all desired parameters are set, and no others, with these values as far as AWS shows them."""
    shown = {name: value for name, value in actual.items() if value is not None}
    return desired.keys() <= actual.keys() and all(desired.get(name) == value for name, value in shown.items())


def with_defaults(desired: Properties) -> dict[str, Any]:
    return {"description": "Settings of a database", **desired, "parameters": rds.as_text(desired.get("parameters"))}


def normalize(group: Raw) -> dict[str, Any]:
    members = {"family": "DBParameterGroupFamily", "description": "Description"}
    return {**returned_members(group, members), "parameters": group["Parameters"]}


def create(client: Client, resource: ResolvedResource) -> Raw:
    made: Raw = client.create_db_parameter_group(
        DBParameterGroupName=resource.name,
        DBParameterGroupFamily=resource.properties["family"],
        Description=resource.properties["description"],
        Tags=tags_to_list(resource.tags),
    )["DBParameterGroup"]
    return made | {"Parameters": {}}


def set_parameters(client: Client, update: ResourceUpdate) -> None:
    """Set the parameters that differ, and reset those that the document does not name."""
    actual, desired = update.actual.properties["parameters"], update.desired.properties["parameters"]
    for names in _chunks([name for name in sorted(desired) if actual.get(name) != desired[name]]):
        changes = []
        for parameter in _with_apply_method(client, update, names):
            changes.append({**parameter, "ParameterValue": desired[parameter["ParameterName"]]})
        client.modify_db_parameter_group(DBParameterGroupName=update.actual.id, Parameters=changes)
    for names in _chunks(sorted(name for name in actual if name not in desired and actual[name] is not None)):
        client.reset_db_parameter_group(
            DBParameterGroupName=update.actual.id,
            ResetAllParameters=False,
            Parameters=_with_apply_method(client, update, names),
        )


def _chunks(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), PARAMETERS_PER_CALL):
        yield list(names[start : start + PARAMETERS_PER_CALL])


def _with_apply_method(client: Client, update: ResourceUpdate, names: list[str]) -> list[dict[str, str]]:
    """Parameters with the method by which each is applied: AWS rejects a static one that is to apply at once."""
    described = client.describe_db_parameters(
        DBParameterGroupName=update.actual.id, Filters=[{"Name": "parameter-name", "Values": names}]
    )["Parameters"]
    static = {item["ParameterName"] for item in described if item.get("ApplyType") == "static"}
    methods = {name: "pending-reboot" if name in static else "immediate" for name in names}
    return [{"ParameterName": name, "ApplyMethod": method} for name, method in methods.items()]


def delete(client: Client, actual: ActualResource) -> None:
    client.delete_db_parameter_group(DBParameterGroupName=actual.id)


TYPE = ResourceType(
    Schema(
        name="db_parameter_group",
        service="rds",
        id_path="DBParameterGroupName",
        attributes={"id": "DBParameterGroupName", "arn": "DBParameterGroupArn", "name": "DBParameterGroupName"},
        required=frozenset({"family"}),
        limits={
            ("family",): Matching("a family like mysql8.4 or postgres17", pattern=engines.FAMILY),
            ("description",): Matching("text", longest=255),
            ("parameters",): Entries(names=Matching("the name of a parameter", pattern=r"\S+")),
            ("parameters", EVERY): Scalar(),
        },
        free_references=frozenset({("parameters", EVERY)}),
        create_only=frozenset({"family", "description"}),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"parameters": same_parameters},
    ),
    Discovery(
        listing=rds.listing("describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
        tag_detail=rds.tags("DBParameterGroupName", "DBParameterGroupArn"),
        details=(Detail(read_parameters),),
        tagging=rds.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={"parameters": set_parameters},
        delete=delete,
        # Databases use the old group until they are changed to the new one.
        create_before_destroy=True,
        name_taken_codes=frozenset({"DBParameterGroupAlreadyExists"}),
        in_use_codes=frozenset({"InvalidDBParameterGroupState"}),
    ),
)
