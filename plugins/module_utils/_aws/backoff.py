# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Repeating a call: growing pauses, a limit, and the clock that both are measured with.

Everything in the collection that repeats a call to AWS, or reads a state until it changes, does it with a `Backoff`.
Which errors are worth another attempt is the caller's policy (`client.py`, `retries.py`).
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """The time, and the ways to let it pass; tests have one of their own."""

    def now(self) -> float:
        """Seconds since any moment; never goes back."""

    def time(self) -> float:
        """Seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Whether the event is set before so many seconds have passed."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)


SYSTEM_CLOCK = SystemClock()


@dataclass(frozen=True)
class Backoff:
    """How long to repeat something, and with which pauses.

    The first pause is ``first`` seconds; each later one is ``factor`` times as long, up to ``longest``. ``jitter`` is
    the largest part of a pause that is left out at random: callers that failed together should not return together.
    ``seconds`` (since the first attempt or failure) and ``attempts`` end the repetition; at least one must be given.
    """

    seconds: float | None = None
    attempts: int | None = None
    first: float = 0.3
    factor: float = 1.6
    longest: float = 8.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if self.seconds is None and self.attempts is None:
            raise ValueError("a backoff needs a limit: seconds or attempts")

    def next_pause(self, attempts: int, elapsed: float) -> float | None:
        """Seconds until the next attempt, after so many and so long; None when the limit is reached."""
        if self.attempts is not None and attempts >= self.attempts:
            return None
        pause = self._planned_pause(attempts) * random.uniform(1.0 - self.jitter, 1.0)
        if self.seconds is None:
            return pause
        left = self.seconds - elapsed
        # The last attempt is made when the time is over, not a pause earlier.
        return min(pause, left) if left > 0 else None

    def repeat(self, clock: Clock = SYSTEM_CLOCK) -> Iterator[int]:
        """Yield the number of each attempt, from 1: the first at once, the others after their pauses."""
        started, number = clock.now(), 1
        while True:
            yield number
            pause = self.next_pause(number, clock.now() - started)
            if pause is None:
                return
            clock.sleep(pause)
            number += 1

    def plan_pauses(self) -> Iterator[float]:
        """Yield the pauses, without jitter, to a caller that lets a scheduler wait."""
        attempts, elapsed = 1, 0.0
        while self.attempts is None or attempts < self.attempts:
            if self.seconds is not None and elapsed >= self.seconds:
                return
            pause = self._planned_pause(attempts)
            yield pause
            attempts, elapsed = attempts + 1, elapsed + pause

    def _planned_pause(self, attempts: int) -> float:
        # An exponent without a limit overflows after some hundred attempts.
        return min(self.first * self.factor ** min(attempts - 1, 100), self.longest)


def call_with_retries(
    call: Callable[[], T], choose_backoff: Callable[[Exception], Backoff | None], clock: Clock = SYSTEM_CLOCK
) -> T:
    """Return what ``call`` returns; repeat it after an error for which ``choose_backoff`` has a backoff.

    Each backoff counts its own failures, and its time from the first of them: throttling must not use up the time for
    another error.
    """
    failures: Counter[Backoff] = Counter()
    first_failures: dict[Backoff, float] = {}
    while True:
        try:
            return call()
        except Exception as error:
            backoff = choose_backoff(error)
            if backoff is None:
                raise
            failures[backoff] += 1
            elapsed = clock.now() - first_failures.setdefault(backoff, clock.now())
            pause = backoff.next_pause(failures[backoff], elapsed)
            if pause is None:
                raise
        clock.sleep(pause)
