# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run that works on databases: how it waits, and when it must stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from .._aws.backoff import SYSTEM_CLOCK, Backoff, Clock
from .._aws.client import Clients
from .._aws.errors import StackError, describe_error, is_not_found, join_sentences
from .._aws.sdk import FAILURES, ClientError
from .._engine.condition import Wait
from .._engine.items import Raw
from .._engine.progress import ProgressReporter
from .._engine.waiter import ResourceGoneError
from .._resources.rds.database_changes import READY
from .inventory import read_instances
from .records import Instance

T = TypeVar("T")
# A call after whose answer was lost the object may exist: the next attempt finds out.
LOST_RESPONSE = Backoff(attempts=5, first=1.0, factor=2.0)
# AWS's lists may leave out an object once, and may show a new one late.
ABSENCES_IN_A_ROW = 2
UNSEEN_SECONDS = 300.0


class UnfinishedError(StackError):
    """The run ends before it has seen the end of a change: AWS may still be at work on it."""


class Presence:
    """Decides from repeated reads whether an object that is waited for has been deleted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.now()
        self._was_seen = False
        self._absences = 0

    def is_gone(self, found: object | None) -> bool:
        """Note one read; whether it and those before show that the object does not exist."""
        if found is not None:
            self._was_seen, self._absences = True, 0
            return False
        self._absences += 1
        is_late = self._clock.now() - self._started > UNSEEN_SECONDS
        return self._absences >= ABSENCES_IN_A_ROW and (self._was_seen or is_late)


@dataclass(frozen=True)
class BackupSession:
    """What the parts of a run share. ``lost`` returns why the run no longer holds the stack's lock."""

    clients: Clients
    progress: ProgressReporter
    lost: Callable[[], str | None] = lambda: None
    clock: Clock = SYSTEM_CLOCK

    def require_lock(self) -> None:
        """Raise `UnfinishedError` when the run has lost its lock: it must change nothing more."""
        reason = self.lost()
        if reason:
            raise UnfinishedError(f"{reason}. Run again: it goes on from here.")

    @contextmanager
    def report_change(self, subject: str, action: str) -> Iterator[None]:
        """Report the start of a change, and its end or failure."""
        started = self.clock.now()
        self.progress.send("start", subject, action)
        try:
            yield
        except (StackError, *FAILURES) as error:
            seconds = round(self.clock.now() - started, 1)
            self.progress.send("failed", subject, action, message=describe_error(error), seconds=seconds)
            raise
        self.progress.send("done", subject, action, seconds=round(self.clock.now() - started, 1))

    def wait_until(self, problem: str, read: Callable[[], T | None], timeout: float) -> T:
        """Return the first result of ``read`` that is not None; ``problem`` begins the message after the timeout."""
        for attempt in Backoff(timeout, first=0.4, factor=1.5, longest=20.0).repeat(self.clock):
            if attempt > 1:
                self.require_lock()
            found = read()
            if found is not None:
                return found
        raise UnfinishedError(f"{problem} after {timeout:.0f} s. Run again to go on waiting.")

    def follow_waits(self, steps: Iterator[Wait] | None) -> None:
        """Run a change of a resource type, and wait where it asks for it."""
        while steps is not None and (wait := next(steps, None)):
            self.wait_for(wait)

    def wait_for(self, wait: Wait) -> None:
        presence = Presence(self.clock)

        def read_state() -> bool | None:
            found = self._read_by_name(wait.id)
            if presence.is_gone(found) and not wait.waiter.condition.absent_is_ready:
                raise ResourceGoneError(wait.id, wait.waiter.condition.name)
            return True if wait.waiter.condition.is_met(found) else None

        self.wait_until(f"{wait.id} is not {wait.waiter.condition.name}", read_state, wait.waiter.timeout)

    def wait_until_ready(self, resource: str) -> Instance:
        """An instance, by the id that no renaming changes, once it is available."""

        def read_ready() -> Instance | None:
            found = self.require_instance(resource)
            return found if READY.condition.is_met(found.raw) else None

        return self.wait_until(f"the database {resource} is not available", read_ready, READY.timeout)

    def find_instance(self, resource: str) -> Instance | None:
        return next((one for one in read_instances(self.clients) if one.resource == resource), None)

    def require_instance(self, resource: str) -> Instance:
        """An instance, by the id that no renaming changes. Raises `StackError` when it does not exist."""
        found = self.find_instance(resource)
        if found is None:
            raise StackError(f"the database {resource} is gone: another client has deleted it")
        return found

    def _read_by_name(self, name: str) -> Raw | None:
        try:
            found: list[Any] = self.clients("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        except ClientError as error:
            if not is_not_found(error):
                raise
            return None
        return found[0] if found else None


class Steps:
    """The steps of a restore in order. The error of a failed step also says which are done and which are left."""

    def __init__(self, session: BackupSession, names: Sequence[str], advice: str) -> None:
        self._session = session
        self._left = list(names)
        self._done: list[str] = []
        self._advice = advice

    @contextmanager
    def run_next(self) -> Iterator[None]:
        """Run the next step inside this context. A run that has lost its lock does not start it."""
        reason = self._session.lost()
        if reason:
            raise StackError(self._describe(reason))
        name = self._left.pop(0)
        try:
            yield
        except (StackError, *FAILURES) as error:
            state = "In progress" if isinstance(error, UnfinishedError) else "Failed"
            raise StackError(self._describe(describe_error(error), f"{state}: {name}")) from error
        self._done.append(name)

    def _describe(self, *reasons: str) -> str:
        states = [f"Done: {'; '.join(self._done) or 'nothing'}"]
        states += [f"Not started: {'; '.join(self._left)}"] if self._left else []
        return join_sentences(*reasons, *states, self._advice)
