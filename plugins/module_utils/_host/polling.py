# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a state again and again, with a limit. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import time
from typing import Iterator


class Clock:
    """The clock of this host; tests have one of their own."""

    def now(self) -> float:
        """Seconds since any moment; never goes back."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM_CLOCK = Clock()


def poll(seconds: float, pause: float, clock: Clock = SYSTEM_CLOCK) -> Iterator[None]:
    """Yield at once and after each pause, the last time when so many seconds are over."""
    started = clock.now()
    while True:
        yield
        left = seconds - (clock.now() - started)
        if left <= 0:
            return
        clock.sleep(min(pause, left))
