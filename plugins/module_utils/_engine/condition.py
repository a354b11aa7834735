# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions: the states of an object that a step waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

from .._aws.errors import StackError
from .items import Raw, value_at
from .list_call import Listing


@dataclass(frozen=True)
class Condition:
    """A state that an object reaches; ``name`` is the word for it in messages, ``path`` leads to the state in an item.

    An object in a ``pending`` state reaches it by itself: a run that was killed while it waited leaves such objects. An
    object in a ``busy`` state serves, and takes no changes. A ``failed`` state is final; ``reason_path`` leads to AWS's
    reason for it.
    """

    name: str
    path: str
    ready: tuple[Any, ...]
    failed: tuple[Any, ...] = ()
    pending: tuple[Any, ...] = ()
    busy: tuple[Any, ...] = ()
    reason_path: str = "StateReason.Message"
    absent_is_ready: bool = False

    def state_of(self, item: Any) -> Any:
        return value_at(item, self.path)

    def is_met(self, item: Raw | None) -> bool:
        """Whether the object has the state; StackError when it failed. None is an object that is not listed."""
        if item is None:
            return self.absent_is_ready
        state = self.state_of(item)
        if state in self.failed:
            reason = value_at(item, self.reason_path)
            raise StackError(f"waiting for {self.name}: it is {state}" + (f" ({reason})" if reason else ""))
        return state in self.ready

    def is_pending(self, item: Any) -> bool:
        return self.state_of(item) in self.pending

    def takes_no_changes(self, item: Any) -> bool:
        """Whether AWS is at work on the object, so that a change has to wait."""
        return self.state_of(item) in (*self.pending, *self.busy)


@dataclass(frozen=True)
class Waiter:
    """How a condition is waited for.

    ``listing`` and ``id_path`` replace those of the resource type, for objects of another kind (a snapshot).
    ``hint`` says what a person should check after a timeout.
    """

    condition: Condition
    timeout: float = 300.0
    delay: float = 5.0
    listing: Listing | None = None
    id_path: str | None = None
    hint: str = ""


@dataclass(frozen=True)
class Wait:
    """A pause in an update or deletion, until the object ``id`` meets the waiter's condition."""

    waiter: Waiter
    id: str


Steps = Optional[Iterator[Wait]]  # noqa: UP045 - pylint reads a union of an alias as arithmetic
