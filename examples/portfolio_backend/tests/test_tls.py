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
from database_servers import MySqlServer
from flask import Flask
from portfolio import create_app
from portfolio.tls import driver_options, is_local
from sqlalchemy import make_url

# Only the test leads it to loopback, so that the application takes it for another host.
HOST = "db.example.org"
AUTHORITY = trustme.CA()
UNTRUSTED = {
    "no TLS": None,
    "another authority": trustme.CA().issue_cert(HOST),
    "another name": AUTHORITY.issue_cert("other.example.org"),
    "the name localhost": AUTHORITY.issue_cert("localhost"),
}

Serve = Callable[[trustme.LeafCert | None], MySqlServer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    resolve = socket.getaddrinfo

    def find(host: Any, *more: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host == HOST else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    servers = []

    def start(certificate: trustme.LeafCert | None) -> MySqlServer:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
        servers.append(MySqlServer(context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def make_app(server: MySqlServer, authorities: Path | str, host: str = HOST) -> Flask:
    uri = f"mysql+pymysql://shopper:open-sesame@{host}:{server.port}/appdb"
    return create_app({"SQLALCHEMY_DATABASE_URI": uri, "DATABASE_CA": str(authorities)})


def ask_the_pool(app: Flask) -> None:
    assert app.test_client().get("/api/projects").status_code == 503


def ask_for_health(app: Flask) -> None:
    assert app.test_client().get("/health").status_code == 503


def migrate(app: Flask) -> None:
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code != 0


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file


@pytest.mark.parametrize("connect", [ask_the_pool, ask_for_health, migrate])
@pytest.mark.parametrize(
    "certificate",
    UNTRUSTED.values(),
    ids=UNTRUSTED,
)
def test_a_server_that_is_not_verified_gets_no_login(
    serve: Serve, authorities: Path, certificate: trustme.LeafCert | None, connect: Callable[[Flask], None]
) -> None:
    server = serve(certificate)
    connect(make_app(server, authorities))
    assert b"shopper" not in server.received


@pytest.mark.parametrize("connect", [ask_the_pool, ask_for_health, migrate])
def test_a_verified_server_gets_the_login(serve: Serve, authorities: Path, connect: Callable[[Flask], None]) -> None:
    server = serve(AUTHORITY.issue_cert(HOST))
    connect(make_app(server, authorities))
    assert b"shopper" in server.received


def test_without_a_file_the_authorities_of_the_system_count(
    serve: Serve, authorities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(AUTHORITY.issue_cert(HOST))
    ask_for_health(make_app(server, ""))
    assert b"shopper" not in server.received
    # OpenSSL reads those of the system from here.
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    ask_for_health(make_app(server, ""))
    assert b"shopper" in server.received


def test_a_server_on_loopback_needs_no_tls(serve: Serve, authorities: Path) -> None:
    server = serve(None)
    ask_for_health(make_app(server, authorities, host="127.0.0.1"))
    assert b"shopper" in server.received


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("sqlite://", True),
        ("mysql+pymysql://localhost/x", True),
        ("mysql+pymysql://[::1]/x", True),
        ("mysql+pymysql://127.8.8.8/x", True),
        ("mysql+pymysql://u@localhost/x?unix_socket=/run/mysqld.sock", True),
        ("mysql+pymysql:///x", False),
        ("mysql+pymysql://db.example.org/x", False),
        ("mysql+pymysql://localhost.example.org/x", False),
        ("mariadb+pymysql://10.0.0.1/x", False),
        ("mysql+pymysql://localhost/x?read_default_file=/etc/my.cnf", False),
        ("mysql+pymysql://localhost/x?host=db.example.org", False),
    ],
)
def test_only_loopback_and_sockets_are_local(url: str, local: bool) -> None:
    assert is_local(make_url(url)) is local


@pytest.mark.parametrize("option", ["ssl_disabled=true", "ssl_verify_cert=false", "ssl_ca=/etc/other.pem"])
def test_a_url_cannot_switch_the_verification_off(option: str) -> None:
    with pytest.raises(ValueError, match=option.split("=")[0]) as raised:
        driver_options(make_url(f"mysql+pymysql://u:open-sesame@{HOST}/x?{option}"), "")
    assert "open-sesame" not in str(raised.value)


def test_a_driver_that_cannot_be_verified_is_rejected() -> None:
    with pytest.raises(ValueError, match="mysqldb"):
        driver_options(make_url(f"mysql+mysqldb://{HOST}/x"), "")


def test_a_file_that_is_missing_is_an_error_at_the_start() -> None:
    with pytest.raises(OSError, match="No such file"):
        create_app({"SQLALCHEMY_DATABASE_URI": f"mysql+pymysql://{HOST}/x", "DATABASE_CA": "/none/ca.pem"})
