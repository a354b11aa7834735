# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger in SSM: what is read after each write, after a kill at each write, and what is removed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.clock import FakeClock
from support.parameters import Killed, Parameters
from support.rollouts import make_record

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.lock import TokenLock
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger import (
    RecordedBatch,
    RolloutRecord,
    Status,
    encode_plan,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger_store import (
    MOST_ROLLOUTS,
    LedgerStore,
)
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.lock_holder import describe_rollout

PATH = "/groundwork/shop/rollouts/"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ssm(clock: FakeClock) -> Parameters:
    return Parameters(clock)


def make_store(ssm: Parameters, warnings: list[str] | None = None) -> LedgerStore:
    return LedgerStore(ssm, "shop", warnings, ssm.clock)


def make_lock(ssm: Parameters, rollout: str = "") -> TokenLock:
    return TokenLock(ssm, "shop", 900, 0, describe_rollout("deploy", os.getpid(), rollout), clock=ssm.clock)


def refuse(code: str = "AccessDeniedException", operation: str = "PutParameter") -> Callable[..., Any]:
    def call(*_arguments: Any, **_more: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    return call


def list_names(ssm: Parameters) -> list[str]:
    return sorted(name.removeprefix(PATH) for name in ssm.values if name.startswith(PATH))


def list_ids(ssm: Parameters) -> list[str]:
    return sorted({name.partition("/")[0] for name in list_names(ssm)})


def finish_rollouts(ssm: Parameters, numbers: Sequence[int], status: Status = Status.FINISHED) -> None:
    """Rollouts of the past, each with all of its batches."""
    for number in numbers:
        record = make_record(number)
        make_store(ssm).begin(record)
        for batch in record.batches:
            make_store(ssm).record_batch(record.id, replace(batch, started=1.0, ended=2.0))
        make_store(ssm).finish(record.id, status, 3.0)


# One rollout


def test_a_stack_without_rollouts_has_an_empty_ledger(ssm: Parameters) -> None:
    store = make_store(ssm)
    assert store.read_all().records == ()
    assert store.read_latest() is None
    assert store.read("20261130T000001Z-3f") is None
    assert store.is_empty()


def test_a_rollout_is_read_as_far_as_it_is(ssm: Parameters) -> None:
    token = make_lock(ssm).acquire()
    record = make_record(id=describe_rollout("deploy", 1)(token).subject)
    first, second = record.batches

    def require_read(expected: RolloutRecord) -> None:
        assert make_store(ssm).read_latest() == make_store(ssm).read(record.id) == expected

    make_store(ssm).begin(record)
    require_read(record)
    begun = replace(first, started=5.0)
    make_store(ssm).record_batch(record.id, begun)
    require_read(replace(record, batches=(begun, second)))
    ended = replace(begun, ended=9.0, decision="abort", reasons=("http_gate: 500",))
    make_store(ssm).record_batch(record.id, ended)
    returned = replace(ended, returned=12.0)
    make_store(ssm).record_batch(record.id, returned)
    make_store(ssm).finish(record.id, Status.ROLLED_BACK, 13.0, "http_gate: 500")
    make_lock(ssm).release(token)
    require_read(
        replace(
            record,
            batches=(returned, second),
            status=Status.ROLLED_BACK,
            finished=13.0,
            reason="http_gate: 500",
        )
    )


def test_a_batch_takes_one_call_each_time(ssm: Parameters) -> None:
    record = make_record(hosts=100, services=7)
    make_store(ssm).begin(record)
    ssm.calls.clear()
    make_store(ssm).record_batch(record.id, replace(record.batches[0], started=5.0))
    make_store(ssm).record_batch(record.id, replace(record.batches[0], started=5.0, ended=6.0))
    make_store(ssm).finish(record.id, Status.FINISHED, 7.0)
    assert ssm.calls == ["put_parameter"] * 3


def test_a_plan_of_many_parts_is_read(ssm: Parameters) -> None:
    record = make_record(hosts=100, services=7)
    make_store(ssm).begin(record)
    assert len(list_names(ssm)) > 3
    latest = make_store(ssm).read_latest()
    assert latest == replace(record, status=Status.ABANDONED)


def test_the_rollout_in_the_lock_has_the_id_of_the_lock_and_its_user(ssm: Parameters) -> None:
    token = make_lock(ssm).acquire()
    holder = describe_rollout("deploy", 7)(token)
    assert holder.subject.startswith("20270115T090000Z-")
    assert holder.text.startswith(f"deploy {holder.subject} by ")
    assert holder.pid == 7
    resumed = describe_rollout("resume", 7, "20261130T093000Z-3f")(token)
    assert (resumed.subject, resumed.text[:26]) == ("20261130T093000Z-3f", "resume 20261130T093000Z-3f")


# Abandoned rollouts


@pytest.mark.parametrize("held", ["none", "another", "its own", "expired"])
def test_a_rollout_without_an_end_is_abandoned_unless_it_holds_the_lock(
    ssm: Parameters, clock: FakeClock, held: str
) -> None:
    record = make_record()
    make_store(ssm).begin(record)
    if held != "none":
        make_lock(ssm, "" if held == "another" else record.id).acquire()
    if held == "expired":
        clock.advance(901)
    latest = make_store(ssm).read_latest()
    assert latest is not None
    assert latest.status is (Status.RUNNING if held == "its own" else Status.ABANDONED)
    assert latest.is_unfinished


def test_a_rollout_that_ends_while_the_lock_is_read_is_not_abandoned(ssm: Parameters) -> None:
    record = make_record()
    lock = make_lock(ssm, record.id)
    token = lock.acquire()
    make_store(ssm).begin(record)
    read = ssm.pages

    def end_before_the_lock_is_read(operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        if arguments["Path"].endswith("/lock"):
            ssm.pages = read  # type: ignore[method-assign]
            make_store(ssm).finish(record.id, Status.FINISHED, 9.0)
            lock.release(token)
        return read(operation, arguments)

    ssm.pages = end_before_the_lock_is_read  # type: ignore[method-assign]
    latest = make_store(ssm).read_latest()
    assert latest is not None
    assert latest.status is Status.FINISHED


def test_a_rollout_that_begins_while_the_lock_is_read_is_not_abandoned(ssm: Parameters) -> None:
    make_store(ssm).begin(make_record(1))
    read = ssm.pages

    def begin_after_the_lock_is_read(operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        pages = read(operation, arguments)
        if arguments["Path"].endswith("/lock"):
            ssm.pages = read  # type: ignore[method-assign]
            make_lock(ssm, make_record(2).id).acquire()
            make_store(ssm).begin(make_record(2))
        return pages

    ssm.pages = begin_after_the_lock_is_read  # type: ignore[method-assign]
    assert [record.status for record in make_store(ssm).read_all().records] == [Status.RUNNING, Status.ABANDONED]


# Killed at each write


def run_rollout(ssm: Parameters, record: RolloutRecord) -> None:
    make_store(ssm).begin(record)
    for batch in record.batches:
        make_store(ssm).record_batch(record.id, replace(batch, started=10.0 * batch.number))
        make_store(ssm).record_batch(record.id, replace(batch, started=10.0 * batch.number, ended=100.0))
    make_store(ssm).finish(record.id, Status.FINISHED, 200.0)


def make_history(ssm: Parameters) -> dict[str, RolloutRecord]:
    """As many rollouts as are kept, and what an older run that was killed has left."""
    finish_rollouts(ssm, range(1, MOST_ROLLOUTS + 1))
    ssm.values[f"{PATH}20261129T000000Z-00/plan/3"] = ("{}", ssm.now())
    ssm.values[f"{PATH}20261129T000000Z-00/batch/1"] = ("{}", ssm.now())
    return {record.id: record for record in make_store(ssm).read_all().records}


def count_writes() -> int:
    ssm = Parameters(FakeClock())
    make_history(ssm)
    written = ssm.writes
    run_rollout(ssm, make_record(50, hosts=100, services=7))
    return ssm.writes - written


WRITES = count_writes()


def test_the_run_to_kill_deletes_a_record_and_writes_a_plan_of_several_parts() -> None:
    oldest, left, parts, batches, end = 4, 2, 6, 4, 1
    assert len(encode_plan(make_record(50, hosts=100, services=7))) == parts
    assert oldest + left + parts + batches + end == WRITES


@pytest.mark.parametrize("writes", range(WRITES + 1))
def test_a_rollout_that_is_killed_leaves_no_record_or_a_consistent_one(ssm: Parameters, writes: int) -> None:
    before = make_history(ssm)
    record = make_record(50, hosts=100, services=7)
    ssm.killed_after = ssm.writes + writes
    if writes < WRITES:
        with pytest.raises(Killed):
            run_rollout(ssm, record)
    else:
        run_rollout(ssm, record)
    ssm.killed_after = None
    warnings: list[str] = []
    found = {one.id: one for one in make_store(ssm, warnings).read_all().records}
    assert warnings == []
    new = found.pop(record.id, None)
    # Records of the past are as they were, or are gone, the oldest first.
    assert found == {name: one for name, one in before.items() if name in sorted(before)[-len(found) :]}
    assert len(found) >= MOST_ROLLOUTS - 1
    if new is not None:
        assert (new.moves, new.services, new.who) == (record.moves, record.services, record.who)
        assert new.status is (Status.FINISHED if writes == WRITES else Status.ABANDONED)
        begun = [batch.started is not None for batch in new.batches]
        assert begun == sorted(begun, reverse=True)
    # The next rollout removes what is no record.
    make_store(ssm).begin(make_record(60))
    latest = make_store(ssm).read_latest()
    assert latest is not None
    assert latest.id == make_record(60).id
    complete = {one.id for one in make_store(ssm).read_all().records}
    assert list_ids(ssm) == sorted(complete)
    assert len(complete) <= MOST_ROLLOUTS


# What is kept


def test_no_more_rollouts_are_kept_than_allowed(ssm: Parameters) -> None:
    finish_rollouts(ssm, range(1, 26))
    assert [record.id for record in make_store(ssm).read_all().records] == [
        make_record(number).id for number in range(25, 25 - MOST_ROLLOUTS, -1)
    ]
    assert len(list_ids(ssm)) == MOST_ROLLOUTS


def test_the_last_rollout_that_finished_is_kept_however_many_have_failed_since(ssm: Parameters) -> None:
    finish_rollouts(ssm, [1, 2])
    finish_rollouts(ssm, range(3, 30), Status.ROLLED_BACK)
    records = make_store(ssm).read_all().records
    assert len(records) == MOST_ROLLOUTS
    assert [record.id for record in records if record.status is Status.FINISHED] == [make_record(2).id]


def test_old_records_that_cannot_be_read_are_pruned_as_well(ssm: Parameters) -> None:
    finish_rollouts(ssm, [1, 2])
    ssm.values[f"{PATH}{make_record(1).id}/end"] = ("edited", ssm.now())
    make_store(ssm).prune(keep=1)
    assert list_ids(ssm) == [make_record(2).id]


@pytest.mark.parametrize("name", ["notes", "notes/1", "20261130T000001Z-3f"])
def test_other_parameters_below_the_path_are_removed(ssm: Parameters, name: str) -> None:
    finish_rollouts(ssm, [2])
    ssm.values[f"{PATH}{name}"] = ("a note", ssm.now())
    assert [record.id for record in make_store(ssm).read_all().records] == [make_record(2).id]
    make_store(ssm).prune()
    assert list_ids(ssm) == [make_record(2).id]


def test_records_that_cannot_be_pruned_are_a_warning(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    finish_rollouts(ssm, range(1, MOST_ROLLOUTS + 1))
    monkeypatch.setattr(ssm, "delete_parameters", refuse(operation="DeleteParameters"))
    warnings: list[str] = []
    make_store(ssm, warnings).begin(make_record(50))
    assert len(warnings) == 1
    assert warnings[0].startswith(
        "the ledger of stack shop (/groundwork/shop/rollouts): was not pruned: DeleteParameters: AccessDenied"
    )
    assert warnings[0].endswith("The rollout goes on; old records stay")
    assert make_record(50).id in list_ids(ssm)


# Failures


def test_a_plan_that_cannot_be_written_stops_the_rollout_before_its_first_change(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssm, "put_parameter", refuse())
    message = r"^the ledger of stack shop \(/groundwork/shop/rollouts\): PutParameter: Acc.*Nothing was changed\.$"
    with pytest.raises(StackError, match=message):
        make_store(ssm).begin(make_record())


def test_a_plan_with_a_name_that_is_too_long_is_an_error(ssm: Parameters) -> None:
    record = make_record()
    long = replace(record, moves=(replace(record.moves[0], host="a" * 5000),))
    with pytest.raises(
        StackError, match=r"cannot be written: hosts\.aaa.*too long for the ledger\. Nothing was changed"
    ):
        make_store(ssm).begin(long)
    assert list_names(ssm) == []


def test_a_batch_or_an_end_that_cannot_be_written_is_an_error_with_what_it_was(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    make_store(ssm).begin(record)
    monkeypatch.setattr(ssm, "put_parameter", refuse("InternalServerError"))
    subject = r"^the ledger of stack shop \(/groundwork/shop/rollouts\): "
    with pytest.raises(StackError, match=rf"{subject}batch 1 of rollout {record.id} was not written: PutParameter: "):
        make_store(ssm).record_batch(record.id, RecordedBatch(1, started=1.0))
    with pytest.raises(StackError, match=rf"{subject}the end of rollout {record.id} was not written: PutParameter: "):
        make_store(ssm).finish(record.id, Status.FAILED, 9.0)


def test_a_part_that_botocore_sent_twice_is_the_rollout_s_own(ssm: Parameters) -> None:
    once = ssm.put_parameter

    def twice(**arguments: Any) -> None:
        once(**arguments)
        once(**arguments)

    ssm.put_parameter = twice  # type: ignore[method-assign, assignment]
    record = make_record()
    make_store(ssm).begin(record)
    assert make_store(ssm).read(record.id) == replace(record, status=Status.ABANDONED)


def test_the_id_of_another_rollout_is_an_error(ssm: Parameters) -> None:
    make_store(ssm).begin(make_record())
    with pytest.raises(StackError, match=r"there is another rollout 20261130T000001Z-3f already.*Nothing was changed"):
        make_store(ssm).begin(make_record(who="bob@box"))
    found = make_store(ssm).read_latest()
    assert found is not None
    assert found.who == "alice@laptop"


@pytest.mark.parametrize("name", ["plan/1", "batch/1", "end"])
def test_a_record_that_was_edited_is_reported_and_ignored(ssm: Parameters, name: str) -> None:
    finish_rollouts(ssm, [1, 2])
    ssm.values[f"{PATH}{make_record(2).id}/{name}"] = ("edited", ssm.now())
    warnings: list[str] = []
    store = make_store(ssm, warnings)
    latest = store.read_latest()
    assert latest is not None
    assert latest.id == make_record(1).id
    assert store.read(make_record(2).id) is None
    assert list(store.read_all().unreadable) == [make_record(2).id]
    assert warnings == [
        "the ledger of stack shop (/groundwork/shop/rollouts): the record of rollout 20261130T000002Z-3f is ignored: "
        f"it cannot be read ({name} is no JSON object of this collection)"
    ]


def test_a_part_of_a_plan_that_was_deleted_is_reported(ssm: Parameters) -> None:
    record = make_record(hosts=100)
    make_store(ssm).begin(record)
    del ssm.values[f"{PATH}{record.id}/plan/2"]
    assert make_store(ssm).read_all().unreadable == {record.id: "plan/2 is missing"}


@pytest.mark.parametrize("change", ["begins", "is pruned"])
def test_a_record_that_changes_while_its_pages_are_read_is_read_again(ssm: Parameters, change: str) -> None:
    record = make_record(hosts=100, services=7)
    make_store(ssm).begin(record)
    read, is_first = ssm.pages, [True]

    def read_with_a_gap(operation: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        pages = read(operation, arguments)
        if is_first and arguments["Path"].endswith("/rollouts"):
            is_first.clear()
            for page in pages:
                page["Parameters"] = [item for item in page["Parameters"] if not item["Name"].endswith("plan/2")]
            if change == "is pruned":
                make_store(ssm).remove()
        return pages

    ssm.pages = read_with_a_gap  # type: ignore[method-assign]
    warnings: list[str] = []
    records = make_store(ssm, warnings).read_all().records
    assert [one.id for one in records] == ([record.id] if change == "begins" else [])
    assert warnings == []


def test_a_ledger_that_cannot_be_read_is_an_error(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssm, "pages", refuse(operation="GetParametersByPath"))
    message = r"^the ledger of stack shop \(/groundwork/shop/rollouts\): was not read: GetParametersByPath: Acc"
    for read in (make_store(ssm).read_latest, make_store(ssm).is_empty):
        with pytest.raises(StackError, match=message):
            read()


# The end of the stack


def test_the_whole_ledger_is_removed_and_nothing_else(ssm: Parameters) -> None:
    finish_rollouts(ssm, range(1, 8))
    ssm.values[f"{PATH}notes"] = ("a note", ssm.now())
    ssm.hold(1)
    assert not make_store(ssm).is_empty()
    ssm.calls.clear()
    make_store(ssm).remove()
    assert list(ssm.values) == ["/groundwork/shop/lock/1"]
    assert ssm.calls == ["get_parameters_by_path"] + ["delete_parameters"] * 4
    assert make_store(ssm).is_empty()


@pytest.mark.parametrize("writes", range(28))
def test_a_ledger_of_which_the_removal_was_killed_has_whole_records_or_none(ssm: Parameters, writes: int) -> None:
    finish_rollouts(ssm, range(1, 8))
    before = make_store(ssm).read_all().records
    ssm.killed_after = ssm.writes + writes
    with suppress(Killed):
        make_store(ssm).remove()
    ssm.killed_after = None
    ledger = make_store(ssm).read_all()
    assert (ledger.records, ledger.unreadable) == (before[: max(0, 7 - writes)], {})
    assert not make_store(ssm).is_empty()
    make_store(ssm).remove()
    assert make_store(ssm).is_empty()


def test_an_empty_ledger_is_removed_without_a_call_that_changes(ssm: Parameters) -> None:
    make_store(ssm).remove()
    assert ssm.calls == ["get_parameters_by_path"]


def test_a_ledger_that_cannot_be_removed_is_a_warning(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    finish_rollouts(ssm, [1])
    monkeypatch.setattr(ssm, "delete_parameters", refuse(operation="DeleteParameters"))
    warnings: list[str] = []
    make_store(ssm, warnings).remove()
    assert len(warnings) == 1
    assert "(/groundwork/shop/rollouts) was not removed: DeleteParameters: AccessDeniedException: no" in warnings[0]
