# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Giving a service a user of its own, on a host that reaches the database. Runs there, with Python 3.9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TIMEOUT = 10
# What the engines say of a name or password that is not right: MySQL by number, PostgreSQL by SQLSTATE. 1698 is what a
# name that does not exist is told when the server tries it against the rules of a user without a password.
REFUSED: Mapping[str, tuple[Any, ...]] = {"mysql": (1044, 1045, 1049, 1698), "postgres": ("28P01", "28000", "42501")}

Options = Mapping[str, Any]

# Of every module that gets in as a user; described in doc_fragments/database_access.py.
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "engine": {"type": "str", "choices": ["mysql", "postgres"], "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "database": {"type": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
}


class AccessError(Exception):
    """The database cannot be reached, or says no."""


def ensure(options: Options, check: bool) -> bool:
    """Give the user its password and the rights on the database; whether that had to be done."""
    if works(options):
        return False
    if not check:
        if options["login_user"] is None:
            raise AccessError(told(options, "it has no user there yet, and no login_user was given who could make it"))
        give(options)
        if not works(options):
            raise AccessError(told(options, "it was made, and is refused all the same"))
    return True


def works(options: Options) -> bool:
    """Whether the user gets in and may make tables."""
    try:
        connection = connect(options, options["username"], options["password"])
    except Exception as error:
        if _code(options["engine"], error) in REFUSED[options["engine"]]:
            return False
        raise AccessError(told(options, error)) from error
    try:
        return _may_create(options, connection)
    finally:
        connection.close()


def _may_create(options: Options, connection: Any) -> bool:
    if options["engine"] == "mysql":
        return True
    cursor = connection.cursor()
    cursor.execute("select has_schema_privilege('public', 'create')")
    return bool(cursor.fetchone()[0])


def give(options: Options) -> None:
    """Make the user, or give it the password, and let it do everything inside of its database."""
    try:
        connection = connect(options, options["login_user"], options["login_password"])
    except Exception as error:
        raise AccessError(told(options, error, options["login_user"])) from error
    try:
        cursor = connection.cursor()
        for text, values in statements(options, _exists(options, cursor)):
            cursor.execute(text, values)
        connection.commit()
    except Exception as error:
        raise AccessError(told(options, error, options["login_user"])) from error
    finally:
        connection.close()


def _exists(options: Options, cursor: Any) -> bool:
    if options["engine"] == "mysql":
        return False  # it has words for both cases
    # Hosts of a service come at the same time: one after the other until what it does is committed.
    cursor.execute("select pg_advisory_xact_lock(hashtext('groundwork'))")
    cursor.execute("select 1 from pg_roles where rolname = %s", (options["username"],))
    return cursor.fetchone() is not None


def statements(options: Options, exists: bool) -> list[tuple[str, tuple[str, ...]]]:
    """What is said to the engine, with the values that go beside it.

    Names come from a document, whose letters need no quoting; they are quoted all the same. PostgreSQL takes no values
    in statements that make something, so its password, which is letters and digits, is put in as text.
    """
    name, database = options["username"], options["database"]
    if options["engine"] == "mysql":
        return [
            ("create user if not exists %s@'%%' identified by %s", (name, options["password"])),
            ("alter user %s@'%%' identified by %s", (name, options["password"])),
            (f"grant all on {_quoted(database, '`')}.* to %s@'%%'", (name,)),
        ]
    role, password = _quoted(name, '"'), _quoted(options["password"], "'")
    verb = "alter" if exists else "create"
    return [
        (f"{verb} role {role} with login password {password}", ()),
        (f"grant all on database {_quoted(database, chr(34))} to {role}", ()),
        (f"grant all on schema public to {role}", ()),
    ]


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark


def connect(options: Options, user: str, password: str) -> Any:
    where = {"host": options["host"], "port": options["port"], "database": options["database"]}
    if options["engine"] == "mysql":
        import pymysql

        return pymysql.connect(user=user, password=password, connect_timeout=TIMEOUT, charset="utf8mb4", **where)
    import pg8000.dbapi

    return pg8000.dbapi.connect(user=user, password=password, timeout=TIMEOUT, **where)


def _code(engine: str, error: Exception) -> Any:
    first = error.args[0] if error.args else None
    return first.get("C") if engine == "postgres" and isinstance(first, dict) else first


def told(options: Options, problem: object, user: str = "") -> str:
    text = str(problem)
    for secret in (options["password"], options.get("login_password")):
        text = text.replace(secret, "********") if secret else text
    where = f"{options['database']} at {options['host']}:{options['port']}"
    return f"{user or options['username']} cannot get into {where}: {text}"
