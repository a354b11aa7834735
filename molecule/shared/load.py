# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients that send requests continuously while the server changes, and count the answers."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from types import TracebackType


class Load:
    """A few clients in threads, each at a bounded rate, each request on a connection of its own.

    ``answers`` counts the statuses; what is no answer at all (refused, reset, cut off) is counted by its exception.
    """

    def __init__(self, host: str, path: str, clients: int = 4, per_second: float = 25, method: str = "GET") -> None:
        self.host, self.path, self.method = host, path, method
        self.pause = 1 / per_second
        self.answers: Counter[str] = Counter()
        self.bodies: Counter[str] = Counter()
        self.slowest = 0.0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def ask(self) -> None:
        while not self.over.wait(self.pause):
            begin = time.monotonic()
            self.answers[self.answer()] += 1
            self.slowest = max(self.slowest, time.monotonic() - begin)

    def answer(self) -> str:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(self.method, self.path)
            response = connection.getresponse()
            self.bodies[response.read().decode(errors="replace")] += 1
            return str(response.status)
        except (OSError, http.client.HTTPException) as problem:
            return type(problem).__name__
        finally:
            connection.close()
