# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock of a stack: one holder at a time, expiry, take-over, loss, and its messages."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.clock import FakeClock, FastClock
from support.parameters import PATH, Parameters

from ansible_collections.groundwork.aws.plugins.module_utils._aws import process
from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import as_answer
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.lock import (
    Holder,
    LeaseStore,
    Lock,
    LockLostError,
    LockToken,
    TokenLock,
    describe_user,
)
from ansible_collections.groundwork.aws.plugins.module_utils._aws.process import PROC, machine_name

# Without Linux's /proc (on macOS) a run cannot see that a process has ended, so it waits until the lease expires.
needs_proc = pytest.mark.skipif(not PROC.exists(), reason="needs Linux's /proc")


losses = pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ssm: ssm.values.clear(), "was removed"),
        (lambda ssm: ssm.hold(10**10), "was taken over by another run"),
    ],
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ssm(clock: FakeClock) -> Parameters:
    return Parameters(clock)


def make_lock(
    ssm: Parameters,
    ttl: float = 60,
    wait: float = 0,
    warnings: list[str] | None = None,
    held: LockToken | None = None,
) -> Lock:
    return Lock(ssm, "shop", ttl, wait, warnings, ssm.clock, held)


def display_number(name: str) -> str:
    """The number in the name of a parameter; what is named by AWS's clock is a new one."""
    number = name.removeprefix(PATH)
    return "new" if len(number) > 9 else number


def held_numbers(ssm: Parameters) -> list[str]:
    return sorted(map(display_number, ssm.values))


def test_a_lock_is_held_inside_and_removed_afterwards(ssm: Parameters) -> None:
    with make_lock(ssm) as lock:
        assert held_numbers(ssm) == ["new"]
        assert lock.lost() is None
    assert held_numbers(ssm) == []


def test_a_lock_is_released_when_the_run_fails(ssm: Parameters) -> None:
    with pytest.raises(ZeroDivisionError), make_lock(ssm):
        1 / 0  # noqa: B018
    assert held_numbers(ssm) == []


def test_expired_locks_are_removed(ssm: Parameters) -> None:
    ssm.hold(1, written_before=100)
    ssm.hold(2, written_before=61)
    make_lock(ssm).find_expired()()
    assert held_numbers(ssm) == []


def test_expired_locks_stay_while_another_run_holds_the_lock(ssm: Parameters) -> None:
    ssm.hold(1, written_before=100)
    ssm.hold(2)
    make_lock(ssm).find_expired()()
    assert held_numbers(ssm) == ["1", "2"]


def test_the_error_names_the_holder(ssm: Parameters) -> None:
    ssm.hold(3)
    with pytest.raises(StackError, match=r"locked by eve@box pid 7 since 1970-01-01 00:00:00 UTC; it expires at"):
        make_lock(ssm, wait=10).__enter__()
    assert sum(ssm.clock.pauses) == pytest.approx(10)
    assert held_numbers(ssm) == ["3"]


def test_an_expired_lock_is_taken_over_and_removed_lowest_first(ssm: Parameters) -> None:
    ssm.hold(3, written_before=61)
    ssm.hold(2, written_before=500)
    with make_lock(ssm):
        assert held_numbers(ssm) == ["2", "3", "new"]
    assert [*map(display_number, ssm.deleted)] == ["2", "3", "new"]


@needs_proc
def test_the_lock_of_a_process_that_ended_on_this_machine_is_taken_over_at_once(ssm: Parameters) -> None:
    ssm.hold(1, machine=machine_name(), pid=2**22 + 1, started="1")
    with make_lock(ssm):
        assert held_numbers(ssm) == ["1", "new"]


def test_without_proc_the_lock_of_a_process_that_ended_is_kept_until_it_expires(
    ssm: Parameters, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS."""
    monkeypatch.setattr(process, "PROC", tmp_path)
    ssm.hold(1, machine=machine_name(), pid=2**22 + 1, started="1")
    with make_lock(ssm, wait=120):
        assert 60 <= clock.now() < 70


def test_the_lock_of_a_process_on_another_machine_is_kept_until_it_expires(ssm: Parameters) -> None:
    ssm.hold(1, machine="another", pid=2**22 + 1, started="1")
    with pytest.raises(StackError):
        make_lock(ssm).__enter__()


@pytest.mark.parametrize(
    "value",
    [
        *("nonsense", '["a"]', '{"ttl": "1h"}', '{"ttl": null}', '{"ttl": true}', '{"ttl": -1}', '{"ttl": 1e400}'),
        *('{"ttl": NaN}', "[" * 4000),
    ],
    ids=lambda value: value[:20],
)
def test_a_parameter_that_no_run_has_written_is_no_holder(ssm: Parameters, value: str) -> None:
    ssm.values[f"{PATH}1"] = (value, ssm.now())
    with make_lock(ssm):
        assert held_numbers(ssm) == ["1", "new"]


@pytest.mark.parametrize("value", ['{"pid": "x"}', '{"since": "noon"}', '{"since": 1e18}', '{"since": 1e400}'])
def test_a_holder_is_named_whose_parameter_a_person_has_written(ssm: Parameters, value: str) -> None:
    ssm.values[f"{PATH}1"] = (json.dumps({**json.loads(value), "ttl": 60, "holder": "maintenance"}), ssm.now())
    with pytest.raises(StackError, match="is locked by maintenance; it expires at"), make_lock(ssm):
        pass


def test_waiting_ends_when_the_holder_releases_the_lock() -> None:
    ssm = Parameters(FastClock())
    first = make_lock(ssm)
    first.__enter__()
    timer = threading.Timer(0.05, first.__exit__)
    timer.start()
    with make_lock(ssm, wait=500):
        assert held_numbers(ssm) == ["new"]
    timer.join()


def test_waiting_ends_when_the_lease_of_the_holder_expires(ssm: Parameters, clock: FakeClock) -> None:
    ssm.hold(3)
    with make_lock(ssm, wait=120):
        assert held_numbers(ssm) == ["3", "new"]
    assert 60 <= clock.now() < 70


class TestUnderTheLockOfARollout:
    """A run that is a part of a rollout works under its lock."""

    @pytest.fixture
    def token(self, ssm: Parameters) -> LockToken:
        return make_token_lock(ssm, ttl=1800).acquire()

    def test_the_lock_stays_when_the_run_ends(self, ssm: Parameters, token: LockToken) -> None:
        before = json.loads(ssm.values[f"{PATH}{token.number}"][0])
        with make_lock(ssm, held=token) as lock:
            assert lock.lost() is None
            assert held_numbers(ssm) == ["new"]
        assert json.loads(ssm.values[f"{PATH}{token.number}"][0]) == before
        assert ssm.deleted == []

    def test_it_is_renewed_for_as_long_as_the_rollout_needs(
        self, ssm: Parameters, clock: FakeClock, token: LockToken
    ) -> None:
        with make_lock(ssm, held=token) as lock:
            for _renewal in range(6):
                clock.advance_and_settle(600)
                assert lock.lost() is None
        clock.sleep(1700)
        with pytest.raises(StackError, match="is locked by"):
            make_lock(ssm).__enter__()

    @losses
    def test_a_run_does_not_begin_under_a_lock_that_was_lost(
        self, ssm: Parameters, token: LockToken, change: Any, reason: str
    ) -> None:
        change(ssm)
        with pytest.raises(LockLostError, match=f"it {reason}. Nothing was changed"):
            make_lock(ssm, held=token).__enter__()

    def test_a_loss_is_noticed_at_the_next_renewal(self, ssm: Parameters, clock: FakeClock, token: LockToken) -> None:
        with make_lock(ssm, held=token) as lock:
            ssm.values.clear()
            clock.advance_until(600, lambda: bool(lock.lost()))
            assert lock.lost() == "the lock of stack shop was lost: it was removed"


def test_of_many_runs_at_once_one_works_at_a_time() -> None:
    ssm = Parameters(FastClock())
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with make_lock(ssm, wait=2000):
            inside.append(1)
            most.append(len(inside))
            ssm.clock.sleep(1)
            inside.pop()

    threads = [threading.Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6
    assert held_numbers(ssm) == []


def test_the_lease_is_renewed(ssm: Parameters, clock: FakeClock) -> None:
    with make_lock(ssm, ttl=60) as lock:
        for _renewal in range(9):
            clock.advance_and_settle(20)
            assert lock.lost() is None
        with pytest.raises(StackError, match="is locked by"):
            make_lock(ssm).__enter__()


@losses
def test_a_lost_lock_is_noticed_at_the_next_renewal(
    ssm: Parameters, clock: FakeClock, change: Any, reason: str
) -> None:
    with make_lock(ssm, ttl=60) as lock:
        change(ssm)
        assert lock.lost() is None
        clock.advance_until(20, lambda: bool(lock.lost()))
        assert lock.lost() == f"the lock of stack shop was lost: it {reason}"


@pytest.fixture
def removed_meanwhile(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> Parameters:
    """Each lease is removed between the moments when its holder reads it and writes it again."""
    put = ssm.put_parameter

    def remove_first(**arguments: Any) -> dict[str, int]:
        if arguments["Overwrite"]:
            ssm.values.pop(arguments["Name"], None)
        return put(**arguments)

    monkeypatch.setattr(ssm, "put_parameter", remove_first)
    return ssm


def test_a_lock_that_is_removed_during_its_renewal_is_lost(removed_meanwhile: Parameters, clock: FakeClock) -> None:
    with make_lock(removed_meanwhile, ttl=60) as lock:
        clock.advance_until(20, lambda: bool(lock.lost()))
        assert lock.lost() == "the lock of stack shop was lost: it was removed"
        assert removed_meanwhile.values == {}


def test_the_lock_of_a_rollout_that_is_removed_during_its_renewal_is_lost(removed_meanwhile: Parameters) -> None:
    token = make_token_lock(removed_meanwhile).acquire()
    with pytest.raises(LockLostError, match=r"was removed$"):
        make_token_lock(removed_meanwhile).renew(token)
    assert removed_meanwhile.values == {}


def test_a_part_of_a_rollout_whose_lock_is_removed_as_it_begins_changes_nothing(removed_meanwhile: Parameters) -> None:
    token = make_token_lock(removed_meanwhile).acquire()
    with pytest.raises(LockLostError, match=r"was removed\. Nothing was changed\. Run again$"):
        make_lock(removed_meanwhile, held=token).__enter__()
    assert removed_meanwhile.values == {}


def test_a_lock_that_cannot_be_renewed_is_lost_when_its_lease_expires(
    ssm: Parameters, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_more: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "PutParameter")

    with make_lock(ssm, ttl=60) as lock:
        monkeypatch.setattr(ssm, "put_parameter", fail)
        for _renewal in range(3):
            clock.advance_and_settle(20)
            assert lock.lost() is None
        clock.advance_and_settle(1)
        assert lock.lost() == (
            "the lock of stack shop was lost: it could not be renewed in time (PutParameter: InternalError: no)"
        )


def test_a_parameter_that_botocore_sent_twice_is_the_run_s_own(ssm: Parameters) -> None:
    once = ssm.put_parameter

    def twice(**arguments: Any) -> dict[str, int]:
        once(**arguments)
        return once(**arguments)

    ssm.put_parameter = twice  # type: ignore[method-assign]
    with make_lock(ssm):
        assert held_numbers(ssm) == ["new"]


def test_no_name_is_used_again_after_its_deletion(ssm: Parameters) -> None:
    """AWS advises to wait for 30 seconds before a parameter gets the name of one that was deleted."""
    for _run in range(3):
        with make_lock(ssm):
            pass
    assert len(set(ssm.deleted)) == 3


def test_two_locks_in_one_second_have_different_names(ssm: Parameters) -> None:
    taken = int(ssm.now().timestamp()) + 5
    ssm.hold(taken, written_before=61)
    with make_lock(ssm):
        assert f"{PATH}{taken + 1}" in ssm.values


@pytest.fixture
def undeletable(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> Parameters:
    """Credentials that may not delete parameters."""

    def deny(**_arguments: Any) -> None:
        text = "not authorized to perform: ssm:DeleteParameter"
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": text}}, "DeleteParameter")

    monkeypatch.setattr(ssm, "delete_parameter", deny)
    return ssm


def test_a_lock_that_cannot_be_removed_is_reported_with_its_permission_and_end(undeletable: Parameters) -> None:
    lock = make_lock(undeletable)
    with lock:
        pass
    assert len(lock.warnings) == 1
    assert "ssm:DeleteParameter: statement Lock of the policy" in lock.warnings[0]
    assert "/groundwork/shop/lock/" in lock.warnings[0]
    assert "until it expires, 60 s after the end of this one" in lock.warnings[0]


def test_an_expired_lock_that_cannot_be_removed_is_reported(undeletable: Parameters) -> None:
    undeletable.hold(1, written_before=100)
    lock = make_lock(undeletable)
    lock.find_expired()()
    assert [text.endswith("It holds up no run") for text in lock.warnings] == [True]


def test_a_lock_that_is_removed_gives_no_warning(ssm: Parameters) -> None:
    lock = make_lock(ssm)
    with lock:
        pass
    assert lock.warnings == []


def test_the_lock_of_a_run_that_died_is_taken_over_with_a_warning(ssm: Parameters) -> None:
    ssm.hold(1, written_before=100)
    found: list[str] = []
    with pytest.raises(ZeroDivisionError), make_lock(ssm, warnings=found):
        raise ZeroDivisionError
    (warning,) = found
    assert warning.startswith("the lock of stack shop was left by eve@box pid 7 since 1970-01-01")


def test_a_lock_that_was_renewed_late_is_a_warning_with_the_reason(
    ssm: Parameters, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    put, failures = ssm.put_parameter, [ClientError({"Error": {"Code": "X", "Message": "no."}}, "PutParameter")]

    def failing(**arguments: Any) -> dict[str, int]:
        if arguments["Overwrite"] and failures:
            raise failures.pop()
        return put(**arguments)

    monkeypatch.setattr(ssm, "put_parameter", failing)
    with make_lock(ssm, ttl=60, warnings=found):
        clock.advance_and_settle(20)
        assert found == []
        clock.advance_and_settle(20)
        assert found == ["the lock of stack shop was renewed late (PutParameter: X: no)"]


def test_a_run_whose_parent_has_ended_starts_no_more_changes(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    with make_lock(ssm) as lock:
        parent = os.getppid()
        monkeypatch.setattr(os, "getppid", lambda: 1)
        assert lock.lost() == f"the process that started this run (pid {parent}) has ended"
    assert held_numbers(ssm) == []


def test_a_run_whose_parent_has_ended_does_not_wait_for_the_lock(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssm.hold(1)
    lock = make_lock(ssm, wait=60)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(StackError, match=r"has ended\. Nothing was changed"), lock:
        pass


def test_an_incomplete_list_is_an_error_and_not_a_free_lock(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    ssm.hold(1)
    incomplete = as_answer({"ResponseMetadata": {"RequestId": "abc"}}, "GetParametersByPath")
    monkeypatch.setattr(ssm, "pages", lambda *_: [incomplete])
    message = (
        r"^the lock of stack shop \(/groundwork/shop/lock\): "
        r"AWS did not return Parameters \(GetParametersByPath, request abc\)\. Nothing was changed\.$"
    )
    with pytest.raises(StackError, match=message):
        make_lock(ssm).find_expired()
    with pytest.raises(StackError, match=message), make_lock(ssm):
        pytest.fail("the lock was taken")


def test_a_list_that_is_denied_does_not_stop_a_run_without_changes(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_given: object) -> list[dict[str, Any]]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetParametersByPath")

    monkeypatch.setattr(ssm, "pages", deny)
    make_lock(ssm).find_expired()()


class UnreadableAfterPut(Parameters):
    """The list fails once a parameter was written."""

    def pages(self, operation: str, arguments: dict[str, str]) -> list[dict[str, Any]]:
        if self.values:
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, "GetParametersByPath")
        return super().pages(operation, arguments)


def test_a_run_that_fails_before_it_has_begun_leaves_no_lock(clock: FakeClock) -> None:
    ssm = UnreadableAfterPut(clock)
    with pytest.raises(StackError, match=r"GetParametersByPath: .*Nothing was changed"):
        make_lock(ssm).__enter__()
    assert held_numbers(ssm) == []


def test_a_lock_that_cannot_be_withdrawn_is_reported(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(**_arguments: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteParameter")

    ssm, warnings = UnreadableAfterPut(clock), list[str]()
    monkeypatch.setattr(ssm, "delete_parameter", deny)
    with pytest.raises(StackError, match="GetParametersByPath"):
        make_lock(ssm, warnings=warnings).__enter__()
    assert "was not removed: DeleteParameter: AccessDenied" in warnings[0]
    assert "60 s after the end of this one at most" in warnings[0]


# The lock of a run of many processes


def describe_deploy(token: LockToken) -> Holder:
    return Holder(f"deploy {token.nonce[:2]} by {describe_user()}", os.getpid(), subject=token.nonce[:2])


def make_token_lock(
    ssm: Parameters, ttl: float = 60, wait: float = 0, warnings: list[str] | None = None, pid: int | None = None
) -> TokenLock:
    """The lock as one process of the run has it: each gets a new one."""

    def describe(token: LockToken) -> Holder:
        holder = describe_deploy(token)
        return Holder(holder.text, holder.pid if pid is None else pid, holder.subject)

    return TokenLock(ssm, "shop", ttl, wait, describe, warnings, ssm.clock)


def read_lease(ssm: Parameters, token: LockToken) -> dict[str, Any]:
    return dict(json.loads(ssm.values[f"{PATH}{token.number}"][0]))


def test_a_lock_is_acquired_renewed_and_released_by_different_processes(ssm: Parameters, clock: FakeClock) -> None:
    warnings: list[str] = []
    token = make_token_lock(ssm, warnings=warnings).acquire()
    for _task in range(5):
        clock.advance(50)
        make_token_lock(ssm, warnings=warnings).renew(token)
        assert held_numbers(ssm) == ["new"]
    make_token_lock(ssm, warnings=warnings).release(token)
    assert held_numbers(ssm) == []
    assert warnings == []


def test_a_renewed_lease_keeps_its_holder_and_gets_the_time_to_live_of_the_renewal(ssm: Parameters) -> None:
    token = make_token_lock(ssm, ttl=60).acquire()
    before = read_lease(ssm, token)
    make_token_lock(ssm, ttl=900, pid=1).renew(token)
    assert read_lease(ssm, token) == {**before, "ttl": 900}
    assert (before["pid"], before["nonce"], before["subject"]) == (os.getpid(), token.nonce, token.nonce[:2])


def test_a_rollout_and_another_run_exclude_each_other(ssm: Parameters) -> None:
    token = make_token_lock(ssm).acquire()
    refusal = rf"stack shop is locked by deploy {token.nonce[:2]} by {re.escape(describe_user())} since 2027-01-15 .*"
    for lock in (make_lock(ssm).__enter__, make_token_lock(ssm).acquire):
        with pytest.raises(StackError, match=rf"{refusal}Nothing was changed"):
            lock()
    make_token_lock(ssm).release(token)
    with make_lock(ssm), pytest.raises(StackError, match=rf"locked by .* pid {os.getpid()} since"):
        make_token_lock(ssm).acquire()


def test_a_rollout_waits_for_another_run(ssm: Parameters, clock: FakeClock) -> None:
    ssm.hold(3)
    make_token_lock(ssm, wait=120).acquire()
    assert 60 <= clock.now() < 70


def test_an_expired_lock_of_a_rollout_is_taken_over_with_a_warning(ssm: Parameters, clock: FakeClock) -> None:
    token = make_token_lock(ssm, ttl=60).acquire()
    clock.advance(61)
    found: list[str] = []
    with make_lock(ssm, warnings=found):
        pass
    assert found[0].startswith(f"the lock of stack shop was left by deploy {token.nonce[:2]} by {describe_user()}")


@needs_proc
def test_the_lock_of_a_rollout_is_free_when_its_process_has_ended(ssm: Parameters) -> None:
    sleeping = subprocess.Popen(["sleep", "60"])
    try:
        make_token_lock(ssm, ttl=3600, pid=sleeping.pid).acquire()
        with pytest.raises(StackError, match="is locked by deploy"):
            make_lock(ssm).__enter__()
    finally:
        sleeping.kill()
        sleeping.wait()
    with make_lock(ssm):
        assert held_numbers(ssm) == ["new", "new"]


@needs_proc
def test_a_process_that_has_ended_cannot_hold_the_lock(ssm: Parameters) -> None:
    with pytest.raises(StackError, match=r"cannot be held by process 4194305: .* Nothing was changed"):
        make_token_lock(ssm, pid=2**22 + 1).acquire()
    assert held_numbers(ssm) == []


def test_without_proc_any_process_can_hold_the_lock(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS."""
    monkeypatch.setattr(process, "PROC", tmp_path)
    make_token_lock(ssm, pid=2**22 + 1).acquire()
    assert held_numbers(ssm) == ["new"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ssm: ssm.values.clear(), "was removed"),
        (lambda ssm: ssm.hold(10**10), "was taken over by another run"),
        (lambda ssm: (ssm.values.clear(), ssm.hold(10**10)), "was removed"),
    ],
)
def test_renewing_a_lost_lock_says_so_and_does_not_acquire_it_again(ssm: Parameters, change: Any, reason: str) -> None:
    token = make_token_lock(ssm).acquire()
    change(ssm)
    left = dict(ssm.values)
    for _time in range(2):
        with pytest.raises(LockLostError, match=f"^the lock of stack shop was lost: it {reason}$"):
            make_token_lock(ssm).renew(token)
    assert ssm.values == left


def test_a_token_of_another_run_renews_and_releases_nothing(ssm: Parameters) -> None:
    token = make_token_lock(ssm).acquire()
    left = dict(ssm.values)
    forged = LockToken(token.number, "eve")
    with pytest.raises(LockLostError, match="was removed"):
        make_token_lock(ssm).renew(forged)
    make_token_lock(ssm).release(forged)
    assert ssm.values == left


def test_an_expired_lease_that_no_run_took_is_renewed_with_a_warning(ssm: Parameters, clock: FakeClock) -> None:
    found: list[str] = []
    token = make_token_lock(ssm).acquire()
    clock.advance(61)
    make_token_lock(ssm, warnings=found).renew(token)
    assert found == ["the lock of stack shop was renewed late (it had expired, and no other run took it)"]
    with pytest.raises(StackError, match="is locked by deploy"):
        make_lock(ssm).__enter__()


def test_an_expired_lease_is_withdrawn_when_another_run_takes_the_lock_at_the_same_time(
    ssm: Parameters, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token_lock(ssm).acquire()
    clock.advance(61)
    put, other = ssm.put_parameter, make_token_lock(ssm)

    def acquire_first(**arguments: Any) -> dict[str, int]:
        """The other run lists the lease as expired for the last time before it is written again."""
        monkeypatch.setattr(ssm, "put_parameter", put)
        other.acquire()
        return put(**arguments)

    monkeypatch.setattr(ssm, "put_parameter", acquire_first)
    with pytest.raises(LockLostError, match="was taken over by another run"):
        make_token_lock(ssm).renew(token)
    assert f"{PATH}{token.number}" not in ssm.values
    assert held_numbers(ssm) == ["new"]


def test_a_lock_that_cannot_be_renewed_is_an_error_and_not_a_lost_lock(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token_lock(ssm).acquire()

    def fail(**_arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "PutParameter")

    monkeypatch.setattr(ssm, "put_parameter", fail)
    message = (
        r"^the lock of stack shop \(/groundwork/shop/lock\) could not be renewed: PutParameter: InternalError: no$"
    )
    with pytest.raises(StackError, match=message) as failure:
        make_token_lock(ssm).renew(token)
    assert not isinstance(failure.value, LockLostError)


def test_releasing_a_lock_that_was_taken_over_leaves_the_lock_of_the_other_run(ssm: Parameters) -> None:
    token = make_token_lock(ssm).acquire()
    ssm.hold(10**10)
    make_token_lock(ssm).release(token)
    assert held_numbers(ssm) == ["new"]
    assert f"{PATH}{10**10}" in ssm.values


def test_a_lock_that_is_released_twice_gives_no_warning(ssm: Parameters) -> None:
    warnings: list[str] = []
    token = make_token_lock(ssm).acquire()
    for _time in range(2):
        make_token_lock(ssm, warnings=warnings).release(token)
    assert warnings == []


def test_a_lock_of_a_rollout_that_cannot_be_removed_is_reported(undeletable: Parameters) -> None:
    warnings: list[str] = []
    token = make_token_lock(undeletable).acquire()
    make_token_lock(undeletable, warnings=warnings).release(token)
    assert [text.startswith("the lock of stack shop (/groundwork/shop/lock/") for text in warnings] == [True]


def test_of_many_rollouts_at_once_one_acquires_the_lock() -> None:
    ssm = Parameters(FastClock())
    tokens: list[LockToken] = []

    def begin() -> None:
        with contextlib.suppress(StackError):
            tokens.append(make_token_lock(ssm, ttl=6000).acquire())

    threads = [threading.Thread(target=begin) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Those that write at once may all withdraw: then the next one acquires it.
    tokens = tokens or [make_token_lock(ssm, ttl=6000).acquire()]
    assert len(tokens) == 1
    assert held_numbers(ssm) == ["new"]


def test_a_run_whose_parent_has_ended_does_not_begin_a_rollout(
    ssm: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = make_token_lock(ssm)
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(StackError, match=r"has ended\. Nothing was changed"):
        lock.acquire()


def test_the_holder_of_the_lock_is_found_with_what_it_is_held_for(ssm: Parameters, clock: FakeClock) -> None:
    store = LeaseStore(ssm, "shop", clock)
    assert store.find_holder() is None
    with make_lock(ssm):
        holder = store.find_holder()
        assert holder is not None
        assert holder.subject == ""
    token = make_token_lock(ssm).acquire()
    holder = store.find_holder()
    assert holder is not None
    assert holder.subject == token.nonce[:2]
    clock.advance(61)
    assert store.find_holder() is None
