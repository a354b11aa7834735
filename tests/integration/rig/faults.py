# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong with a call, and with which calls it does."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .wire import Operation


@dataclass
class Call:
    """One call that reached the proxy, in the order of arrival; ``mutation`` counts the mutating ones from 1."""

    number: int
    mutation: int | None
    operation: Operation
    began: float
    ended: float | None = None
    status: int | None = None
    outcome: str = "under way"

    @property
    def name(self) -> str:
        return self.operation.name

    @property
    def mutating(self) -> bool:
        return self.mutation is not None

    def __str__(self) -> str:
        which = f"mutation {self.mutation}" if self.mutating else "read"
        return f"{self.number} {self.operation.service}:{self.name} ({which}): {self.status} {self.outcome}"


class Effect:
    """What happens to a call instead of, before or after its being passed on."""


@dataclass(frozen=True)
class Delay(Effect):
    seconds: float


@dataclass(frozen=True)
class Throttle(Effect):
    """Refused because of its rate, in the words of its protocol."""


@dataclass(frozen=True)
class Garble(Effect):
    """An answer that is none of the API's: the page of some load balancer in front of it."""

    after: bool = False


@dataclass(frozen=True)
class Empty(Effect):
    """Status 200 and nothing else, as a proxy in between sends it that is misconfigured."""

    after: bool = False


@dataclass(frozen=True)
class Fail(Effect):
    """Refused with a status; by default the one that says nothing about what happened."""

    status: int = 500
    code: str = "InternalError"
    message: str = "An internal error has occurred"
    after: bool = False


@dataclass(frozen=True)
class Lose(Effect):
    """The connection breaks: before the request arrived, or (``after``) when it had been obeyed."""

    after: bool = False


@dataclass(frozen=True)
class Do(Effect):
    """Something of the test's happens, before the request is passed on or (``after``) when it had been obeyed.

    With ``cut`` the caller gets no answer.
    """

    action: Callable[[Call], object]
    after: bool = False
    cut: bool = False


When = Callable[[Call], bool]


def named(*names: str) -> When:
    return lambda call: call.name in names


def is_mutating(call: Call) -> bool:
    return call.mutating


def is_reading(call: Call) -> bool:
    return not call.mutating


def mutation(number: int) -> When:
    return lambda call: call.mutation == number


def said(call: Call) -> str:
    """What a call asks for. Some are made by every run that gets there, since they do no harm a second time.

    Tokens and generated values are other ones in every run.
    """
    parameters = call.operation.parameters.items()
    values = {name: value for name, value in parameters if not name.endswith("Token") and name != "SecretString"}
    return f"{call.name} {json.dumps(values, sort_keys=True, default=str)}"


def first_of(of: When) -> When:
    """The first of those calls that ask for the same; what asks again gets through."""
    heard: set[str] = set()

    def when(call: Call) -> bool:
        if not of(call) or said(call) in heard:
            return False
        heard.add(said(call))
        return True

    return when


def nth(number: int, of: When) -> When:
    """The nth of those calls; asked about every call once."""
    counted = itertools.count(1)
    return lambda call: of(call) and next(counted) == number


def every(call: Call) -> bool:
    return True


@dataclass
class Fault:
    """An effect, the calls it is meant for, and how often it strikes (None: always)."""

    when: When
    effect: Effect
    times: int | None = None
    struck: int = 0


@dataclass
class Faults:
    """The faults that are set at present. Asking uses them up."""

    _set: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, when: When, effect: Effect, times: int | None = None) -> Fault:
        fault = Fault(when, effect, times)
        with self._lock:
            self._set.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._set.clear()

    def strike(self, call: Call) -> list[Effect]:
        with self._lock:
            due = [fault for fault in self._set if fault.struck != fault.times and fault.when(call)]
            for fault in due:
                fault.struck += 1
        return [fault.effect for fault in due]
