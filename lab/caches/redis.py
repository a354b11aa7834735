# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redis."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from ..servers.model import CERTIFICATE, CONFIGURATION, KEY, RUN, launcher
from .model import Cache

SOCKET = f"{RUN}/redis.sock"
# Commands that ElastiCache has removed (and PSYNC, a form of SYNC); they are unknown commands.
RESTRICTED = (
    *("bgrewriteaof", "bgsave", "config", "debug", "migrate", "psync", "replicaof", "save", "shutdown", "slaveof"),
    "sync",
)
# Users are made through the API of AWS; of ACL there is a part that one may use.
RESTRICTED_PARTS = ("acl|deluser", "acl|load", "acl|save", "acl|setuser")
FIXED = (
    "bind 0.0.0.0",
    # There is no password: who may come here is said by security groups.
    "protected-mode no",
    "daemonize no",
    f"unixsocket {SOCKET}",
    "unixsocketperm 700",
    # No copy of the memory, only the list of what was done to it, which stands in for replicas.
    'save ""',
    "appendonly yes",
    "appendfsync no",
    # The parameters of AWS's default group that differ from those of Redis; the limit is for the machine's sake.
    "maxmemory-policy volatile-lru",
    "maxmemory 256mb",
)
TLS = (
    "port 0",
    f"tls-cert-file {CERTIFICATE}",
    f"tls-key-file {KEY}",
    "tls-auth-clients no",
    'tls-protocols "TLSv1.2 TLSv1.3"',
)


class Redis:
    """How Redis is run."""

    data = "/var/lib/redis"
    user = "redis"
    end = signal.SIGTERM
    start = launcher("redis", f"redis-server {CONFIGURATION}")

    def configuration(self, desired: Cache) -> Mapping[str, str]:
        lines = [
            *FIXED,
            f"dir {self.data}",
            *((*TLS, f"tls-port {desired.port}") if desired.encrypted else (f"port {desired.port}",)),
            *(f'rename-command {name} ""' for name in RESTRICTED),
            f"user default on nopass ~* &* +@all {' '.join(f'-{part}' for part in RESTRICTED_PARTS)}",
        ]
        return {CONFIGURATION: "".join(f"{line}\n" for line in lines)}

    def answers(self, root: Path) -> bool:
        """It says so; while it reads what it had it says that."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(f"{root}{SOCKET}")
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
