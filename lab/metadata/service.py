# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Serves each guest its metadata, on a socket that is inside of the guest's own network namespace.

So the service knows the guest without its address, and no other guest can connect.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import socket
import sys
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..access.keys import RoleCredentials
from ..guests.firewall import METADATA_ADDRESS, METADATA_PORT
from ..guests.namespaces import enter_network
from ..machines import Machine
from ..shell import LabError
from .tree import VERSIONS, Node, read, tree

ADDRESS = (METADATA_ADDRESS, METADATA_PORT)
LONGEST = 21600
SECONDS = re.compile(r"[0-9]{1,5}")
# The oldest ends when a guest asks for more: the memory of the lab's process is not its own.
MOST_TOKENS = 1024
log = logging.getLogger("lab.metadata")


class Tokens:
    """The session tokens of one instance."""

    def __init__(self) -> None:
        self._ends: dict[bytes, float] = {}

    def make(self, seconds: int) -> str:
        """A token that is good for so long."""
        now = time.monotonic()
        kept = [(token, end) for token, end in list(self._ends.items()) if end > now]
        token = secrets.token_urlsafe(40)
        self._ends = dict([*kept[1 - MOST_TOKENS :], (token.encode(), now + seconds)])
        return token

    def good(self, given: str) -> bool:
        """Whether it is one of ours and has not ended."""
        now = time.monotonic()
        # As bytes, because texts with other characters than those of ASCII cannot be compared.
        asked = given.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(token, asked) and end > now for token, end in list(self._ends.items()))


class Answer(Exception):
    """An answer other than a text that was found."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status


class Service:
    """What one instance may ask for."""

    def __init__(self, machine: Machine, roles: RoleCredentials) -> None:
        self.machine = machine
        self._roles = roles
        self.tokens = Tokens()

    def put(self, path: str, seconds: str, forwarded: bool) -> bytes:
        """A token; a request that came through a proxy gets none."""
        if path.strip("/") != "latest/api/token":
            raise Answer(404)
        if not self.machine.access.enabled or forwarded:
            raise Answer(403)
        if not SECONDS.fullmatch(seconds) or not 1 <= int(seconds) <= LONGEST:
            raise Answer(400)
        return self.tokens.make(int(seconds)).encode()

    def get(self, path: str, token: str | None) -> bytes:
        """What is at the path."""
        if not self.machine.access.enabled:
            raise Answer(403)
        if token is None:
            if self.machine.access.token_required:
                raise Answer(401)
        elif not self.tokens.good(token):
            raise Answer(401)
        version, _, rest = path.strip("/").partition("/")
        if not version:
            return "\n".join(sorted(VERSIONS)).encode()
        found = read(self._tree(), rest) if version in VERSIONS else None
        if found is None:
            raise Answer(404)
        return found

    def _tree(self) -> dict[str, Node]:
        return tree(self.machine, self._roles, datetime.now(timezone.utc))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    # A guest holds no thread of the lab for longer with a connection that it leaves open.
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        token = self.headers.get("X-aws-ec2-metadata-token")
        self._answer(lambda: self.server.service.get(self.path.split("?")[0], token))

    def do_PUT(self) -> None:
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        forwarded = "X-Forwarded-For" in self.headers
        self._answer(lambda: self.server.service.put(self.path, seconds, forwarded), seconds)

    def _answer(self, ask: Any, seconds: str = "") -> None:
        try:
            status, body = 200, ask()
        except Answer as answer:
            status, body = answer.status, b""
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if seconds and status == 200:
            self.send_header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", seconds)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, service: Service, listener: socket.socket) -> None:
        super().__init__(ADDRESS, _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.service = service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A guest may send anything, and close the connection at any time: the log needs no traceback of it."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            log.error("cannot answer a request of %s: %r", self.service.machine.id, error)


class MetadataServices:
    """One service a guest, for as long as the guest's network namespace is the same."""

    def __init__(self, roles: RoleCredentials) -> None:
        self._roles = roles
        self._servers: dict[str, tuple[str, _Server]] = {}
        self._lock = threading.Lock()

    def serve(self, machine: Machine, network: str) -> None:
        """Answer the guest with what the machine is now."""
        with self._lock:
            running = self._servers.get(machine.id)
            if running and running[0] == network:
                running[1].service.machine = machine
                return
        self.stop(machine.id)
        server = _Server(Service(machine, self._roles), listen_inside(network))
        threading.Thread(target=server.serve_forever, name=f"metadata {machine.id}", daemon=True).start()
        with self._lock:
            self._servers[machine.id] = (network, server)

    def stop(self, instance_id: str) -> None:
        with self._lock:
            running = self._servers.pop(instance_id, None)
        if running:
            running[1].shutdown()
            running[1].server_close()

    def close(self) -> None:
        for instance_id in list(self._servers):
            self.stop(instance_id)


def listen_inside(network: str) -> socket.socket:
    """A listening socket in the network namespace of a container: only a thread goes there, and it ends there."""
    made: list[socket.socket | Exception] = []

    def work() -> None:
        try:
            enter_network(network)
            made.append(socket.create_server(ADDRESS, backlog=64))
        except (LabError, OSError) as error:
            made.append(error)

    thread = threading.Thread(target=work, name="listen")
    thread.start()
    thread.join()
    if isinstance(made[0], Exception):
        raise LabError(f"cannot serve metadata in the network namespace {network}: {made[0]}")
    return made[0]
