# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of a database of MySQL or MariaDB. Runs on managed hosts: Python 3.9.

Tables have no owner there: privileges on the database hold for all of its tables, also for later ones. Each user
gets them directly. A role would add nothing, and MySQL and MariaDB activate default roles in different ways. Users are
never dropped: views, triggers and routines run with the privileges of the user that defined them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .database_connection import AccessError
from .postgres_users import QUEUE_SECONDS, UserReport
from .sql_quoting import (
    escape_mysql_pattern,
    quote_mysql_database_in_grant,
    quote_mysql_identifier,
    quote_mysql_literal,
    quote_mysql_user,
)

# Privileges on a database that MySQL 8.4 and MariaDB 10.11 both have (GRANT, "Privileges").
PRIVILEGES = frozenset(
    {
        *("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER", "LOCK TABLES"),
        *("CREATE TEMPORARY TABLES", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EXECUTE"),
        *("EVENT", "TRIGGER"),
    }
)


def find_problem(connection: Any, database: str) -> str | None:
    """Why the user of this connection is not set up completely; None when it is. Needs no privileges."""
    rows = _query(
        connection,
        "select privilege_type from information_schema.schema_privileges where table_schema ="
        f" {quote_mysql_literal(escape_mysql_pattern(database))}"
        " and grantee = concat('''', replace(substring_index(current_user(), '@', 1), '''', ''''''), '''@''%''')",
    )
    missing = PRIVILEGES - {str(row[0]).upper() for row in rows}
    return f"it lacks {', '.join(sorted(missing))} on the database" if missing else None


def requires_tls(connection: Any) -> bool:
    """Whether the server rejects connections of this user without TLS."""
    if str(_query(connection, "show variables like 'require_secure_transport'")[0][1]).upper() in ("ON", "1"):
        return True
    text = str(_query(connection, "show create user current_user()")[0][0]).upper()
    return any(f"REQUIRE {kind}" in text for kind in ("SSL", "X509", "ISSUER", "SUBJECT", "CIPHER"))


class MysqlUsers:
    """Creates the user of a service with all privileges on its database; as the master user."""

    def __init__(self, connection: Any, database: str) -> None:
        self._connection = connection
        self._database = database

    def ensure(self, user: str, password: str, require_tls: bool) -> UserReport:
        """Set the user up completely; every statement can be repeated after an interruption at any point."""
        self._wait_for_turn()
        account, secret = quote_mysql_user(user), quote_mysql_literal(password)
        if not self._account_exists(user):
            self._run(f"create user if not exists {account} identified by {secret} require ssl")
        self._run(f"alter user {account} identified by {secret}")
        self._run(f"alter user {account} account unlock")
        if require_tls:
            self._run(f"alter user {account} require ssl")
        self._run(f"grant all on {quote_mysql_database_in_grant(self._database)}.* to {account}")
        self._revoke_pattern(user)
        return UserReport()

    def disable(self, user: str) -> UserReport:
        """Lock a user that no service has; what it defined goes on with its privileges."""
        self._wait_for_turn()
        if not self._account_exists(user):
            return UserReport(changed=False)
        account = quote_mysql_user(user)
        is_locked = "ACCOUNT LOCK" in str(self._query(f"show create user {account}")[0][0]).upper()
        if not is_locked:
            self._run(f"alter user {account} account lock")
        return UserReport(changed=not is_locked)

    def _wait_for_turn(self) -> None:
        """Take the lock that is held until the end of the session."""
        if self._query(f"select get_lock('groundwork', {QUEUE_SECONDS:.0f})")[0][0] != 1:
            raise AccessError(
                f"another host has been setting up users for {QUEUE_SECONDS:.0f} s. Nothing was changed. Run again"
            )

    def _account_exists(self, user: str) -> bool:
        name = quote_mysql_literal(user)
        return bool(self._query(f"select 1 from mysql.user where user = {name} and host = '%'"))

    def _revoke_pattern(self, user: str) -> None:
        """Take away what earlier versions granted: `_` of an unescaped name is a wildcard for other databases."""
        if escape_mysql_pattern(self._database) == self._database:
            return
        found = self._query(
            f"select 1 from mysql.db where user = {quote_mysql_literal(user)} and host = '%' and db ="
            f" {quote_mysql_literal(self._database)}"
        )
        if found:
            name = quote_mysql_identifier(self._database)
            self._run(f"revoke all privileges on {name}.* from {quote_mysql_user(user)}")

    def _run(self, statement: str) -> None:
        self._connection.cursor().execute(statement)

    def _query(self, text: str) -> Sequence[Sequence[Any]]:
        return _query(self._connection, text)


def _query(connection: Any, text: str) -> Sequence[Sequence[Any]]:
    cursor = connection.cursor()
    cursor.execute(text)
    rows: Sequence[Sequence[Any]] = cursor.fetchall()
    return rows
