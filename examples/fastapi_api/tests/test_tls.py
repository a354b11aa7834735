# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reaches a Redis that is not the one that it should be: no name of a user, and no password."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from confirmations.api import create_app
from confirmations.config import Config, read_config
from confirmations.tasks import create_celery
from fastapi.testclient import TestClient

# Only the test leads it to loopback.
HOST = "cache.example.org"
AUTHORITY = trustme.CA()
UNTRUSTED = {
    "no TLS": None,
    "another authority": trustme.CA().issue_cert(HOST),
    "another name": AUTHORITY.issue_cert("other.example.org"),
    "the name localhost": AUTHORITY.issue_cert("localhost"),
}


class RedisServer:
    """A server on a free port of loopback that rejects every command. ``received`` is what clients sent, decrypted
    where they use TLS. ``context`` has the certificate of the server; without one it has no TLS."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.received = b""
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                stream, _address = self._listener.accept()
            except OSError:
                return
            # An error is the client's, which ends the connection when it does not trust the server.
            with stream, suppress(OSError):
                stream.settimeout(5)
                if self._context:
                    stream = self._context.wrap_socket(stream, server_side=True)
                while data := stream.recv(4096):
                    self.received += data
                    stream.sendall(b"-ERR denied\r\n")


Serve = Callable[[trustme.LeafCert | None], RedisServer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    resolve = socket.getaddrinfo

    def find(host: Any, *more: Any, **options: Any) -> Any:
        return resolve("127.0.0.1" if host in (HOST, HOST.encode()) else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)
    servers = []

    def start(certificate: trustme.LeafCert | None) -> RedisServer:
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
        servers.append(RedisServer(context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def authorities(tmp_path: Path) -> Path:
    file = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return file


def configure(server: RedisServer, authorities: Path) -> Config:
    url = f"rediss://shopper:open-sesame@{HOST}:{server.port}/0"
    return read_config({"REDIS_URL": url, "REDIS_CA": str(authorities)})


def ask_the_api(config: Config) -> None:
    with TestClient(create_app(config)) as client:
        assert client.get("/health").status_code == 503


def open_the_broker(config: Config) -> None:
    with create_celery(config).connection_for_write() as connection, pytest.raises(Exception, match=r"."):
        connection.ensure_connection(max_retries=1, interval_start=0)


def read_a_result(config: Config) -> None:
    celery = create_celery(config)
    celery.conf.redis_retry_on_timeout = False
    with pytest.raises(Exception, match=r"."):
        celery.backend.client.get("x")


CONNECTIONS = [ask_the_api, open_the_broker, read_a_result]


@pytest.mark.parametrize("connect", CONNECTIONS)
@pytest.mark.parametrize(
    "certificate",
    UNTRUSTED.values(),
    ids=UNTRUSTED,
)
def test_a_server_that_is_not_verified_gets_no_login(
    serve: Serve, authorities: Path, certificate: trustme.LeafCert | None, connect: Callable[[Config], None]
) -> None:
    server = serve(certificate)
    connect(configure(server, authorities))
    assert b"open-sesame" not in server.received


@pytest.mark.parametrize("connect", CONNECTIONS)
def test_a_verified_server_gets_the_login(serve: Serve, authorities: Path, connect: Callable[[Config], None]) -> None:
    server = serve(AUTHORITY.issue_cert(HOST))
    connect(configure(server, authorities))
    assert b"open-sesame" in server.received


@pytest.mark.parametrize(
    "url",
    [
        "redis://:open-sesame@cache.example.org:6379",
        "redis://:open-sesame@10.0.0.1",
        "redis://:open-sesame@localhost.example.org",
        "redis://:open-sesame@localhost?host=cache.example.org",
        "rediss://:open-sesame@cache.example.org?ssl_cert_reqs=none",
        "rediss://:open-sesame@cache.example.org?ssl_check_hostname=false",
    ],
)
def test_a_url_cannot_switch_the_verification_off(url: str) -> None:
    with pytest.raises(ValueError, match="REDIS_URL must") as raised:
        read_config({"REDIS_URL": url})
    assert "open-sesame" not in str(raised.value)


@pytest.mark.parametrize("url", ["redis://127.8.8.8", "redis://[::1]:6379/1", "redis://localhost", "redis:///0"])
def test_redis_on_this_host_needs_no_tls(url: str) -> None:
    assert read_config({"REDIS_URL": url}).tls_options == {}
