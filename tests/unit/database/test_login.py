# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a service gets in: put together from the database, its secret, and the master user's."""

from __future__ import annotations

from typing import Any

import pytest
from service.account import STACK, Account, database, listed, secret

from ansible_collections.groundwork.aws.plugins.module_utils._database import login as module
from ansible_collections.groundwork.aws.plugins.module_utils._stack import asking
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live

OPTIONS = {
    "region": "us-east-1",
    "stack": STACK,
    "database": "main",
    "service": "api",
    "master": False,
    "instance": None,
}
SECRET = secret("main-api")


def login(monkeypatch: pytest.MonkeyPatch, *alive: Live, **options: Any) -> dict[str, Any]:
    monkeypatch.setattr(asking, "Clients", lambda *_: Account())
    listed(monkeypatch, alive)
    return module.login({**OPTIONS, **options})


def test_the_way_in_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    assert login(monkeypatch, database(), SECRET) == {
        "changed": False,
        "engine": "mysql",
        "host": "main.example",
        "port": 3306,
        "database": "appdb",
        "user": {"username": "api", "password": "p@ss/word"},
        "url": "mysql://api:p%40ss%2Fword@main.example:3306/appdb",
    }


def test_the_master_user_is_told_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
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
    ids=["no database", "a database that comes up", "no user"],
)
def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, alive: tuple[Live, ...], message: str) -> None:
    result = login(monkeypatch, *alive)
    assert result["failed"]
    assert message in result["msg"]
