# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drives servers: starts them with what they need, sees whether they answer, ends them, and tells the API."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic

from ..hooks.lifecycle import note, read_note
from ..machines import Appliance
from ..tending import Appliances
from .authority import Authority
from .model import CERTIFICATE, HOME, KEY, READY, RUN, DesiredServer, Program

# How long we wait for a server: that it answers, before we look again; that it ends; that it runs again, when
# it is not even started.
PATIENCE, STOP_TIME, SILENCE = 3.0, 30.0, 5.0
# How often a server that answered is asked again.
RHYTHM = 10.0


class Servers(ABC, Generic[DesiredServer]):
    """A kind of appliance of which each is the server behind one thing that the API holds.

    That thing (a database, a cache) has a ``status``, and is noted to want a ``restart``.
    """

    def __init__(
        self, lock: threading.RLock, appliances: Appliances, keep: Callable[[], None], authority: Authority
    ) -> None:
        self._lock = lock
        self._appliances = appliances
        self._keep = keep
        self._authority = authority
        self._heard: dict[str, tuple[int, float]] = {}
        self._running: dict[str, float] = {}
        self._tending: set[str] = set()

    @abstractmethod
    def find(self, id: str) -> tuple[Any, Any] | None:
        """The backend and the thing behind which the appliance stands; None when it is gone. The lock is held."""

    @abstractmethod
    def describe(self, thing: Any, fresh: bool) -> DesiredServer:
        """What its server has to be; ``fresh`` for one that starts. The lock is held."""

    @abstractmethod
    def program(self, desired: DesiredServer) -> Program[DesiredServer]:
        """What runs."""

    @abstractmethod
    def is_up(self, thing: Any) -> bool:
        """Whether the API says that the server serves."""

    @abstractmethod
    def go_away(self, thing: Any) -> None:
        """The server does not answer, without a request to stop it. The caller holds the lock."""

    @abstractmethod
    def settle(self, backend: Any, thing: Any, desired: DesiredServer, root: Path, pid: int) -> None:
        """The server answers: make it what the API says, and have the API say so."""

    @abstractmethod
    def finish(self, backend: Any, thing: Any) -> None:
        """The appliance is gone. The lock is held."""

    def is_over(self, thing: Any, desired: DesiredServer) -> bool:
        """Whether nothing holds the server back from being taken away."""
        return str(thing.status) == "deleting"

    def fill(self, desired: DesiredServer, root: Path) -> bool:
        """Put the data in place with which a server starts; returns whether it could be done."""
        return True

    def begin(self, thing: Any, desired: DesiredServer) -> None:
        """The server is about to start. The lock is held."""
        note(thing, "restart", False)

    def clear(self, desired: DesiredServer) -> None:
        """Take away what is left of an appliance besides its container."""

    def options(self) -> tuple[str, ...]:
        """What every server's container is made with."""
        return ("--tmpfs", f"{RUN}:mode=0755")

    def launch(self, program: Program[DesiredServer]) -> dict[str, Any]:
        """What every server's container begins with."""
        return {"command": ("sh", f"{HOME}/start"), "files": {f"{HOME}/start": program.start.encode()}}

    def miss(self, id: str, thing: Any) -> None:
        """A server that cannot even be started is not available."""
        now = time.monotonic()
        seen = self._running.setdefault(id, now)
        if id not in self._tending and now - seen > SILENCE:
            self.go_away(thing)

    def tend(self, appliance: Appliance, pid: int) -> None:
        with self._lock:
            found = self.find(appliance.id)
            self._tending.add(appliance.id)
        try:
            if found:
                self._tend(*found, pid)
        finally:
            with self._lock:
                self._tending.discard(appliance.id)
                self._running.pop(appliance.id, None)
                if self.find(appliance.id):
                    self._running[appliance.id] = time.monotonic()

    def _tend(self, backend: Any, thing: Any, pid: int) -> None:
        root = Path(f"/proc/{pid}/root")
        ready = Path(f"{root}{READY}").exists()
        with self._lock:
            desired = self.describe(thing, fresh=not ready)
            over, restart = self.is_over(thing, desired), bool(read_note(thing, "restart"))
        if over:
            self._delete(backend, thing, desired)
        elif restart and ready:
            self.halt(thing, pid, desired)
        elif (ready or self._prepare(thing, desired, root)) and self._answers(thing, desired, root, pid):
            self.settle(backend, thing, desired, root, pid)

    def _prepare(self, thing: Any, desired: DesiredServer, root: Path) -> bool:
        """Put everything in place that a server starts with, and let it start; returns whether it could be done."""
        owner = os.stat(f"{root}{self.program(desired).data}").st_uid
        if not self.fill(desired, root):
            return False
        certificate, key = self._authority.issue(desired.address)
        self.configure(desired, root)
        write(root, CERTIFICATE, certificate, 0o644)
        write(root, KEY, key, 0o600, owner)
        self.change(lambda: self.begin(thing, desired))
        write(root, READY, b"", 0o644)
        return True

    def configure(self, desired: DesiredServer, root: Path) -> None:
        """Write the files that the server reads."""
        for name, content in self.program(desired).configuration(desired).items():
            write(root, name, content.encode(), 0o644)

    def _answers(self, thing: Any, desired: DesiredServer, root: Path, pid: int) -> bool:
        """Whether the server serves; the API learns it when it does not."""
        before, heard = self._heard.get(desired.id, (0, 0.0))
        ends = time.monotonic() + PATIENCE
        if before == pid and ends - PATIENCE - heard < RHYTHM and thing.status == "available":
            return True
        while not _probe(self.program(desired), root):
            if self.is_up(thing):
                self.change(lambda: self.go_away(thing))
            if time.monotonic() > ends or not root.exists():
                return False
            time.sleep(0.05)
        self._heard[desired.id] = (pid, time.monotonic())
        return True

    def halt(self, thing: Any, pid: int, desired: DesiredServer) -> None:
        """Stop the server; the caller starts it again if needed."""
        process = Path(f"/proc/{pid}")
        os.kill(pid, self.program(desired).end)
        ends = time.monotonic() + STOP_TIME
        while process.exists():
            if time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _delete(self, backend: Any, thing: Any, desired: DesiredServer) -> None:
        self._appliances.remove(desired.id)
        self.clear(desired)
        self._heard.pop(desired.id, None)
        self.change(lambda: self.finish(backend, thing))

    def run(self, desired: DesiredServer, script: str) -> None:
        """Run a script inside; it comes through standard input, which no other process can read."""
        self._appliances.execute(desired.id, "sh", "-s", stdin=script)

    def change(self, change: Callable[[], None]) -> None:
        """Change what the API holds, and keep it."""
        with self._lock:
            change()
        self._keep()


def _probe(program: Program[Any], root: Path) -> bool:
    try:
        return program.answers(root)
    except OSError:
        return False


def write(root: Path, path: str, content: bytes, mode: int, owner: int = 0) -> None:
    """Copy a file into the container; an existing link there could point to a file of this machine."""
    place = f"{root}{path}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with contextlib.suppress(FileNotFoundError):
        os.unlink(place)
    descriptor = os.open(place, flags, mode)
    try:
        os.write(descriptor, content)
        os.fchmod(descriptor, mode)
        os.fchown(descriptor, owner, 0)
    finally:
        os.close(descriptor)
    os.replace(place, f"{root}{path}")
