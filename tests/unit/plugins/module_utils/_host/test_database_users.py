# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When the master user is needed, and failures without secrets.

Real servers: tests/integration/test_database_users.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host import database_users as users
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_connection import AccessError
from ansible_collections.groundwork.aws.plugins.module_utils._host.database_users import (
    UserOutcome,
    disable_user,
    ensure_user,
)
from ansible_collections.groundwork.aws.plugins.module_utils._host.postgres_users import (
    UserReport,
    hash_password,
    name_owner_role,
)

OPTIONS = {
    "engine": "mysql",
    "host": "main.example",
    "port": 3306,
    "ca_cert": "/etc/ca.pem",
    "database": "appdb",
    "username": "api",
    "password": "Geheim1",
    "login_user": "admin",
    "login_password": "Meister1",
    "stack": "shop",
    "members": [],
    "require_tls": False,
}
POSTGRES = {**OPTIONS, "engine": "postgres", "port": 5432}
WITHOUT_MASTER_USER = {**OPTIONS, "login_user": None, "login_password": None}
DENIED = {
    "mysql": Exception(1045, "Access denied for user 'api'"),
    "postgres": Exception({"S": "FATAL", "C": "28P01", "M": 'password authentication failed for user "api"'}),
}


class Server:
    """Accepts the users that it knows; ``problem`` is what the user lacks until the master user has worked."""

    def __init__(self, refusal: Exception, problem: str | None = None, **known: str) -> None:
        self.refusal, self.problem, self.known = refusal, problem, known
        self.connected: list[str] = []
        self.open = 0
        self.work: Callable[[], UserReport] = self.set_up

    def connect(self, _options: Any, user: str, password: str, *_timeout: int) -> Server:
        self.connected.append(user)
        if self.known.get(user) != password:
            raise self.refusal
        self.open += 1
        return self

    def close(self) -> None:
        self.open -= 1

    def set_up(self) -> UserReport:
        self.known["api"], self.problem = "Geheim1", None
        return UserReport()


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], Server]:
    def use_server(server: Server) -> Server:
        monkeypatch.setattr(users, "connect", server.connect)
        monkeypatch.setattr(users, "_ensure", lambda *_given: server.work())
        monkeypatch.setattr(users, "_disable", lambda *_given: UserReport())
        monkeypatch.setattr(users.postgres_users, "find_problem", lambda *_given: server.problem)
        monkeypatch.setattr(users.postgres_users, "list_users_without_service", lambda *_given: [])
        monkeypatch.setattr(users.mysql_users, "find_problem", lambda *_given: server.problem)
        monkeypatch.setattr(users.mysql_users, "requires_tls", lambda *_given: True)
        return server

    return use_server


Use = Callable[[Server], Server]
both = pytest.mark.parametrize("options", [OPTIONS, POSTGRES], ids=["mysql", "postgres"])


@both
def test_a_user_that_has_all_it_needs_is_not_changed_and_needs_no_master_user(use: Use, options: Any) -> None:
    server = use(Server(DENIED[options["engine"]], api="Geheim1"))
    assert ensure_user({**options, "login_user": None, "login_password": None}, False) == UserOutcome(False)
    assert (server.connected, server.open) == (["api"], 0)


@both
@pytest.mark.parametrize("password", ["Alt", "Geheim1"])
def test_a_wrong_password_or_a_missing_privilege_is_corrected(use: Use, options: Any, password: str) -> None:
    server = use(Server(DENIED[options["engine"]], problem="it lacks x", admin="Meister1", api=password))
    assert ensure_user(options, True) == UserOutcome(True)
    assert server.connected == ["api"]
    assert ensure_user(options, False) == UserOutcome(True)
    assert ensure_user(options, False) == UserOutcome(False)
    assert server.open == 0


@pytest.mark.parametrize("code", [1044, 1049, 1698, 3118, 4151])
def test_every_way_of_mysql_to_deny_a_user_leads_to_the_master_user(use: Use, code: int) -> None:
    use(Server(Exception(code, "no"), admin="Meister1"))
    assert ensure_user(OPTIONS, False) == UserOutcome(True)


def test_without_a_master_user_the_error_says_what_is_missing(use: Use) -> None:
    server = use(Server(DENIED["mysql"], admin="Meister1"))
    with pytest.raises(AccessError, match="it has no user there with this password, and there is no login_user"):
        ensure_user(WITHOUT_MASTER_USER, False)
    server.known["api"], server.problem = "Geheim1", "it lacks SELECT on the database"
    with pytest.raises(AccessError, match="it lacks SELECT on the database, and there is no login_user"):
        ensure_user(WITHOUT_MASTER_USER, False)
    assert ensure_user(WITHOUT_MASTER_USER, True) == UserOutcome(True)


def test_what_could_not_be_done_now_is_a_warning_and_no_error(use: Use) -> None:
    server = use(Server(DENIED["postgres"], problem="a table", api="Geheim1", admin="Meister1"))
    server.work = lambda: UserReport(warnings=["t is locked"])
    assert ensure_user(POSTGRES, False) == UserOutcome(True, ["t is locked"])
    server.work = UserReport
    with pytest.raises(AccessError, match="the user was set up, and still a table"):
        ensure_user(POSTGRES, False)


def test_a_user_is_disabled_by_the_master_user_only(use: Use) -> None:
    server = use(Server(DENIED["mysql"], admin="Meister1"))
    options = {**OPTIONS, "password": None}
    assert disable_user(options, True).changed
    assert server.connected == []
    assert disable_user(options, False).changed
    assert server.connected == ["admin"]


def raise_dropped() -> UserReport:
    raise Exception({"S": "ERROR", "C": "42501", "M": "permission denied for Meister1"})


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (
            Server(Exception(2003, "Can't connect to MySQL server (timed out)")),
            r"^api cannot log in to appdb at main\.example:3306: \(2003, .*timed out",
        ),
        (Server(DENIED["mysql"]), "^admin cannot log in to appdb at main.example:3306: .*Access denied"),
        (Server(Exception(1045, "Meister1 is wrong, Geheim1 too")), r"\*{8} is wrong, \*{8} too"),
    ],
    ids=["unreachable", "the master user is denied", "secrets are hidden"],
)
def test_a_failure_is_an_error_without_secrets(use: Use, server: Server, message: str) -> None:
    use(server)
    with pytest.raises(AccessError, match=message):
        ensure_user(OPTIONS, False)


def test_a_failed_statement_names_the_work_and_what_to_do(use: Use) -> None:
    server = use(Server(DENIED["postgres"], admin="Meister1"))
    server.work = raise_dropped
    with pytest.raises(AccessError) as caught:
        ensure_user(POSTGRES, False)
    assert str(caught.value) == (
        "admin cannot set up the user api of appdb at main.example:5432: permission denied for ******** (42501). "
        "Services keep the access they had. Correct the cause and run again"
    )
    assert server.open == 0


def test_owner_roles_fit_and_differ() -> None:
    assert name_owner_role("main") == "main_owner"
    long_names = [name_owner_role("x" * 62 + end) for end in "ab"]
    assert len(set(long_names)) == 2
    for name in (*long_names, name_owner_role("ä" * 31)):
        assert len(name.encode()) <= 63
        assert name.endswith("_owner")


def test_a_password_is_sent_as_what_the_server_stores() -> None:
    """The example of RFC 7677."""
    salt = b"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81"
    assert hash_password("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    assert hash_password("pencil") != hash_password("pencil")
    assert hash_password("päncil") == "päncil"
