# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies between standard input and output and a connection; runs inside of a guest's network namespace."""

from __future__ import annotations

import os
import selectors
import socket
import sys


def relay(host: str, port: int) -> None:
    """Until either side ends."""
    with socket.create_connection((host, port)) as connection, selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is connection:
                    data = connection.recv(65536)
                    if not data:
                        return
                    _write(data)
                else:
                    data = os.read(sys.stdin.fileno(), 65536)
                    if data:
                        connection.sendall(data)
                    else:
                        selector.unregister(sys.stdin.fileno())
                        connection.shutdown(socket.SHUT_WR)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


if __name__ == "__main__":
    relay(sys.argv[1], int(sys.argv[2]))
