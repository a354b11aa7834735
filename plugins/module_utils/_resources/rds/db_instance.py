# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DB instance: a MySQL or PostgreSQL database. RDS generates and keeps the password of its master user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._aws.tags import OF_RESTORES, STANDBY, SWITCH_BEGAN, TAKES, tags_to_list
from ..._engine.items import Raw, returned_members
from ..._engine.model import DesiredResource
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    Items,
    Matching,
    OneOf,
    PropertyPath,
    PropertyProblem,
    Scalar,
    a_set,
    is_reference,
    keys,
    list_values,
    one_of,
    whole_number,
)
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
from ..regions import zone_of_region
from . import common as rds
from . import database_changes as changes
from . import engines

# Defaults by engine: the port and the name of the master user.
ENGINES = {"mysql": {"port": 3306, "username": "admin"}, "postgres": {"port": 5432, "username": "postgres"}}
STORAGE = {"size": None, "type": "gp3", "iops": None, "limit": None, "encrypted": True}
# RDS API Reference, CreateDBInstance: AllocatedStorage, in GiB. RDS User Guide, "Amazon RDS DB instance storage": IOPS.
STORAGE_SIZES = {
    "gp2": (20, 65536),
    "gp3": (20, 65536),
    "io1": (100, 65536),
    "io2": (100, 65536),
    "standard": (5, 3072),
}
LEAST_IOPS, MOST_IOPS = 1000, 256000
IOPS_OF_A_GIB = {"io1": 50, "io2": 1000}
# RDS API Reference, CreateDBInstance, EnableCloudwatchLogsExports.
LOGS = {
    "mysql": ("audit", "error", "general", "iam-db-auth-error", "slowquery"),
    "postgres": ("iam-db-auth-error", "postgresql", "upgrade"),
}
_NAME = "[A-Za-z][A-Za-z0-9_]*"
_NAME_TEXT = "a name of letters, digits and underscores that begins with a letter"
LONGEST_DATABASE_NAMES = {"mysql": 64, "postgres": 63}
LONGEST_MASTER_NAMES = {"mysql": 16, "postgres": 63}
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
    storage = complete_storage(desired)
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


def complete_storage(desired: Properties) -> dict[str, Any]:
    """The storage with its defaults; a null in it is the same as leaving the key out."""
    return {**STORAGE, **{name: value for name, value in desired["storage"].items() if value is not None}}


def check_storage(given: Properties) -> Iterator[PropertyProblem]:
    if is_reference(given["storage"]):
        return
    storage = complete_storage(given)
    kind, size, iops, limit = storage["type"], storage["size"], storage["iops"], storage["limit"]
    if any(map(is_reference, (kind, size, iops, limit))):
        return
    smallest, largest = STORAGE_SIZES[kind]
    if not smallest <= size <= largest:
        yield ("storage", "size"), f"{size} is not a size of {kind} in GiB ({smallest}-{largest})"
    elif limit is not None:
        least = -(-size * 11 // 10)
        if not least <= limit <= largest:
            fix = f"write {least} to {largest}, or leave it out" if least <= largest else "leave it out"
            yield ("storage", "limit"), f"{limit} is not at least a tenth larger than size, {size} ({fix})"
    if kind in changes.PROVISIONED and iops is None:
        yield ("storage",), f"lacks iops, which {kind} storage needs (write {LEAST_IOPS} or more)"
    elif kind not in changes.PROVISIONED and iops is not None:
        yield ("storage", "iops"), f"goes with {' and '.join(changes.PROVISIONED)} storage only (leave it out)"
    elif kind in changes.PROVISIONED and iops > min(MOST_IOPS, size * IOPS_OF_A_GIB[kind]):
        most = min(MOST_IOPS, size * IOPS_OF_A_GIB[kind])
        yield ("storage", "iops"), f"{iops} are more IOPS than {size} GiB of {kind} can have (write {most} or less)"


def check_engine(given: Properties) -> Iterator[PropertyProblem]:
    """What depends on the engine and its version."""
    engine = given["engine"]
    if is_reference(engine):
        return
    version = given.get("version")
    known = None if version is None or is_reference(version) else str(version)
    problem = engines.find_version_problem(engine, known)
    if problem is not None:
        yield ("version",), problem
    elif not is_reference(given["class"]):
        problem = engines.find_class_problem(engine, known, given["class"])
        if problem is not None:
            yield ("class",), problem
    for path, log in list_values(("logs", EVERY), given):
        for _inner, text in one_of(*LOGS[engine]).find_problems(log):
            yield path, text
    yield from _check_names(engine, given)
    for path, group in list_values(("parameter_group",), given):
        if problem is None and rds.is_system_group(group):
            mismatch = engines.find_family_problem(engine, known, group.removeprefix(f"{rds.SYSTEM}."))
            if mismatch is not None:
                yield path, mismatch


def check_insights(given: Properties) -> Iterator[PropertyProblem]:
    if given.get("performance_insights") is True:
        problem = engines.find_insights_problem(given["engine"], given["class"])
        if problem is not None:
            yield ("performance_insights",), problem


def check_parameter_group(given: Properties, path: PropertyPath, group: DesiredResource) -> Iterator[PropertyProblem]:
    """RDS User Guide, "Parameter groups for RDS": a group is for the databases of its family."""
    engine, version, family = given["engine"], given.get("version"), group.properties.get("family")
    if any(map(is_reference, (engine, version))) or not isinstance(family, str):
        return
    problem = engines.find_family_problem(engine, None if version is None else str(version), family)
    if problem is not None:
        yield path, f"{group.address} {problem}"


def _check_names(engine: str, given: Properties) -> Iterator[PropertyProblem]:
    for _path, name in list_values(("database",), given):
        longest = LONGEST_DATABASE_NAMES[engine]
        problem = engines.find_database_name_problem(engine, name)
        if problem is not None:
            yield ("database",), problem
        elif len(name) > longest:
            yield ("database",), f"has {len(name)} characters, and RDS allows {longest} (shorten it)"
    for _path, name in list_values(("username",), given):
        longest = LONGEST_MASTER_NAMES[engine]
        if name.lower() in engines.MASTER_NAMES[engine]:
            yield (
                ("username",),
                f"{name} is a reserved word of {engines.TITLES[engine]} (write {name}_user, or another)",
            )
        elif engine == "postgres" and name.lower().startswith("pg_"):
            # PostgreSQL documentation, CREATE ROLE: such names are those of the system's roles.
            yield ("username",), f"{name} begins with pg_, as only roles of PostgreSQL itself do (write another name)"
        elif len(name) > longest:
            yield ("username",), f"has {len(name)} characters, and RDS allows {longest} (shorten it)"


def check_zone(given: Properties) -> Iterator[PropertyProblem]:
    if given.get("zone") and given.get("multi_az"):
        yield ("zone",), "zone cannot be set together with multi_az (set one of them)"


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
            series = engines.read_major_version(desired["engine"], running)
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
        references={
            ("subnet_group",): ("db_subnet_group.name",),
            ("security_groups", EVERY): ("security_group.id",),
            ("parameter_group",): ("db_parameter_group.name",),
            ("log_groups", EVERY): ("log_group.name",),
            ("zone",): ("subnet.zone", "instance.zone"),
        },
        limits={
            ("engine",): one_of(*ENGINES),
            ("class",): Matching("a class like db.t3.micro", pattern=engines.CLASS),
            ("version",): Scalar(),
            ("security_groups",): a_set(),
            ("storage",): keys(*STORAGE, required=("size",)),
            ("storage", "type"): one_of(*STORAGE_SIZES),
            ("storage", "size"): whole_number("a size in GiB", 5, 65536),
            ("storage", "limit"): whole_number("a size in GiB", 6, 65536),
            ("storage", "iops"): whole_number("a number of IOPS", LEAST_IOPS, MOST_IOPS),
            ("database",): Matching(_NAME_TEXT, pattern=_NAME),
            ("username",): Matching(_NAME_TEXT, pattern=_NAME),
            # RDS API Reference, CreateDBInstance, Port and BackupRetentionPeriod.
            ("port",): whole_number("a port that RDS accepts", 1150, 65535),
            ("backup_retention",): whole_number("a number of days", 0, 35),
            ("parameter_group",): Matching("the name of a parameter group"),
            # RDS User Guide, "Certificate authorities": rds-ca-rsa2048-g1 and its like.
            ("ca_certificate",): Matching(
                "a certificate authority like rds-ca-rsa2048-g1", pattern="rds-ca-[a-z0-9-]+"
            ),
            ("logs",): a_set(),
            ("log_groups",): Items(),
            ("state",): OneOf("running, which every database of a stack is", values=("running",)),
            ("managed_password",): OneOf("true: RDS always keeps the password", values=(True,)),
            **{
                (name,): FLAG
                for name in (
                    *("multi_az", "minor_upgrades", "deletion_protection", "publicly_accessible"),
                    *("copy_tags_to_snapshot", "performance_insights"),
                )
            },
            ("storage", "encrypted"): FLAG,
        },
        checks=(check_engine, check_insights, check_storage, check_zone),
        target_checks={("parameter_group",): check_parameter_group},
        region_checks=(zone_of_region(("zone",)),),
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
