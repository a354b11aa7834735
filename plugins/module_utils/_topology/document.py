# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a topology document: find, parse, layer, check, fill. All errors at once."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .compile import compile_topology
from .kinds import Place, Text, shown, suggestion
from .locate import find_document
from .merge import merge, sets
from .name_rules import raw_names_fit
from .parse import parse_text, plain
from .raw import raw_resources_fit
from .record import Derived, Record
from .rules import RULES
from .schema import DOCUMENT, REFERABLE
from .texts import read_texts
from .watch_rules import alarms_left_out_exist

UNQUOTED = r"[^\s\x00-\x1f\x7f]+|(?:line|override) \d+|stack_overrides of [^\x00-\x1f\x7f]+"
KEYS = f"its keys: {', '.join(DOCUMENT.fields)}"
MOST_ERRORS = 50  # that are shown; a file of something else entirely has thousands


class TopologyError(ValueError):
    """A document that cannot be used. ``errors`` has every reason, each as `place: problem (mend)`."""

    def __init__(self, errors: list[str], name: str = "the topology") -> None:
        self.errors = errors
        self.name = name
        lines = errors[:MOST_ERRORS]
        if len(errors) > MOST_ERRORS:
            lines.append(f"and {len(errors) - MOST_ERRORS} more")
        super().__init__("\n- ".join([f"{name} cannot be used:", *lines]))


class _Problems:
    """The problems found so far."""

    def __init__(self) -> None:
        self.found: dict[tuple[Place, str], None] = {}
        self.places: set[Place] = set()

    def __call__(self, place: Place, text: str) -> None:
        self.found[(place, text)] = None
        self.places.add(place)

    def add_findings(self, findings: Iterable[tuple[Place, str]]) -> None:
        """Add what a rule found, unless something is wrong there, or around there, already: that was the cause."""
        for place, text in findings:
            around = {place[:length] for length in range(1, len(place) + 1)}
            if self.places.isdisjoint(around):
                self(place, text)

    def errors(self, layers: Mapping[str, Any] | None = None) -> list[str]:
        return [_line(place, text, layers or {}) for place, text in self.found]


def _line(place: Place, text: str, layers: Mapping[str, Any]) -> str:
    """One error as people read it, with the layer that brought it in, unless that is the document itself."""
    origins = [name for name, layer in layers.items() if place and sets(layer, place)]
    return f"{place_name(place)}: {text}" + (f" [from {origins[-1]}]" if origins else "")


def place_name(place: Place) -> str:
    """``services.api.routes[0]``"""
    name = ""
    for step in place:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += ("." if name else "") + (step if re.fullmatch(UNQUOTED, step) else json.dumps(step))
    return name or "document"


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[Mapping[str, Any] | str] = (),
    near: Path | None = None,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """The effective document: a path, a bare name or a mapping, with the overrides merged and every default filled.

    A relative path counts from the current directory, then from ``near``. ``names`` say in errors where each of the
    overrides came from. An override may be text in YAML or JSON, and in it lists and numbers may be text as well
    (`read_texts`). The result is itself a document: loading it again changes nothing. Raises `TopologyError`.
    """
    problems = _Problems()
    base, name, home = _read(source, problems, near)
    if problems.found:
        raise TopologyError(problems.errors(), name)
    named = names or [f"override {number}" for number in range(1, len(overrides) + 1)]
    layers = {
        name: read_texts(DOCUMENT, _layer(item, name, problems)) for name, item in zip(named, overrides, strict=True)
    }
    for layer in layers.values():
        base = merge(base, layer)
    document = _checked(base, problems)
    if problems.found:
        raise TopologyError(problems.errors(layers), name)
    _make_paths_absolute(document, home)
    return document


def _read(source: Any, problems: _Problems, near: Path | None) -> tuple[dict[str, Any], str, Path | None]:
    """The data of a source, what to call it, and the directory it lies in."""
    if isinstance(source, Mapping):
        return plain(source, problems), "the topology", None
    if not isinstance(source, (str, os.PathLike)):
        problems((), f"{shown(source)} is neither a path, a name nor a mapping")
        return {}, "the topology", None
    path = find_document(str(source), problems, near)
    if path is None:
        return {}, str(source), None
    data = parse_text(_text(path, problems), problems)
    if not problems.found and not isinstance(data, dict):
        problems((), "is empty" if data is None else f"{shown(data)} is not a mapping ({KEYS})")
    return data if isinstance(data, dict) else {}, str(path), path.parent.absolute()


def _text(path: Path, problems: _Problems) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problems((), f"is not UTF-8 text (byte {error.start})")
    except (OSError, ValueError) as error:
        problems((), f"cannot be read ({getattr(error, 'strerror', None) or error})")
    return "{}"


def _layer(override: Any, name: str, problems: _Problems) -> dict[str, Any]:
    if isinstance(override, str):
        # An answer to a question of a survey is text, and without an answer it is empty.
        override = parse_text(override, lambda place, text: problems((name, *place), text))
        if override is None:
            return {}
    if isinstance(override, Mapping):
        layer: dict[str, Any] = plain(override, problems)
        return layer
    problems((name,), f"{shown(override)} is not a mapping ({KEYS})")
    return {}


def _checked(data: Mapping[str, Any], problems: _Problems) -> dict[str, Any]:
    document: dict[str, Any] = DOCUMENT.check(data, (), problems)
    for _place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            _derive(kind, value, document)
    _check_references(document, problems)
    for rule in RULES:
        problems.add_findings(rule(document))
    if not problems.found:  # what the document compiles to is known only now
        compiled = Counter(wanted.address for wanted in compile_topology(document))
        problems.add_findings(_named_twice(compiled))
        problems.add_findings(raw_resources_fit(document, compiled.keys()))
        problems.add_findings(raw_names_fit(document, compiled.keys()))
        problems.add_findings(alarms_left_out_exist(document))
    return document


def _named_twice(compiled: Counter[str]) -> Iterator[tuple[Place, str]]:
    for address, times in compiled.items():
        if times > 1:
            yield (), f"{times} things of it would make {address} (give a tier or a group of instances another name)"


def _derive(record: Record, value: dict[str, Any], document: Mapping[str, Any]) -> None:
    for key, field in record.fields.items():
        if isinstance(field.default, Derived) and value[key] is None:
            value[key] = field.default.rule(value, document)


def _check_references(document: Mapping[str, Any], problems: _Problems) -> None:
    for place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Text) and kind.refers is not None:
            known = list(REFERABLE[kind.refers](document))
            if value not in known:
                problems(place, f"{shown(value)} is not {kind.what} of this document; {suggestion(value, known)}")


def _make_paths_absolute(document: Mapping[str, Any], home: Path | None) -> None:
    """Relative paths count from the current directory, the document's, or the one above: where they exist first."""
    bases = [Path.cwd(), *([home, home.parent] if home else [])]
    for _place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            for key, field in kind.fields.items():
                if isinstance(field.kind, Text) and field.kind.path and value[key] is not None:
                    value[key] = _absolute(value[key], bases)


def _absolute(text: str, bases: list[Path]) -> str:
    path = os.path.expanduser(text)
    candidates = [os.path.normpath(base / path) for base in bases]
    return next((candidate for candidate in candidates if os.path.exists(candidate)), candidates[0])
