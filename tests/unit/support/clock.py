# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A clock that moves only when a test, or the code under test, moves it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Real seconds after which a test fails instead of hanging.
REAL_LIMIT = 20.0


class FakeClock:
    """Replaces `_aws.backoff.Clock`: a pause moves the time and takes none."""

    def __init__(self, epoch: float = 1_800_000_000.0) -> None:
        self.pauses: list[float] = []
        self._start = epoch
        self._elapsed = 0.0
        self._waiting = 0
        self._waits = 0
        self._due = 0.0
        self._condition = threading.Condition()

    def now(self) -> float:
        with self._condition:
            return self._elapsed

    def time(self) -> float:
        return self._start + self.now()

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        with self._condition:
            self._elapsed += seconds
            self._condition.notify_all()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Whether the event is set before so many seconds have passed on this clock."""
        with self._condition:
            due = self._due = self._elapsed + seconds
            self._waiting += 1
            self._waits += 1
            self._condition.notify_all()
            while self._elapsed < due and not event.is_set():
                # The event cannot notify this condition, so look at it again after a moment.
                self._condition.wait(0.001)
            self._waiting -= 1
            return event.is_set()

    def advance_and_settle(self, seconds: float) -> None:
        """Move the time; return when the thread that waits on this clock has worked, if it was due, and waits again."""
        self._require(lambda: self._waiting > 0)
        with self._condition:
            self._elapsed += seconds
            is_due = self._elapsed >= self._due
            waits = self._waits + (1 if is_due else 0)
            self._condition.notify_all()
        self._require(lambda: self._waiting > 0 and self._waits >= waits)

    def advance_until(self, seconds: float, is_reached: Callable[[], bool]) -> None:
        """Move the time, and return when a thread that waited on this clock has brought a state about."""
        self._require(lambda: self._waiting > 0)
        self.advance(seconds)
        deadline = time.monotonic() + REAL_LIMIT
        while not is_reached():
            assert time.monotonic() < deadline, "the state is not reached"
            time.sleep(0.001)

    def _require(self, is_reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + REAL_LIMIT
        with self._condition:
            while not is_reached():
                assert time.monotonic() < deadline, "no thread waits on the clock"
                self._condition.wait(0.001)


class FastClock:
    """Real time, a hundred times as fast: for tests in which several threads wait for each other."""

    FACTOR = 100.0

    def now(self) -> float:
        return time.monotonic() * self.FACTOR

    def time(self) -> float:
        return 1_800_000_000.0 + self.now()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.FACTOR)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / self.FACTOR)
