# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of services: when one is made, what is said to each engine, and what a failure tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._database import users
from ansible_collections.groundwork.aws.plugins.module_utils._database.users import AccessError, ensure, statements

OPTIONS = {
    "engine": "mysql",
    "host": "main.example",
    "port": 3306,
    "database": "appdb",
    "username": "api",
    "password": "Geheim1",
    "login_user": "admin",
    "login_password": "Meister1",
}
POSTGRES = {**OPTIONS, "engine": "postgres", "port": 5432, "login_user": "postgres"}


class Engine:
    """Lets in whom it knows; understands what is said only as far as a test has to."""

    def __init__(self, known: dict[str, str], refusal: Exception, obeys: bool = True) -> None:
        self.known, self.refusal, self.obeys = dict(known), refusal, obeys
        self.said: list[str] = []
        self.closed = 0

    def connect(self, options: dict[str, Any], user: str, password: str) -> Engine:
        if self.known.get(user) != password:
            raise self.refusal
        return self

    def cursor(self) -> Engine:
        return self

    def execute(self, text: str, values: tuple[str, ...] = ()) -> None:
        self.said.append(text)
        if self.obeys and ("create" in text or "alter" in text) and "has_schema" not in text:
            self.known["api"] = "Geheim1"

    def fetchone(self) -> Any:
        return (True,) if "has_schema" in self.said[-1] else None

    def commit(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed += 1


NO = {
    "mysql": Exception(1045, "Access denied for user 'api'"),
    "postgres": Exception({"S": "FATAL", "C": "28P01", "M": 'password authentication failed for user "api"'}),
}
Using = Callable[[Engine], Engine]


@pytest.fixture
def using(monkeypatch: pytest.MonkeyPatch) -> Using:
    def use(engine: Engine) -> Engine:
        monkeypatch.setattr(users, "connect", engine.connect)
        return engine

    return use


@pytest.mark.parametrize("options", [OPTIONS, POSTGRES], ids=["mysql", "postgres"])
def test_a_user_that_gets_in_is_left_alone(using: Using, options: dict[str, Any]) -> None:
    engine = using(Engine({"api": "Geheim1"}, NO[options["engine"]]))
    assert ensure(options, check=False) is False
    assert not [text for text in engine.said if not text.startswith("select")]
    assert engine.closed == 1


@pytest.mark.parametrize("options", [OPTIONS, POSTGRES], ids=["mysql", "postgres"])
def test_a_user_that_is_missing_or_has_another_password_gets_its_own(using: Using, options: dict[str, Any]) -> None:
    engine = using(Engine({options["login_user"]: "Meister1", "api": "Alt"}, NO[options["engine"]]))
    assert ensure(options, check=False) is True
    assert engine.known["api"] == "Geheim1"
    assert ensure(options, check=False) is False


def test_a_name_that_mysql_does_not_know_may_be_refused_for_want_of_a_password(using: Using) -> None:
    engine = using(Engine({"admin": "Meister1"}, Exception(1698, "Access denied for user 'api'@'10.0.0.1'")))
    assert ensure(OPTIONS, check=False) is True
    assert engine.known["api"] == "Geheim1"


def test_a_check_changes_nothing(using: Using) -> None:
    engine = using(Engine({"admin": "Meister1"}, NO["mysql"]))
    assert ensure(OPTIONS, check=True) is True
    assert engine.said == []


NOBODY = {**OPTIONS, "login_user": None, "login_password": None}


def test_whether_a_user_gets_in_is_seen_without_the_master_user(using: Using) -> None:
    using(Engine({"admin": "Meister1", "api": "Geheim1"}, NO["mysql"]))
    assert ensure(NOBODY, check=False) is False
    using(Engine({"admin": "Meister1"}, NO["mysql"]))
    assert ensure(NOBODY, check=True) is True


def test_a_user_that_nobody_could_make(using: Using) -> None:
    engine = using(Engine({"admin": "Meister1"}, NO["mysql"]))
    with pytest.raises(AccessError, match="it has no user there yet, and no login_user was given who could make it"):
        ensure(NOBODY, check=False)
    assert engine.said == []


def test_what_is_said_to_each_engine() -> None:
    assert statements(OPTIONS, exists=False) == [
        ("create user if not exists %s@'%%' identified by %s", ("api", "Geheim1")),
        ("alter user %s@'%%' identified by %s", ("api", "Geheim1")),
        ("grant all on `appdb`.* to %s@'%%'", ("api",)),
    ]
    odd = {**POSTGRES, "username": 'a"b', "password": "it's"}
    assert [text for text, _values in statements(odd, exists=True)] == [
        "alter role \"a\"\"b\" with login password 'it''s'",
        'grant all on database "appdb" to "a""b"',
        'grant all on schema public to "a""b"',
    ]
    assert statements(POSTGRES, exists=False)[0][0].startswith("create role ")


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        (
            Engine({}, Exception(2003, "Can't connect to MySQL server (timed out)")),
            r"^api cannot get into appdb at main\.example:3306: \(2003, .*timed out",
        ),
        (Engine({}, NO["mysql"]), "^admin cannot get into appdb at main.example:3306: .*Access denied"),
        (Engine({"admin": "Meister1"}, NO["mysql"], obeys=False), "it was made, and is refused all the same"),
        (Engine({}, Exception(1045, "Meister1 is wrong, Geheim1 too")), r"\*{8} is wrong, \*{8} too"),
    ],
    ids=["no way", "the master user is refused", "in vain", "secrets are not told"],
)
def test_failures(using: Using, engine: Engine, message: str) -> None:
    using(engine)
    with pytest.raises(AccessError, match=message):
        ensure(OPTIONS, check=False)
