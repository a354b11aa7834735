# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes the appliances of the lab what the API says they are, again and again, as the reconciler does with guests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from . import names
from .hooks.interfaces import public_names
from .machines import Appliance, Power
from .shell import LabError
from .watch import Watcher

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

    def desired(self) -> Iterable[Appliance]:
        """The appliances that the API asks for; the lock is held."""

    def tend(self, appliance: Appliance, pid: int) -> None:
        """It runs and is wired: make what it does what the API says. The lock is not held."""


class Tender(Watcher):
    """Looks at every appliance twice a second, and at once when something changed."""

    whole = "the appliances"
    expected = (LabError, OSError)

    def __init__(self, lock: threading.RLock, appliances: Appliances, kinds: Sequence[Kind]) -> None:
        super().__init__(lock, "tending", INTERVAL, AT_A_TIME)
        self._appliances = appliances
        self._kinds = kinds

    def look(self) -> None:
        """Find what is to be done, and start doing it."""
        with self._lock:
            moving = set(self._busy)
        found = self._appliances.observe()
        with self._lock:
            moving |= self._busy
            desired = {one.id: (kind, one) for kind in self._kinds for one in kind.desired()}
            known = list(public_names())
            self._busy.update(desired.keys() - moving)
        for id, (kind, appliance) in desired.items():
            if id not in moving:
                self._pool.submit(self._do, kind, appliance, found.get(id, Power.ABSENT))
        try:
            names.write(names.MACHINE, self._appliances.mark, known)
        except OSError as error:
            self._complain("names", error)
        for orphan in found.keys() - desired.keys() - moving:
            log.info("%s is no longer needed and is removed", orphan)
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
