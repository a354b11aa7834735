# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real database servers as plain processes: PostgreSQL, and MariaDB in the place of MySQL.

They are those of the machine. What is not installed is taken from the packages of the distribution and unpacked into a
directory, without installing it. GROUNDWORK_POSTGRES_BIN names the directory of another PostgreSQL.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._host.sql_quoting import quote_postgres_literal
from lab.servers.authority import Authority

CHECKOUT = Path(__file__).resolve().parents[3]
UNPACKED = CHECKOUT / ".venv" / "database-servers"
# No server runs as root.
OWNER = "nobody"
MASTER, MASTER_PASSWORD = "master", "Meister-1"
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server, and the certificate authority of its certificate (for localhost only)."""

    engine: str
    port: int
    ca_cert: str

    def options(self, **more: Any) -> dict[str, Any]:
        """The options of the modules that connect to it."""
        return {
            "engine": self.engine,
            "host": "localhost",
            "port": self.port,
            "ca_cert": self.ca_cert,
            "login_user": MASTER,
            "login_password": MASTER_PASSWORD,
            "stack": "shop",
            "members": [],
            "require_tls": False,
            **more,
        }


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def make_home(*names: str) -> Iterator[Path]:
    """A directory that the server's user owns, with the certificates of a new authority for localhost and the names."""
    home = Path(tempfile.mkdtemp(prefix="groundwork-server-"))
    try:
        authority = Authority(home / "ca.pem", home / "ca.key")
        certificate, key = authority.issue("localhost", *names)
        (home / "cert.pem").write_bytes(certificate)
        (home / "key.pem").write_bytes(key)
        (home / "key.pem").chmod(0o600)
        home.chmod(0o755)
        if os.geteuid() == 0:
            for path in (home, home / "cert.pem", home / "key.pem"):
                shutil.chown(path, OWNER)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run(command: list[str], home: Path, **more: Any) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd=home, env=environment(), **as_owner(), **more)


def as_owner() -> dict[str, Any]:
    return {"user": OWNER, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def environment() -> dict[str, str]:
    libraries = [str(path) for path in UNPACKED.glob("**/lib/*-linux-gnu")]
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "LD_LIBRARY_PATH": ":".join(libraries)}


@contextmanager
def start(command: list[str], home: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Run a server until the end of the context."""
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, env=environment(), **as_owner())
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} does not run: {(home / 'server.log').read_text()[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGQUIT if "postgres" in command[0] else signal.SIGKILL)
        process.wait()


@contextmanager
def serve_postgres(
    tls: bool = True, names: Sequence[str] = (), master: str = MASTER, password: str = MASTER_PASSWORD
) -> Iterator[Server]:
    """A cluster whose master user is no superuser, as in RDS, and owns the database `shop`."""
    programs = find_postgres()
    with make_home(*names) as home:
        port = find_free_port()
        run([f"{programs}/initdb", "-D", f"{home}/data", "-U", "rdsadmin", "-A", "trust", "-N", "-E", "UTF8"], home)
        access = ["local all rdsadmin trust", "host all rdsadmin all reject", "host all all all scram-sha-256"]
        (home / "data" / "pg_hba.conf").write_text("\n".join(access) + "\n")
        settings = {
            "listen_addresses": "localhost",
            "port": port,
            "unix_socket_directories": home,
            "fsync": "off",
            "ssl": "on" if tls else "off",
            "ssl_cert_file": home / "cert.pem",
            "ssl_key_file": home / "key.pem",
            "log_statement": "all",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        client = [f"{programs}/psql", "-h", str(home), "-p", str(port), "-U", "rdsadmin", "-X", "-q", "-d", "postgres"]
        if not Path(client[0]).exists():
            client[0] = "psql"

        def answers() -> bool:
            ready = [*client, "-c", "select 1"]
            return subprocess.run(ready, capture_output=True, env=environment(), check=False).returncode == 0

        with start([f"{programs}/postgres", "-D", f"{home}/data", *options], home, answers):
            for statement in (
                "create role rds_superuser",
                f"create role {master} login createdb createrole password {quote_postgres_literal(password)}",
                f"grant rds_superuser to {master}",
                f"create database shop owner {master}",
            ):
                subprocess.run([*client, "-c", statement], check=True, capture_output=True, env=environment())
            yield Server("postgres", port, str(home / "ca.pem"))


@contextmanager
def serve_mariadb(tls: bool = True) -> Iterator[Server]:
    """A server whose master user may grant, but not everything, as in RDS."""
    base = find_mariadb()
    with make_home() as home:
        port = find_free_port()
        data = [f"--datadir={home}/data", f"--lc-messages-dir={base}/share/mysql", f"--basedir={base}"]
        bootstrap = [
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ]
        run([f"{base}/bin/mariadb-install-db", *bootstrap, *data], home)
        rights = (
            "select, insert, update, delete, create, drop, reload, process, references, index, alter, show databases,"
            " create temporary tables, lock tables, execute, create view, show view, create routine, alter routine,"
            " create user, event, trigger, delete history"
        )
        statements = [
            "create database shop",
            f"create user {MASTER}@'%' identified by '{MASTER_PASSWORD}'",
            f"grant {rights} on *.* to {MASTER}@'%' with grant option",
        ]
        (home / "init.sql").write_text("".join(f"{statement};\n" for statement in statements))
        (home / "init.sql").chmod(0o644)
        settings = {
            "socket": home / "socket",
            "port": port,
            "bind-address": "127.0.0.1",
            "skip-name-resolve": "ON",
            "init-file": home / "init.sql",
            "innodb-flush-log-at-trx-commit": 0,
            "innodb-buffer-pool-size": "16M",
            "innodb-log-file-size": "8M",
            "general-log": "ON",
            "general-log-file": home / "general.log",
            "plugin-dir": f"{base}/lib/mysql/plugin",
            **({"ssl-cert": home / "cert.pem", "ssl-key": home / "key.pem"} if tls else {"skip-ssl": "ON"}),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]

        def answers() -> bool:
            return (home / "general.log").exists() and can_connect(port)

        with start([f"{base}/sbin/mariadbd", "--no-defaults", *data, *options], home, answers):
            yield Server("mysql", port, str(home / "ca.pem"))


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def find_postgres() -> str:
    """The directory with the programs of PostgreSQL."""
    chosen = os.environ.get("GROUNDWORK_POSTGRES_BIN")
    if chosen:
        return chosen
    for base in ("/usr", str(UNPACKED / "postgres" / "usr")):
        found = sorted(glob.glob(f"{base}/lib/postgresql/*/bin/initdb"), reverse=True)
        if found:
            return str(Path(found[0]).parent)
    # The package without a number depends on that of the version which the distribution has.
    (server,) = [name for name in list_dependencies("postgresql") if re.fullmatch(r"postgresql-\d+", name)]
    unpack_packages("postgres", server, server.replace("-", "-client-"))
    return find_postgres()


def find_mariadb() -> str:
    """The directory that has sbin/mariadbd."""
    for base in ("/usr", str(UNPACKED / "mariadb" / "usr")):
        if Path(base, "sbin", "mariadbd").exists() and Path(base, "bin", "mariadb-install-db").exists():
            return base
    unpack_packages("mariadb", "mariadb-server-core", "mariadb-client-core")
    return find_mariadb()


def list_dependencies(*packages: str) -> list[str]:
    """The packages of the distribution that these need, and these, whether they are installed or not."""
    kinds = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    command = ["apt-cache", "depends", "--recurse", *(f"--no-{kind}" for kind in kinds), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:  # a new machine has no lists of packages
        subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), "apt-get", "-qq", "update"], check=True)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if re.fullmatch(r"[a-z0-9][\w.+-]*", line)]


def unpack_packages(engine: str, *packages: str) -> None:
    """Unpack packages of the distribution, and the libraries that they need and the machine does not have."""
    (UNPACKED / engine).parent.mkdir(exist_ok=True)
    status = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\\n"]
    shown = subprocess.run(status, capture_output=True, text=True, check=True).stdout.splitlines()
    installed = {line.split()[0] for line in shown if line.endswith(" installed")}
    libraries = [name for name in list_dependencies(*packages) if name.startswith("lib") and name not in installed]
    with tempfile.TemporaryDirectory(dir=UNPACKED) as directory:
        download = ["apt-get", "-qq", "download", *packages, *libraries]
        subprocess.run(download, cwd=directory, check=True, capture_output=True)
        unpacked = Path(directory) / "unpacked"
        for package in Path(directory).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(unpacked)], check=True)
        # Another process of the tests may have done the same meanwhile.
        with suppress(OSError):
            unpacked.rename(UNPACKED / engine)


class RecordingProxy:
    """Forwards connections to a server, and keeps what the client sends. ``rewrite`` changes what the server sends."""

    def __init__(self, port: int, rewrite: Callable[[bytes], bytes] = lambda data: data) -> None:
        self._target = port
        self._rewrite = rewrite
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.sent = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._forward, args=(client, server, self._record), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, self._rewrite), daemon=True).start()

    def _record(self, data: bytes) -> bytes:
        self.sent += data
        return data

    @staticmethod
    def _forward(source: socket.socket, sink: socket.socket, convert: Callable[[bytes], bytes]) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(convert(data))
        except OSError:
            pass
        finally:
            for end in (source, sink):
                end.close()
