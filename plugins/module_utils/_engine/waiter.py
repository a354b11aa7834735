# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for many objects with few calls: one list call asks about all objects of a type that steps wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._aws.errors import StackError, is_not_found, join_sentences
from .._aws.sdk import FAILURES
from .condition import Waiter
from .items import Raw, value_at
from .list_call import Listing
from .listing import list_by_ids
from .resource_type import ClientOf, ResourceType
from .scope import Scope

IDS_PER_CALL = 200
FIRST_DELAY = 0.4
MAX_ERRORS_IN_A_ROW = 4
# So many lists in a row must lack an object that was listed before: a server that is behind may not know it yet.
ABSENCES_IN_A_ROW = 2
# After so many seconds an object that no list has shown counts as deleted. AWS's lists are late by less.
UNSEEN_SECONDS = 300.0
TICK = 0.1

Answer = Callable[[Any], None]


class ResourceGoneError(StackError):
    """Another process deleted the object that was waited for."""

    def __init__(self, identifier: str, condition: str) -> None:
        super().__init__(
            f"{identifier} was deleted by another process while this run waited for it to be {condition}. Run again to "
            "create it anew, or remove it from the document"
        )
        self.id = identifier


class TimedOutError(StackError):
    """An object did not meet a condition in time. AWS is still at work on it."""


@dataclass(eq=False)
class _WaitingStep:
    """One step that waits for one object."""

    kind: ResourceType
    waiter: Waiter
    id: str
    answer: Answer
    started: float = field(default_factory=time.monotonic)
    delay: float = field(default_factory=lambda: FIRST_DELAY)
    due: float = 0.0
    errors: int = 0
    was_listed: bool = False
    # How many lists in a row lacked the object.
    absences: int = 0

    @property
    def listing(self) -> Listing:
        return self.waiter.listing or self.kind.discovery.listing

    @property
    def list_call(self) -> tuple[str, ...]:
        """Steps with the same value share a list call."""
        parent = self.listing.parent_of(self.id)
        call = (self.kind.service, self.listing.operation)
        return call if parent is None else (*call, parent)

    @property
    def id_path(self) -> str:
        return self.waiter.id_path or self.kind.schema.id_path

    def is_gone(self) -> bool:
        """Whether another process deleted the object."""
        is_overdue = time.monotonic() - self.started > min(self.waiter.timeout, UNSEEN_SECONDS)
        return self.absences >= ABSENCES_IN_A_ROW and (self.was_listed or is_overdue)

    def postpone(self) -> None:
        self.due = time.monotonic() + self.delay
        self.delay = min(self.delay * 1.5, self.waiter.delay)


class Poller:
    """A thread that polls for all steps. ``answer`` gets the item, or the exception that ends the waiting."""

    def __init__(self, clients: ClientOf, scope: Scope) -> None:
        self._clients = clients
        self._scope = scope
        self._waiting: list[_WaitingStep] = []
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
        step = _WaitingStep(kind, waiter, identifier, answer)
        step.postpone()
        with self._lock:
            self._waiting.append(step)

    def pause(self, seconds: float, answer: Answer) -> None:
        """Answer with None after some seconds, without a thread that sleeps."""
        with self._lock:
            self._timers.append((time.monotonic() + seconds, answer))

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            self._answer_timers()
            for group in self._due_groups():
                try:
                    self._poll(group)
                except Exception as error:  # a step that gets no answer would hang the run
                    for step in group:
                        self._finish(step, error)

    def _answer_timers(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [answer for due, answer in self._timers if due <= now]
            self._timers = [timer for timer in self._timers if timer[0] > now]
        for answer in over:
            answer(None)

    def _due_groups(self) -> Iterator[list[_WaitingStep]]:
        """The steps to poll for now, by list call. When one is due, all steps with the same list call are included."""
        now = time.monotonic()
        groups: dict[tuple[str, ...], list[_WaitingStep]] = {}
        with self._lock:
            for step in self._waiting:
                groups.setdefault(step.list_call, []).append(step)
        for group in groups.values():
            if any(step.due <= now for step in group):
                for start in range(0, len(group), IDS_PER_CALL):
                    yield group[start : start + IDS_PER_CALL]

    def _poll(self, group: list[_WaitingStep]) -> None:
        first = group[0]
        ids = sorted({step.id for step in group})
        try:
            items = list_by_ids(self._clients(first.kind.service), first.listing, ids, self._scope)
        except FAILURES as error:
            # A list inside a parent that does not exist has none of the objects.
            is_inside_parent = first.listing.parent_of(first.id) is not None
            are_absent = is_not_found(error) and (len(ids) == 1 or is_inside_parent)
            for step in group:
                if are_absent:
                    self._evaluate(step, None)
                else:
                    self._count_error(step, error)
            return
        for step in group:
            step.errors = 0
            item = next((item for item in items if value_at(item, step.id_path) == step.id), None)
            self._evaluate(step, item)

    def _count_error(self, step: _WaitingStep, error: Exception) -> None:
        step.errors += 1
        if step.errors >= MAX_ERRORS_IN_A_ROW:
            self._finish(step, error)
        step.postpone()

    def _evaluate(self, step: _WaitingStep, item: Raw | None) -> None:
        waiter, condition = step.waiter, step.waiter.condition
        step.was_listed = step.was_listed or item is not None
        step.absences = 0 if item else step.absences + 1
        try:
            is_met = condition.is_met(item)
        except StackError as error:
            self._finish(step, error)
            return
        if is_met:
            self._finish(step, item)
        elif step.is_gone():
            self._finish(step, ResourceGoneError(step.id, condition.name))
        elif time.monotonic() - step.started > waiter.timeout:
            state = condition.state_of(item) if item else "not listed"
            problem = f"{step.id} is not {condition.name} after {waiter.timeout:.0f} s (it is {state})"
            self._finish(step, TimedOutError(join_sentences(problem, waiter.hint, "Run again to go on waiting")))
        step.postpone()

    def _finish(self, step: _WaitingStep, result: Any) -> None:
        with self._lock:
            if step not in self._waiting:
                return
            self._waiting.remove(step)
        step.answer(result)
