# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of AWS that record their call, so that a missing member is one clear error.

Almost every member of AWS's service models is optional. A type reads optional members with ``.get`` (or
`items.returned_members`) and required ones with ``[]``, which raises `MissingMemberError` with member, call and
request.

AWS has no empty ids, ARNs, names or states: a member that is null, an empty text, or a list with such an item counts as
not returned. So the reader of a member handles one case instead of three.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from .errors import StackError

# Members that may be empty texts, besides the values of tags and attributes.
TEXTS = frozenset({"ParameterValue", "Query", "StandardErrorContent", "StandardOutputContent"})


@dataclass(frozen=True)
class Call:
    """One call that AWS answered: its name in the API reference, and the request id, for which AWS Support asks."""

    operation: str
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.operation}, request {self.request_id}" if self.request_id else self.operation


@dataclass(frozen=True)
class CompletedCall:
    """Two calls whose answers were merged."""

    first: AnyCall
    second: AnyCall

    def __str__(self) -> str:
        return f"{self.first}; {self.second}"


AnyCall: TypeAlias = "Call | CompletedCall"


class UnexpectedAnswerError(StackError):
    """An answer of AWS with an unexpected shape. ``subject`` is the resource that was read."""

    def __init__(self, problem: str, subject: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.subject = subject

    def __str__(self) -> str:
        return f"reading {self.subject}: {self.problem}" if self.subject else self.problem


class MissingMemberError(UnexpectedAnswerError):
    """AWS did not return a required member."""

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


def as_answer(parsed: Mapping[str, Any], operation: str, shape: Any = None) -> Answer:
    """The answer that botocore parsed, with the call in every structure; ``operation`` is its name in the API.

    ``shape`` is botocore's model of the answer. It distinguishes structures, which lose blank members, from maps, whose
    values may be blank (tags, attributes).
    """
    metadata = parsed.get("ResponseMetadata") or {}
    call = Call(operation, str(metadata.get("RequestId") or ""))
    members = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    answer = _structure(members, call, shape)
    if "ResponseMetadata" in parsed:
        answer["ResponseMetadata"] = parsed["ResponseMetadata"]
    return answer


def _wrap(value: Any, call: Call, shape: Any) -> Any:
    if isinstance(value, dict):
        # botocore decodes a policy, which is a text in its model.
        if getattr(shape, "type_name", "structure") == "structure":
            return _structure(value, call, shape)
        return _of_call({name: _wrap(item, call, getattr(shape, "value", None)) for name, item in value.items()}, call)
    if isinstance(value, list):
        return [_wrap(item, call, getattr(shape, "member", None)) for item in value]
    return value


def _structure(value: Mapping[str, Any], call: Call, shape: Any) -> Answer:
    shapes = getattr(shape, "members", {})
    members = {
        name: _wrap(item, call, shapes.get(name))
        for name, item in value.items()
        if shape is None or not _is_blank(name, item, value)
    }
    return _of_call(members, call)


def _is_blank(name: str, item: Any, structure: Mapping[str, Any]) -> bool:
    """Whether a member of a structure counts as not returned."""
    if isinstance(item, list):
        return any(one is None or one == "" for one in item)
    if item is None:
        return True
    return bool(item == "") and name not in TEXTS and not (name == "Value" and "Key" in structure)


def missing_member(item: Mapping[str, Any], member: str) -> MissingMemberError:
    """The error for a required member that an item does not have."""
    return MissingMemberError(member, item.call if isinstance(item, Answer) else None)


def first_item(answer: Mapping[str, Any], member: str) -> Any:
    """The first item of a list that must not be empty, such as the answer of a call that creates one object."""
    items = answer[member]
    if not items:
        raise missing_member(answer, member)
    return items[0]


def single_item(answer: Mapping[str, Any], member: str) -> dict[str, Any]:
    """The answer with only one of its members, which is required."""
    if member not in answer:
        raise missing_member(answer, member)
    return select_members(answer, lambda name: name == member)


def select_members(item: Mapping[str, Any], keep: Callable[[str], bool]) -> dict[str, Any]:
    """The item with the members that ``keep`` selects by name; an answer stays an answer."""
    members = {name: value for name, value in item.items() if keep(name)}
    return _of_call(members, item.call) if isinstance(item, Answer) else members


@contextmanager
def answers_about(subject: str) -> Iterator[None]:
    """Add the resource to an unexpected answer: ``reading cache/redis: AWS did not return MultiAZ (…)``.

    Any other error from an unexpected shape (a text instead of a number, say) becomes an error for people here.
    """
    try:
        yield
    except UnexpectedAnswerError as error:
        error.subject = error.subject or subject
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        location = f"{Path(frame.filename).name}:{frame.lineno}"
        problem = f"AWS answered in a shape that is not understood ({type(error).__name__}: {error} at {location})"
        raise UnexpectedAnswerError(problem, subject) from error
