# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of the API, recorded, and played back to the engine with one member removed or blank, or with lists reversed.

Only public events of botocore are used: ``after-call`` shows what was parsed, ``before-call`` may answer by itself.
What was not recorded (a call that is made only because an answer is incomplete) goes to the API.
"""

from __future__ import annotations

import copy
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader
from botocore.model import ListShape, OperationModel, Shape, StringShape, StructureShape
from urllib3 import HTTPResponse

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection

Path = tuple[Any, ...]
Key = tuple[str, str, str]
LOADER = create_loader()
# What the name of everything contains that the stack under test does not own.
FOREIGN = "foreign"


@dataclass(frozen=True)
class Recorded:
    """One answer, with the model of its operation."""

    model: OperationModel
    parsed: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.model.service_model.service_name}:{self.model.name}"


@dataclass
class Tape:
    """The answers by request. ``change`` may change each of them when it is played back."""

    answers: dict[Key, Recorded] = field(default_factory=dict)
    change: Callable[[Key, Recorded], dict[str, Any] | None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before(self, model: OperationModel, params: Any, context: dict[str, Any], **_event: Any) -> Any:
        body = params.get("body")
        said = body if isinstance(body, Mapping) else str(body)
        request = json.dumps([params.get("url_path"), params.get("query_string"), said], sort_keys=True, default=str)
        key = (model.service_model.service_name, model.name, request)
        context["groundwork-key"] = key
        recorded = self.answers.get(key)
        if self.change is None or recorded is None:
            return None
        changed = self.change(key, recorded)
        parsed = copy.deepcopy(recorded.parsed) if changed is None else changed
        # The body is read although the answer is parsed already, and one without any text is not AWS's.
        return AWSResponse("", 200, {}, HTTPResponse(io.BytesIO(b"{}"), preload_content=False)), parsed

    def after(self, parsed: dict[str, Any], model: OperationModel, context: dict[str, Any], **_event: Any) -> None:
        if self.change is None and "Error" not in parsed:
            with self._lock:
                metadata = {"ResponseMetadata": parsed["ResponseMetadata"]}
                members = _as_sent(model.output_shape, parsed) if model.output_shape else {}
                self.answers[context["groundwork-key"]] = Recorded(model, {**copy.deepcopy(members), **metadata})

    def clients(self, endpoint: str, region: str) -> Clients:
        """Clients of the engine that are recorded, or are played to."""
        made = Clients(Connection(endpoint_url=endpoint, access_key="test", secret_key="test"), region)
        session = made._open()
        session.register_component("data_loader", LOADER)
        session.register("before-call", self.before)
        session.register("after-call", self.after)
        return made


def _as_sent(shape: Shape, value: Any) -> Any:
    """An answer as it was before botocore decoded the policies in it, which it does again when it is played back."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {name: _as_sent(shape.members[name], item) for name, item in value.items() if name in shape.members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_as_sent(shape.member, item) for item in value]
    if isinstance(shape, StringShape) and isinstance(value, Mapping):
        return quote(json.dumps(value))
    return value


@dataclass(frozen=True)
class Removal:
    """One member of one answer."""

    key: Key
    path: Path
    label: str

    @property
    def member(self) -> str:
        return str(self.path[-1])

    @property
    def operation(self) -> str:
        return self.key[1]

    def __call__(self, key: Key, recorded: Recorded) -> dict[str, Any] | None:
        if key != self.key:
            return None
        parsed = copy.deepcopy(recorded.parsed)
        inside: Any = parsed
        for step in self.path[:-1]:
            inside = inside[step]
        self.change(inside)
        return parsed

    def change(self, inside: Any) -> None:
        """Change the structure, or the list, that the path ends in."""
        del inside[self.path[-1]]


@dataclass(frozen=True)
class Blank(Removal):
    """One text of one answer that is empty: a member, or an item of a list."""

    @property
    def member(self) -> str:
        return next(str(step) for step in reversed(self.path) if isinstance(step, str))

    def change(self, inside: Any) -> None:
        inside[self.path[-1]] = ""


def removals(tape: Tape) -> list[Removal]:
    """Each member once: of alike ones (in one list, or of several answers of an operation) the last."""
    return _each(tape, _members, Removal)


def blanks(tape: Tape) -> list[Removal]:
    """Each text once, as for `removals`."""
    return _each(tape, _texts, Blank)


def _each(
    tape: Tape, paths: Callable[[Shape, Any, Path], Iterator[Path]], make: Callable[[Key, Path, str], Removal]
) -> list[Removal]:
    found: dict[str, list[Removal]] = {}
    for key, recorded in sorted(tape.answers.items(), key=lambda item: item[0]):
        shape = recorded.model.output_shape
        if shape is None:
            continue
        for path in paths(shape, recorded.parsed, ()):
            label = f"{recorded.name} {_label(recorded.parsed, path)}"
            found.setdefault(label, []).append(make(key, path, label))
    return [alike[-1] for alike in found.values()]


def _members(shape: Shape, value: Any, path: Path) -> Iterator[Path]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, inner in shape.members.items():
            if name in value:
                yield (*path, name)
                yield from _members(inner, value[name], (*path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _members(shape.member, item, (*path, number))


def _texts(shape: Shape, value: Any, path: Path) -> Iterator[Path]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name, inner in shape.members.items():
            if name in value:
                yield from _texts(inner, value[name], (*path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(shape.member, item, (*path, number))
    elif isinstance(shape, StringShape) and value != "":
        yield path


def _label(parsed: Any, path: Path) -> str:
    """A path without the numbers in it. Tags have their keys instead; other owners' objects are marked."""
    words, inside, foreign = [], parsed, ""
    for step in path:
        if isinstance(step, int):
            item = inside[step]
            key = item.get("Key") if isinstance(item, Mapping) else None
            words.append(f"[{key}]" if key else "[]")
            if not foreign and FOREIGN in json.dumps(item, default=str):
                foreign = f" ({FOREIGN})"
        else:
            words.append(str(step))
        inside = inside[step]
    return ".".join(words).replace(".[", "[") + foreign


@dataclass(frozen=True)
class Reversal:
    """All lists of the answers of one operation, or of all, in the opposite order."""

    operation: str | None

    def __call__(self, _key: Key, recorded: Recorded) -> dict[str, Any] | None:
        shape = recorded.model.output_shape
        if shape is None or self.operation not in (None, recorded.name):
            return None
        return {**recorded.parsed, **_reversed(shape, recorded.parsed)}

    def __str__(self) -> str:
        return f"reversed lists of {self.operation or 'every operation'}"


def _reversed(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {name: _reversed(shape.members[name], item) for name, item in value.items() if name in shape.members}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_reversed(shape.member, item) for item in reversed(value)]
    return copy.deepcopy(value)


def reversals(tape: Tape) -> Sequence[Reversal]:
    names = sorted({recorded.name for recorded in tape.answers.values()})
    return [Reversal(None), *map(Reversal, names)]
