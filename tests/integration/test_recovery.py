# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups of a database, restoring it as a standby, and switching over to it."""

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


def run_module(stack: Stack, module: str, check: bool = False, **options: Any) -> Outcome:
    return stack.modules.run(module, {"topology": DATA.topology, **options}, check)


def run_successfully(stack: Stack, module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    outcome = run_module(stack, module, check, **options)
    assert outcome.ok, str(outcome)
    return dict(outcome.result)


def databases(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.account.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: dict(one) for one in found}


def tags(item: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item["TagList"]}


def snapshots(stack: Stack) -> list[str]:
    answer = stack.account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return sorted(one["DBSnapshotIdentifier"] for one in answer)


def take_backup(stack: Stack, **options: Any) -> str:
    return str(run_successfully(stack, "database_snapshot", **options)["snapshots"]["main"]["snapshot"])


def test_backups_are_taken_and_only_their_snapshots_are_deleted(stack: Stack) -> None:
    rds = stack.account.client("rds")
    rds.create_db_snapshot(DBInstanceIdentifier="data-main", DBSnapshotIdentifier="by-hand")
    assert run_successfully(stack, "database_snapshot", check=True)["snapshots"]["main"]["deleted"] == []
    assert snapshots(stack) == ["by-hand"]
    stack.proxy.faults.add(named("CreateDBSnapshot"), Lose(after=True), times=1)
    answer = run_successfully(stack, "database_snapshot", keep=2)["snapshots"]["main"]
    assert (answer["size_gib"], answer["deleted"]) == (20, [])
    (first,) = [one for one in snapshots(stack) if one != "by-hand"]
    assert answer["snapshot"] == first
    second = take_backup(stack, keep=2)
    third = run_successfully(stack, "database_snapshot", keep=2, check=True)["snapshots"]["main"]
    assert third["deleted"] == [first]
    third = run_successfully(stack, "database_snapshot", keep=2)["snapshots"]["main"]
    assert third["deleted"] == [first]
    assert snapshots(stack) == sorted(["by-hand", second, third["snapshot"]])
    assert "has the databases main" in run_module(stack, "database_snapshot", databases=["other"]).message
    stack.assert_quiet()


def test_a_database_is_restored_as_a_standby_and_switched_over_to(stack: Stack) -> None:
    before = databases(stack)["data-main"]
    snapshot = take_backup(stack)
    request = {"snapshot": "newest"}
    assert run_successfully(stack, "database_restore", check=True, **request)["source"] == f"snapshot:{snapshot}"
    assert [*databases(stack)] == ["data-main"]
    standby = run_successfully(stack, "database_restore", **request)
    assert (standby["changed"], standby["rpo_seconds"] < 60) == (True, True)
    stack.assert_quiet()
    made = databases(stack)[standby["instance"]]
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

    steps = run_successfully(stack, "database_restore", check=True, state="switched", **request)["steps"]
    assert [one for one in steps if "becomes data-main" in one]
    switched = run_successfully(stack, "database_restore", state="switched", **request)
    assert switched["instance"] == "data-main"
    (kept,) = switched["kept"]
    there = databases(stack)
    assert there["data-main"]["DbiResourceId"] == made["DbiResourceId"]
    assert there["data-main"]["Endpoint"] == before["Endpoint"]
    assert there[kept]["DbiResourceId"] == before["DbiResourceId"]
    assert there[kept]["DeletionProtection"] is True
    stack.assert_quiet()
    again = run_successfully(stack, "database_restore", state="switched", **request)
    assert (again["changed"], again["done"]) == (False, True)
    assert run_successfully(stack, "database_restore", **request)["changed"] is False


def test_backup_settings_are_applied_after_a_restore(stack: Stack) -> None:
    """The calls that restore take them since botocore 1.42.46 only."""
    take_backup(stack)
    settings = {"resources": {DATABASE: {"backup_retention": 3, "backup_window": "01:00-01:30"}}}
    standby = run_successfully(stack, "database_restore", snapshot="newest", overrides=settings)
    made = databases(stack)[standby["instance"]]
    assert (made["BackupRetentionPeriod"], made["PreferredBackupWindow"]) == (3, "01:00-01:30")
    (asked_for,) = [call for call in stack.proxy.mutations if call.name.startswith("RestoreDBInstance")]
    assert not {"BackupRetentionPeriod", "PreferredBackupWindow"} & asked_for.operation.parameters.keys()


@pytest.mark.long
def test_a_replaced_database_serves_again_and_the_other_is_deleted(stack: Stack) -> None:
    old = databases(stack)["data-main"]["DbiResourceId"]
    resolved = run_successfully(stack, "database_restore", time="latest")["resolved"]
    (kept,) = run_successfully(stack, "database_restore", state="switched", **resolved)["kept"]
    assert "standby" not in run_module(stack, "database_restore", instance="data-main", state="absent").message
    stack.account.client("rds").modify_db_instance(DBInstanceIdentifier=kept, DeletionProtection=False)
    stack.account.client("rds").stop_db_instance(DBInstanceIdentifier=kept)
    run_successfully(stack, "database_restore", instance=kept)
    back = run_successfully(stack, "database_restore", instance=kept, state="switched")
    assert databases(stack)["data-main"]["DbiResourceId"] == old
    stack.assert_quiet()
    assert run_successfully(stack, "database_restore", instance=kept, state="switched")["changed"] is False
    (other,) = back["kept"]
    info = run_successfully(stack, "database_recovery_info")["databases"]["main"]
    assert [one["id"] for one in info["kept"]] == [other]
    assert info["age_seconds"] < 60
    gone = run_successfully(stack, "database_restore", instance=other, state="absent")
    assert [*databases(stack)] == ["data-main"]
    assert gone["snapshot"] in snapshots(stack)
    assert run_successfully(stack, "database_restore", instance=other, state="absent")["changed"] is False
    stack.assert_quiet()


@pytest.mark.long
def test_a_standby_that_is_left_is_not_used_for_a_newer_point(stack: Stack) -> None:
    first = take_backup(stack)
    left = run_successfully(stack, "database_restore", snapshot="newest")
    assert left["resolved"] == {"snapshot": first}
    newer = take_backup(stack)
    stack.proxy.forget()
    for request in ({"snapshot": "newest"}, {"time": "latest"}, {"snapshot": newer}):
        for state in ("restored", "switched"):
            for check in (True, False):
                refused = run_module(stack, "database_restore", check, state=state, **request)
                assert refused.refused, str(refused)
                for text in (left["instance"], f"restored from snapshot:{first}", "s ago", "discard_instance="):
                    assert text in refused.message, str(refused)
    assert stack.proxy.mutations == []
    (kept,) = run_successfully(stack, "database_recovery_info")["databases"]["main"]["kept"]
    assert (kept["id"], kept["restored_from"]) == (left["instance"], f"snapshot:{first}")
    assert 0 <= kept["age_seconds"] < 120
    # Both ways that the error names.
    assert run_successfully(stack, "database_restore", snapshot=first)["instance"] == left["instance"]
    run_successfully(stack, "database_restore", instance=left["instance"], state="absent")
    assert run_successfully(stack, "database_restore", snapshot="newest")["resolved"] == {"snapshot": newer}


def test_the_latest_time_is_resolved_and_recorded(stack: Stack) -> None:
    made = run_successfully(stack, "database_restore", time="latest")
    when = made["resolved"]["time"]
    (asked_for,) = [call for call in stack.proxy.mutations if call.name == "RestoreDBInstanceToPointInTime"]
    assert asked_for.operation.parameters["RestoreTime"].startswith(when.rstrip("Z"))
    assert "UseLatestRestorableTime" not in asked_for.operation.parameters
    assert tags(databases(stack)[made["instance"]])["groundwork:restored-from"] == f"time:{when}"
    assert made["data_of"] == when
    assert run_successfully(stack, "database_restore", time=when)["changed"] is False
