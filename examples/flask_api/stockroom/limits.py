# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How often one client may do something."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

# So many clients are remembered; the one that was seen longest ago is forgotten first.
CLIENTS = 10_000


class Limit:
    """At most ``count`` times in ``period`` seconds, for each client.

    Every worker counts for itself, so that the API needs no Redis: with four workers a client gets through at most four
    times as often. That slows a script that guesses tokens or fills the table, which is what this is for.
    """

    def __init__(self, count: int, period: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.count, self.period, self.clock = count, period, clock
        self.seen: OrderedDict[str, deque[float]] = OrderedDict()
        self.lock = threading.Lock()

    def take(self, client: str) -> int:
        """0 when the client may; else the seconds after which it may again."""
        now = self.clock()
        with self.lock:
            times = self.seen.setdefault(client, deque())
            self.seen.move_to_end(client)
            if len(self.seen) > CLIENTS:
                self.seen.popitem(last=False)
            while times and times[0] <= now - self.period:
                times.popleft()
            if len(times) >= self.count:
                return math.ceil(times[0] + self.period - now)
            times.append(now)
            return 0
