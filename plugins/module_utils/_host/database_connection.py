# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connect to a database over verified TLS, or not at all. Runs on managed hosts: Python 3.9.

The server must have a certificate for its host name that one of the configured authorities has signed. There is no
fallback: a password is sent only after that.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from typing import Any

from .polling import SYSTEM_CLOCK, poll

TIMEOUT = 10
# Error codes for a wrong name or password: MySQL by number, PostgreSQL by SQLSTATE. The server answers 1698 for a name
# that does not exist, when it applies the rules of a user without a password; 3118 (MariaDB: 4151) for a locked one.
ACCESS_DENIED: Mapping[str, tuple[Any, ...]] = {
    "mysql": (1044, 1045, 1049, 1698, 3118, 4151),
    "postgres": ("28P01", "28000", "42501"),
}

Options = Mapping[str, Any]

# Options of every module that connects as a user; described in doc_fragments/database_access.py.
ARGUMENTS: Mapping[str, Mapping[str, Any]] = {
    "engine": {"type": "str", "choices": ["mysql", "postgres"], "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "ca_cert": {"type": "path", "required": True},
    "database": {"type": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
}
# The bit CLIENT_SSL in the capabilities of the server's greeting (MySQL Internals, "Protocol::HandshakeV10").
CLIENT_SSL = 0x0800
SAFE_SQL_MODE = "set session sql_mode = 'TRADITIONAL'"
# Services may create functions and operators in their database, and set its search path. Without this, a call that fits
# one of theirs better than that of PostgreSQL would run it as the user of this connection, such as the master user.
SAFE_SEARCH_PATH = "set search_path = pg_catalog, pg_temp"


class AccessError(Exception):
    """The database cannot be reached, or denies access."""


def connect(options: Options, user: str, password: str, timeout: int = TIMEOUT) -> Any:
    """Connect as a user; raises `AccessError`, `OSError` or the driver's errors."""
    context = make_tls_context(options["ca_cert"])
    if options["engine"] == "mysql":
        return _connect_mysql(options, user, password, timeout, context)
    return _connect_postgres(options, user, password, timeout, context)


def _connect_postgres(options: Options, user: str, password: str, timeout: int, context: ssl.SSLContext) -> Any:
    import pg8000.dbapi

    # With a context of its own pg8000 ends when the server refuses TLS; without one it would try without verification.
    connection = pg8000.dbapi.connect(
        user=user,
        password=password,
        host=options["host"],
        port=options["port"],
        database=options["database"],
        timeout=timeout,
        ssl_context=context,
        application_name="groundwork",
    )
    try:
        # Outside of a transaction, whose end could take it back.
        connection.autocommit = True
        connection.cursor().execute(SAFE_SEARCH_PATH)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def make_tls_context(authorities: str) -> ssl.SSLContext:
    """A context that accepts only certificates of these authorities, for the host name of the connection."""
    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:
        raise AccessError(
            f"ca_cert: the file {authorities} with the authorities that sign the certificates of databases cannot be "
            f"used: {error}. Nothing was sent to the database. Name the file in app_database_authorities"
        ) from error
    # Python 3.13 sets it, and rejects authorities without extensions of RFC 5280. Chain and name are still verified.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _connect_mysql(options: Options, user: str, password: str, timeout: int, context: ssl.SSLContext) -> Any:
    import pymysql

    connection = pymysql.connect(
        host=options["host"],
        port=options["port"],
        database=options["database"],
        user=user,
        password=password,
        connect_timeout=TIMEOUT,
        read_timeout=timeout,
        write_timeout=timeout,
        charset="utf8mb4",
        ssl=context,
        init_command=SAFE_SQL_MODE,
        defer_connect=True,
    )
    stream = socket.create_connection((options["host"], options["port"]), TIMEOUT)
    try:
        # PyMySQL continues without TLS when the server does not offer it, so the offer is read first.
        if not offers_tls(peek_greeting(stream, TIMEOUT)):
            raise AccessError("the server does not offer TLS, so the password was not sent")
        connection.connect(stream)
    except BaseException:
        stream.close()
        raise
    return connection


def peek_greeting(stream: socket.socket, timeout: float) -> bytes:
    """The first packet of a MySQL server, without its header, which stays in the stream for the driver."""
    for _attempt in poll(timeout, 0.01, SYSTEM_CLOCK):
        data = stream.recv(4 + 0xFFFF, socket.MSG_PEEK)
        if not data:
            break
        if len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:3], "little"):
            return data[4:]
    raise AccessError("the server did not greet as a MySQL server does, so the password was not sent")


def offers_tls(greeting: bytes) -> bool:
    """Whether the greeting offers TLS. An error in its place is left to the driver, which reports it."""
    if greeting[:1] == b"\xff":
        return True
    end_of_version = greeting.find(b"\0", 1)
    # The id of the connection, the first part of the salt and a filler come before the lower capabilities.
    position = end_of_version + 1 + 4 + 8 + 1
    capabilities = greeting[position : position + 2]
    return end_of_version > 0 and len(capabilities) == 2 and bool(int.from_bytes(capabilities, "little") & CLIENT_SSL)


def error_code(engine: str, error: Exception) -> Any:
    """The number of MySQL's error, or the SQLSTATE of PostgreSQL's."""
    first = error.args[0] if error.args else None
    return first.get("C") if engine == "postgres" and isinstance(first, dict) else first


def is_denied(engine: str, error: Exception) -> bool:
    """Whether the server denies the user access to the database."""
    return error_code(engine, error) in ACCESS_DENIED[engine]


def describe_error(options: Options, error: object, user: str = "", action: str = "cannot log in to") -> str:
    """A message without any password."""
    first = error.args[0] if isinstance(error, Exception) and error.args else None
    # The driver of PostgreSQL has the fields of the server's message in a mapping.
    text = f"{first.get('M')} ({first.get('C')})" if isinstance(first, dict) else str(error)
    for secret in (options["password"], options.get("login_password")):
        text = text.replace(secret, "********") if secret else text
    location = f"{options['database']} at {options['host']}:{options['port']}"
    return f"{user or options['username']} {action} {location}: {text}"
