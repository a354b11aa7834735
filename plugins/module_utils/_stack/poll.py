# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for many things with few calls: one list call asks about all objects of a type that are waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import StackError, is_not_found, join_sentences
from .._aws.sdk import FAILURES
from .live import ClientOf, by_ids
from .resource import Listing, Raw, ResourceType, Scope, Waiter, dig

IDS_A_CALL = 200
FIRST_DELAY = 0.4
ERRORS_IN_A_ROW = 4
# So often in a row a list has to leave out what was there: a server that is behind may not know a new object yet.
ABSENCES_IN_A_ROW = 2
# After so many seconds an object that no list has ever shown is taken for gone: AWS's lists are late by less.
UNSEEN_SECONDS = 300.0
TICK = 0.1

Answer = Callable[[Any], None]


class GoneError(StackError):
    """Something else deleted the object that was waited for."""

    def __init__(self, identifier: str, what: str) -> None:
        super().__init__(
            f"{identifier} was deleted by somebody else while this run waited for it to be {what}. Run again to make "
            "it anew, or take it out of the document"
        )
        self.id = identifier


@dataclass(eq=False)
class _Awaited:
    kind: ResourceType
    waiter: Waiter
    id: str
    answer: Answer
    started: float = field(default_factory=time.monotonic)
    delay: float = FIRST_DELAY
    due: float = 0.0
    errors: int = 0
    # Whether a list has shown it, and how often in a row it has not since.
    seen: bool = False
    absences: int = 0

    @property
    def listing(self) -> Listing:
        return self.waiter.listing or self.kind.listing

    @property
    def list_call(self) -> tuple[str, ...]:
        """Those that have this in common are in one list."""
        within = self.listing.within
        return (self.kind.service, self.listing.operation, *([within(self.id)] if within else []))

    @property
    def key(self) -> str:
        return self.waiter.id or self.kind.id

    def is_gone(self) -> bool:
        """Whether somebody has deleted it: what was there once and is there no more does not come back."""
        late = time.monotonic() - self.started > min(self.waiter.timeout, UNSEEN_SECONDS)
        return self.absences >= ABSENCES_IN_A_ROW and (self.seen or late)

    def postpone(self) -> None:
        self.due = time.monotonic() + self.delay
        self.delay = min(self.delay * 1.5, self.waiter.delay)


def verdict(waiter: Waiter, item: Raw | None) -> bool:
    """Whether what is waited for has come; raises when it never will."""
    if item is None:
        return waiter.absent_is_ready
    state = dig(item, waiter.path)
    if state in waiter.failed:
        why = dig(item, waiter.why)
        raise StackError(f"waiting for {waiter.what}: it is {state}" + (f" ({why})" if why else ""))
    return state in waiter.ready


class Poller:
    """A thread that asks for everybody. ``answer`` gets the item, or the exception that ends the waiting."""

    def __init__(self, clients: ClientOf, scope: Scope) -> None:
        self._clients = clients
        self._scope = scope
        self._awaited: list[_Awaited] = []
        self._timers: list[tuple[float, Answer]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def __enter__(self) -> Poller:
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self, kind: ResourceType, waiter: Waiter, identifier: str, answer: Answer) -> None:
        awaited = _Awaited(kind, waiter, identifier, answer)
        awaited.postpone()
        with self._lock:
            self._awaited.append(awaited)

    def pause(self, seconds: float, answer: Answer) -> None:
        """Answer with None after some time; nobody's thread sleeps meanwhile."""
        with self._lock:
            self._timers.append((time.monotonic() + seconds, answer))

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            self._ring()
            for group in self._due():
                try:
                    self._ask(group)
                except Exception as error:  # whoever waits must hear of it, or the run waits for ever
                    for awaited in group:
                        self._finish(awaited, error)

    def _ring(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [answer for due, answer in self._timers if due <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
        for answer in over:
            answer(None)

    def _due(self) -> Iterator[list[_Awaited]]:
        """Those to ask about now, by list call: when one is due, all who wait for the same list come along."""
        now = time.monotonic()
        groups: dict[tuple[str, ...], list[_Awaited]] = {}
        with self._lock:
            for awaited in self._awaited:
                groups.setdefault(awaited.list_call, []).append(awaited)
        for group in groups.values():
            if any(awaited.due <= now for awaited in group):
                for start in range(0, len(group), IDS_A_CALL):
                    yield group[start : start + IDS_A_CALL]

    def _ask(self, group: list[_Awaited]) -> None:
        first = group[0]
        ids = sorted({awaited.id for awaited in group})
        try:
            found = by_ids(self._clients(first.kind.service), first.listing, ids, self._scope)
        except FAILURES as error:
            # A list inside an object that is gone has nothing of it, however many are waited for.
            absent = is_not_found(error) and (len(ids) == 1 or first.listing.within is not None)
            for awaited in group:
                self._judge(awaited, None) if absent else self._failed(awaited, error)
            return
        for awaited in group:
            awaited.errors = 0
            self._judge(awaited, next((item for item in found if dig(item, awaited.key) == awaited.id), None))

    def _failed(self, awaited: _Awaited, error: Exception) -> None:
        awaited.errors += 1
        if awaited.errors >= ERRORS_IN_A_ROW:
            self._finish(awaited, error)
        awaited.postpone()

    def _judge(self, awaited: _Awaited, item: Raw | None) -> None:
        waiter = awaited.waiter
        awaited.seen = awaited.seen or item is not None
        awaited.absences = 0 if item else awaited.absences + 1
        try:
            come = verdict(waiter, item)
        except StackError as error:
            self._finish(awaited, error)
            return
        if come:
            self._finish(awaited, item)
        elif awaited.is_gone():
            self._finish(awaited, GoneError(awaited.id, waiter.what))
        elif time.monotonic() - awaited.started > waiter.timeout:
            state = dig(item, waiter.path) if item else "not listed"
            told = f"{awaited.id} is not {waiter.what} after {waiter.timeout:.0f} s (it is {state})"
            self._finish(awaited, StackError(join_sentences(told, waiter.hint, "Run again to go on waiting")))
        awaited.postpone()

    def _finish(self, awaited: _Awaited, result: Any) -> None:
        with self._lock:
            if awaited not in self._awaited:
                return
            self._awaited.remove(awaited)
        awaited.answer(result)
