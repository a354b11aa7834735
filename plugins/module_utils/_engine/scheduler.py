# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scheduler: walks a graph of steps in parallel.

A step is a generator. It holds a thread only while it works, not while it waits for AWS.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .condition import Wait
from .graph import Step
from .resource_type import ResourceType
from .waiter import Poller


@dataclass(frozen=True)
class Pause:
    """Resume the step after some seconds."""

    seconds: float


@dataclass(frozen=True)
class Await:
    """Resume the step when AWS shows the object in the state that it waits for."""

    kind: ResourceType
    wait: Wait


Work = Generator["Pause | Await", Any, None]


@dataclass
class Outcome:
    """The result of every step."""

    done: dict[Step, float] = field(default_factory=dict)
    failed: dict[Step, BaseException] = field(default_factory=dict)
    not_started: list[Step] = field(default_factory=list)


class Schedule:
    """One walk. ``stop_reason`` is called before each start: if it returns a text, no further step starts."""

    def __init__(
        self,
        needs: Mapping[Step, set[Step]],
        work: Callable[[Step], Work],
        poller: Poller,
        parallel: int,
        stop_reason: Callable[[], str | None],
    ) -> None:
        self._open = {step: set(needs[step]) for step in sorted(needs)}
        self._work = work
        self._poller = poller
        self._parallel = parallel
        self._stop_reason = stop_reason
        self._running: dict[Step, tuple[Work, float]] = {}
        self._events: queue.SimpleQueue[tuple[Step, Any]] = queue.SimpleQueue()
        self.outcome = Outcome()

    def walk(self) -> Outcome:
        with ThreadPoolExecutor(self._parallel) as pool:
            self._start_ready(pool)
            while self._running:
                step, result = self._events.get()
                self._handle(pool, step, result)
                self._start_ready(pool)
        self.outcome.not_started = sorted(self._open)
        return self.outcome

    def _start_ready(self, pool: ThreadPoolExecutor) -> None:
        ready = [step for step, needs in self._open.items() if not needs]
        for step in ready if self._stop_reason() is None else ():
            del self._open[step]
            self._running[step] = (self._work(step), time.monotonic())
            pool.submit(self._advance, step, None)

    def _advance(self, step: Step, value: Any) -> None:
        """Run a step until it waits, ends or fails, in a thread of the pool."""
        work = self._running[step][0]
        try:
            request = work.throw(value) if isinstance(value, BaseException) else work.send(value)
            self._events.put((step, request))
        except StopIteration:
            self._events.put((step, None))
        except BaseException as error:
            self._events.put((step, error))

    def _handle(self, pool: ThreadPoolExecutor, step: Step, result: Any) -> None:
        def resume(value: Any) -> None:
            pool.submit(self._advance, step, value)

        if isinstance(result, Pause):
            self._poller.pause(result.seconds, resume)
        elif isinstance(result, Await):
            self._poller.wait(result.kind, result.wait.waiter, result.wait.id, resume)
        elif isinstance(result, BaseException):
            self._running.pop(step)
            self.outcome.failed[step] = result
        else:
            self.outcome.done[step] = time.monotonic() - self._running.pop(step)[1]
            for needs in self._open.values():
                needs.discard(step)
