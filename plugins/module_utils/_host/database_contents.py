# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List the tables of a database. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .database_connection import AccessError, Options, connect, describe_error

TABLES = {
    "mysql": "select table_name from information_schema.tables where table_schema = %s",
    "postgres": "select tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
}


def list_tables(options: Options) -> list[str]:
    """The names of the tables that a user can see in its database."""
    try:
        connection = connect(options, options["username"], options["password"])
        try:
            cursor = connection.cursor()
            values = (options["database"],) if options["engine"] == "mysql" else ()
            cursor.execute(TABLES[options["engine"]], values)
            return sorted(_decode(row[0]) for row in cursor.fetchall())
        finally:
            connection.close()
    except Exception as error:
        raise AccessError(describe_error(options, error)) from error


def _decode(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def find_missing_tables(found: Collection[str], expected: Collection[str]) -> str | None:
    """A text about the tables that are missing, or about a database without any; None otherwise."""
    missing = sorted(set(expected) - set(found))
    if missing:
        return f"it has no table {', '.join(missing)}; it has {', '.join(found) or 'none at all'}"
    return None if found else "it holds no table"
