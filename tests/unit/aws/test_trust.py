# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients and the certificates that they trust, against a server that has one."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection

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


def certificate(place: Path) -> Path:
    """A certificate for the loopback address, by nobody but itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.datetime.now(datetime.timezone.utc)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
    signed = made.add_extension(here, critical=True).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)
    return place


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """A client that does not trust it goes away."""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return certificate(tmp_path / "server.pem")


@pytest.fixture
def endpoint(bundle: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
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
    elsewhere = endpoint.replace("127.0.0.1", "localhost")
    with pytest.raises(SSLError, match="localhost"):
        Clients(replace(WHO, endpoint_url=elsewhere), "us-east-1")("sts")._make(False).get_caller_identity()


def test_certificates_are_not_looked_at_where_nobody_wants_it(endpoint: str) -> None:
    ask(Clients(replace(WHO, endpoint_url=endpoint, validate_certs=False), "us-east-1"))
