# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies between standard input and output and a connection in the network namespace of a guest."""

from __future__ import annotations

import os
import selectors
import socket
import sys

from .guests.namespaces import enter_network
from .shell import LabError


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
    try:
        enter_network(sys.argv[1])
    except LabError as error:
        sys.exit(str(error))
    relay(sys.argv[2], int(sys.argv[3]))
