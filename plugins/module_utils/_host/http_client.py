# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP requests with one limit for the time and one for the size of the whole answer. Python 3.9.

`urllib.request` limits only each single read, so that a server that sends a byte a second is never too slow for it; it
also uses the proxies of the environment, and a check of a server must not ask a proxy.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Union
from urllib.parse import SplitResult, urljoin, urlsplit

from .polling import SYSTEM_CLOCK, Clock

PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 65536
# RFC 9110, 5.6.2 (token) and 5.5 (field values); http.client sends values as Latin-1.
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
# What a URL contains at most (RFC 3986); everything else is percent-encoded.
URL_TEXT = re.compile(r"[!-~]+")


class RequestError(Exception):
    """A request that can never be sent, with the option to correct."""


class NoResponseError(Exception):
    """A request that got no whole HTTP response.

    ``has_connected`` is whether the server accepted the connection; ``timed_out`` whether the time limit ended it.
    """

    def __init__(self, why: str, seconds: float, has_connected: bool = False, timed_out: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds
        self.has_connected = has_connected
        self.timed_out = timed_out


@dataclass(frozen=True)
class Request:
    """What to ask, and within which limits.

    ``host`` replaces the host of the URL in the header Host and in the check of the certificate. ``redirects`` is how
    many are followed. ``timeout`` is in seconds for everything from the look-up of the name to the end of the body;
    ``read_limit`` is how many bytes of the body are read.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Optional[bytes] = field(default=None, repr=False)
    host: str = ""
    unix_socket: str = ""
    redirects: int = 0
    timeout: float = 10.0
    read_limit: int = CHUNK


@dataclass(frozen=True)
class Response:
    """An HTTP response. The names of ``headers`` are in lower case; ``is_whole`` is False beyond the read limit."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    seconds: float
    is_whole: bool = True


@dataclass(frozen=True)
class Address:
    """The parts of a URL that a connection needs."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


class HttpClient:
    """Sends requests, each over a connection of its own, as every new client of the server would."""

    def __init__(self, validate_certs: bool = True, ca_path: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
        self._context = make_tls_context(validate_certs, ca_path)
        self._clock = clock

    def send(self, request: Request) -> Response:
        """Return the response, after redirects. Raises `NoResponseError`, or `RequestError` before anything is sent."""
        return _Exchange(request, self._context, self._clock).run()


def make_tls_context(validate_certs: bool, ca_path: str) -> ssl.SSLContext:
    """The settings of TLS connections; ``ca_path`` is a file or directory with authorities, empty for the system's."""
    try:
        context = ssl.create_default_context(
            cafile=ca_path if ca_path and not os.path.isdir(ca_path) else None,
            capath=ca_path if os.path.isdir(ca_path) else None,
        )
    except OSError as error:
        raise RequestError(f"the certificate authorities in {ca_path} cannot be read: {error}") from error
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise `RequestError` for a header that HTTP cannot express. The message has no values: they may be secret."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise RequestError(f"{name!r} is not the name of a header")
        if not HEADER_VALUE.fullmatch(value):
            raise RequestError(f"the value of the header {name} has line ends or characters that HTTP does not allow")


def parse_url(url: str) -> Address:
    """The address of an http or https URL. Raises `RequestError` for any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RequestError(f"{url} is not a URL: {error}") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise RequestError(f"{url} is not an http or https URL with a host")
    if not URL_TEXT.fullmatch(url):
        raise RequestError(f"{url} has spaces or characters outside of ASCII: write them percent-encoded")
    if parts.username is not None:
        # Without the URL, which has the password.
        raise RequestError("the URL has a user or a password: send them in a header")
    return Address(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, _target(parts))


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


class _Deadline:
    """The time that is left for an exchange."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.now()
        self._seconds = seconds

    def elapsed(self) -> float:
        return self._clock.now() - self._started

    def is_over(self) -> bool:
        return self.elapsed() >= self._seconds

    def left(self) -> float:
        """Seconds until the limit. Raises OSError, as a socket does, when none are left."""
        left = self._seconds - self.elapsed()
        if left <= 0:
            raise OSError("timed out")
        return left


class _TimedSocket:
    """What http.client uses of a socket. Every call gets the time that is left for the whole exchange."""

    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._socket, self._deadline))

    def close(self) -> None:
        """Nothing: http.client closes it when the headers are read, and the body is still to come."""


class _TimedReader(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)


class _Exchange:
    """A request with the redirects that follow from it."""

    def __init__(self, request: Request, context: ssl.SSLContext, clock: Clock) -> None:
        self._request = request
        self._context = context
        self._deadline = _Deadline(request.timeout, clock)
        self._has_connected = False

    def run(self) -> Response:
        first = current = parse_url(self._request.url)
        check_headers(self._request.headers)
        url = self._request.url
        for _redirect in range(self._request.redirects):
            response = self._ask(current, current.origin == first.origin)
            location = _find_location(url, response)
            if location is None:
                return response
            url, current = location
        return self._ask(current, current.origin == first.origin)

    def _ask(self, address: Address, is_same_origin: bool) -> Response:
        """Ask once. Another origin gets neither the headers, which may be secret, nor the name of the first one."""
        request = self._request
        self._has_connected = False
        host = request.host if is_same_origin else ""
        headers = {"Connection": "close", **(request.headers if is_same_origin else {})}
        if host:
            headers["Host"] = host
        unix_socket = request.unix_socket if is_same_origin else ""
        try:
            connected = self._connect(address, host, unix_socket)
            try:
                return self._exchange(connected, address, headers)
            finally:
                connected.close()
        except NoResponseError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise self._explain(error, address) from error

    def _connect(self, address: Address, host: str, unix_socket: str) -> socket.socket:
        connected = self._open_unix(unix_socket) if unix_socket else self._open_tcp(address)
        self._has_connected = True
        if address.scheme == "http":
            return connected
        try:
            connected.settimeout(self._deadline.left())
            return self._context.wrap_socket(connected, server_hostname=_strip_port(host) or address.host)
        except BaseException:
            connected.close()
            raise

    def _open_unix(self, path: str) -> socket.socket:
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.settimeout(self._deadline.left())
            opened.connect(path)
        except BaseException:
            opened.close()
            raise
        return opened

    def _open_tcp(self, address: Address) -> socket.socket:
        """Connect to the first address of the name that accepts. One that does not answer leaves time for the next."""
        found = self._resolve(address)
        failure = OSError("it has no address")
        for number, (family, kind, protocol, _name, destination) in enumerate(found):
            opened = socket.socket(family, kind, protocol)
            try:
                opened.settimeout(self._deadline.left() / (len(found) - number))
                opened.connect(destination)
            except OSError as error:
                opened.close()
                failure = error
            else:
                return opened
        raise failure

    def _resolve(self, address: Address) -> list[Any]:
        """The addresses of a host. The look-up has no time limit of its own, so a thread makes it."""
        found: list[Any] = []

        def look_up() -> None:
            try:
                found.append(socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                found.append(error)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self._deadline.left())
        outcome: Union[list[Any], Exception] = found[0] if found else OSError("timed out")
        if isinstance(outcome, Exception):
            why = f"the name {address.host} cannot be resolved: {_describe(outcome)}"
            raise NoResponseError(why, self._deadline.elapsed(), timed_out=not found) from outcome
        return outcome

    def _exchange(self, connected: socket.socket, address: Address, headers: Mapping[str, str]) -> Response:
        connection = http.client.HTTPConnection(address.host, address.port)
        # For the header Host: with this port it has none.
        connection.default_port = PORTS[address.scheme]  # type: ignore[misc]
        connection.sock = _TimedSocket(connected, self._deadline)  # type: ignore[assignment]
        connection.request(self._request.method, address.target, self._request.body, dict(headers))
        answer = connection.getresponse()
        body = self._read(answer)
        received: dict[str, tuple[str, ...]] = {}
        for name, value in answer.getheaders():
            received[name.lower()] = (*received.get(name.lower(), ()), value)
        limit = self._request.read_limit
        return Response(answer.status, received, body[:limit], self._deadline.elapsed(), len(body) <= limit)

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """The body, and one byte more than the limit where it is longer."""
        body = b""
        while len(body) <= self._request.read_limit:
            chunk = answer.read(min(CHUNK, self._request.read_limit + 1 - len(body)))
            if not chunk:
                break
            body += chunk
        if len(body) <= self._request.read_limit and answer.length:
            raise http.client.IncompleteRead(body, answer.length)
        return body

    def _explain(self, error: Exception, address: Address) -> NoResponseError:
        seconds = self._deadline.elapsed()
        # Two classes in Python 3.9.
        if self._deadline.is_over() or isinstance(error, (socket.timeout, TimeoutError)):
            step = "no whole response" if self._has_connected else "no connection"
            why = f"{step} within {self._request.timeout:g} s"
            return NoResponseError(why, seconds, self._has_connected, timed_out=True)
        return NoResponseError(_describe_failure(error, address), seconds, self._has_connected)


def _find_location(url: str, response: Response) -> Optional[tuple[str, Address]]:
    """The URL and the address to which a response redirects; None where it does not, or to something else than HTTP."""
    locations = response.headers.get("location", ())
    if response.status not in REDIRECTS or not locations:
        return None
    try:
        target = urljoin(url, locations[0])
        return target, parse_url(target)
    except (RequestError, ValueError):
        return None


def _strip_port(host: str) -> str:
    """The host name of a header Host; an IPv6 address loses its brackets."""
    return urlsplit(f"//{host}").hostname or ""


def _describe_failure(error: Exception, address: Address) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is rejected: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    # RemoteDisconnected is a BadStatusLine and a ConnectionResetError.
    if isinstance(error, ConnectionError):
        return "the server closed the connection without a response"
    if isinstance(error, http.client.IncompleteRead):
        return "the server closed the connection in the middle of the body"
    if isinstance(error, http.client.HTTPException):
        return f"the answer is not HTTP ({type(error).__name__})"
    return _describe(error)


def _describe(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
