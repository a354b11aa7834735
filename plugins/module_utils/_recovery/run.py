# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run that works on databases: how it waits, and when it must not go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .._aws.client import Clients
from .._aws.errors import StackError, is_not_found
from .._aws.sdk import ClientError
from .._stack.database_changes import READY
from .._stack.poll import GoneError, verdict
from .._stack.progress import Progress
from .._stack.resource import Raw, Wait
from .look import instances
from .words import Instance

T = TypeVar("T")
FIRST_DELAY, GROWTH, LONGEST_DELAY = 0.4, 1.5, 20.0


@dataclass(frozen=True)
class Run:
    """What the parts of a run share. ``lost`` tells why the stack's lock is not this run's any more."""

    clients: Clients
    progress: Progress
    lost: Callable[[], str | None] = lambda: None

    def go_on(self) -> None:
        """Nothing more is changed by a run that has lost its lock."""
        reason = self.lost()
        if reason:
            raise StackError(f"{reason}. Run again: it goes on from here.")

    def until(self, what: str, look: Callable[[], T | None], timeout: float) -> T:
        """What ``look`` finds, as soon as it finds it; ``what`` begins the message when that takes too long."""
        delay, ends = FIRST_DELAY, time.monotonic() + timeout
        while True:
            found = look()
            if found is not None:
                return found
            if time.monotonic() > ends:
                raise StackError(f"{what} after {timeout:.0f} s. Run again to go on waiting.")
            time.sleep(delay)
            self.go_on()
            delay = min(delay * GROWTH, LONGEST_DELAY)

    def follow(self, steps: Iterator[Wait] | None) -> None:
        """Let a change of the engine's go through its waits."""
        while steps is not None and (wait := next(steps, None)):
            self.wait(wait)

    def wait(self, wait: Wait) -> None:
        seen = False

        def come() -> bool | None:
            nonlocal seen
            found = self._named(wait.id)
            if found is None and seen and not wait.waiter.absent_is_ready:
                raise GoneError(wait.id, wait.waiter.what)
            seen = seen or found is not None
            return True if verdict(wait.waiter, found) else None

        self.until(f"{wait.id} is not {wait.waiter.what}", come, wait.waiter.timeout)

    def until_ready(self, resource: str) -> Instance:
        """An instance, whatever it is called, once it serves and takes changes."""

        def come() -> Instance | None:
            found = self.require(resource)
            return found if verdict(READY, found.raw) else None

        return self.until(f"the database {resource} is not available", come, READY.timeout)

    def find(self, resource: str) -> Instance | None:
        return next((one for one in instances(self.clients) if one.resource == resource), None)

    def require(self, resource: str) -> Instance:
        """An instance that is there, whatever it is called. StackError when somebody has deleted it."""
        found = self.find(resource)
        if found is None:
            raise StackError(f"the database {resource} is gone: somebody else has deleted it")
        return found

    def _named(self, name: str) -> Raw | None:
        try:
            found: list[Any] = self.clients("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        except ClientError as error:
            if not is_not_found(error):
                raise
            return None
        return found[0] if found else None
