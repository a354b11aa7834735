# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives the HAProxy of each load balancer, and tells the API what it measured."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..hooks import balancers, targets
from ..machines import Appliance
from ..shell import LabError
from ..snapshot import stand
from ..tending import Appliances
from . import snapshot
from .model import Balancer, Group
from .render import CONFIGURATION, HOME, SOCKET, STATES, configuration, digest, files
from .servers import Row, health, rows, steps

# What an appliance starts with: nothing but a place to ask.
EMPTY = f"global\n  stats socket {SOCKET} mode 600 level admin\ndefaults\n  mode http\n  timeout connect 10s\n"
COMMAND = ("haproxy", "-W", "-db", "-f", CONFIGURATION)
LOAD_TIME = 15.0
MARK = re.compile(r"^description: config-(\w+)$", re.MULTILINE)
log = logging.getLogger("lab.balancing")


class Admin:
    """The admin socket of an HAProxy, reached through the root directory of its process."""

    def __init__(self, pid: int) -> None:
        self._path = f"/proc/{pid}/root{SOCKET}"

    def ask(self, command: str) -> str:
        """What HAProxy answers; raises OSError while it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(self._path)
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode("utf-8", "replace")

    def mark(self) -> str:
        """Which configuration it has loaded; empty while it does not say."""
        with contextlib.suppress(OSError):
            found = MARK.search(self.ask("show info"))
            return found[1] if found else ""
        return ""

    def rows(self) -> dict[str, dict[str, Row]]:
        """Its servers."""
        return rows(self.ask("show stat"))

    def tell(self, command: str) -> None:
        """Change something; what goes wrong is seen, and done again, the next time."""
        said = self.ask(command).strip()
        log.info("%s: %s", command, said or "done")


class Balancers:
    """The load balancers of the lab: a kind of appliance."""

    def __init__(self, lock: threading.RLock, appliances: Appliances, keep: Callable[[], None]) -> None:
        self._lock = lock
        self._appliances = appliances
        self._keep = keep

    def desired(self) -> Iterator[Appliance]:
        for one in snapshot.all_balancers():
            yield Appliance(
                id=_id(one),
                command=COMMAND,
                files={CONFIGURATION: EMPTY.encode(), STATES: b"1\n"},
                **stand(balancers.interfaces(one)),
            )

    def tend(self, appliance: Appliance, pid: int) -> None:
        with self._lock:
            found = next((one for one in snapshot.all_balancers() if _id(one) == appliance.id), None)
            desired = snapshot.describe(found) if found else None
        if found is None or desired is None:
            return
        admin = Admin(pid)
        mark = digest(desired)
        if admin.mark() != mark:
            self._load(appliance.id, pid, desired, mark)
        there = admin.rows()
        for group in desired.groups:
            self._adjust(admin, group, there.get(group.id, {}))
        self._record(found, admin.rows())

    def _load(self, id: str, pid: int, desired: Balancer, mark: str) -> None:
        """Load the configuration without dropping a request: servers stay as they are, in the file and in state."""
        root, admin = Path(f"/proc/{pid}/root"), Admin(pid)
        there = admin.rows()
        servers = {name: [row.server for row in found.values()] for name, found in there.items()}
        named = files(desired)
        for name, content in named.items():
            _write(root, f"{HOME}/{name}", content)
        _write(root, f"{CONFIGURATION}.new", configuration(desired, servers, mark).encode())
        self._appliances.execute(id, "haproxy", "-c", "-f", f"{CONFIGURATION}.new")
        _write(root, STATES, admin.ask("show servers state").encode())
        os.replace(f"{root}{CONFIGURATION}.new", f"{root}{CONFIGURATION}")
        os.kill(pid, signal.SIGUSR2)
        ends = time.monotonic() + LOAD_TIME
        while admin.mark() != mark:
            if time.monotonic() > ends:
                raise LabError(f"{id} did not take its new configuration within {LOAD_TIME:.0f} s")
            time.sleep(0.02)
        for key in Path(f"{root}{HOME}").glob("*.pem"):
            if key.name not in named:
                key.unlink()
        log.info("%s has loaded its configuration %s", id, mark)

    def _adjust(self, admin: Admin, group: Group, there: dict[str, Row]) -> None:
        for command in steps(group, there, time.time()):
            admin.tell(command)

    def _record(self, balancer: Any, there: dict[str, dict[str, Row]]) -> None:
        with self._lock:
            changed = balancer.state == "provisioning"
            if changed:
                balancer.state = "active"
            for name, found in there.items():
                group = snapshot.find_group(balancer, name)
                changed |= group is not None and _measure(group, found)
        if changed:
            self._keep()


def _id(balancer: Any) -> str:
    return f"alb-{balancer.arn.rpartition('/app/')[2].replace('/', '-').lower()}"


def _measure(group: Any, found: dict[str, Row]) -> bool:
    """Tell the API how targets were found to be; returns whether that is news."""
    changed = False
    for key, one in targets.list_registered(group).items():
        measured = health(found[one.server]) if one.server in found else None
        if measured and measured != one.measured:
            log.info("%s is %s (%s)", key, measured.state, measured.reason)
            one.measured = measured
            changed = True
    return changed


def _write(root: Path, path: str, content: bytes) -> None:
    """Put a file that only root may read into the appliance."""
    place = Path(f"{root}{path}")
    place.parent.mkdir(parents=True, exist_ok=True)
    with open(place, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
