# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reaches a database server that is not the one that it should be: no name of a user, and no password."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from database_servers import DatabaseServer, MySqlServer, PostgresServer
from sqlalchemy import make_url
from stockroom import create_app
from stockroom.tls import driver_options, is_local

# Only the test leads it to loopback, so that the application takes it for another host.
HOST = "db.example.org"
AUTHORITY = trustme.CA()
UNTRUSTED = {
    "no TLS": None,
    "another authority": trustme.CA().issue_cert(HOST),
    "another name": AUTHORITY.issue_cert("other.example.org"),
    "the name localhost": AUTHORITY.issue_cert("localhost"),
}
ENGINES: dict[str, type[DatabaseServer]] = {"mysql": MySqlServer, "postgresql": PostgresServer}

Serve = Callable[[str, trustme.LeafCert | None], DatabaseServer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    resolve = socket.getaddrinfo

    def find(host: Any, *more: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == HOST else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    servers = []

    def start(engine: str, certificate: trustme.LeafCert | None) -> DatabaseServer:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
        servers.append(ENGINES[engine](context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def check_health(engine: str, server: DatabaseServer, authorities: Path | str, host: str = HOST) -> int:
    """The status of the health check, for which the application logs in to the server."""
    # psycopg looks the name up by itself: `hostaddr` is the address, and the name is still what is verified.
    query = "?hostaddr=127.0.0.1" if engine == "postgresql" and host == HOST else ""
    url = f"{engine}://shopper:open-sesame@{host}:{server.port}/stock{query}"
    uri = url.replace("mysql:", "mysql+pymysql:").replace("postgresql:", "postgresql+psycopg:")
    app = create_app({"SQLALCHEMY_DATABASE_URI": uri, "DATABASE_CA": str(authorities)})
    return app.test_client().get("/api/health").status_code


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "certificate",
    UNTRUSTED.values(),
    ids=UNTRUSTED,
)
def test_a_server_that_is_not_verified_gets_no_login(
    serve: Serve, authorities: Path, engine: str, certificate: trustme.LeafCert | None
) -> None:
    server = serve(engine, certificate)
    assert check_health(engine, server, authorities) == 503
    assert b"shopper" not in server.received
    assert b"open-sesame" not in server.received


@pytest.mark.parametrize("engine", ENGINES)
def test_a_verified_server_gets_the_login(serve: Serve, authorities: Path, engine: str) -> None:
    server = serve(engine, AUTHORITY.issue_cert(HOST))
    check_health(engine, server, authorities)
    assert b"shopper" in server.received


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_file_the_authorities_of_the_system_count(
    serve: Serve, authorities: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(engine, AUTHORITY.issue_cert(HOST))
    check_health(engine, server, "")
    assert b"shopper" not in server.received
    # OpenSSL reads those of the system from here.
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    check_health(engine, server, "")
    assert b"shopper" in server.received


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_on_loopback_needs_no_tls(serve: Serve, authorities: Path, engine: str) -> None:
    server = serve(engine, None)
    check_health(engine, server, authorities, host="127.0.0.1")
    assert b"shopper" in server.received


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("sqlite:////srv/x.db", True),
        ("postgresql+psycopg://localhost/x", True),
        ("postgresql+psycopg://[::1]/x", True),
        ("postgresql+psycopg://127.8.8.8/x", True),
        ("postgresql+psycopg:///x?host=/run/postgresql", True),
        ("mysql+pymysql://u@localhost/x?unix_socket=/run/mysqld.sock", True),
        ("mariadb+pymysql://127.0.0.1/x", True),
        ("postgresql+psycopg:///x", False),
        ("mysql+pymysql:///x", False),
        ("mysql+pymysql://db.example.org/x", False),
        ("mysql+pymysql://localhost.example.org/x", False),
        ("mysql+pymysql://10.0.0.1/x", False),
        ("mysql+pymysql://localhost/x?read_default_file=/etc/my.cnf", False),
        ("postgresql+psycopg://localhost/x?host=db.example.org", False),
        ("postgresql+psycopg:///x?host=localhost:5432&host=db.example.org:5432", False),
        ("postgresql+psycopg://localhost/x?hostaddr=10.0.0.1", False),
        ("postgresql+psycopg://localhost/x?service=stock", False),
    ],
)
def test_only_loopback_and_sockets_are_local(url: str, local: bool) -> None:
    assert is_local(make_url(url)) is local


@pytest.mark.parametrize("option", ["ssl_disabled=true", "ssl_verify_cert=false", "sslmode=disable"])
@pytest.mark.parametrize("driver", ["mysql+pymysql", "postgresql+psycopg"])
def test_a_url_cannot_switch_the_verification_off(driver: str, option: str) -> None:
    with pytest.raises(ValueError, match=option.split("=")[0]) as raised:
        driver_options(make_url(f"{driver}://u:open-sesame@{HOST}/x?{option}"), "")
    assert "open-sesame" not in str(raised.value)


def test_a_driver_that_cannot_be_verified_is_rejected() -> None:
    with pytest.raises(ValueError, match="psycopg2"):
        driver_options(make_url(f"postgresql+psycopg2://{HOST}/x"), "")


@pytest.mark.parametrize("driver", ["mysql+pymysql", "postgresql+psycopg"])
def test_a_file_that_is_missing_is_an_error_at_the_start(driver: str) -> None:
    with pytest.raises(OSError, match="No such file"):
        create_app({"SQLALCHEMY_DATABASE_URI": f"{driver}://{HOST}/x", "DATABASE_CA": "/none/ca.pem"})
