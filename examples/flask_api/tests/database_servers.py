# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Servers that begin to speak as databases do, and keep what clients send them. They accept no login."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress

CLIENT_SSL = 0x0800
# Protocol 4.1, secure connection and authentication plugins (MySQL, "Capabilities Flags").
CAPABILITIES = 0x0200 | 0x8000 | 0x0008_0000
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
# "Access denied", in both protocols.
MYSQL_ERROR = b"\xff" + struct.pack("<H", 1045) + b"#28000denied"
POSTGRES_ERROR = b"SFATAL\0C28P01\0Mdenied\0\0"


class DatabaseServer:
    """A server on a free port of loopback. ``received`` is what clients sent, decrypted where they use TLS.

    ``context`` has the certificate of the server; without one it offers no TLS.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received = b""
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def talk(self, stream: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                stream, _address = self._listener.accept()
            except OSError:
                return
            with stream, suppress(OSError):
                # An error is the client's, which ends the connection when it does not trust the server.
                stream.settimeout(5)
                self.talk(stream)

    def read(self, stream: socket.socket, most: int = 4096) -> bytes:
        data = stream.recv(most)
        self.received += data
        return data

    def encrypt(self, stream: socket.socket) -> socket.socket:
        assert self._context is not None
        return self._context.wrap_socket(stream, server_side=True)


class MySqlServer(DatabaseServer):
    def talk(self, stream: socket.socket) -> None:
        capabilities = CAPABILITIES | (CLIENT_SSL if self._context else 0)
        greeting = b"\x0a8.4.0\0" + struct.pack("<I", 1) + b"saltsalt\0" + struct.pack("<H", capabilities & 0xFFFF)
        greeting += b"\x2d" + struct.pack("<HHB", 2, capabilities >> 16, 21) + bytes(10) + b"saltsaltsalt\0"
        stream.sendall(frame(greeting + b"mysql_native_password\0", 0))
        # The request for TLS is of this length, and what follows it is TLS.
        self.read(stream, 36 if self._context else 4096)
        sequence = 2
        if self._context:
            stream = self.encrypt(stream)
            self.read(stream)
            sequence = 3
        stream.sendall(frame(MYSQL_ERROR, sequence))


class PostgresServer(DatabaseServer):
    def talk(self, stream: socket.socket) -> None:
        if self.read(stream) == SSL_REQUEST:
            stream.sendall(b"S" if self._context else b"N")
            if self._context:
                stream = self.encrypt(stream)
            self.read(stream)
        # The password, please, as it is.
        stream.sendall(b"R" + struct.pack("!ii", 8, 3))
        self.read(stream)
        stream.sendall(b"E" + struct.pack("!i", 4 + len(POSTGRES_ERROR)) + POSTGRES_ERROR)


def frame(body: bytes, sequence: int) -> bytes:
    """A packet of the protocol of MySQL."""
    return len(body).to_bytes(3, "little") + bytes([sequence]) + body
