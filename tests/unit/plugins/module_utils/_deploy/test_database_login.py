# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The login of a service: from the database, its secret, and that of the master user."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.secrets_account import STACK, Account, database, listed, secret

from ansible_collections.groundwork.aws.plugins.module_utils._deploy import database_login as module
from ansible_collections.groundwork.aws.plugins.module_utils._deploy import stack_options
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource

OPTIONS = {
    "region": "us-east-1",
    "stack": STACK,
    "database": "main",
    "service": "api",
    "master": False,
    "instance": None,
}
SECRET = secret("main-api")


def login(monkeypatch: pytest.MonkeyPatch, *alive: ActualResource, **options: Any) -> dict[str, Any]:
    monkeypatch.setattr(stack_options, "Clients", lambda *_, **_task: Account())
    listed(monkeypatch, alive)
    return module.read_database_login({**OPTIONS, **options})


def test_the_login_of_a_service_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert login(monkeypatch, database(), SECRET) == {
        "changed": False,
        "engine": "mysql",
        "host": "main.example",
        "port": 3306,
        "database": "appdb",
        "user": {"username": "api", "password": "p@ss/word"},
        "url": "mysql://api:p%40ss%2Fword@main.example:3306/appdb",
    }


def test_the_master_user_is_read_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = login(monkeypatch, database(engine="postgres"), SECRET, master=True)
    assert found["master"] == {"username": "admin", "password": "Meister"}
    assert found["url"].startswith("postgresql://api:")


@pytest.mark.parametrize(
    ("alive", "message"),
    [
        (
            (SECRET,),
            "db_instance/main of stack shop does not exist. Nothing was changed. Run the playbook provision.yml",
        ),
        ((database(endpoint=None), SECRET), "db_instance/main of stack shop is not up yet."),
        ((database(),), "secret/main-api of stack shop does not exist."),
    ],
    ids=["no database", "a database that is being created", "no user"],
)
def test_a_missing_resource_is_an_error(
    monkeypatch: pytest.MonkeyPatch, alive: tuple[ActualResource, ...], message: str
) -> None:
    result = login(monkeypatch, *alive)
    assert result["failed"]
    assert message in result["msg"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_database_that_an_unfinished_switch_over_has_renamed_is_an_error(
    monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    tags = {"groundwork:takes": "shop-main", "groundwork:switch-began": "2026-03-01T04:05:06Z"}
    set_aside = replace(database(), id="shop-main-before-1", tags=tags)
    alone = login(monkeypatch, set_aside, SECRET)
    both = login(monkeypatch, *([set_aside, database()] if is_first else [database(), set_aside]), SECRET)
    for result in (alone, both):
        assert result["failed"]
        assert result["msg"].startswith("db_instance/main: the switch over to a restored database has not finished")
        assert result["msg"].endswith("restore.yml again with the same options. Nothing was changed")
    assert not login(monkeypatch, set_aside, database("stock"), secret("stock-api"), database="stock").get("failed")
