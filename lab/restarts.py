# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a guest that crashed is started again: at once, after a growing pause, and no more after the last attempt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

# The time in seconds between two attempts; one that crashes for the first time is started at once.
PAUSES = (0.0, 5.0, 10.0, 20.0, 40.0)
# A guest that has run for so long has recovered.
RECOVERED = 120.0


class Restart(Enum):
    """What is to be done about a guest that does not run, but should."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


@dataclass
class _Attempts:
    number: int
    latest: float


class Restarts:
    """The attempts for each instance. They are not stored: with the lab's process they begin anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: dict[str, _Attempts] = {}

    def attempt(self, id: str) -> Restart:
        """Whether the guest is started now, which counts as an attempt."""
        now = self._clock()
        found = self._attempts.setdefault(id, _Attempts(0, now))
        if found.number == len(PAUSES):
            return Restart.NEVER
        if now < found.latest + PAUSES[found.number]:
            return Restart.LATER
        found.number += 1
        found.latest = now
        return Restart.NOW

    def see_running(self, id: str) -> None:
        """The guest runs; once it has run for a while, its crashes do not count any more."""
        found = self._attempts.get(id)
        if found and self._clock() - found.latest >= RECOVERED:
            del self._attempts[id]

    def forget(self, id: str) -> None:
        """The next attempt is the first one."""
        self._attempts.pop(id, None)

    def keep_only(self, ids: set[str]) -> None:
        """Forget the instances that are not among these."""
        for id in self._attempts.keys() - ids:
            del self._attempts[id]
