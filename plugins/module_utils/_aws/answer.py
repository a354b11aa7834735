# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of AWS that know which call they answer, so that a missing member is one clear error.

Almost every member of AWS's service models is optional. A type reads with ``.get`` (or `resource.returned`) what it can
do without, and with ``[]`` what it needs: the second raises `MissingMemberError`, which names member, call and request.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from .errors import StackError


@dataclass(frozen=True)
class Call:
    """One call that AWS answered: its name as in the API reference, and the id that AWS's support asks for."""

    operation: str
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.operation}, request {self.request_id}" if self.request_id else self.operation


@dataclass(frozen=True)
class CompletedCall:
    """A call whose answer another one completes."""

    first: AnyCall
    second: AnyCall

    def __str__(self) -> str:
        return f"{self.first}; {self.second}"


AnyCall: TypeAlias = "Call | CompletedCall"


class UnexpectedAnswerError(StackError):
    """AWS answered in a shape that nothing can be decided on. ``subject`` is what was being read."""

    def __init__(self, problem: str, subject: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.subject = subject

    def __str__(self) -> str:
        return f"reading {self.subject}: {self.problem}" if self.subject else self.problem


class MissingMemberError(UnexpectedAnswerError):
    """AWS left out a member without which nothing can be decided."""

    def __init__(self, member: str, call: AnyCall | None = None, subject: str = "") -> None:
        super().__init__(f"AWS did not return {member}" + (f" ({call})" if call else ""), subject)
        self.member = member


class Answer(dict[str, Any]):
    """A structure inside an answer. ``answer["Member"]`` raises `MissingMemberError` when AWS did not return it."""

    call: AnyCall | None = None

    def __missing__(self, member: str) -> Any:
        raise MissingMemberError(member, self.call)

    def __or__(self, more: Mapping[str, Any]) -> Answer:  # type: ignore[override]
        """The same structure with more members: it still knows its call, and that of an answer that completes it."""
        other = more.call if isinstance(more, Answer) else None
        call = CompletedCall(self.call, other) if self.call and other else self.call or other
        return _of_call({**self, **more}, call)


def _of_call(members: Mapping[str, Any], call: AnyCall | None) -> Answer:
    answer = Answer(members)
    answer.call = call
    return answer


def as_answer(parsed: Mapping[str, Any], operation: str) -> Answer:
    """What botocore parsed, with every structure inside it knowing the call; ``operation`` is the API's name of it."""
    metadata = parsed.get("ResponseMetadata") or {}
    call = Call(operation, str(metadata.get("RequestId") or ""))
    members = {name: value if name == "ResponseMetadata" else _wrapped(value, call) for name, value in parsed.items()}
    return _of_call(members, call)


def _wrapped(value: Any, call: Call) -> Any:
    if isinstance(value, dict):
        return _of_call({name: _wrapped(item, call) for name, item in value.items()}, call)
    if isinstance(value, list):
        return [_wrapped(item, call) for item in value]
    return value


def missing(item: Mapping[str, Any], member: str) -> MissingMemberError:
    """The error for a member that an item needs and does not have."""
    return MissingMemberError(member, item.call if isinstance(item, Answer) else None)


def first(answer: Mapping[str, Any], member: str) -> Any:
    """The first of a list that must not be empty: what a call that creates one object answers with."""
    items = answer[member]
    if not items:
        raise missing(answer, member)
    return items[0]


def only(answer: Mapping[str, Any], member: str) -> dict[str, Any]:
    """An answer's one member that is needed."""
    if member not in answer:
        raise missing(answer, member)
    return selected(answer, lambda name: name == member)


def selected(item: Mapping[str, Any], keep: Callable[[str], bool]) -> dict[str, Any]:
    """The members whose names pass; an answer stays one."""
    members = {name: value for name, value in item.items() if keep(name)}
    return _of_call(members, item.call) if isinstance(item, Answer) else members


@contextmanager
def reading(subject: str) -> Iterator[None]:
    """Say of what an unexpected answer was: ``reading cache/redis: AWS did not return MultiAZ (…)``.

    The one place where a shape that no type foresaw (a text where a number was, say) becomes an error for people.
    """
    try:
        yield
    except UnexpectedAnswerError as error:
        error.subject = error.subject or subject
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        problem = f"AWS answered in a shape that is not understood ({type(error).__name__}: {error} at {place})"
        raise UnexpectedAnswerError(problem, subject) from error
