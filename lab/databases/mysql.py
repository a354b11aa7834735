# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MariaDB in the place of MySQL."""

from __future__ import annotations

import hashlib
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from ..image.recipe import DATABASES
from ..servers.model import CERTIFICATE, CONFIGURATION, HOME, KEY, RUN, launcher
from .model import Database, plain

SOCKET = f"{RUN}/mysqld.sock"
CLIENT = f"mariadb --no-defaults --socket={SOCKET} --user=root --batch --skip-column-names"
# The parameters of a group that mean the same here; MariaDB changes all of them while it runs.
KNOWN = frozenset(
    {
        *("slow_query_log", "long_query_time", "general_log", "log_output", "log_queries_not_using_indexes"),
        *("max_connections", "require_secure_transport", "wait_timeout", "interactive_timeout", "max_allowed_packet"),
        *("innodb_lock_wait_timeout", "character_set_server", "collation_server", "sql_mode", "time_zone"),
        "event_scheduler",
    }
)
# What the master user of AWS may: everything but the files and the inside of the server. DELETE HISTORY is MariaDB's
# own, and what lets the user grant all that one may do in a database.
RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
    "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
    "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, DELETE HISTORY"
)
FIXED = {
    "datadir": f"{DATABASES}/mysql",
    "socket": SOCKET,
    "pid_file": f"{RUN}/mysqld.pid",
    "bind_address": "0.0.0.0",
    "skip_name_resolve": "ON",
    "slow_query_log_file": f"{RUN}/slow.log",
    "general_log_file": f"{RUN}/general.log",
    # The lab looks whether it answers, and each look would be a line in the log.
    "log_warnings": "1",
    "innodb_log_file_size": "16M",
    "innodb_buffer_pool_size": "32M",
    "character_set_server": "utf8mb4",
    "ssl_cert": CERTIFICATE,
    "ssl_key": KEY,
    "symbolic_links": "OFF",
    "local_infile": "OFF",
}


class MySQL:
    """How MariaDB is run."""

    data = f"{DATABASES}/mysql"
    user = "mysql"
    end = signal.SIGTERM
    start = launcher("mysql", f"mariadbd --defaults-file={CONFIGURATION}")

    def configuration(self, desired: Database) -> Mapping[str, str]:
        settings = {**FIXED, "port": str(desired.port), **_known(desired.parameters)}
        return {CONFIGURATION: "[mariadbd]\n" + "".join(f"{name}={value}\n" for name, value in settings.items())}

    def master(self, database: Database) -> str:
        """The password comes as what the server keeps of it, so that not even the server's logs could have it."""
        name = f"{_quoted(database.login.user)}@'%'"
        statements = [
            f"CREATE USER IF NOT EXISTS {name};",
            f"ALTER USER {name} IDENTIFIED VIA mysql_native_password USING '{native(database.login.password)}';",
            f"GRANT {RIGHTS} ON *.* TO {name} WITH GRANT OPTION;",
        ]
        if database.initial:
            statements.append(f"CREATE DATABASE IF NOT EXISTS `{database.initial.replace('`', '``')}`;")
        return _client(statements)

    def reload(self, before: Mapping[str, str], database: Database) -> str:
        now, then = _known(database.parameters), _known(before)
        changed = [f"SET GLOBAL {name} = {_value(value)};" for name, value in now.items() if then.get(name) != value]
        return _client([*changed, *(f"SET GLOBAL {name} = DEFAULT;" for name in then if name not in now)])

    def copy(self, place: str) -> str:
        tool = f"mariadb-backup --no-defaults --user=root --socket={SOCKET} --datadir={self.data} --target-dir={place}"
        log = f"{HOME}/copying.log"
        return "".join(
            f"{tool} --{step} >{log} 2>&1 || {{ tail -n 3 {log} >&2; exit 1; }}\n" for step in ("backup", "prepare")
        )

    def answers(self, root: Path) -> bool:
        """It speaks first; what it says begins with the version of the protocol, or is an error."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(f"{root}{SOCKET}")
            return connection.recv(5)[4:5] == b"\x0a"


def _known(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in plain(parameters).items() if name in KNOWN}


def _value(value: str) -> str:
    return value if value.replace(".", "", 1).isdigit() else _quoted(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def native(password: str) -> str:
    """What a server keeps of a password."""
    return "*" + hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest().upper()


def _client(statements: list[str]) -> str:
    return f"{CLIENT} <<'STATEMENTS'\n" + "\n".join(statements) + "\nSTATEMENTS\n"
