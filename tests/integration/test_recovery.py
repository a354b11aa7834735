# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups of a database, and restoring it: beside the one that serves, which it then changes places with."""

from __future__ import annotations

from typing import Any

import pytest
from rig.faults import Lose, named
from rig.runs import Outcome
from rig.stacks import Stack, Stacks, base_of

DATABASE = "db_instance/main"
DATA = base_of("data", DATABASE, "secret/app")


@pytest.fixture
def stack(stacks: Stacks) -> Stack:
    """A stack with a database, come up."""
    made = stacks(DATA)
    made.made()
    return made


def asked(stack: Stack, module: str, check: bool = False, **options: Any) -> Outcome:
    return stack.modules.run(module, {"topology": DATA.topology, **options}, check)


def done(stack: Stack, module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    outcome = asked(stack, module, check, **options)
    assert outcome.ok, str(outcome)
    return dict(outcome.result)


def databases(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.account.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: dict(one) for one in found}


def tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item["TagList"]}


def snapshots(stack: Stack) -> list[str]:
    told = stack.account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return sorted(one["DBSnapshotIdentifier"] for one in told)


def backed_up(stack: Stack, **options: Any) -> str:
    return str(done(stack, "database_snapshot", **options)["snapshots"]["main"]["snapshot"])


def test_backups_are_taken_and_only_ours_are_taken_away(stack: Stack) -> None:
    rds = stack.account.client("rds")
    rds.create_db_snapshot(DBInstanceIdentifier="data-main", DBSnapshotIdentifier="by-hand")
    assert done(stack, "database_snapshot", check=True)["snapshots"]["main"]["deleted"] == []
    assert snapshots(stack) == ["by-hand"]
    stack.proxy.faults.add(named("CreateDBSnapshot"), Lose(after=True), times=1)
    told = done(stack, "database_snapshot", keep=2)["snapshots"]["main"]
    assert (told["size_gib"], told["deleted"]) == (20, [])
    (first,) = [one for one in snapshots(stack) if one != "by-hand"]
    assert told["snapshot"] == first
    second = backed_up(stack, keep=2)
    third = done(stack, "database_snapshot", keep=2, check=True)["snapshots"]["main"]
    assert third["deleted"] == [first]
    third = done(stack, "database_snapshot", keep=2)["snapshots"]["main"]
    assert third["deleted"] == [first]
    assert snapshots(stack) == sorted(["by-hand", second, third["snapshot"]])
    assert "has the databases main" in asked(stack, "database_snapshot", databases=["other"]).message
    stack.assert_quiet()


def test_restored_beside_and_switched(stack: Stack) -> None:
    before = databases(stack)["data-main"]
    snapshot = backed_up(stack)
    wish = {"snapshot": "newest"}
    assert done(stack, "database_restore", check=True, **wish)["source"] == f"snapshot:{snapshot}"
    assert [*databases(stack)] == ["data-main"]
    beside = done(stack, "database_restore", **wish)
    assert (beside["changed"], beside["rpo_seconds"] < 60) == (True, True)
    stack.assert_quiet()
    made = databases(stack)[beside["instance"]]
    same = ("DBInstanceClass", "BackupRetentionPeriod", "PreferredBackupWindow", "StorageEncrypted", "MultiAZ")
    assert [made[key] for key in same] == [before[key] for key in same]
    assert made["VpcSecurityGroups"] == before["VpcSecurityGroups"]
    assert made["DBParameterGroups"] == before["DBParameterGroups"]
    assert made["MasterUserSecret"]["SecretArn"] != before["MasterUserSecret"]["SecretArn"]

    # What a run leaves that dies while both bear the tags: the engine must take neither of the two away.
    rds = stack.account.client("rds")
    both = {"groundwork:stack": "data", "groundwork:resource": DATABASE, "groundwork:protect": "true"}
    rds.add_tags_to_resource(ResourceName=made["DBInstanceArn"], Tags=[{"Key": k, "Value": v} for k, v in both.items()])
    assert "duplicate of" in stack.present().message
    rds.remove_tags_from_resource(ResourceName=made["DBInstanceArn"], TagKeys=[*both])

    steps = done(stack, "database_restore", check=True, state="switched", **wish)["steps"]
    assert [one for one in steps if "becomes data-main" in one]
    switched = done(stack, "database_restore", state="switched", **wish)
    assert switched["instance"] == "data-main"
    (kept,) = switched["kept"]
    there = databases(stack)
    assert there["data-main"]["DbiResourceId"] == made["DbiResourceId"]
    assert there["data-main"]["Endpoint"] == before["Endpoint"]
    assert there[kept]["DbiResourceId"] == before["DbiResourceId"]
    assert there[kept]["DeletionProtection"] is True
    stack.assert_quiet()
    again = done(stack, "database_restore", state="switched", **wish)
    assert (again["changed"], again["done"]) == (False, True)
    assert done(stack, "database_restore", **wish)["changed"] is False


def test_backup_settings_are_brought_in_after_a_restoration(stack: Stack) -> None:
    """The calls that restore take them since botocore 1.42.46 only."""
    backed_up(stack)
    settings = {"resources": {DATABASE: {"backup_retention": 3, "backup_window": "01:00-01:30"}}}
    beside = done(stack, "database_restore", snapshot="newest", overrides=settings)
    made = databases(stack)[beside["instance"]]
    assert (made["BackupRetentionPeriod"], made["PreferredBackupWindow"]) == (3, "01:00-01:30")
    (asked_for,) = [call for call in stack.proxy.mutations if call.name.startswith("RestoreDBInstance")]
    assert not {"BackupRetentionPeriod", "PreferredBackupWindow"} & asked_for.operation.parameters.keys()


def test_and_back_again_and_away(stack: Stack) -> None:
    old = databases(stack)["data-main"]["DbiResourceId"]
    done(stack, "database_restore", time="latest")
    (kept,) = done(stack, "database_restore", time="latest", state="switched")["kept"]
    assert "stands beside" not in asked(stack, "database_restore", instance="data-main", state="absent").message
    stack.account.client("rds").modify_db_instance(DBInstanceIdentifier=kept, DeletionProtection=False)
    stack.account.client("rds").stop_db_instance(DBInstanceIdentifier=kept)
    done(stack, "database_restore", instance=kept)
    back = done(stack, "database_restore", instance=kept, state="switched")
    assert databases(stack)["data-main"]["DbiResourceId"] == old
    stack.assert_quiet()
    assert done(stack, "database_restore", instance=kept, state="switched")["changed"] is False
    (other,) = back["kept"]
    info = done(stack, "database_recovery_info")["databases"]["main"]
    assert [one["id"] for one in info["kept"]] == [other]
    assert info["age_seconds"] < 60
    gone = done(stack, "database_restore", instance=other, state="absent")
    assert [*databases(stack)] == ["data-main"]
    assert gone["snapshot"] in snapshots(stack)
    assert done(stack, "database_restore", instance=other, state="absent")["changed"] is False
    stack.assert_quiet()
