# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Single HTTP requests to a real server: whole, cut off, endless, redirected, encrypted, and none at all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.http_server import Answer, HttpServer, after, answer, endless, hang_up, raw, redirect, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._host import http_client
from ansible_collections.groundwork.aws.plugins.module_utils._host.http_client import (
    HttpClient,
    NoResponseError,
    Request,
    RequestError,
    Response,
    parse_url,
)
from lab.servers.authority import Authority

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the authority `ca.pem` and a certificate of it for localhost and shop.test."""
    home = tmp_path_factory.mktemp("authority")
    certificate, key = Authority(home / "ca.pem", home / "ca.key").issue("localhost", "shop.test")
    (home / "cert.pem").write_bytes(certificate)
    (home / "key.pem").write_bytes(key)
    return home


@pytest.fixture
def secure(authority: Path) -> Iterator[HttpServer]:
    with serve_http(certificate=(authority / "cert.pem", authority / "key.pem")) as started:
        yield started


def send(url: str, ca_path: Path | str = "", **more: Any) -> Response:
    return HttpClient(ca_path=str(ca_path)).send(Request(url, **more))


def fail_to_send(url: str, ca_path: Path | str = "", **more: Any) -> NoResponseError:
    with pytest.raises(NoResponseError) as raised:
        send(url, ca_path, **more)
    return raised.value


def by_name(url: str) -> str:
    """The URL with the name of the certificate instead of the address."""
    return url.replace("127.0.0.1", "localhost")


def test_a_response_has_status_headers_and_body(server: HttpServer) -> None:
    server.script(answer(503, b"busy", {"X-Version": "4", "x-version": "5"}))
    response = send(f"{server.url}/health?deep=1")
    assert (response.status, response.body, response.is_whole) == (503, b"busy", True)
    assert response.headers["x-version"] == ("4", "5")
    assert 0 < response.seconds < 5
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("GET", "/health?deep=1")
    assert asked.headers["host"] == server.url.removeprefix("http://")
    assert asked.headers["connection"] == "close"


def test_a_url_without_a_path_asks_for_the_root(server: HttpServer) -> None:
    send(server.url)
    assert server.asked[0].target == "/"


def test_a_head_request_reads_no_body(server: HttpServer) -> None:
    server.script(answer(200, b"never sent"))
    assert send(server.url, method="HEAD").body == b""


def test_headers_host_and_body_are_sent(server: HttpServer) -> None:
    send(server.url, method="POST", headers={"Authorization": "Bearer x"}, host="shop.test", body=b"q=1")
    (asked,) = server.asked
    assert (asked.headers["authorization"], asked.headers["host"], asked.body) == ("Bearer x", "shop.test", b"q=1")


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\n\r\nabc",
        b"HTTP/1.0 200 OK\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 3\r\n\r\nabc",
    ],
    ids=["until the end", "chunked", "with a length", "HTTP 1.0", "after a continuation"],
)
def test_bodies_of_all_forms_are_read(server: HttpServer, data: bytes) -> None:
    server.script(raw(data))
    response = send(server.url)
    assert (response.body, response.is_whole) == (b"abc", True)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_is_a_whole_response(server: HttpServer, status: int) -> None:
    server.script(raw(f"HTTP/1.1 {status} No\r\n\r\n".encode()))
    assert send(server.url).body == b""


@pytest.mark.parametrize(("length", "is_whole"), [(9, True), (10, True), (11, False)])
def test_no_more_than_the_limit_is_read(server: HttpServer, length: int, is_whole: bool) -> None:
    server.script(answer(200, b"x" * length))
    response = send(server.url, read_limit=10)
    assert (len(response.body), response.is_whole) == (min(length, 10), is_whole)


def test_an_endless_body_ends_at_the_limit(server: HttpServer) -> None:
    server.script(endless())
    response = send(server.url, read_limit=100_000)
    assert (len(response.body), response.is_whole) == (100_000, False)


@pytest.mark.parametrize(
    "slow",
    [
        after(5, answer()),
        endless(pause=0.05, chunk=b"x"),
        # A header that never ends, byte by byte: each read is in time.
        lambda connection, _asked: [connection.sendall(byte) or time.sleep(0.05) for byte in [HEAD, *[b"x"] * 100]],
    ],
    ids=["no answer", "a body byte by byte", "headers byte by byte"],
)
def test_the_time_limit_is_for_the_whole_response(server: HttpServer, slow: Answer) -> None:
    server.script(slow)
    error = fail_to_send(server.url, timeout=0.4)
    assert (error.why, error.timed_out, error.has_connected) == ("no whole response within 0.4 s", True, True)
    assert 0.4 <= error.seconds < 3


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (hang_up, "the server closed the connection without a response"),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "the answer is not HTTP (BadStatusLine)"),
        (raw(HEAD + b"Content-Length: 9\r\n\r\nabc"), "the server closed the connection in the middle of the body"),
        (
            raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"),
            "the server closed the connection in the middle of the body",
        ),
        (raw(HEAD + b"X: " + b"x" * 70000 + b"\r\n\r\n"), "the answer is not HTTP (LineTooLong)"),
    ],
    ids=["closed", "not HTTP", "shorter than its length", "a cut chunk", "an endless header"],
)
def test_what_is_no_whole_response_has_a_reason(server: HttpServer, wrong: Answer, why: str) -> None:
    server.script(wrong)
    error = fail_to_send(server.url)
    assert (error.why, error.has_connected, error.timed_out) == (why, True, False)


def test_a_refused_connection_has_not_connected() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = fail_to_send(f"http://127.0.0.1:{bound.getsockname()[1]}/")
    assert (error.why, error.has_connected) == ("connection refused", False)


def test_a_name_that_does_not_exist_is_named() -> None:
    error = fail_to_send("http://nothing.invalid/")
    assert error.why.startswith("the name nothing.invalid cannot be resolved: ")
    assert not error.has_connected


def test_a_look_up_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client.socket, "getaddrinfo", lambda *_a, **_k: time.sleep(3))
    error = fail_to_send("http://slow.test/", timeout=0.2)
    assert (error.why, error.timed_out) == ("the name slow.test cannot be resolved: timed out", True)


def test_the_next_address_of_a_name_is_tried(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have an IPv6 address on which nothing listens."""
    port = int(server.url.rpartition(":")[2])
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*entry, ("127.0.0.1", 1)), (*entry, ("127.0.0.1", port))]
    monkeypatch.setattr(http_client.socket, "getaddrinfo", lambda *_a, **_k: found)
    assert send("http://twice.test/").status == 200


def test_proxies_of_the_environment_are_not_used(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert send(server.url).status == 200


# Sockets


def test_a_service_on_a_socket_is_asked(tmp_path: Path) -> None:
    with serve_http(unix_socket=tmp_path / "s") as server:
        assert send("http://localhost/health", unix_socket=str(tmp_path / "s")).body == b"ok"
        assert (server.asked[0].target, server.asked[0].headers["host"]) == ("/health", "localhost")


def test_a_socket_that_does_not_exist_has_a_reason(tmp_path: Path) -> None:
    assert fail_to_send("http://localhost/", unix_socket=str(tmp_path / "s")).why == "No such file or directory"


# Redirects


def test_a_redirect_is_a_response_of_its_own(server: HttpServer) -> None:
    server.script(redirect("/next"))
    assert send(server.url).status == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize(("allowed", "status", "requests"), [(1, 308, 2), (2, 200, 3), (5, 200, 3)])
def test_as_many_redirects_as_allowed_are_followed(
    server: HttpServer, allowed: int, status: int, requests: int
) -> None:
    server.script(redirect("/one"), redirect(f"{server.url}/two", 308), answer())
    assert send(server.url, redirects=allowed, headers={"X-Token": "x"}).status == status
    assert [asked.target for asked in server.asked] == ["/", "/one", "/two"][:requests]
    assert all(asked.headers["x-token"] == "x" for asked in server.asked)


def test_another_origin_gets_no_headers_of_the_first(server: HttpServer) -> None:
    with serve_http() as other:
        server.script(redirect(f"{other.url}/"))
        send(server.url, redirects=1, headers={"Authorization": "Bearer x"}, host="shop.test")
        (asked,) = other.asked
    assert "authorization" not in asked.headers
    assert asked.headers["host"] == other.url.removeprefix("http://")


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://", "http://[", "http://a:b@127.0.0.1/"])
def test_a_redirect_to_no_http_address_is_the_response(server: HttpServer, location: str) -> None:
    server.script(redirect(location))
    assert send(server.url, redirects=3).status == 302


# TLS


def test_a_certificate_of_the_named_authority_is_accepted(secure: HttpServer, authority: Path) -> None:
    assert send(by_name(secure.url), authority / "ca.pem").status == 200


def test_a_certificate_of_an_unknown_authority_is_rejected(secure: HttpServer) -> None:
    error = fail_to_send(by_name(secure.url))
    assert error.why.startswith("the certificate is rejected: ")
    assert secure.asked == []


def test_a_certificate_for_another_name_is_rejected(secure: HttpServer, authority: Path) -> None:
    error = fail_to_send(secure.url, authority / "ca.pem")
    assert error.why.startswith("the certificate is rejected: IP address mismatch")
    error = fail_to_send(by_name(secure.url), authority / "ca.pem", host="other.test")
    assert error.why.startswith("the certificate is rejected: Hostname mismatch")


@pytest.mark.parametrize("host", ["shop.test", "shop.test:8443"])
def test_the_certificate_has_to_be_for_the_host(secure: HttpServer, authority: Path, host: str) -> None:
    assert send(secure.url, authority / "ca.pem", host=host).status == 200
    assert secure.asked[0].headers["host"] == host


def test_any_certificate_is_accepted_without_validation(secure: HttpServer) -> None:
    assert HttpClient(validate_certs=False).send(Request(secure.url)).status == 200


def test_plain_http_where_tls_is_expected_is_a_failure_of_tls() -> None:
    with socket.socket() as plain:
        plain.bind(("127.0.0.1", 0))
        plain.listen()

        def reject() -> None:
            connection, _address = plain.accept()
            with connection:
                connection.recv(1)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1 << 16)

        thread = threading.Thread(target=reject)
        thread.start()
        error = fail_to_send(f"https://127.0.0.1:{plain.getsockname()[1]}/")
        thread.join()
    assert error.why.startswith("TLS failed: ")


def test_a_server_that_never_shakes_hands_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        error = fail_to_send(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3)
    assert (error.timed_out, error.why) == (True, "no whole response within 0.3 s")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_read_are_an_error_of_the_option(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(RequestError, match=f"the certificate authorities in {path} cannot be read"):
        HttpClient(ca_path=str(path))


# URLs and headers


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://shop.test", ("http", "shop.test", 80, "/")),
        ("https://shop.test?a=b", ("https", "shop.test", 443, "/?a=b")),
        ("HTTP://Shop.test:8080/a%20b#part", ("http", "shop.test", 8080, "/a%20b")),
        ("https://[::1]:8443/", ("https", "::1", 8443, "/")),
    ],
)
def test_urls_are_parsed(url: str, expected: tuple[str, str, int, str]) -> None:
    address = parse_url(url)
    assert (address.scheme, address.host, address.port, address.target) == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "is not an http or https URL"),
        ("shop.test/health", "is not an http or https URL"),
        ("ftp://shop.test/", "is not an http or https URL"),
        ("http:///health", "is not an http or https URL"),
        ("http://shop.test:99999/", "is not a URL: Port out of range"),
        ("http://shop.test:http/", "is not a URL"),
        ("http://[::1/", "is not a URL"),
        ("http://shop.test/a b", "has spaces or characters outside of ASCII"),
        ("http://shop.test/ä", "has spaces or characters outside of ASCII"),
        ("http://shop.test/\r\nX: y", "is not|has spaces"),
    ],
)
def test_urls_that_cannot_be_asked_are_rejected(url: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_url(url)


def test_a_password_in_a_url_is_not_repeated() -> None:
    with pytest.raises(RequestError) as raised:
        parse_url("http://me:geheim@shop.test/")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"), [("X Token", "v"), ("X:", "v"), ("", "v"), ("X", "secret\r\nY: z"), ("X", "secret\u20ac")]
)
def test_headers_that_http_does_not_allow_are_rejected_without_their_value(
    server: HttpServer, name: str, value: str
) -> None:
    with pytest.raises(RequestError) as raised:
        send(server.url, headers={name: value})
    assert "secret" not in str(raised.value)
    assert server.asked == []
