# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that begins to speak as MySQL does, and keeps what clients send to it. It accepts no login."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress

CLIENT_SSL = 0x0800
# Protocol 4.1, secure connection and authentication plugins (MySQL, "Capabilities Flags").
CAPABILITIES = 0x0200 | 0x8000 | 0x0008_0000
# "Access denied".
MYSQL_ERROR = b"\xff" + struct.pack("<H", 1045) + b"#28000denied"


class MySqlServer:
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

    def _accept(self) -> None:
        while True:
            try:
                stream, _address = self._listener.accept()
            except OSError:
                return
            with stream, suppress(OSError):
                # An error is the client's, which ends the connection when it does not trust the server.
                stream.settimeout(5)
                self._talk(stream)

    def _talk(self, stream: socket.socket) -> None:
        capabilities = CAPABILITIES | (CLIENT_SSL if self._context else 0)
        greeting = b"\x0a8.4.0\0" + struct.pack("<I", 1) + b"saltsalt\0" + struct.pack("<H", capabilities & 0xFFFF)
        greeting += b"\x2d" + struct.pack("<HHB", 2, capabilities >> 16, 21) + bytes(10) + b"saltsaltsalt\0"
        stream.sendall(frame(greeting + b"mysql_native_password\0", 0))
        # The request for TLS is of this length, and what follows it is TLS.
        self._read(stream, 36 if self._context else 4096)
        sequence = 2
        if self._context:
            stream = self._context.wrap_socket(stream, server_side=True)
            self._read(stream, 4096)
            sequence = 3
        stream.sendall(frame(MYSQL_ERROR, sequence))

    def _read(self, stream: socket.socket, most: int) -> None:
        self.received += stream.recv(most)


def frame(body: bytes, sequence: int) -> bytes:
    """A packet of the protocol of MySQL."""
    return len(body).to_bytes(3, "little") + bytes([sequence]) + body
