# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Switching over and deleting standbys, where there is nothing to do or the request is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest
from support.clock import FakeClock
from support.documents import base_of
from support.parameters import Parameters

from ansible_collections.groundwork.aws.plugins.module_utils._aws.lock import Lock
from ansible_collections.groundwork.aws.plugins.module_utils._backup import opened_stack, operations
from ansible_collections.groundwork.aws.plugins.module_utils._backup.operations import restore_database, take_snapshots

DATABASE = {
    "engine": "mysql",
    "class": "db.t3.micro",
    "storage": {"size": 20},
    "subnet_group": "shop-data",
    "security_groups": ["sg-1"],
}
DOCUMENT = {**base_of({}), "resources": {"db_instance/main": DATABASE}}
SERVING = {"groundwork:stack": "shop", "groundwork:resource": "db_instance/main"}
STANDBY = {"groundwork:beside": "shop/main"}
Run = Callable[..., dict[str, Any]]


class Account:
    """The databases of an account, by name with their tags, and the lock of the stack."""

    def __init__(self, **databases: dict[str, str]) -> None:
        self.databases = databases
        self.clock = FakeClock()
        self.parameters = Parameters(self.clock)
        self.reads = 0

    def __call__(self, service: str) -> Any:
        return self.parameters if service == "ssm" else self

    def check_caller(self) -> None:
        """Credentials are valid."""

    def pages(self, operation: str, _arguments: Any) -> list[dict[str, Any]]:
        assert operation == "describe_db_instances"
        self.reads += 1
        items = [
            {
                "DBInstanceIdentifier": name.replace("_", "-"),
                "DbiResourceId": f"db-{name}",
                "DBInstanceStatus": "available",
                "DBInstanceArn": f"arn:{name}",
                "InstanceCreateTime": datetime(2026, 3, 1, tzinfo=timezone.utc),
                "TagList": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            for name, tags in self.databases.items()
        ]
        return [{"DBInstances": items}]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `database_restore` in an account."""

    def run_in(account: Account, check: bool = False, **given: Any) -> dict[str, Any]:
        monkeypatch.setattr(opened_stack, "Clients", lambda *_given, **_task: account)
        monkeypatch.setattr(operations, "Lock", partial(Lock, clock=account.clock))
        options = {"topology": DOCUMENT, "overrides": None, "database": "main", "lock_ttl": 60, "lock_wait": 0}
        request = {"snapshot": None, "time": None, "instance": None, "again": False}
        return restore_database({**options, **request, **given}, check)

    return run_in


@pytest.mark.parametrize(
    ("account", "standbys"),
    [
        (Account(shop_main=SERVING), "none"),
        (Account(shop_main=SERVING, old=STANDBY), "old"),
        (Account(shop_main=SERVING, old=STANDBY, older=STANDBY, foreign={}), "older, old"),
    ],
    ids=["no standby", "one", "two"],
)
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("name", ["mistyped", "foreign"])
def test_a_standby_that_does_not_exist_is_a_warning_with_those_that_do(
    run: Run, account: Account, standbys: str, check: bool, name: str
) -> None:
    outcome = run(account, check, state="absent", instance=name)
    assert not outcome["changed"]
    assert outcome["warnings"] == [
        f"db_instance/main has no standby {name}: nothing was deleted. Its standbys: {standbys}"
    ]


def test_a_name_in_capital_letters_is_that_of_rds(run: Run) -> None:
    outcome = run(Account(shop_main=SERVING, old=STANDBY), check=True, state="absent", instance="OLD")
    assert (outcome["changed"], outcome["instance"]) == (True, "old")
    refused = run(Account(shop_main=SERVING), check=True, state="absent", instance="Shop-Main")
    assert refused["failed"]
    assert "shop-main serves" in refused["msg"]


@pytest.mark.parametrize("name", ["1-old", "-old", "old-", "a--b", "a_b", "a.b", "a b", "a" * 64, "old\n", "ä"])
def test_a_name_that_rds_cannot_have_is_an_error_before_anything_is_read(run: Run, name: str) -> None:
    account = Account(shop_main=SERVING)
    outcome = run(account, check=True, state="absent", instance=name)
    assert outcome["msg"].startswith(f"instance: {name} cannot be the name of an instance: ")
    assert outcome["msg"].endswith("Nothing was changed")
    assert account.reads == 0


@pytest.mark.parametrize("name", ["a", "a1", "a" * 63, "shop-main-before-20260301-040506"])
def test_every_name_that_rds_can_have_is_accepted(run: Run, name: str) -> None:
    assert run(Account(shop_main=SERVING), state="absent", instance=name)["warnings"]


@pytest.mark.parametrize(("age", "check", "is_left"), [(10, False, True), (100, True, True), (100, False, False)])
def test_a_run_with_nothing_to_do_takes_no_lock_and_removes_only_an_expired_one(
    run: Run, age: int, check: bool, is_left: bool
) -> None:
    account = Account(shop_main=SERVING)
    account.parameters.hold(1, written_before=age)
    held = dict(account.parameters.values)
    (warning,) = run(account, check=check, state="absent", instance="old")["warnings"]
    assert warning.startswith("db_instance/main has no standby old")
    assert account.parameters.values == (held if is_left else {})


def test_the_warnings_of_the_lock_are_returned(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "delete_standby", lambda *_given: "old-final")
    account = Account(shop_main=SERVING, old=STANDBY)
    account.parameters.hold(1, written_before=100)
    outcome = run(account, state="absent", instance="old")
    assert (outcome["changed"], outcome["snapshot"]) == (True, "old-final")
    (warning,) = outcome["warnings"]
    assert warning.startswith("the lock of stack shop was left by eve@box pid 7")
    assert account.parameters.values == {}


def test_a_run_while_a_rollout_holds_the_lock_is_refused_with_its_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account(shop_main=SERVING, old=STANDBY)
    account.parameters.hold(1, holder="deploy 20261130T093000Z-3f by alice@laptop", ttl=900)
    held = dict(account.parameters.values)
    deleted = run(account, state="absent", instance="old")
    monkeypatch.setattr(operations, "plan_snapshots", lambda *_given: ([], []))
    options = {"topology": DOCUMENT, "overrides": None, "databases": ["main"], "lock_ttl": 60, "lock_wait": 0}
    backed_up = take_snapshots({**options, "keep": 7}, check=False)
    for outcome in (deleted, backed_up):
        assert outcome["failed"]
        assert "stack shop is locked by deploy 20261130T093000Z-3f by alice@laptop since" in outcome["msg"]
        assert "Nothing was changed" in outcome["msg"]
    assert account.parameters.values == held


def test_a_switch_over_to_nothing_names_the_first_step(run: Run) -> None:
    outcome = run(Account(shop_main=SERVING), state="switched", snapshot="then")
    assert outcome["failed"]
    assert "Nothing was changed. Restore it first: run with state=restored and a snapshot" in outcome["msg"]
