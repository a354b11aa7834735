# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quote names and texts for SQL: one function for each kind and engine. Runs on managed hosts: Python 3.9.

Statements that create users take no parameters in PostgreSQL. A text that an engine would cut off or read as something
else is an error instead of another name.
"""

from __future__ import annotations

import re

# PostgreSQL documentation, "Identifiers and Key Words": longer names are truncated with a notice.
POSTGRES_NAME_BYTES = 63
# MySQL 8.4 Reference Manual, "Identifier Length Limits" and "Account Names": databases, and users. MariaDB allows more.
MYSQL_NAME_LENGTH = 64
MYSQL_USER_LENGTH = 32


def quote_postgres_identifier(name: str) -> str:
    """The name of a role, database, schema or relation, also where it is a key word."""
    _reject_nul(name)
    if not name:
        raise ValueError("a name of PostgreSQL cannot be empty")
    if len(name.encode()) > POSTGRES_NAME_BYTES:
        raise ValueError(f"{name} is longer than {POSTGRES_NAME_BYTES} bytes: PostgreSQL would cut it off")
    return '"' + name.replace('"', '""') + '"'


def quote_postgres_literal(text: str) -> str:
    """A text. With a backslash in it, it does not depend on the setting standard_conforming_strings."""
    _reject_nul(text)
    quoted = "'" + text.replace("'", "''") + "'"
    return f" E{quoted}".replace("\\", "\\\\") if "\\" in text else quoted


def quote_mysql_identifier(name: str) -> str:
    """The name of a database or table, also where it is a reserved word."""
    _reject_nul(name)
    if not name or len(name) > MYSQL_NAME_LENGTH:
        raise ValueError(f"a name of MySQL has 1 to {MYSQL_NAME_LENGTH} characters: {name!r}")
    # MySQL 8.4 Reference Manual, "Schema Object Names": neither is permitted in a quoted name.
    if re.search(r"[\U00010000-\U0010ffff]", name) or name[-1] in " \t\n\v\f\r":
        raise ValueError(
            f"MySQL permits neither supplementary characters nor white space at the end of a name: {name!r}"
        )
    return "`" + name.replace("`", "``") + "`"


def quote_mysql_database_in_grant(name: str) -> str:
    """The name of a database in GRANT and REVOKE, which read `_` and `%` there as wildcards for other databases."""
    quote_mysql_identifier(name)
    return "`" + escape_mysql_pattern(name).replace("`", "``") + "`"


def escape_mysql_pattern(name: str) -> str:
    """The name of a database as the tables of grants have it."""
    return re.sub(r"([\\_%])", r"\\\1", name)


def quote_mysql_literal(text: str) -> str:
    """A text, for a session without NO_BACKSLASH_ESCAPES; with it the text has two backslashes for each.

    In both modes the text ends at its last quote.
    """
    _reject_nul(text)
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def quote_mysql_user(name: str, host: str = "%") -> str:
    """The account of a user."""
    if not name or len(name) > MYSQL_USER_LENGTH:
        raise ValueError(f"a user of MySQL has 1 to {MYSQL_USER_LENGTH} characters: {name!r}")
    return f"{quote_mysql_literal(name)}@{quote_mysql_literal(host)}"


def _reject_nul(text: str) -> None:
    if "\0" in text:
        raise ValueError("SQL texts cannot contain the character NUL")
