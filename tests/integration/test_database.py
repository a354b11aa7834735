# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Databases and secrets of a stack: protected data, changes that take time, values that stay hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from rig.faults import Fail, Lose, named
from rig.runs import Outcome
from rig.stacks import Stack, Stacks, assert_same, base_of

DATABASE, SECRET = "db_instance/main", "secret/app"
DATABASES = base_of("data", DATABASE, SECRET)


@pytest.fixture
def stack(stacks: Stacks) -> Stack:
    """A stack with a database, come up."""
    made = stacks(DATABASES)
    made.made()
    return made


def with_properties(address: str, **properties: Any) -> Mapping[str, Any]:
    return {"resources": {address: properties}}


def database(stack: Stack) -> dict[str, Any]:
    (found,) = stack.account.client("rds").describe_db_instances()["DBInstances"]
    return dict(found)


def manual_snapshots(stack: Stack) -> list[str]:
    answer = stack.account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    return [one["DBSnapshotIdentifier"] for one in answer]


def brought(stack: Stack, overrides: Mapping[str, Any] | None = None, **options: Any) -> Outcome:
    outcome = stack.present(overrides, **options)
    assert outcome.ok, str(outcome)
    return outcome


def test_a_stack_is_created_and_deleted(stacks: Stacks) -> None:
    stack = stacks(DATABASES)
    outcome = brought(stack)
    there = database(stack)
    assert there["DBInstanceStatus"] == "available"
    assert (there["StorageEncrypted"], there["BackupRetentionPeriod"], there["DeletionProtection"]) == (True, 7, True)
    assert there["EnabledCloudwatchLogsExports"] == ["error", "slowquery"]
    assert outcome.result["resources"][DATABASE] == {
        "id": "data-main",
        "arn": there["DBInstanceArn"],
        "endpoint": there["Endpoint"]["Address"],
        "port": 3306,
        "secret": there["MasterUserSecret"]["SecretArn"],
        "database": "shop",
        "username": "admin",
    }
    stack.assert_quiet()
    assert stack.absent().ok
    assert [name.rpartition("-final-")[0] for name in manual_snapshots(stack)] == ["data-main"]
    left = [arn for arn in stack.account.objects() if ":rds:" in arn or ":secretsmanager:" in arn]
    assert [arn.split(":")[5] for arn in left] == ["snapshot"]


def test_a_database_is_deleted_only_by_name(stack: Stack) -> None:
    before = stack.account.state()
    for refused in (
        stack.absent(allow_destroy=[]),
        stack.present({"resources": {DATABASE: None, SECRET: None}}),
        stack.present(with_properties(DATABASE, username="boss"), allow_destroy=[SECRET]),
        stack.present(with_properties(SECRET, generate={"length": 50}), allow_destroy=[DATABASE]),
    ):
        assert refused.refused, str(refused)
        assert "allow_destroy: [" in refused.message
    assert stack.proxy.mutations == []
    assert_same(stack.account.state(), before)


def test_an_allowed_replacement_takes_a_snapshot_and_creates_another_database(stack: Stack) -> None:
    old = database(stack)
    another = with_properties(DATABASE, username="boss")
    assert brought(stack, another, allow_destroy=[DATABASE]).actions == {DATABASE: "replace"}
    new = database(stack)
    assert (new["MasterUsername"], new["DBInstanceIdentifier"]) == ("boss", "data-main")
    assert new["DbiResourceId"] != old["DbiResourceId"]
    assert manual_snapshots(stack) == [f"data-main-final-{old['DbiResourceId'].lower()}"]
    stack.assert_quiet(another)


def test_an_unprotected_database_is_deleted_without_a_snapshot(stacks: Stacks) -> None:
    stack = stacks(DATABASES)
    free = {"resources": {DATABASE: {"protect": False}, SECRET: {"protect": False}}}
    stack.made(free)
    down = stack.start(free, state="absent").finish()
    assert down.ok, str(down)
    assert manual_snapshots(stack) == []


def test_changes_are_applied_at_once_and_waited_for(stack: Stack) -> None:
    more = with_properties(
        DATABASE, **{"class": "db.t3.small"}, storage={"size": 40, "limit": 100}, multi_az=True, port=3307
    )
    assert brought(stack, more).actions == {DATABASE: "update"}
    there = database(stack)
    assert (there["DBInstanceClass"], there["AllocatedStorage"], there["MultiAZ"]) == ("db.t3.small", 40, True)
    assert (there["Endpoint"]["Port"], there["PendingModifiedValues"]) == (3307, {})
    stack.assert_quiet(more)
    shrunk = stack.present(with_properties(DATABASE, storage={"size": 30}))
    assert "storage cannot shrink (40 GiB now, 30 wanted); say 40" in shrunk.message


def test_a_change_whose_answer_was_lost_is_not_a_failure(stack: Stack) -> None:
    stack.proxy.faults.add(named("ModifyDBInstance"), Lose(after=True), times=1)
    larger = with_properties(DATABASE, **{"class": "db.t3.small"})
    brought(stack, larger)
    stack.assert_quiet(larger)
    for operation in ("DeleteDBInstance", "DeleteSecret"):
        stack.proxy.faults.add(named(operation), Lose(after=True), times=1)
    assert stack.absent().ok
    assert len(manual_snapshots(stack)) == 1


def test_a_deletion_that_is_denied_says_that_protection_is_lifted_and_the_next_run_restores_it(stack: Stack) -> None:
    denied = Fail(status=403, code="AccessDenied", message="No.")
    stack.proxy.faults.add(named("DeleteDBInstance"), denied)
    outcome = stack.absent()
    assert outcome.refused, str(outcome)
    assert "was not deleted: its deletion protection is lifted. Run again to delete it" in outcome.message
    stack.proxy.faults.clear()
    brought(stack, {})
    assert database(stack)["DeletionProtection"]


def test_a_creation_whose_answer_was_lost_creates_one_of_each(stacks: Stacks) -> None:
    expected, stack = stacks(DATABASES), stacks(DATABASES)
    expected.made()
    for operation in ("CreateDBSubnetGroup", "CreateDBParameterGroup", "CreateDBInstance", "CreateSecret"):
        stack.proxy.faults.add(named(operation), Lose(after=True), times=1)
    brought(stack)
    assert_same(stack.account.state(), expected.account.state())
    stack.assert_quiet()


def test_static_parameters_are_a_warning_until_a_reboot(stack: Stack) -> None:
    static = with_properties(
        "db_parameter_group/tuned", parameters={"performance_schema": True, "long_query_time": None}
    )
    group = stack.account.client("rds")
    outcome = brought(stack, static)
    assert outcome.actions == {"db_parameter_group/tuned": "update"}
    again = brought(stack, static)
    assert not again.changed
    for run in (outcome, again):
        assert "take effect when it is rebooted" in json.dumps(run.result["warnings"])
    assert "RebootDBInstance" not in stack.proxy.names()
    group.reboot_db_instance(DBInstanceIdentifier="data-main")
    brought(stack, static)
    assert "warnings" not in brought(stack, static).result


def test_a_parameter_group_is_created_before_the_old_one_is_deleted(stack: Stack) -> None:
    newer: Mapping[str, Any] = {
        "resources": {"db_parameter_group/tuned": {"family": "mysql8.4"}, DATABASE: {"version": "8.4"}},
    }
    outcome = brought(stack, newer)
    assert outcome.actions == {DATABASE: "update", "db_parameter_group/tuned": "replace"}
    there = database(stack)
    assert there["EngineVersion"].startswith("8.4.")
    assert there["DBParameterGroups"][0]["DBParameterGroupName"].startswith("data-tuned-")
    stack.assert_quiet(newer)
    assert "there is no way back to 8.0; say '8.4'" in stack.present({"resources": {DATABASE: {}}}).message


def test_drift_is_reported_and_corrected(stack: Stack) -> None:
    rds, vault = stack.account.client("rds"), stack.account.client("secretsmanager")
    rds.modify_db_instance(DBInstanceIdentifier="data-main", DeletionProtection=False, BackupRetentionPeriod=1)
    reset: list[Any] = [{"ParameterName": "slow_query_log", "ApplyMethod": "immediate"}]
    rds.reset_db_parameter_group(DBParameterGroupName="data-tuned", ResetAllParameters=False, Parameters=reset)
    vault.update_secret(SecretId="data-app", Description="Mine")
    rds.stop_db_instance(DBInstanceIdentifier="data-main")
    found = {(one["address"], one["property"]) for one in stack.info().result["drift"]["changed"]}
    assert found == {
        (DATABASE, "deletion_protection"),
        (DATABASE, "state"),
        ("db_parameter_group/tuned", "parameters"),
        (SECRET, "description"),
    }
    brought(stack)
    there = database(stack)
    assert (there["DBInstanceStatus"], there["DeletionProtection"]) == ("available", True)
    stack.assert_quiet()


def test_an_existing_database_is_adopted(stack: Stack) -> None:
    rds, vault = stack.account.client("rds"), stack.account.client("secretsmanager")
    ours = ["groundwork:stack", "groundwork:resource"]
    rds.remove_tags_from_resource(ResourceName=database(stack)["DBInstanceArn"], TagKeys=ours)
    arn = stack.id_of(SECRET)
    vault.untag_resource(SecretId=arn, TagKeys=ours)
    outcome = brought(stack, adopt={DATABASE: "data-main", SECRET: arn})
    assert outcome.actions == {DATABASE: "update", SECRET: "update"}
    assert stack.id_of(SECRET) == arn
    stack.assert_quiet()


def test_a_deleted_secret_is_restored_with_its_value(stack: Stack) -> None:
    vault = stack.account.client("secretsmanager")
    before = vault.get_secret_value(SecretId="data-app")
    without = {"resources": {SECRET: None}}
    assert brought(stack, without, allow_destroy=[SECRET]).actions == {SECRET: "delete"}
    answer = vault.describe_secret(SecretId="data-app")
    assert "DeletedDate" in answer
    stack.assert_quiet(without)
    assert brought(stack).actions == {SECRET: "create"}
    after = vault.get_secret_value(SecretId="data-app")
    assert [before[key] for key in ("ARN", "SecretString")] == [after[key] for key in ("ARN", "SecretString")]
    stack.assert_quiet()


def test_another_generation_rule_is_another_secret(stack: Stack) -> None:
    longer = with_properties(SECRET, generate={"length": 50})
    assert brought(stack, longer, allow_destroy=[SECRET]).actions == {SECRET: "replace"}
    (there,) = [
        one
        for one in stack.account.client("secretsmanager").list_secrets()["SecretList"]
        if "Tags" in one and not one.get("OwningService")
    ]
    assert there["Name"].startswith("data-app-")
    stack.assert_quiet(longer)


def test_no_value_of_a_secret_is_ever_shown(stacks: Stacks) -> None:
    stack = stacks(DATABASES)
    outcomes = [stack.present(check=True), brought(stack), stack.info()]
    outcomes.append(brought(stack, with_properties(SECRET, generate={"length": 50}), allow_destroy=[SECRET]))
    values = [*secret_values(stack)]
    assert len(values) == 3
    assert len(set(values)) == 3
    outcomes.append(stack.absent())
    for outcome in outcomes:
        shown = json.dumps(outcome.result) + outcome.errors
        assert not [value for value in values if value in shown]
    assert not [name for name in stack.proxy.names() if "SecretValue" in name]


def secret_values(stack: Stack) -> Iterator[str]:
    """The passwords, of deleted secrets as well."""
    vault = stack.account.client("secretsmanager")
    for secret in vault.list_secrets(IncludePlannedDeletion=True)["SecretList"]:
        if secret.get("DeletedDate"):
            vault.restore_secret(SecretId=secret["ARN"])
        yield json.loads(vault.get_secret_value(SecretId=secret["ARN"])["SecretString"])["password"]
        if secret.get("DeletedDate"):
            vault.delete_secret(SecretId=secret["ARN"], RecoveryWindowInDays=7)
