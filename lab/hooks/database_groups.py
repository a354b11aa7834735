# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The groups that databases use: what they may hold, what is refused while they are in use, what wants a restart."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError
from moto.rds.models import DBParameterGroup, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from .database_places import standing_in
from .database_versions import rds_error
from .databases import settle
from .lifecycle import note
from .patch import Hook, add, around

# Some that take effect only when the database starts; AWS knows hundreds.
STATIC = frozenset(
    {
        *("binlog_row_event_max_size", "innodb_log_file_size", "lower_case_table_names", "performance_schema"),
        *("skip_name_resolve", "table_open_cache_instances"),
        *("max_wal_senders", "max_worker_processes", "rds.logical_replication", "shared_buffers"),
        *("shared_preload_libraries", "track_activity_query_size", "wal_buffers"),
    }
)
# MySQL changes the number of connections while it runs, PostgreSQL does not.
STATIC_IN = {"postgres": STATIC | {"max_connections"}}


@around(RDSResponse, "create_db_subnet_group")
def create_db_subnet_group(original: Hook, response: Any) -> Any:
    name = response.params.get("DBSubnetGroupName")
    if name in response.backend.subnet_groups:
        raise rds_error("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    _subnets(response)
    return original(response)


@around(RDSResponse, "modify_db_subnet_group")
def modify_db_subnet_group(original: Hook, response: Any) -> ActionResult:
    """moto loses the group."""
    name, backend = response.params.get("DBSubnetGroupName"), response.backend
    group = backend.subnet_groups.get(name)
    if group is None:
        raise DBSubnetGroupNotFoundError(name)
    subnets = _subnets(response)
    left = {subnet.id for subnet in group._subnets} - {subnet.id for subnet in subnets}
    settle(backend)
    if any(left & set(standing_in(database)) for database in _users(backend, group)):
        raise rds_error("SubnetAlreadyInUse", f"The subnets {', '.join(sorted(left))} are in use.")
    group._subnets = subnets
    group.description = response.params.get("DBSubnetGroupDescription") or group.description
    return ActionResult({"DBSubnetGroup": group})


def _subnets(response: Any) -> list[Any]:
    """The subnets that are asked for, which must be in two zones of one network."""
    ids = response.params.get("SubnetIds", [])
    backend = ec2_backends[response.current_account][response.region]
    try:
        subnets = [backend.get_subnet(one) for one in ids]
    except InvalidSubnetIdError as error:
        raise rds_error("InvalidSubnet", f"Some input subnets in :[{', '.join(ids)}] are invalid.") from error
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise rds_error("InvalidSubnet", "Subnets are not all from the same VPC.")
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise rds_error(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            "Add subnets to cover at least 2 AZs.",
        )
    return subnets


def _users(backend: Any, group: DBSubnetGroup) -> list[Any]:
    return [one for one in backend.databases.values() if getattr(one, "db_subnet_group", None) is group]


@around(RDSBackend, "delete_subnet_group")
def delete_subnet_group(original: Hook, backend: Any, subnet_name: str) -> DBSubnetGroup:
    settle(backend)
    group = backend.subnet_groups.get(subnet_name)
    users = _users(backend, group) if group else []
    if users:
        raise rds_error(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{subnet_name}' because at least one database instance: "
            f"{users[0].db_instance_identifier} is still using it.",
        )
    return original(backend, subnet_name)  # type: ignore[no-any-return]


@around(RDSBackend, "delete_db_parameter_group")
def delete_db_parameter_group(original: Hook, backend: Any, db_parameter_group_name: str) -> DBParameterGroup:
    settle(backend)
    if any(one.db_parameter_group_name == db_parameter_group_name for one in backend.databases.values()):
        raise rds_error(
            "InvalidDBParameterGroupState",
            "One or more database instances are still members of this parameter group "
            f"{db_parameter_group_name}, so the group cannot be deleted",
        )
    return original(backend, db_parameter_group_name)  # type: ignore[no-any-return]


@around(RDSBackend, "modify_db_parameter_group")
def modify_db_parameter_group(
    original: Hook, backend: Any, db_parameter_group_name: str, db_parameter_group_parameters: list[dict[str, Any]]
) -> DBParameterGroup:
    group = _existing(backend, db_parameter_group_name)
    asked = list(db_parameter_group_parameters)
    _check_method(group, asked)
    changed: DBParameterGroup = original(backend, db_parameter_group_name, asked)
    _leave_to_restart(backend, db_parameter_group_name, asked)
    return changed


@around(RDSBackend, "describe_db_parameter_groups")
def describe_db_parameter_groups(original: Hook, backend: Any, asked: Any) -> Any:
    """Nothing is found by a name that no group has: moto answers with an empty list."""
    found = original(backend, asked)
    name = asked.get("DBParameterGroupName")
    if name and not found and not name.startswith("default."):
        raise DBParameterGroupNotFoundError(name)
    return found


@add(RDSResponse, "reset_db_parameter_group")
def reset_db_parameter_group(response: Any) -> ActionResult:
    group = _existing(response.backend, response.params.get("DBParameterGroupName"))
    asked = [one.original_dict() for one in response.params.get("Parameters", [])]
    _check_method(group, asked)
    # AWS resets all of them by default.
    everything = response.params.get("ResetAllParameters", True)
    for name in list(group.parameters) if everything else [one["ParameterName"] for one in asked]:
        group.parameters.pop(name, None)
    _leave_to_restart(response.backend, group.name, asked)
    return ActionResult({"DBParameterGroupName": group.name})


def _existing(backend: Any, name: str) -> Any:
    if name not in backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    return backend.db_parameter_groups[name]


def is_static(group: Any, name: str) -> bool:
    engine = group.family.rstrip("0123456789.")
    return name in STATIC_IN.get(engine, STATIC)


def _check_method(group: Any, asked: list[dict[str, Any]]) -> None:
    for one in asked:
        if one.get("ApplyMethod") == "immediate" and is_static(group, one["ParameterName"]):
            message = "cannot use immediate apply method for static parameter"
            raise rds_error("InvalidParameterCombination", message)


def _leave_to_restart(backend: Any, name: str, asked: list[dict[str, Any]]) -> None:
    if any(one.get("ApplyMethod") == "pending-reboot" for one in asked):
        for database in backend.databases.values():
            if database.db_parameter_group_name == name:
                note(database, "parameters", "pending-reboot")


@around(RDSResponse, "describe_db_parameters")
def describe_db_parameters(original: Hook, response: Any) -> ActionResult:
    """The parameters that were set, or those of the given names."""
    group = _existing(response.backend, response.params.get("DBParameterGroupName"))
    filters = {one["Name"]: one["Values"] for one in response.params.get("Filters", [])}
    names = filters.get("parameter-name", list(group.parameters))
    if response.params.get("Source") == "user":
        names = [name for name in names if name in group.parameters]
    return ActionResult({"Parameters": [_shown(group, name) for name in names]})


def _shown(group: Any, name: str) -> dict[str, Any]:
    kind = "static" if is_static(group, name) else "dynamic"
    known = dict(group.parameters[name]) if name in group.parameters else {}
    source = "user" if known else "engine-default"
    return {**known, "ParameterName": name, "ApplyType": kind, "Source": source, "IsModifiable": True}
