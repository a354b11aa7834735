# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looking again and again at what there is, and making it what it should be."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

from .shell import LabError


class Watcher(ABC):
    """A thread that looks every ``interval`` seconds, and at once when something changed; a pool that does the work."""

    # What a look as a whole is about.
    whole = "the lab"
    # What goes wrong without a mistake of ours, and needs no traceback.
    expected: tuple[type[Exception], ...] = (LabError,)

    def __init__(self, lock: threading.RLock, name: str, interval: float, at_a_time: int) -> None:
        self._lock = lock
        self._interval = interval
        self._log = logging.getLogger(f"lab.{name}")
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._busy: set[str] = set()
        self._trouble: dict[str, str] = {}
        self._pool = ThreadPoolExecutor(at_a_time, thread_name_prefix=name)
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done; what is looked after stays as it is."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    @abstractmethod
    def look(self) -> None:
        """Find what is to be done, and start doing it."""

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
                self._trouble.pop(self.whole, None)
            except Exception as error:
                self._complain(self.whole, error)
            self._wake.wait(self._interval)
            self._wake.clear()

    def _complain(self, about: str, error: Exception, doing: str = "look after") -> None:
        """Say it once: what is wrong now is usually wrong a moment later too."""
        if self._trouble.get(about) != str(error):
            self._trouble[about] = str(error)
            expected = isinstance(error, self.expected)
            self._log.error("cannot %s %s: %s", doing, about, error, exc_info=not expected)
