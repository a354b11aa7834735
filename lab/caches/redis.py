# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Redis."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from ..servers.model import CERTIFICATE, CONFIGURATION, HOME, KEY, RUN, launcher
from . import front
from .model import Cache

SOCKET = f"{RUN}/redis.sock"
# Commands that ElastiCache has removed (and PSYNC, a form of SYNC); they are unknown commands.
RESTRICTED = (
    *("bgrewriteaof", "bgsave", "config", "debug", "migrate", "psync", "replicaof", "save", "shutdown", "slaveof"),
    "sync",
)
# Users are made through the API of AWS; of ACL there is a part that one may use.
RESTRICTED_PARTS = ("acl|deluser", "acl|load", "acl|save", "acl|setuser")
# The user of the lab itself, who changes tokens; its password is a file that only root can read.
ADMIN, ADMIN_PASSWORD = "lab", f"{HOME}/admin"
FRONT, FRONT_SETTINGS, FRONT_READY = f"{HOME}/front.py", f"{HOME}/front.json", f"{RUN}/front"
FIXED = (
    "bind 0.0.0.0",
    # A cache may have no token: then security groups alone say who may come here.
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
            *self._listen(desired),
            *(f'rename-command {name} ""' for name in RESTRICTED),
            f"user default on {_logins(desired)} ~* &* +@all {' '.join(f'-{part}' for part in RESTRICTED_PARTS)}",
            *((f"user {ADMIN} on #{desired.admin} +acl +ping",) if desired.admin else ()),
        ]
        return {CONFIGURATION: "".join(f"{line}\n" for line in lines)}

    def _listen(self, desired: Cache) -> tuple[str, ...]:
        return (*TLS, f"tls-port {desired.port}") if desired.encrypted else (f"port {desired.port}",)

    def answers(self, root: Path) -> bool:
        """It says so; while it reads what it had it says that."""
        return _ask(root, "PING") == b"+PONG"

    def set_tokens(self, root: Path, desired: Cache) -> bool:
        """Have the running server accept other tokens, without an end of connections; whether it does."""
        return _ask(root, f"ACL SETUSER default resetpass {_logins(desired)}") == b"+OK"


class FrontedRedis(Redis):
    """How a Redis is run that may have to accept connections with a token and without one (front.py)."""

    start = launcher(
        "redis",
        f"sh -c 'while :; do python3 -I {FRONT} {FRONT_SETTINGS} {CERTIFICATE} {KEY} {SOCKET} {FRONT_READY}; "
        f"sleep 0.2; done & exec redis-server {CONFIGURATION}'",
    )

    def configuration(self, desired: Cache) -> Mapping[str, str]:
        return {
            **super().configuration(desired),
            FRONT: Path(front.__file__).read_text(encoding="utf-8"),
            FRONT_SETTINGS: json.dumps({"port": desired.port, "open": desired.is_open, "tokens": desired.digests}),
        }

    def _listen(self, desired: Cache) -> tuple[str, ...]:
        return ("port 0",)

    def answers(self, root: Path) -> bool:
        return Path(f"{root}{FRONT_READY}").exists() and super().answers(root)


def _logins(desired: Cache) -> str:
    """What the default user may log in with, as Redis writes it; the tokens themselves are nowhere."""
    return "nopass" if desired.is_open else " ".join(f"#{token}" for token in desired.digests)


def _ask(root: Path, command: str) -> bytes:
    """The first line of what the server answers to the lab."""
    password = Path(f"{root}{ADMIN_PASSWORD}")
    login = f"AUTH {ADMIN} {password.read_text()}\r\n" if password.exists() else ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        connection.connect(f"{root}{SOCKET}")
        with connection.makefile("rwb") as lines:
            if login:
                lines.write(login.encode())
                lines.flush()
                if lines.readline() != b"+OK\r\n":
                    return b""
            lines.write(f"{command}\r\n".encode())
            lines.flush()
            return bytes(lines.readline().rstrip(b"\r\n"))
