# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the appliances of the lab what the API says they are, again and again, as the reconciler does with guests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from . import names
from .hooks.interfaces import public_names
from .machines import Appliance, Power
from .shell import LabError

# Shorter than that of guests: the health of targets is read in this rhythm.
INTERVAL = 0.5
AT_A_TIME = 4
log = logging.getLogger("lab.tending")


class Appliances(Protocol):
    """What stands behind the services that AWS runs itself."""

    @property
    def mark(self) -> str:
        """The mark of the lab."""

    def observe(self) -> Mapping[str, Power]:
        """The appliances that there are, by their id."""

    def ensure(self, appliance: Appliance, found: Power) -> int:
        """Make it run, wired as it should be; returns its first process."""

    def remove(self, appliance_id: str) -> None:
        """Take it away with everything that belongs to it."""

    def execute(self, appliance_id: str, *command: str, stdin: str | None = None) -> str:
        """Run a program inside and return what it printed."""


class Kind(Protocol):
    """A service whose appliances the lab runs."""

    def wanted(self) -> Iterable[Appliance]:
        """The appliances that the API asks for; the lock is held."""

    def tend(self, appliance: Appliance, pid: int) -> None:
        """It runs and is wired: make what it does what the API says. The lock is not held."""


class Tender:
    """Looks at every appliance twice a second, and at once when something changed."""

    def __init__(self, lock: threading.RLock, appliances: Appliances, kinds: Sequence[Kind]) -> None:
        self._lock = lock
        self._appliances = appliances
        self._kinds = kinds
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._busy: set[str] = set()
        self._trouble: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="appliance")
        self._thread = threading.Thread(target=self._loop, name="tend", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done; the appliances run on."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._trouble.pop("", None)
            except Exception as error:
                self._complain("", error)
            self._wake.wait(INTERVAL)
            self._wake.clear()

    def look(self) -> None:
        """Find what is to be done, and start doing it."""
        with self._lock:
            moving = set(self._busy)
        found = self._appliances.observe()
        with self._lock:
            moving |= self._busy
            wanted = {one.id: (kind, one) for kind in self._kinds for one in kind.wanted()}
            known = list(public_names())
            self._busy.update(wanted.keys() - moving)
        for id, (kind, appliance) in wanted.items():
            if id not in moving:
                self._pool.submit(self._do, kind, appliance, found.get(id, Power.ABSENT))
        try:
            names.write(names.MACHINE, self._appliances.mark, known)
        except OSError as error:
            self._complain("names", error)
        for orphan in found.keys() - wanted.keys() - moving:
            log.info("%s is wanted no more and is removed", orphan)
            self._appliances.remove(orphan)

    def _do(self, kind: Kind, appliance: Appliance, found: Power) -> None:
        try:
            kind.tend(appliance, self._appliances.ensure(appliance, found))
            self._trouble.pop(appliance.id, None)
        except Exception as error:
            self._complain(appliance.id, error)
        finally:
            with self._lock:
                self._busy.discard(appliance.id)

    def _complain(self, id: str, error: Exception) -> None:
        """Say it once: what is wrong now is usually wrong half a second later too."""
        if self._trouble.get(id) != str(error):
            self._trouble[id] = str(error)
            expected = isinstance(error, LabError | OSError)
            log.error("cannot look after %s: %s", id or "the appliances", error, exc_info=not expected)
