# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients and the certificates that they trust, against a server that has one."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import SSLError

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from lab.servers.authority import Authority

ANSWER = b'{"ResourceTagMappingList": []}'
WHO = Connection(access_key="a", secret_key="b")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that does not trust it goes away."""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The certificate of the authority that the server has its own from."""
    return tmp_path / "authority.pem"


@pytest.fixture
def endpoint(tmp_path: Path, bundle: Path) -> Iterator[str]:
    served = tmp_path / "server.pem"
    served.write_bytes(b"".join(Authority(bundle, tmp_path / "authority.key").issue("localhost")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of authorities that were read."""
    found: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def noted(self: ssl.SSLContext, cafile: Any = None, *more: Any, **named: Any) -> None:
        found.append(str(cafile))
        load(self, cafile, *more, **named)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noted)
    return found


def ask(clients: Clients) -> None:
    clients("resourcegroupstaggingapi").pages("get_resources", {})


def test_certificates_are_read_once_for_all_connections(
    bundle: Path, endpoint: str, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    clients = Clients(replace(WHO, endpoint_url=endpoint), "us-east-1")
    with ThreadPoolExecutor(4) as pool:
        for asked in [pool.submit(ask, clients) for _ in range(8)]:
            asked.result()
    clients("resourcegroupstaggingapi")._make(False).get_resources()
    assert read == [str(bundle)]


def test_whoever_is_not_trusted_is_not_asked(endpoint: str) -> None:
    with pytest.raises(SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        Clients(replace(WHO, endpoint_url=endpoint), "us-east-1")("sts")._make(False).get_caller_identity()


def test_whoever_is_asked_for_another_name_is_not_trusted(
    bundle: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    elsewhere = endpoint.replace("localhost", "127.0.0.1")
    with pytest.raises(SSLError, match=r"127\.0\.0\.1"):
        Clients(replace(WHO, endpoint_url=elsewhere), "us-east-1")("sts")._make(False).get_caller_identity()


def test_certificates_are_not_looked_at_where_nobody_wants_it(endpoint: str) -> None:
    ask(Clients(replace(WHO, endpoint_url=endpoint, validate_certs=False), "us-east-1"))
