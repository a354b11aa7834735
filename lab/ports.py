# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Choosing a port that stays free while its server restarts.

The kernel gives outgoing connections, and sockets bound to port 0, a port of `ip_local_port_range`. A server whose port
lies in there cannot be sure to get it back: while it is down, any connection of the machine may take it.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Collection
from pathlib import Path

from .shell import LabError

LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOOPBACK = "127.0.0.1"
# Below are the ports of well-known services, where people expect their databases and development servers.
FIRST, LAST = 20000, 65535


def read_local_ports() -> range:
    """The ports that the kernel gives out by itself."""
    try:
        first, last = LOCAL_PORTS.read_text().split()
    except OSError:
        # Linux's default, where it cannot be read.
        first, last = "32768", "60999"
    return range(int(first), int(last) + 1)


def list_candidates(local: range, used: Collection[int], seed: str) -> list[int]:
    """Ports to try, the best first: outside of the range ``local`` and of ``used``.

    The order begins at a port that ``seed`` decides, so that labs that start at the same time try different ones. Where
    ``local`` leaves no room, all other ports are there in this order, for a port that may be lost is better than none.
    """
    outside = [port for port in range(FIRST, LAST + 1) if port not in local and port not in used]
    ports = outside or [port for port in range(FIRST, LAST + 1) if port not in used]
    if not ports:
        return []
    begin = int(hashlib.sha256(seed.encode()).hexdigest(), 16) % len(ports)
    return ports[begin:] + ports[:begin]


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_port(
    seed: str,
    used: Collection[int] = (),
    local: range | None = None,
    free: Callable[[int], bool] | None = None,
) -> int:
    """A port that is free now and that no outgoing connection takes; raises a LabError where there is none."""
    for port in list_candidates(read_local_ports() if local is None else local, used, seed):
        if (free or is_free)(port):
            return port
    raise LabError(f"no port of {LOOPBACK} from {FIRST} to {LAST} is free")
