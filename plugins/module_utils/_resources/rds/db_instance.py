# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB instance: a MySQL or PostgreSQL database. RDS generates and keeps the password of its master user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._aws.tags import OF_RESTORES, STANDBY, SWITCH_BEGAN, TAKES, tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.resource_type import (
    ActualResource,
    Client,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    Schema,
)
from ..._engine.scope import Scope
from . import common as rds
from . import database_changes as changes

# Defaults by engine: the port and the name of the master user.
ENGINES = {"mysql": {"port": 3306, "username": "admin"}, "postgres": {"port": 5432, "username": "postgres"}}
STORAGE = {"size": None, "type": "gp3", "iops": None, "limit": None, "encrypted": True}
# AWS chooses what is None.
DEFAULTS: dict[str, Any] = {
    "version": None,
    "database": None,
    "zone": None,
    "multi_az": False,
    "parameter_group": None,
    "backup_retention": 7,
    "backup_window": None,
    "maintenance_window": None,
    "minor_upgrades": True,
    "publicly_accessible": False,
    "copy_tags_to_snapshot": True,
    "performance_insights": False,
    "ca_certificate": None,
    "deletion_protection": True,
}
LEFT_TO_AWS = ("database", "zone", "backup_window", "maintenance_window", "ca_certificate")
# Parameters that a creation leaves out when they are empty.
OPTIONAL = {
    "database": "DBName",
    "zone": "AvailabilityZone",
    "parameter_group": "DBParameterGroupName",
    "logs": "EnableCloudwatchLogsExports",
}
# Properties whose members in answers have the names of the parameters.
SAME_MEMBER = (
    *("class", "version", "multi_az", "backup_retention", "backup_window", "maintenance_window"),
    *("minor_upgrades", "publicly_accessible", "copy_tags_to_snapshot", "ca_certificate"),
)


# Members of properties whose parameters have other names. There is no port until the database is available.
MEMBERS = {
    "engine": "Engine",
    "database": "DBName",
    "username": "MasterUsername",
    "zone": "AvailabilityZone",
    "storage.encrypted": "StorageEncrypted",
    "subnet_group": "DBSubnetGroup.DBSubnetGroupName",
    "performance_insights": "PerformanceInsightsEnabled",
    "deletion_protection": "DeletionProtection",
    "port": "Endpoint.Port",
}


def with_defaults(desired: Properties) -> dict[str, Any]:
    if desired["engine"] not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}")
    if desired.get("zone") and desired.get("multi_az"):
        raise ValueError("zone cannot be set together with multi_az: set one of them")
    if desired.get("managed_password") is False:
        raise ValueError("managed_password cannot be false: RDS always keeps the password")
    storage = _storage(desired["storage"])
    whole = {**DEFAULTS, **ENGINES[desired["engine"]], **desired}
    window, version = whole["maintenance_window"], whole["version"]
    return {
        **whole,
        "version": None if version is None else str(version),
        "maintenance_window": str(window).lower() if window else None,
        "security_groups": sorted(desired["security_groups"]),
        "logs": sorted(desired.get("logs") or ()),
        "log_groups": list(desired.get("log_groups") or ()),
        "storage": {name: storage[name] for name in ("size", "type", "iops", "limit")},
        "storage.encrypted": storage["encrypted"],
        "managed_password": True,
        "state": "running",
    }


def _storage(given: Properties) -> dict[str, Any]:
    unknown = sorted(given.keys() - STORAGE.keys())
    if unknown:
        raise ValueError(f"storage has no {', '.join(unknown)}; it has {', '.join(STORAGE)}")
    storage = {**STORAGE, **given}
    if not isinstance(storage["size"], int):
        raise ValueError("storage.size must be given, in GiB")
    if storage["limit"] is not None and storage["limit"] <= storage["size"]:
        raise ValueError("storage.limit is larger than storage.size, or left out")
    if storage["type"] in changes.PROVISIONED and not isinstance(storage["iops"], int):
        raise ValueError(f"storage.iops must be given for {storage['type']} storage: AWS requires it")
    if storage["type"] not in changes.PROVISIONED and storage["iops"] is not None:
        raise ValueError(f"storage.iops goes with {' and '.join(changes.PROVISIONED)} storage only: leave it out")
    return storage


def normalize(item: Raw) -> dict[str, Any]:
    logs = item.get("EnabledCloudwatchLogsExports", ())
    return {
        **returned_members(item, {name: changes.PLAIN[name] for name in SAME_MEMBER}),
        **returned_members(item, MEMBERS),
        **_nested_properties(item),
        "logs": sorted(logs),
        "log_groups": rds.log_groups(item["DBInstanceIdentifier"], logs),
        "managed_password": "MasterUserSecret" in item,
        "state": changes.state(item),
    }


def _nested_properties(item: Raw) -> dict[str, Any]:
    """Properties from lists and structures, as far as AWS returned these. Without autoscaling there is no limit."""
    found: dict[str, Any] = {}
    if "AllocatedStorage" in item and "StorageType" in item:
        iops = item.get("Iops") if item["StorageType"] in changes.PROVISIONED else None
        found["storage"] = {
            "size": item["AllocatedStorage"],
            "type": item["StorageType"],
            "iops": iops,
            "limit": item.get("MaxAllocatedStorage"),
        }
    if "VpcSecurityGroups" in item:
        found["security_groups"] = sorted(one["VpcSecurityGroupId"] for one in item["VpcSecurityGroups"])
    if "DBParameterGroups" in item:
        groups = [group["DBParameterGroupName"] for group in item["DBParameterGroups"]]
        found["parameter_group"] = next((group for group in groups if not rds.is_system_group(group)), None)
    return found


def create(client: Client, resource: ResolvedResource) -> Raw:
    desired = resource.properties
    storage = desired["storage"]
    plain = {word: desired[name] for name, word in changes.PLAIN.items() if desired[name] is not None}
    made: Raw = client.create_db_instance(
        DBInstanceIdentifier=resource.name,
        Engine=desired["engine"],
        MasterUsername=desired["username"],
        Port=desired["port"],
        AllocatedStorage=storage["size"],
        StorageType=storage["type"],
        StorageEncrypted=desired["storage.encrypted"],
        DBSubnetGroupName=desired["subnet_group"],
        **plain,
        **({"MaxAllocatedStorage": storage["limit"]} if storage["limit"] else {}),
        **({"Iops": storage["iops"]} if storage["iops"] else {}),
        **{word: desired[name] for name, word in OPTIONAL.items() if desired[name]},
        Tags=tags_to_list(resource.tags),
    )["DBInstance"]
    return made


def _reject_size(desired: Properties, actual: Properties) -> str | None:
    size, now = desired["size"], actual["size"]
    least = -(-now * 11 // 10)
    if size < now and not changes.is_grown(desired, actual):
        return f"storage.size: storage cannot shrink ({now} GiB now, {size} wanted); say {now}"
    if now < size < least:
        return f"storage.size: AWS lets storage grow by a tenth at least ({now} GiB now, {size} wanted); say {least}"
    return None


def _left(desired: Any, actual: Any) -> bool:
    """A property that the document leaves to AWS does not differ."""
    return desired is None or bool(desired == actual)


def delete(client: Client, actual: ActualResource) -> Any:
    return changes.remove(client, actual)


def find_unfinished_switch(identifier: str, tags: Mapping[str, str]) -> str | None:
    """Why a database cannot be used: a switch over gave it another name and has not finished; None where none has."""
    if SWITCH_BEGAN not in tags or tags.get(TAKES, identifier) == identifier:
        return None
    return (
        f"the switch over to a restored database has not finished ({identifier} is the database that it replaces, and "
        f"had the name {tags[TAKES]}): run the playbook restore.yml again with the same options"
    )


class DbInstanceType(ResourceType):
    holds_data = True

    def find_origin(self, item: Raw, scope: Scope) -> str | None:
        """The database whose standby an instance is."""
        stack, _slash, name = self.read_tags(item).get(STANDBY, "").partition("/")
        return f"{self.name}/{name}" if stack == scope.stack and name else None

    def describe_leftover(self, identifier: str) -> str:
        return (
            "is kept as its standby, in its subnets and security groups, and would be left behind. Delete it with "
            f"discard.yml -e discard_instance={identifier}, or finish its restoration with restore.yml; then run again"
        )

    def find_unusable(self, actual: ActualResource) -> str | None:
        return find_unfinished_switch(actual.id, actual.tags)

    def reject(self, desired: Properties, actual: Properties) -> str | None:
        problem = _reject_size(desired["storage"], actual["storage"]) if "storage" in actual else None
        if problem:
            return problem
        version, running = desired["version"], actual.get("version")
        if running and not rds.runs(version, running) and rds.numbers(version) < rds.numbers(running):
            series = rds.series(desired["engine"], running)
            return f"version: {running} runs, and there is no way back to {version}; say {series!r}"
        return None

    def notices(self, actual: ActualResource) -> Sequence[str]:
        return changes.notices(actual)


TYPE = DbInstanceType(
    Schema(
        name="db_instance",
        service="rds",
        id_path="DBInstanceIdentifier",
        attributes={
            "id": "DBInstanceIdentifier",
            "arn": "DBInstanceArn",
            "endpoint": "Endpoint.Address",
            "port": "Endpoint.Port",
            "secret": "MasterUserSecret.SecretArn",
            "database": "DBName",
            "username": "MasterUsername",
        },
        required=frozenset({"engine", "class", "storage", "subnet_group", "security_groups"}),
        # A database that failed or is being deleted can only be replaced; one that was stopped is started.
        create_only=frozenset(
            {"engine", "storage.encrypted", "username", "database", "zone", "subnet_group", "state", "log_groups"}
        ),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={
            "version": rds.runs,
            "storage": changes.same_storage,
            "log_groups": lambda _wanted, _live: True,  # only decides the order: they follow from the name and the logs
            **dict.fromkeys(LEFT_TO_AWS, _left),
        },
        name_attributes=frozenset({"id"}),
        max_name_length=63,
        own_tags=OF_RESTORES,
    ),
    Discovery(
        listing=rds.listing("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
        tag_detail=rds.tags("DBInstanceIdentifier", "DBInstanceArn"),
        tagging=rds.TAGGING,
    ),
    Lifecycle(
        create=create,
        updates={
            "state": changes.start,
            **dict.fromkeys((*changes.PLAIN, *("port", "parameter_group", "logs", "storage")), changes.modify),
        },
        delete=delete,
        ready=changes.READY,
        name_taken_codes=frozenset({"DBInstanceAlreadyExists"}),
        in_use_codes=changes.NOT_NOW,
        in_use_timeout=2700,
    ),
)
