# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PostgreSQL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import signal
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from ..image.recipe import DATABASES
from ..servers.model import CERTIFICATE, CONFIGURATION, HOME, KEY, RUN, launcher
from .model import Database, plain, switched_on

ADMIN = "rdsadmin"
CLIENT = f"psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host={RUN} --port=%d --username={ADMIN} --dbname=postgres"
ACCESS, NAMES = f"{HOME}/pg_hba.conf", f"{HOME}/pg_ident.conf"
# The parameters of a group that mean the same here; the last line wants a restart.
KNOWN = frozenset(
    {
        *("log_min_duration_statement", "log_statement", "log_connections", "log_disconnections", "log_lock_waits"),
        *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "work_mem", "timezone"),
        *("deadlock_timeout", "random_page_cost", "default_transaction_isolation"),
        *("max_connections", "max_worker_processes", "max_wal_senders", "track_activity_query_size"),
    }
)
FORCE_TLS = "rds.force_ssl"
FIXED = {
    "data_directory": f"'{DATABASES}/postgres'",
    "hba_file": f"'{ACCESS}'",
    "ident_file": f"'{NAMES}'",
    "listen_addresses": "'*'",
    "unix_socket_directories": f"'{RUN}'",
    "external_pid_file": f"'{RUN}/postgres.pid'",
    "shared_buffers": "'16MB'",
    "password_encryption": "'scram-sha-256'",
    "ssl": "'on'",
    "ssl_cert_file": f"'{CERTIFICATE}'",
    "ssl_key_file": f"'{KEY}'",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}
ROUNDS = 4096


class PostgreSQL:
    """How PostgreSQL is run."""

    data = f"{DATABASES}/postgres"
    user = "postgres"
    end = signal.SIGINT
    start = launcher("postgres", f"/usr/lib/postgresql/*/bin/postgres -c config_file={CONFIGURATION}")

    def configuration(self, desired: Database) -> Mapping[str, str]:
        known = {name: value for name, value in plain(desired.parameters).items() if name in KNOWN}
        settings = {**FIXED, "port": str(desired.port), **{name: f"'{value}'" for name, value in known.items()}}
        way = "hostssl" if switched_on(desired.parameters, FORCE_TLS) else "host"
        access = [
            f"local all {ADMIN} peer map=lab",
            f"local replication {ADMIN} peer map=lab",
            f"host all {ADMIN} 0.0.0.0/0 reject",
            f"{way} all all 0.0.0.0/0 scram-sha-256",
        ]
        return {
            CONFIGURATION: "".join(f"{name} = {value}\n" for name, value in settings.items()),
            ACCESS: "\n".join(access) + "\n",
            NAMES: f"lab root {ADMIN}\n",
        }

    def master(self, database: Database) -> str:
        """The password comes as what the server keeps of it, so that not even the server's logs could have it."""
        user = database.login.user
        roles = ("rds_superuser", "rds_password", "rds_replication", "rds_iam", user)
        statements = [
            *(_unless("pg_roles", "rolname", role, f"CREATE ROLE {_name(role)}") for role in roles),
            "GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_password TO rds_superuser WITH ADMIN OPTION;",
            f"ALTER ROLE {_name(user)} LOGIN CREATEDB CREATEROLE PASSWORD {_text(scram(database.login.password))};",
            f"GRANT rds_superuser TO {_name(user)};",
            f"ALTER DATABASE postgres OWNER TO {_name(user)};",
        ]
        if database.initial:
            create = f"CREATE DATABASE {_name(database.initial)} OWNER {_name(user)}"
            statements.append(_unless("pg_database", "datname", database.initial, create))
        return _client(database, statements)

    def reload(self, before: Mapping[str, str], database: Database) -> str:
        return _client(database, ["SELECT pg_reload_conf() \\g /dev/null"])

    def copy(self, place: str) -> str:
        port = f"$(sed -n 's/^port = //p' {CONFIGURATION})"
        return (
            f"/usr/lib/postgresql/*/bin/pg_basebackup --host={RUN} --port={port} --username={ADMIN} --pgdata={place} "
            "--wal-method=fetch --checkpoint=fast --no-manifest\n"
        )

    def answers(self, root: Path) -> bool:
        """It lets us in; while it starts or stops it refuses, in words that mean so."""
        port = _port(root)
        said = struct.pack("!I", 0x00030000) + f"user\0{ADMIN}\0database\0postgres\0\0".encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(f"{root}{RUN}/.s.PGSQL.{port}")
            connection.sendall(struct.pack("!I", len(said) + 4) + said)
            welcome = connection.recv(1) == b"R"
            connection.sendall(b"X\0\0\0\x04")
        return welcome


def _port(root: Path) -> str:
    """The port names the socket."""
    lines = Path(f"{root}{CONFIGURATION}").read_text().splitlines()
    return next(line.removeprefix("port = ") for line in lines if line.startswith("port = "))


def scram(password: str, salt: bytes | None = None) -> str:
    """What a server keeps of a password (RFC 5803)."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    client, server = (hmac.digest(salted, f"{who} Key".encode(), "sha256") for who in ("Client", "Server"))
    stored = hashlib.sha256(client).digest()
    shown = [base64.b64encode(one).decode() for one in (salt, stored, server)]
    return f"SCRAM-SHA-256${ROUNDS}:{shown[0]}${shown[1]}:{shown[2]}"


def _unless(table: str, column: str, value: str, create: str) -> str:
    """Create what is not there: PostgreSQL has no words for it."""
    return f"SELECT {_text(create)} WHERE NOT EXISTS (SELECT FROM {table} WHERE {column} = {_text(value)})\\gexec"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _client(database: Database, statements: list[str]) -> str:
    return CLIENT % database.port + " <<'STATEMENTS'\n" + "\n".join(statements) + "\nSTATEMENTS\n"
