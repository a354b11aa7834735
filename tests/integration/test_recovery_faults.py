# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups and restorations whose calls break: the run copes or ends cleanly, and the next one ends where an undisturbed
one ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rig.faults import Call, Do, Effect, Fail, Garble, Lose, Throttle, When, every, first_of, is_mutating, named
from rig.runs import Outcome
from rig.stacks import Stack, Stacks, assert_same, base_of, for_each

pytestmark = pytest.mark.long

DATABASE = "db_instance/main"
DATA = base_of("data", DATABASE, "secret/app")
DENIED = Fail(status=403, code="AccessDenied", message="User is not authorized.")


def run_module(stack: Stack, module: str, **options: Any) -> Outcome:
    return stack.modules.run(module, {"topology": DATA.topology, **options})


def databases(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.account.client("rds").describe_db_instances()["DBInstances"]
    return {one["DBInstanceIdentifier"]: dict(one) for one in found}


def find_standby(stack: Stack) -> str:
    """The database that does not serve."""
    return next(name for name in databases(stack) if name != "data-main")


def take_snapshot(stack: Stack) -> None:
    """By hand, so that it has the same name in every life."""
    tags = [{"Key": "groundwork:stack", "Value": "data"}, {"Key": "groundwork:resource", "Value": DATABASE}]
    names = {"DBInstanceIdentifier": "data-main", "DBSnapshotIdentifier": "then"}
    rds = stack.account.client("rds")
    rds.create_db_snapshot(**names, Tags=tags)
    rds.get_waiter("db_snapshot_available").wait(**names, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})


@dataclass(frozen=True)
class Step:
    """One run in the life of a database."""

    what: str
    run: Callable[[Stack], Outcome]

    def done(self, stack: Stack) -> Outcome:
        outcome = self.run(stack)
        assert outcome.ok, f"{self.what}: {outcome}"
        return outcome


def restore_latest(stack: Stack) -> Outcome:
    """Restore the latest point in time, or continue with the one that an earlier run has recorded."""
    tags = [
        tag for one in databases(stack).values() for tag in one["TagList"] if tag["Key"] == "groundwork:restored-from"
    ]
    time = tags[0]["Value"].removeprefix("time:") if tags else "latest"
    return run_module(stack, "database_restore", time=time)


BACKUP = Step("backup", lambda stack: run_module(stack, "database_snapshot", keep=1))
RESTORE = Step("restore", lambda stack: run_module(stack, "database_restore", snapshot="then"))
LATEST = Step("latest", restore_latest)
SWITCH = Step("switch", lambda stack: run_module(stack, "database_restore", snapshot="then", state="switched"))
DISCARD = Step(
    "discard", lambda stack: run_module(stack, "database_restore", instance=find_standby(stack), state="absent")
)
SEQUENCES = {
    "backup": [BACKUP, BACKUP],
    "restore": [RESTORE, SWITCH, DISCARD],
    "latest": [LATEST],
}


def create_stack(stacks: Stacks) -> Stack:
    stack = stacks(DATA)
    stack.made()
    take_snapshot(stack)
    return stack


def describe_account(stack: Stack) -> list[str]:
    """What there is, without the moments in names and tags, which differ from run to run."""
    moment = r"\d{8}-\d{6}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    return [re.sub(moment, "<moment>", line) for line in stack.account.state()]


def run_steps(stacks: Stacks, steps: list[Step]) -> list[list[str]]:
    stack, states = create_stack(stacks), []
    for step in steps:
        step.done(stack)
        states.append(describe_account(stack))
    return states


def break_every_call(
    stacks: Stacks, steps: list[Step], effect: Effect, of: Callable[[Call], bool] = is_mutating
) -> None:
    """Run the steps again with each call of each step broken, the first time that it is made."""
    expected, stack = run_steps(stacks, steps), create_stack(stacks)
    for step, whole in zip(steps, expected, strict=True):
        stack.proxy.faults.clear()
        stack.proxy.forget()
        fault = stack.proxy.faults.add(first_of(of), effect)
        outcome = step.run(stack)
        assert outcome.ok, f"{step.what}, {effect}: {outcome}"
        assert fault.struck > 2
        assert_same(describe_account(stack), whole, f"{step.what}, {effect}")


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize(
    "effect", [Lose(after=True), Lose(), Fail(status=503, code="ServiceUnavailable", after=True)], ids=str
)
def test_backups_and_restores_succeed_despite_lost_answers_and_requests(
    stacks: Stacks, sequence: str, effect: Effect
) -> None:
    break_every_call(stacks, SEQUENCES[sequence], effect)


@pytest.mark.parametrize(
    "sequence", [pytest.param("restore", marks=pytest.mark.long), *(name for name in SEQUENCES if name != "restore")]
)
@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(Throttle(), id="throttled"),
        pytest.param(Garble(after=True), id="malformed", marks=pytest.mark.long),
        pytest.param(Fail(status=500, after=True), id="failed", marks=pytest.mark.long),
    ],
)
def test_every_throttled_call_and_malformed_answer_is_retried(stacks: Stacks, sequence: str, effect: Effect) -> None:
    break_every_call(stacks, SEQUENCES[sequence], effect, every)


@pytest.mark.parametrize("step", [BACKUP, RESTORE, LATEST], ids=lambda step: step.what)
@pytest.mark.parametrize("effect", [Lose(after=True), Lose()], ids=str)
def test_a_creation_whose_answers_are_always_lost_is_tried_a_few_times(
    stacks: Stacks, step: Step, effect: Effect
) -> None:
    """When it was carried out, the second attempt finds the object and the run succeeds; otherwise it ends."""
    stack = create_stack(stacks)
    creations = ("CreateDBSnapshot", "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime")
    fault = stack.proxy.faults.add(named(*creations), effect)
    outcome = step.run(stack)
    assert 1 < fault.struck <= 5
    assert outcome.refused, str(outcome)
    assert "no usable answer came back" in outcome.message
    stack.proxy.faults.clear()
    step.done(stack)


def first_of_each_operation(seen: list[str]) -> When:
    """The first call of every operation in a run that none before has been refused in."""

    def when(one: Call) -> bool:
        # The lock's own calls are those of test_denied.py.
        if one.operation.service == "ssm" or one.name in seen:
            return False
        seen.append(one.name)
        return True

    return when


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_denied_call_ends_the_run_cleanly_and_the_next_one_continues(stacks: Stacks, sequence: str) -> None:
    """Each run is denied the first operation that none before has been denied, until nothing is left to deny."""
    steps = SEQUENCES[sequence]
    expected, stack = run_steps(stacks, steps), create_stack(stacks)
    for step, whole in zip(steps, expected, strict=True):
        seen: list[str] = []
        for _run in range(30):
            stack.proxy.faults.clear()
            fault = stack.proxy.faults.add(first_of_each_operation(seen), DENIED, times=1)
            outcome = step.run(stack)
            if not fault.struck:
                break
            assert outcome.refused, f"{step.what}: {outcome}"
            assert "AccessDenied" in outcome.message, f"{step.what}, {seen[-1]}: {outcome}"
            is_reading = seen[-1].startswith(("Describe", "List", "Get"))
            policy = "To look" if is_reading else "To back up" if sequence == "backup" else "To restore"
            assert f'the policy "{policy}"' in outcome.message, f"{step.what}, {seen[-1]}: {outcome}"
        assert outcome.ok, f"{step.what}: {outcome}"
        assert_same(describe_account(stack), whole, step.what)


def test_a_snapshot_that_another_client_deletes_is_an_error_with_the_result_of_each_database(stacks: Stacks) -> None:
    stack = create_stack(stacks)

    def delete(_call: Call) -> None:
        rds = stack.account.client("rds")
        for one in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]:
            if one["DBSnapshotIdentifier"] != "then":
                rds.delete_db_snapshot(DBSnapshotIdentifier=one["DBSnapshotIdentifier"])

    def lists_a_new_snapshot(one: Call) -> bool:
        created = [call.name for call in stack.proxy.mutations]
        return one.name == "DescribeDBSnapshots" and "CreateDBSnapshot" in created

    # The list shows the snapshot while it is being created; the next one does not have it any more.
    fault = stack.proxy.faults.add(lists_a_new_snapshot, Do(delete, after=True), times=1)
    outcome = BACKUP.run(stack)
    assert fault.struck == 1
    assert outcome.refused, str(outcome)
    assert "0 of 1 snapshots taken, 1 failed" in outcome.message
    assert "another client has deleted the snapshot" in outcome.message
    assert BACKUP.run(stack).ok


def test_an_instance_that_another_client_deletes_is_an_error_with_the_steps(stacks: Stacks) -> None:
    stack = create_stack(stacks)

    def delete(_call: Call) -> None:
        rds = stack.account.client("rds")
        name = find_standby(stack)
        # Refused while it is being made: then the next call is the one at which it goes.
        with suppress(ClientError):
            rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
            rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)

    def listed_after_restoration(one: Call) -> bool:
        asked = [call.name for call in stack.proxy.mutations]
        return one.name == "DescribeDBInstances" and "RestoreDBInstanceFromDBSnapshot" in asked

    stack.proxy.faults.add(listed_after_restoration, Do(delete))
    outcome = RESTORE.run(stack)
    assert outcome.refused, str(outcome)
    for text in ("Done: restore data-main-restored-", "Failed: ", "was not changed"):
        assert text in outcome.message, str(outcome)
    stack.proxy.faults.clear()
    deadline = time.monotonic() + 60
    while len(databases(stack)) > 1:
        assert time.monotonic() < deadline, "the instance is not gone"
        time.sleep(0.1)
    RESTORE.done(stack)
    SWITCH.done(stack)


def test_the_warning_of_a_lock_is_kept_when_the_run_fails(stacks: Stacks) -> None:
    stack = create_stack(stacks)
    stack.proxy.faults.add(named("DeleteParameter", "CreateDBSnapshot"), DENIED)
    outcome = BACKUP.run(stack)
    assert outcome.refused, str(outcome)
    assert "CreateDBSnapshot" in outcome.message
    assert "was not removed" in str(outcome.result["warnings"])


def renames_the_standby(one: Call) -> bool:
    return one.name == "ModifyDBInstance" and one.operation.parameters.get("NewDBInstanceIdentifier") == "data-main"


def test_between_the_two_renamings_all_but_the_restore_are_refused(stacks: Stacks) -> None:
    stack = create_stack(stacks)
    serving = databases(stack)["data-main"]["DbiResourceId"]
    RESTORE.done(stack)
    stack.proxy.faults.add(renames_the_standby, DENIED)
    outcome = SWITCH.run(stack)
    assert outcome.refused, str(outcome)
    assert "data-main" not in databases(stack)
    stack.proxy.faults.clear()
    stack.proxy.forget()
    unfinished = "db_instance/main: the switch over to a restored database has not finished"
    advice = "run the playbook restore.yml again with the same options"
    service = {"stack": "data", "region": "us-east-1", "service": "api"}
    read_database = {"name": "main", "variable": "DATABASE_URL"}
    for refused in (
        stack.present(),
        stack.present(check=True),
        stack.present(prune=False),
        BACKUP.run(stack),
        stack.modules.run("database_login", {**service, "database": "main"}),
        stack.modules.run("service_environment", {**service, "databases": [read_database]}),
    ):
        assert refused.refused, str(refused)
        assert unfinished in refused.message, str(refused)
        assert advice in refused.message, str(refused)
        assert "Nothing was changed" in refused.message, str(refused)
    assert stack.proxy.mutations == []
    for reader in (stack.info(), run_module(stack, "database_recovery_info")):
        assert reader.ok, str(reader)
        assert unfinished in str(reader.result["warnings"]), str(reader)
    SWITCH.done(stack)
    assert databases(stack)["data-main"]["DbiResourceId"] != serving
    stack.assert_quiet()
    BACKUP.done(stack)


def number_of_calls(stack: Stack) -> int:
    return sum(one.operation.service == "rds" for one in stack.proxy.mutations)


def break_from(number: int) -> When:
    """All changes of databases from the nth on."""
    seen: list[str] = []

    def when(one: Call) -> bool:
        if one.operation.service != "rds" or not one.mutation:
            return False
        seen.append(one.name)
        return len(seen) >= number

    return when


def test_a_destroyed_stack_leaves_no_database_behind_wherever_a_switch_over_stopped(stacks: Stacks) -> None:
    """Either it is refused with what to do, or all databases that `allow_destroy` names are deleted."""
    whole = create_stack(stacks)
    RESTORE.done(whole)
    whole.proxy.forget()
    SWITCH.done(whole)
    ends: list[str] = []

    def trial(number: int) -> None:
        stack = create_stack(stacks)
        RESTORE.done(stack)
        stack.proxy.faults.add(break_from(number), DENIED)
        assert SWITCH.run(stack).refused
        stack.proxy.faults.clear()
        stack.proxy.forget()
        outcome = stack.absent()
        assert outcome.refused, str(outcome)
        assert "Nothing was changed" in outcome.message, str(outcome)
        assert stack.proxy.mutations == []
        duplicate = re.search(r"db_instance/main@[a-z0-9-]+", outcome.message)
        if duplicate:
            ends.append("both are owned")
            destroyed = stack.absent(allow_destroy=[*DATA.data, duplicate[0]])
        else:
            ends.append("a standby is kept")
            standby = re.search(r"discard_instance=([a-z0-9-]+)", outcome.message)
            assert standby, str(outcome)
            discarded = run_module(stack, "database_restore", instance=standby[1], state="absent")
            assert discarded.ok, str(discarded)
            destroyed = stack.absent()
        assert destroyed.ok, str(destroyed)
        assert databases(stack) == {}
        # The data of both is kept in final snapshots.
        snapshots = stack.account.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        assert len([one for one in snapshots if "-final-" in one["DBSnapshotIdentifier"]]) == 2
        stack.assert_empty()

    for_each(range(1, number_of_calls(whole) + 1), trial)
    assert set(ends) == {"both are owned", "a standby is kept"}


def test_a_database_that_left_the_document_is_not_deleted_while_its_standby_is_kept(stacks: Stacks) -> None:
    stack = create_stack(stacks)
    RESTORE.done(stack)
    stack.proxy.forget()
    gone = {"resources": {DATABASE: None}}
    refused = stack.present(gone, allow_destroy=[DATABASE])
    assert refused.refused, str(refused)
    assert f"discard.yml -e discard_instance={find_standby(stack)}" in refused.message
    assert stack.proxy.mutations == []
    # Changes that do not delete it are made.
    assert stack.present(gone, only=["secret/app"]).ok


def test_a_standby_is_not_left_behind_when_its_database_was_deleted_by_hand(stacks: Stacks) -> None:
    stack = create_stack(stacks)
    RESTORE.done(stack)
    rds = stack.account.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier="data-main", DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier="data-main", SkipFinalSnapshot=True)
    rds.get_waiter("db_instance_deleted").wait(
        DBInstanceIdentifier="data-main", WaiterConfig={"Delay": 0.1, "MaxAttempts": 200}
    )
    stack.proxy.forget()
    refused = stack.absent()
    assert refused.refused, str(refused)
    assert f"discard.yml -e discard_instance={find_standby(stack)}" in refused.message
    assert stack.proxy.mutations == []
