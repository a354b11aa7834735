# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock of a stack: one holder at a time, expiry, take-over, loss, and what a person is told."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._aws import lock as locking
from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.lock import Lock

PATH = "/groundwork/shop/lock/"


class Parameters:
    """SSM parameters in memory, written atomically, with a clock of their own that is an hour ahead."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, datetime]] = {}
        self.deleted: list[str] = []
        self.age = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + timedelta(hours=1)

    def pages(self, operation: str, arguments: dict[str, str]) -> list[dict[str, Any]]:
        assert (operation, arguments["Path"]) == ("get_parameters_by_path", "/groundwork/shop/lock")
        found = [
            {"Name": name, "Value": value, "LastModifiedDate": written}
            for name, (value, written) in self.values.items()
        ]
        date = format_datetime(self.now(), usegmt=True)
        return [{"Parameters": found, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}]

    def put_parameter(self, Name: str, Value: str, Type: str, Overwrite: bool) -> None:  # noqa: N803
        with self._lock:
            if Name in self.values and not Overwrite:
                raise ClientError({"Error": {"Code": "ParameterAlreadyExists", "Message": "no"}}, "PutParameter")
            self.values[Name] = (Value, self.now())

    def delete_parameter(self, Name: str) -> None:  # noqa: N803
        if self.values.pop(Name, None) is None:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": "no"}}, "DeleteParameter")
        self.deleted.append(Name)

    def hold(self, number: int, written_before: float = 0.0, ttl: float = 60, **more: Any) -> None:
        value = {"holder": "eve@box pid 7", "nonce": "eve", "since": 0, "ttl": ttl, **more}
        self.values[f"{PATH}{number}"] = (json.dumps(value), self.now() - timedelta(seconds=written_before))


@pytest.fixture
def ssm() -> Parameters:
    return Parameters()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "POLL", 0.02)
    monkeypatch.setattr(locking, "TICK", 0.0)


def shown(name: str) -> str:
    """The number in the name of a parameter; what is named by AWS's clock is a new one."""
    number = name.removeprefix(PATH)
    return "new" if len(number) > 9 else number


def held(ssm: Parameters) -> list[str]:
    return sorted(map(shown, ssm.values))


def test_it_is_held_inside_and_gone_afterwards(ssm: Parameters) -> None:
    with Lock(ssm, "shop", 60, 0) as lock:
        assert held(ssm) == ["new"]
        assert lock.lost() is None
    assert held(ssm) == []


def test_it_is_released_when_the_run_fails(ssm: Parameters) -> None:
    with pytest.raises(ZeroDivisionError), Lock(ssm, "shop", 60, 0):
        1 / 0  # noqa: B018
    assert held(ssm) == []


def test_what_a_dead_run_left_behind_is_removed(ssm: Parameters) -> None:
    ssm.hold(1, written_before=100)
    ssm.hold(2, written_before=61)
    Lock(ssm, "shop", 60, 0).left_behind()()
    assert held(ssm) == []


def test_nothing_is_removed_beside_a_live_holder(ssm: Parameters) -> None:
    ssm.hold(1, written_before=100)
    ssm.hold(2)
    Lock(ssm, "shop", 60, 0).left_behind()()
    assert held(ssm) == ["1", "2"]


def test_a_live_holder_is_named(ssm: Parameters) -> None:
    ssm.hold(3)
    with pytest.raises(StackError, match=r"locked by eve@box pid 7 since 1970-01-01 00:00:00 UTC; it expires at"):
        Lock(ssm, "shop", 60, 0.1).__enter__()
    assert held(ssm) == ["3"]


def test_an_expired_one_is_taken_over_and_swept_lowest_first(ssm: Parameters) -> None:
    ssm.hold(3, written_before=61)
    ssm.hold(2, written_before=500)
    with Lock(ssm, "shop", 60, 0):
        assert held(ssm) == ["2", "3", "new"]
    assert [*map(shown, ssm.deleted)] == ["2", "3", "new"]


def test_that_of_a_process_which_died_here_need_not_expire(ssm: Parameters) -> None:
    ssm.hold(1, machine=locking.machine(), pid=2**22 + 1, started="1")
    with Lock(ssm, "shop", 60, 0):
        assert held(ssm) == ["1", "new"]


def test_that_of_a_process_elsewhere_must_expire(ssm: Parameters) -> None:
    ssm.hold(1, machine="another", pid=2**22 + 1, started="1")
    with pytest.raises(StackError):
        Lock(ssm, "shop", 60, 0).__enter__()


def test_something_unreadable_is_no_holder(ssm: Parameters) -> None:
    ssm.values[f"{PATH}1"] = ("nonsense", ssm.now())
    with Lock(ssm, "shop", 60, 0):
        assert held(ssm) == ["1", "new"]


def test_waiting_ends_when_the_holder_goes(ssm: Parameters) -> None:
    first = Lock(ssm, "shop", 60, 0)
    first.__enter__()
    timer = threading.Timer(0.1, first.__exit__)
    timer.start()
    with Lock(ssm, "shop", 60, 5):
        assert held(ssm) == ["new"]
    timer.join()


def test_of_many_at_once_one_works(ssm: Parameters) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with Lock(ssm, "shop", 60, 20):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6
    assert held(ssm) == []


def test_it_is_renewed(ssm: Parameters) -> None:
    with Lock(ssm, "shop", 0.3, 0) as lock:
        time.sleep(0.8)
        assert lock.lost() is None
        assert Lock(ssm, "shop", 60, 0)._list()[0].is_live(ssm.now().timestamp())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ssm: ssm.values.clear(), "was removed"),
        (lambda ssm: ssm.hold(10**10), "was taken over by another run"),
    ],
)
def test_its_loss_is_noticed(ssm: Parameters, change: Any, reason: str) -> None:
    with Lock(ssm, "shop", 0.3, 0) as lock:
        change(ssm)
        time.sleep(0.25)
        assert lock.lost() == f"the lock of stack shop was lost: it {reason}"


def test_silence_of_aws_is_a_loss_in_time(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_arguments: Any, **_more: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "PutParameter")

    lock = Lock(ssm, "shop", 0.3, 0)
    with lock:
        monkeypatch.setattr(ssm, "put_parameter", silent)
        time.sleep(0.5)
        assert "could not be renewed in time" in (lock.lost() or "")


def test_a_put_that_botocore_said_twice_is_ours(ssm: Parameters) -> None:
    once = ssm.put_parameter

    def twice(**arguments: Any) -> None:
        once(**arguments)
        once(**arguments)

    ssm.put_parameter = twice  # type: ignore[method-assign]
    with Lock(ssm, "shop", 60, 0):
        assert held(ssm) == ["new"]


def test_no_name_is_used_again_after_its_deletion(ssm: Parameters, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS advises to wait for 30 seconds before a parameter gets the name of one that was deleted."""
    monkeypatch.setattr(locking, "TICK", 1.0)
    for _run in range(3):
        with Lock(ssm, "shop", 60, 0):
            pass
    assert len(set(ssm.deleted)) == 3


def test_two_locks_in_one_second_have_different_names(ssm: Parameters) -> None:
    taken = int(ssm.now().timestamp()) + 5
    ssm.hold(taken, written_before=61)
    with Lock(ssm, "shop", 60, 0):
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
    lock = Lock(undeletable, "shop", 60, 0)
    with lock:
        pass
    assert len(lock.warnings) == 1
    assert "ssm:DeleteParameter: statement Lock of the policy" in lock.warnings[0]
    assert "/groundwork/shop/lock/" in lock.warnings[0]
    assert "until it expires, 60 s after the end of this one" in lock.warnings[0]


def test_an_expired_lock_that_cannot_be_removed_is_reported(undeletable: Parameters) -> None:
    undeletable.hold(1, written_before=100)
    lock = Lock(undeletable, "shop", 60, 0)
    lock.left_behind()()
    assert [text.endswith("It holds up no run") for text in lock.warnings] == [True]


def test_a_lock_that_is_removed_gives_no_warning(ssm: Parameters) -> None:
    lock = Lock(ssm, "shop", 60, 0)
    with lock:
        pass
    assert lock.warnings == []
