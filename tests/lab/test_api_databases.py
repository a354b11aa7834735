# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases and secrets as the API shows them: what the lab adds to moto."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from labtools import Account, client, refused, until

from lab.hooks import databases
from lab.server import LabServer
from lab.state import StateStore

# Nothing goes on by itself while a test looks at it; `wait` and `gone` let it.
HELD = 3600.0


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "MOMENT", HELD)
    monkeypatch.setattr(databases, "LAG", 0.0)


@contextmanager
def time_passes() -> Iterator[None]:
    databases.MOMENT = 0.0
    try:
        yield
    finally:
        databases.MOMENT = HELD


@pytest.fixture
def rds(account: Account) -> Any:
    return client("rds", account.endpoint, account.number)


@pytest.fixture
def vault(account: Account) -> Any:
    return client("secretsmanager", account.endpoint, account.number)


@pytest.fixture
def subnets(account: Account) -> list[str]:
    made = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")
    return [account.subnet, made["Subnet"]["SubnetId"]]


def group(rds: Any, subnets: list[str]) -> str:
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets)
    return "data"


def make(rds: Any, **more: Any) -> dict[str, Any]:
    options = {
        "DBInstanceIdentifier": "shop",
        "Engine": "mysql",
        "EngineVersion": "8.0",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "StorageType": "gp3",
        "StorageEncrypted": True,
        "MasterUsername": "admin",
        "ManageMasterUserPassword": True,
        **more,
    }
    made: dict[str, Any] = rds.create_db_instance(**options)["DBInstance"]
    return made


def shown(rds: Any, name: str = "shop") -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def wait(rds: Any, status: str = "available", name: str = "shop") -> dict[str, Any]:
    """Let time pass until the database is in that state, and no longer: what is shown then."""

    def there() -> dict[str, Any] | None:
        described = {one["DBInstanceIdentifier"]: one for one in rds.describe_db_instances()["DBInstances"]}
        return described[name] if name in described and described[name]["DBInstanceStatus"] == status else None

    with time_passes():
        found: dict[str, Any] = until(f"the database is {status}", there)
    return found


def modify(rds: Any, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = rds.modify_db_instance(DBInstanceIdentifier="shop", ApplyImmediately=True, **changes)
    return made["DBInstance"]


def gone(rds: Any) -> None:
    with time_passes():
        until("the database is gone", lambda: refused(shown, rds) == "DBInstanceNotFound")


def test_comes_up_in_its_time(rds: Any) -> None:
    made = make(rds)
    assert refused(modify, rds, MultiAZ=True) == "InvalidDBInstanceState"
    assert made["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in made
    assert made["EngineVersion"].startswith("8.0.")
    assert refused(make, rds) == "DBInstanceAlreadyExists"
    there = wait(rds)
    assert there["Endpoint"]["Address"].startswith("shop.c")
    assert there["Endpoint"]["Address"].endswith(".us-east-1.rds.amazonaws.com")
    assert there["Endpoint"]["Port"] == 3306
    assert there["KmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    (parameters,) = there["DBParameterGroups"]
    assert parameters == {"DBParameterGroupName": "default.mysql8.0", "ParameterApplyStatus": "in-sync"}
    other = make(rds, DBInstanceIdentifier="other", Engine="postgres", EngineVersion="16", MasterUsername="postgres")
    assert other["DbiResourceId"] != there["DbiResourceId"]
    assert other["EngineVersion"].startswith("16.")
    assert refused(make, rds, DBInstanceIdentifier="third", EngineVersion="9") == "InvalidParameterCombination"


def test_password_is_in_a_secret_of_its_own(rds: Any, vault: Any) -> None:
    first, second = make(rds), make(rds, DBInstanceIdentifier="other")
    arns = [one["MasterUserSecret"]["SecretArn"] for one in (first, second)]
    values = [json.loads(vault.get_secret_value(SecretId=arn)["SecretString"]) for arn in arns]
    assert [one["username"] for one in values] == ["admin", "admin"]
    assert values[0]["password"] != values[1]["password"]
    assert [one["OwningService"] for one in vault.list_secrets()["SecretList"]] == ["rds", "rds"]
    wait(rds)
    modify(rds, ManageMasterUserPassword=True)
    assert shown(rds)["MasterUserSecret"]["SecretArn"] == arns[0]
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    gone(rds)
    assert [one["ARN"] for one in vault.list_secrets()["SecretList"]] == arns[1:]


def test_password_is_rotated_by_rds_itself(rds: Any, vault: Any) -> None:
    arn = make(rds)["MasterUserSecret"]["SecretArn"]
    before = json.loads(vault.get_secret_value(SecretId=arn)["SecretString"])
    version = vault.rotate_secret(SecretId=arn)["VersionId"]
    after = vault.get_secret_value(SecretId=arn)
    assert after["VersionId"] == version
    assert json.loads(after["SecretString"])["username"] == before["username"]
    assert json.loads(after["SecretString"])["password"] != before["password"]
    old = vault.get_secret_value(SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"]
    assert json.loads(old) == before
    wait(rds)
    modify(rds, RotateMasterUserPassword=True)
    assert vault.get_secret_value(SecretId=arn)["VersionId"] != version


def test_is_in_a_zone_of_its_subnet_group(account: Account, rds: Any, subnets: list[str]) -> None:
    made = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="us-east-1c")
    there = make(rds, DBSubnetGroupName=group(rds, [subnets[1], made["Subnet"]["SubnetId"]]))
    assert there["AvailabilityZone"] == "us-east-1b"

    def interfaces() -> list[dict[str, Any]]:
        filters = [{"Name": "subnet-id", "Values": [subnets[1]]}]
        return list(account.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"])

    (one,) = interfaces()
    assert one["RequesterManaged"]
    (default,) = (item["GroupId"] for item in one["Groups"])
    assert default == there["VpcSecurityGroups"][0]["VpcSecurityGroupId"] != account.group
    wait(rds)
    modify(rds, VpcSecurityGroupIds=[account.group])
    assert [item["GroupId"] for item in interfaces()[0]["Groups"]] == [account.group]
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    gone(rds)
    assert interfaces() == []


def test_a_database_is_made_of_another(rds: Any, vault: Any) -> None:
    source = make(rds, DBName="shop", AllocatedStorage=30)
    target = {
        "SourceDBInstanceIdentifier": "shop",
        "TargetDBInstanceIdentifier": "again",
        "DBInstanceClass": "db.t3.small",
    }
    later = {**target, "UseLatestRestorableTime": True}
    assert refused(rds.restore_db_instance_to_point_in_time, **later) == "InvalidDBInstanceState"
    wait(rds)
    made = rds.restore_db_instance_to_point_in_time(**later)["DBInstance"]
    assert (made["DBInstanceStatus"], made["DBInstanceClass"]) == ("creating", "db.t3.small")
    assert (made["DBName"], made["AllocatedStorage"]) == ("shop", 30)
    assert made["DbiResourceId"] != source["DbiResourceId"]
    assert "MasterUserSecret" not in made
    wait(rds, name="again")
    rds.modify_db_instance(DBInstanceIdentifier="again", ManageMasterUserPassword=True, ApplyImmediately=True)
    managed = wait(rds, name="again")
    assert managed["MasterUserSecret"]["SecretArn"] != source["MasterUserSecret"]["SecretArn"]
    rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="first")
    early = {"DBSnapshotIdentifier": "first", "DBInstanceIdentifier": "third"}
    assert refused(rds.restore_db_instance_from_db_snapshot, **early) == "InvalidDBSnapshotState"


def test_changes_take_their_time(rds: Any) -> None:
    make(rds)
    wait(rds)
    described = modify(rds, DBInstanceClass="db.t3.small", AllocatedStorage=21, DBPortNumber=3307)
    assert (described["DBInstanceStatus"], described["DBInstanceClass"]) == ("available", "db.t3.micro")
    assert described["PendingModifiedValues"] == {
        "DBInstanceClass": "db.t3.small",
        "AllocatedStorage": 22,
        "Port": 3307,
    }
    assert refused(modify, rds, MultiAZ=True) == "InvalidDBInstanceState"
    assert shown(rds)["DBInstanceStatus"] == "modifying"
    done = wait(rds, "storage-optimization")
    assert done["PendingModifiedValues"] == {}
    assert (done["DBInstanceClass"], done["AllocatedStorage"]) == ("db.t3.small", 22)
    assert done["Endpoint"]["Port"] == 3307
    assert refused(modify, rds, AllocatedStorage=20) == "InvalidParameterCombination"
    wait(rds)


def test_a_new_name_is_another_endpoint_of_the_same_database(rds: Any) -> None:
    make(rds)
    before = wait(rds)
    make(rds, DBInstanceIdentifier="other")
    assert refused(modify, rds, NewDBInstanceIdentifier="other") == "DBInstanceAlreadyExists"
    described = modify(rds, NewDBInstanceIdentifier="Old", DeletionProtection=True)
    assert described["PendingModifiedValues"] == {"DBInstanceIdentifier": "old"}
    after = wait(rds, name="old")
    assert (after["DbiResourceId"], after["PendingModifiedValues"]) == (before["DbiResourceId"], {})
    assert after["DeletionProtection"] is True
    address = before["Endpoint"]["Address"]
    assert after["Endpoint"]["Address"] == address.replace("shop.", "old.")
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="shop") == "DBInstanceNotFound"


def test_what_is_left_to_the_maintenance_window_stays_pending(rds: Any) -> None:
    make(rds)
    wait(rds)
    rds.modify_db_instance(DBInstanceIdentifier="shop", MultiAZ=True)
    assert wait(rds)["PendingModifiedValues"] == {"MultiAZ": True}
    modify(rds, BackupRetentionPeriod=3)
    assert shown(rds)["DBInstanceStatus"] == "modifying"
    done = wait(rds)
    assert (done["MultiAZ"], done["BackupRetentionPeriod"]) == (True, 3)


def test_versions_go_up_and_families_fit(rds: Any) -> None:
    for family in ("mysql8.0", "mysql8.4"):
        rds.create_db_parameter_group(
            DBParameterGroupName=family.replace(".", "-"), DBParameterGroupFamily=family, Description="x"
        )
    assert refused(rds.describe_db_parameter_groups, DBParameterGroupName="missing") == "DBParameterGroupNotFound"
    assert refused(make, rds, DBParameterGroupName="mysql8-4") == "InvalidParameterCombination"
    make(rds, DBParameterGroupName="mysql8-0")
    wait(rds)
    assert refused(modify, rds, EngineVersion="8.4") == "InvalidParameterCombination"
    assert refused(modify, rds, EngineVersion="8.0.11") == "InvalidParameterCombination"
    assert refused(modify, rds, EngineVersion="8.4", AllowMajorVersionUpgrade=True) == "InvalidParameterCombination"
    modify(rds, EngineVersion="8.4", AllowMajorVersionUpgrade=True, DBParameterGroupName="mysql8-4")
    assert shown(rds)["DBInstanceStatus"] == "modifying"
    done = wait(rds)
    assert done["EngineVersion"].startswith("8.4.")
    assert done["DBParameterGroups"][0]["DBParameterGroupName"] == "mysql8-4"
    modify(rds, DBParameterGroupName="default.mysql8.4")
    assert shown(rds)["DBParameterGroups"][0]["DBParameterGroupName"] == "default.mysql8.4"


def test_logs_and_insights_change(rds: Any) -> None:
    make(rds, EnableCloudwatchLogsExports=["error"], EnablePerformanceInsights=True)
    assert wait(rds)["PerformanceInsightsEnabled"] is True
    exports = {"EnableLogTypes": ["general", "error"], "DisableLogTypes": ["audit"]}
    modify(rds, CloudwatchLogsExportConfiguration=exports, EnablePerformanceInsights=False)
    done = wait(rds)
    assert (done["EnabledCloudwatchLogsExports"], done["PerformanceInsightsEnabled"]) == (["error", "general"], False)


def test_stops_starts_and_reboots(rds: Any) -> None:
    make(rds)
    wait(rds)
    rds.stop_db_instance(DBInstanceIdentifier="shop")
    assert shown(rds)["DBInstanceStatus"] == "stopping"
    wait(rds, "stopped")
    assert refused(modify, rds, MultiAZ=True) == "InvalidDBInstanceState"
    assert rds.start_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == "starting"
    assert refused(rds.reboot_db_instance, DBInstanceIdentifier="shop") == "InvalidDBInstanceState"
    wait(rds)
    assert rds.reboot_db_instance(DBInstanceIdentifier="shop")["DBInstance"]["DBInstanceStatus"] == "rebooting"


def test_leaves_a_final_snapshot(rds: Any) -> None:
    delete = {"DBInstanceIdentifier": "shop", "FinalDBSnapshotIdentifier": "last"}
    make(rds, DeletionProtection=True)
    assert refused(rds.delete_db_instance, **delete) == "InvalidParameterCombination"
    wait(rds)
    modify(rds, DeletionProtection=False)
    assert refused(rds.delete_db_instance, DBInstanceIdentifier="shop") == "InvalidParameterCombination"
    assert refused(rds.delete_db_instance, **delete, SkipFinalSnapshot=True) == "InvalidParameterCombination"
    assert rds.delete_db_instance(**delete)["DBInstance"]["DBInstanceStatus"] == "deleting"
    assert refused(rds.delete_db_instance, **delete) == "InvalidDBInstanceState"
    assert refused(make, rds) == "DBInstanceAlreadyExists"
    gone(rds)
    (kept,) = rds.describe_db_snapshots()["DBSnapshots"]
    assert (kept["DBSnapshotIdentifier"], kept["SnapshotType"], kept["Status"]) == ("last", "manual", "available")
    make(rds)
    assert refused(rds.delete_db_instance, **{**delete, "FinalDBSnapshotIdentifier": "y"}) == "InvalidDBInstanceState"
    wait(rds)
    assert refused(rds.delete_db_instance, **delete) == "DBSnapshotAlreadyExists"
    taken = rds.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="now")["DBSnapshot"]
    assert taken["Status"] == "creating"


def test_what_a_database_uses_stays(account: Account, rds: Any, subnets: list[str]) -> None:
    rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="mysql8.0", Description="x")
    more = {"DBSubnetGroupName": group(rds, subnets), "VpcSecurityGroupIds": [account.group]}
    make(rds, DBParameterGroupName="p", AvailabilityZone="us-east-1b", **more)
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName="data") == "InvalidDBSubnetGroupStateFault"
    assert refused(rds.delete_db_parameter_group, DBParameterGroupName="p") == "InvalidDBParameterGroupState"
    assert refused(account.ec2.delete_security_group, GroupId=account.group) == "DependencyViolation"
    assert refused(account.ec2.delete_subnet, SubnetId=subnets[1]) == "DependencyViolation"
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName="data") == "InvalidDBSubnetGroupStateFault"
    gone(rds)
    rds.delete_db_subnet_group(DBSubnetGroupName="data")
    rds.delete_db_parameter_group(DBParameterGroupName="p")
    account.ec2.delete_security_group(GroupId=account.group)
    account.ec2.delete_subnet(SubnetId=subnets[1])


def test_subnet_groups_span_zones(account: Account, rds: Any, subnets: list[str]) -> None:
    assert refused(group, rds, subnets[:1]) == "DBSubnetGroupDoesNotCoverEnoughAZs"
    assert refused(group, rds, [*subnets, "subnet-0"]) == "InvalidSubnet"
    group(rds, subnets)
    assert refused(group, rds, subnets) == "DBSubnetGroupAlreadyExists"
    more = account.ec2.create_subnet(VpcId=account.vpc, CidrBlock="10.0.3.0/24", AvailabilityZone="us-east-1c")
    third = more["Subnet"]["SubnetId"]
    make(rds, DBSubnetGroupName="data", AvailabilityZone="us-east-1a")
    change = {"DBSubnetGroupName": "data", "DBSubnetGroupDescription": "other"}
    assert refused(rds.modify_db_subnet_group, **change, SubnetIds=[subnets[1], third]) == "SubnetAlreadyInUse"
    rds.modify_db_subnet_group(**change, SubnetIds=[subnets[0], third])
    (there,) = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    assert {one["SubnetIdentifier"] for one in there["Subnets"]} == {subnets[0], third}
    assert there["DBSubnetGroupDescription"] == "other"
    missing = {**change, "DBSubnetGroupName": "none", "SubnetIds": subnets}
    assert refused(rds.modify_db_subnet_group, **missing) == "DBSubnetGroupNotFoundFault"


def test_static_parameters_wait_for_a_restart(rds: Any) -> None:
    where = {"DBParameterGroupName": "p"}
    rds.create_db_parameter_group(**where, DBParameterGroupFamily="mysql8.0", Description="x")
    make(rds, **where)
    names = ["performance_schema", "slow_query_log"]
    described = rds.describe_db_parameters(**where, Filters=[{"Name": "parameter-name", "Values": names}])["Parameters"]
    assert {one["ParameterName"]: one["ApplyType"] for one in described} == dict(
        zip(names, ("static", "dynamic"), strict=True)
    )
    static = {"ParameterName": "performance_schema", "ParameterValue": "1", "ApplyMethod": "immediate"}
    assert refused(rds.modify_db_parameter_group, **where, Parameters=[static]) == "InvalidParameterCombination"
    dynamic = {**static, "ParameterName": "slow_query_log"}
    rds.modify_db_parameter_group(**where, Parameters=[dynamic])
    assert wait(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    rds.modify_db_parameter_group(**where, Parameters=[{**static, "ApplyMethod": "pending-reboot"}])
    assert shown(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "pending-reboot"
    user = rds.describe_db_parameters(**where, Source="user")["Parameters"]
    assert {one["ParameterName"]: one["ParameterValue"] for one in user} == dict.fromkeys(names, "1")
    reset = [{"ParameterName": "slow_query_log", "ApplyMethod": "immediate"}]
    rds.reset_db_parameter_group(**where, ResetAllParameters=False, Parameters=reset)
    assert [one["ParameterName"] for one in rds.describe_db_parameters(**where, Source="user")["Parameters"]] == names[
        :1
    ]
    rds.reboot_db_instance(DBInstanceIdentifier="shop")
    assert wait(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    assert refused(rds.describe_db_parameters, DBParameterGroupName="none") == "DBParameterGroupNotFound"


def test_groups_are_found_by_their_tags(account: Account, rds: Any, subnets: list[str]) -> None:
    tags = [{"Key": "color", "Value": "blue"}]
    rds.create_db_subnet_group(DBSubnetGroupName="data", DBSubnetGroupDescription="data", SubnetIds=subnets, Tags=tags)
    tagging = client("resourcegroupstaggingapi", account.endpoint, account.number)
    (found,) = tagging.get_resources(TagFilters=[{"Key": "color"}], ResourceTypeFilters=["rds"])[
        "ResourceTagMappingList"
    ]
    assert found["ResourceARN"].endswith(":subgrp:data")


def test_a_deleted_secret_keeps_its_name_until_it_is_gone(vault: Any) -> None:
    token = "0123456789abcdef0123456789abcdef"
    make = {"Name": "app", "SecretString": "x", "ClientRequestToken": token}
    arn = vault.create_secret(**make)["ARN"]
    assert vault.create_secret(**make)["ARN"] == arn
    assert refused(vault.create_secret, **{**make, "SecretString": "y"}) == "ResourceExistsException"
    vault.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert vault.list_secrets()["SecretList"] == []
    assert refused(vault.create_secret, **make) == "InvalidRequestException"
    assert refused(vault.delete_secret, SecretId=arn, RecoveryWindowInDays=7) == "InvalidRequestException"
    assert "DeletedDate" in vault.describe_secret(SecretId="app")
    vault.restore_secret(SecretId=arn)
    assert vault.get_secret_value(SecretId="app")["SecretString"] == "x"


def test_a_description_can_be_taken_away(vault: Any) -> None:
    arn = vault.create_secret(Name="app", SecretString="x", Description="old")["ARN"]
    vault.update_secret(SecretId=arn, Description="")
    assert vault.describe_secret(SecretId=arn).get("Description", "") == ""


def test_what_there_is_can_be_kept(account: Account, rds: Any, server: LabServer, tmp_path: Path) -> None:
    """The lab's state file holds databases, whatever they are in the middle of."""
    make(rds)
    store = StateStore(tmp_path / "state", server.lock)
    store.wait(store.mark())
    held = pickle.loads((tmp_path / "state").read_bytes())["backends"]["rds"][account.number]["us-east-1"]
    assert [one.status for one in held.databases.values()] == ["creating"]
