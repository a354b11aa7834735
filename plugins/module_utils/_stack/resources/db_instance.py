# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB instance: a MySQL or PostgreSQL database. The password of its master user is made and kept by RDS."""

from __future__ import annotations

from typing import Any

from ..._aws.tags import OF_RESTORES, as_list
from .. import database_changes as changes
from .. import rds
from ..resource import Client, Live, Order, Properties, Raw, ResourceType, returned

# By engine what a document may leave out: the port and the name of the master user.
ENGINES = {"mysql": {"port": 3306, "username": "admin"}, "postgres": {"port": 5432, "username": "postgres"}}
STORAGE = {"size": None, "type": "gp3", "limit": None, "encrypted": True}
# What is None is as AWS chooses.
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
# The parameters that a creation leaves out when there is nothing to say.
OPTIONAL = {
    "database": "DBName",
    "zone": "AvailabilityZone",
    "parameter_group": "DBParameterGroupName",
    "logs": "EnableCloudwatchLogsExports",
}
# What AWS tells under the word by which it is asked for.
TOLD_AS_GIVEN = (
    *("class", "version", "multi_az", "backup_retention", "backup_window", "maintenance_window"),
    *("minor_upgrades", "publicly_accessible", "copy_tags_to_snapshot", "ca_certificate"),
)


# Where AWS has what it calls otherwise than the calls that set it. There is no port until the database has come up.
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


def desired(wanted: Properties) -> dict[str, Any]:
    if wanted["engine"] not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}")
    if wanted.get("zone") and wanted.get("multi_az"):
        raise ValueError("a database in two zones cannot be told in which one to stand: zone or multi_az")
    if wanted.get("managed_password") is False:
        raise ValueError("managed_password: RDS keeps the password, so that nobody has to write one down")
    storage = _storage(wanted["storage"])
    whole = {**DEFAULTS, **ENGINES[wanted["engine"]], **wanted}
    window, version = whole["maintenance_window"], whole["version"]
    return {
        **whole,
        "version": None if version is None else str(version),
        "maintenance_window": window.lower() if window else None,
        "security_groups": sorted(wanted["security_groups"]),
        "logs": sorted(wanted.get("logs") or ()),
        "log_groups": list(wanted.get("log_groups") or ()),
        "storage": {name: storage[name] for name in ("size", "type", "limit")},
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
    return storage


def normalize(item: Raw) -> dict[str, Any]:
    logs = item.get("EnabledCloudwatchLogsExports", ())
    return {
        **returned(item, {name: changes.PLAIN[name] for name in TOLD_AS_GIVEN}),
        **returned(item, MEMBERS),
        **_in_lists(item),
        "logs": sorted(logs),
        "log_groups": rds.log_groups(item["DBInstanceIdentifier"], logs),
        "managed_password": "MasterUserSecret" in item,
        "state": changes.state(item),
    }


def _in_lists(item: Raw) -> dict[str, Any]:
    """What is inside lists and structures, as far as AWS returned them. Without autoscaling there is no limit."""
    found: dict[str, Any] = {}
    if "AllocatedStorage" in item and "StorageType" in item:
        limit = item.get("MaxAllocatedStorage")
        found["storage"] = {"size": item["AllocatedStorage"], "type": item["StorageType"], "limit": limit}
    if "VpcSecurityGroups" in item:
        found["security_groups"] = sorted(one["VpcSecurityGroupId"] for one in item["VpcSecurityGroups"])
    if "DBParameterGroups" in item:
        groups = [group["DBParameterGroupName"] for group in item["DBParameterGroups"]]
        found["parameter_group"] = next((group for group in groups if not rds.is_systems(group)), None)
    return found


def create(client: Client, order: Order) -> Raw:
    wanted = order.properties
    storage = wanted["storage"]
    plain = {word: wanted[name] for name, word in changes.PLAIN.items() if wanted[name] is not None}
    made: Raw = client.create_db_instance(
        DBInstanceIdentifier=order.name,
        Engine=wanted["engine"],
        MasterUsername=wanted["username"],
        Port=wanted["port"],
        AllocatedStorage=storage["size"],
        StorageType=storage["type"],
        StorageEncrypted=wanted["storage.encrypted"],
        DBSubnetGroupName=wanted["subnet_group"],
        **plain,
        **({"MaxAllocatedStorage": storage["limit"]} if storage["limit"] else {}),
        **{word: wanted[name] for name, word in OPTIONAL.items() if wanted[name]},
        Tags=as_list(order.tags),
    )["DBInstance"]
    return made


def refuse(wanted: Properties, live: Properties) -> str | None:
    problem = _refuse_size(wanted["storage"], live["storage"]) if "storage" in live else None
    if problem:
        return problem
    version, running = wanted["version"], live.get("version")
    if running and not rds.runs(version, running) and rds.numbers(version) < rds.numbers(running):
        series = rds.series(wanted["engine"], running)
        return f"version: {running} runs, and there is no way back to {version}; say {series!r}"
    return None


def _refuse_size(wanted: Properties, live: Properties) -> str | None:
    size, now = wanted["size"], live["size"]
    least = -(-now * 11 // 10)
    if size < now and not changes.is_grown(wanted, live):
        return f"storage.size: storage cannot shrink ({now} GiB now, {size} wanted); say {now}"
    if now < size < least:
        return f"storage.size: AWS lets storage grow by a tenth at least ({now} GiB now, {size} wanted); say {least}"
    return None


def _left(wanted: Any, live: Any) -> bool:
    """What a document leaves to AWS is as it should be."""
    return wanted is None or bool(wanted == live)


def delete(client: Client, live: Live) -> Any:
    return changes.remove(client, live)


TYPE = ResourceType(
    name="db_instance",
    service="rds",
    listing=rds.listing("describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    id="DBInstanceIdentifier",
    tags=rds.tags_if_missing("DBInstanceIdentifier", "DBInstanceArn"),
    tagging=rds.TAGGING,
    data=True,
    own_tags=OF_RESTORES,
    attributes={
        "id": "DBInstanceIdentifier",
        "arn": "DBInstanceArn",
        "endpoint": "Endpoint.Address",
        "port": "Endpoint.Port",
        "secret": "MasterUserSecret.SecretArn",
        "database": "DBName",
        "username": "MasterUsername",
    },
    named=frozenset({"id"}),
    longest=63,
    required=frozenset({"engine", "class", "storage", "subnet_group", "security_groups"}),
    # A database that failed, or that somebody deletes, can only be made anew; one that was stopped is started.
    create_only=frozenset(
        {"engine", "storage.encrypted", "username", "database", "zone", "subnet_group", "state", "log_groups"}
    ),
    same={
        "version": rds.runs,
        "storage": changes.same_storage,
        "log_groups": lambda _wanted, _live: True,  # said for the order alone: they follow from its name and logs
        **dict.fromkeys(LEFT_TO_AWS, _left),
    },
    refuse=refuse,
    desired=desired,
    normalize=normalize,
    create=create,
    updates={
        "state": changes.start,
        **dict.fromkeys((*changes.PLAIN, *("port", "parameter_group", "logs", "storage")), changes.modify),
    },
    delete=delete,
    ready=changes.READY,
    notices=changes.notices,
    exists=frozenset({"DBInstanceAlreadyExists"}),
    busy=changes.NOT_NOW,
    busy_timeout=2700,
)
