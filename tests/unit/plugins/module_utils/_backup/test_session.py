# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that works on databases: every wait and every repetition ends, and a lost lock ends both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.clock import FakeClock

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import LostResponseError, StackError
from ansible_collections.groundwork.aws.plugins.module_utils._backup.records import Target, parse_instance
from ansible_collections.groundwork.aws.plugins.module_utils._backup.session import BackupSession, UnfinishedError
from ansible_collections.groundwork.aws.plugins.module_utils._backup.snapshots import SnapshotPlan, SnapshotTaker
from ansible_collections.groundwork.aws.plugins.module_utils._engine.condition import Condition, Wait, Waiter
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import ProgressReporter, discard_event
from ansible_collections.groundwork.aws.plugins.module_utils._engine.waiter import ResourceGoneError

NOW = datetime(2026, 3, 8, tzinfo=timezone.utc)
TARGET = Target("shop", "main", "shop-main", 86400, 3600)
INSTANCE = {"DBInstanceIdentifier": "shop-main", "DbiResourceId": "db-1", "DBInstanceStatus": "available"}
SNAPSHOT = {"DBSnapshotIdentifier": "backup", "Status": "available", "SnapshotType": "manual"}
READY = Waiter(Condition("available", "DBInstanceStatus", ("available",)), timeout=2700)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateDBSnapshot")


class Rds:
    """RDS with one instance; lists and creations answer with the next of what a test gives, then with the last."""

    def __init__(self, instances: list[Any], snapshots: list[Any], failures: list[Exception]) -> None:
        self.instances = instances
        self.snapshots = snapshots
        self.failures = failures
        self.creations = 0

    def __call__(self, service: str) -> Rds:
        assert service == "rds"
        return self

    def _next(self, answers: list[Any]) -> list[Any]:
        item = answers.pop(0) if len(answers) > 1 else answers[0]
        return [item] if item else []

    def describe_db_instances(self, **_arguments: Any) -> dict[str, Any]:
        return {"DBInstances": self._next(self.instances)}

    def pages(self, operation: str, _arguments: Any) -> list[dict[str, Any]]:
        if operation == "describe_db_instances":
            return [self.describe_db_instances()]
        return [{"DBSnapshots": self._next(self.snapshots)}]

    def create_db_snapshot(self, **_arguments: Any) -> None:
        self.creations += 1
        if self.failures:
            raise self.failures.pop(0)


def make_session(
    instances: list[Any] | None = None,
    snapshots: list[Any] | None = None,
    failures: list[Exception] | None = None,
    lost: Callable[[], str | None] = lambda: None,
) -> tuple[BackupSession, Rds, FakeClock]:
    rds, clock = Rds(instances or [INSTANCE], snapshots or [SNAPSHOT], failures or []), FakeClock()
    progress = ProgressReporter("shop", discard_event)
    return BackupSession(rds, progress, lost, clock), rds, clock  # type: ignore[arg-type]


def take_snapshot(session: BackupSession) -> dict[str, Any]:
    plan = SnapshotPlan(TARGET, parse_instance(INSTANCE), "backup", is_in_progress=False, surplus=())
    return SnapshotTaker(session).take([plan], NOW)


def test_a_wait_ends_after_its_timeout() -> None:
    session, _rds, clock = make_session()
    with pytest.raises(UnfinishedError, match=r"^it is not ready after 60 s\. Run again to go on waiting\.$"):
        session.wait_until("it is not ready", lambda: None, 60)
    assert clock.now() == pytest.approx(60)


def test_a_wait_ends_when_the_lock_is_lost() -> None:
    session, _rds, clock = make_session(lost=lambda: "the lock was lost" if clock.now() > 10 else None)
    with pytest.raises(UnfinishedError, match="the lock was lost"):
        session.wait_until("it is not ready", lambda: None, 60)
    assert clock.now() < 60


@pytest.mark.parametrize("absences", [1, 20])
def test_an_object_that_a_list_shows_late_is_waited_for(absences: int) -> None:
    session, _rds, _clock = make_session([*[None] * absences, INSTANCE])
    session.wait_for(Wait(READY, "shop-main"))


def test_an_object_that_one_list_leaves_out_is_waited_for() -> None:
    creating = {**INSTANCE, "DBInstanceStatus": "creating"}
    session, _rds, _clock = make_session([creating, None, creating, INSTANCE])
    session.wait_for(Wait(READY, "shop-main"))


def test_an_object_that_two_lists_leave_out_is_gone() -> None:
    session, _rds, clock = make_session([{**INSTANCE, "DBInstanceStatus": "creating"}, None])
    with pytest.raises(ResourceGoneError):
        session.wait_for(Wait(READY, "shop-main"))
    assert clock.now() < 10


def test_an_object_that_no_list_shows_is_gone_long_before_the_timeout() -> None:
    session, _rds, clock = make_session([None])
    with pytest.raises(ResourceGoneError):
        session.wait_for(Wait(READY, "shop-main"))
    assert 300 < clock.now() < 400


def test_a_deletion_is_done_when_no_list_shows_the_object() -> None:
    session, _rds, clock = make_session([INSTANCE, None])
    gone = Condition("gone", "DBInstanceStatus", (), absent_is_ready=True)
    session.wait_for(Wait(Waiter(gone, timeout=60), "shop-main"))
    assert clock.now() < 10


@pytest.mark.parametrize(
    ("failures", "creations"),
    [
        ([], 1),
        ([LostResponseError("create_db_snapshot", OSError()), refusal("DBSnapshotAlreadyExists")], 2),
        ([refusal("InvalidDBInstanceState")] * 3, 4),
        ([refusal("InvalidDBInstanceState"), LostResponseError("create_db_snapshot", OSError())], 3),
    ],
)
def test_a_snapshot_is_taken_after_lost_answers_and_a_busy_instance(failures: list[Exception], creations: int) -> None:
    session, rds, _clock = make_session(failures=list(failures))
    assert take_snapshot(session)["main"]["snapshot"] == "backup"
    assert rds.creations == creations


@pytest.mark.parametrize(
    ("failure", "limit"),
    [(LostResponseError("create_db_snapshot", OSError()), 60), (refusal("InvalidDBInstanceState"), 3 * 3600)],
)
def test_a_snapshot_that_cannot_be_created_is_an_error_in_time(failure: Exception, limit: float) -> None:
    session, _rds, clock = make_session(failures=[failure] * 100_000)
    with pytest.raises(StackError, match="0 of 1 snapshots taken, 1 failed"):
        take_snapshot(session)
    assert clock.now() < limit


def test_a_final_error_of_a_creation_is_not_repeated() -> None:
    session, rds, _clock = make_session(failures=[refusal("SnapshotQuotaExceeded")] * 5)
    with pytest.raises(StackError, match="SnapshotQuotaExceeded"):
        take_snapshot(session)
    assert rds.creations == 1


@pytest.mark.parametrize("lists", [[{**SNAPSHOT, "Status": "creating"}, None], [None]], ids=["seen", "never seen"])
def test_a_snapshot_that_another_client_deletes_is_an_error_in_time(lists: list[Any]) -> None:
    session, _rds, clock = make_session(snapshots=lists)
    with pytest.raises(StackError, match="another client has deleted the snapshot backup"):
        take_snapshot(session)
    assert clock.now() < 400
