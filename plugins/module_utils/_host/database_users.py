# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Set up the database user of a service. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from . import mysql_users, postgres_users
from .database_connection import AccessError, Options, connect, describe_error, is_denied
from .postgres_users import UserReport

# The master user waits for locks and for other hosts.
MASTER_TIMEOUT = 180
MAY_LACK_TLS = (
    "{user} may also connect to {database} without TLS, because an earlier version created it. When its service uses "
    "TLS (DATABASE_CA), run once with -e databases_require_tls=true"
)
NO_SERVICE = (
    "{user} of the database {database} has no service any more, and can still log in. What it created belongs to "
    "{owner} and stays. When no release of that service runs any more, run configure.yml once with "
    "-e databases_disabled_users={user}"
)


@dataclass
class UserOutcome:
    """Whether anything had to be done, and what a person should know."""

    changed: bool
    warnings: list[str] = field(default_factory=list)


def ensure_user(options: Options, check: bool) -> UserOutcome:
    """Give the user its password and its privileges on the database."""
    problem, warnings = find_problem(options)
    if problem is None:
        return UserOutcome(False, warnings)
    if check:
        return UserOutcome(True)
    if options["login_user"] is None:
        text = f"{problem}, and there is no login_user to change that with. Nothing was changed"
        raise AccessError(describe_error(options, text))
    report = _run_as_master(options, lambda connection: _ensure(options, connection))
    problem, warnings = find_problem(options)
    if problem is not None and not report.warnings:
        raise AccessError(describe_error(options, f"the user was set up, and still {problem}"))
    return UserOutcome(True, [*report.warnings, *warnings])


def disable_user(options: Options, check: bool) -> UserOutcome:
    """Take the login from a user that no service has any more. Nothing that it created is deleted."""
    if check:
        return UserOutcome(True)
    report = _run_as_master(options, lambda connection: _disable(options, connection))
    return UserOutcome(report.changed, report.warnings)


def find_problem(options: Options) -> tuple[str | None, list[str]]:
    """Why the user is not set up completely, None when it is; and what a person should know."""
    try:
        connection = connect(options, options["username"], options["password"])
    except Exception as error:
        if is_denied(options["engine"], error):
            return "it has no user there with this password", []
        raise AccessError(describe_error(options, error)) from error
    with closing(connection):
        try:
            if options["engine"] == "postgres":
                owner = postgres_users.name_owner_role(options["database"])
                return postgres_users.find_problem(connection, owner), _list_leftovers(options, connection, owner)
            problem = mysql_users.find_problem(connection, options["database"])
            if mysql_users.requires_tls(connection):
                return problem, []
            if options["require_tls"]:
                return problem or "it may connect without TLS", []
            return problem, [MAY_LACK_TLS.format(user=options["username"], database=options["database"])]
        except Exception as error:
            raise AccessError(describe_error(options, error)) from error


def _list_leftovers(options: Options, connection: Any, owner: str) -> list[str]:
    """A warning for each user whose service the stack does not have any more; none where its services are unknown."""
    if not options["members"] or not options["stack"]:
        return []
    users = postgres_users.list_users_without_service(connection, owner, options["stack"], options["members"])
    return [NO_SERVICE.format(user=user, database=options["database"], owner=owner) for user in users]


def _run_as_master(options: Options, work: Callable[[Any], UserReport]) -> UserReport:
    master = options["login_user"]
    try:
        connection = connect(options, master, options["login_password"], MASTER_TIMEOUT)
    except Exception as error:
        raise AccessError(describe_error(options, error, master)) from error
    with closing(connection):
        try:
            return work(connection)
        except AccessError as error:
            raise AccessError(describe_error(options, error, master, f"cannot {_describe_work(options)}")) from error
        except Exception as error:
            text = describe_error(options, error, master, f"cannot {_describe_work(options)}")
            raise AccessError(f"{text}. Services keep the access they had. Correct the cause and run again") from error


def _describe_work(options: Options) -> str:
    return f"set up the user {options['username']} of"


def _ensure(options: Options, connection: Any) -> UserReport:
    user, password, database = options["username"], options["password"], options["database"]
    if options["engine"] == "postgres":
        return postgres_users.PostgresUsers(connection, database, options["stack"] or "").ensure(user, password)
    return mysql_users.MysqlUsers(connection, database).ensure(user, password, options["require_tls"])


def _disable(options: Options, connection: Any) -> UserReport:
    if options["engine"] == "postgres":
        users = postgres_users.PostgresUsers(connection, options["database"], options["stack"] or "")
        return users.disable(options["username"])
    return mysql_users.MysqlUsers(connection, options["database"]).disable(options["username"])
