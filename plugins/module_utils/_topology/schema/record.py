# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records: mappings whose keys the schema declares, one `Field` each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._aws.similar_names import suggest
from .kinds import (
    DISPLAYABLE_KEY,
    INVALID,
    DocumentPath,
    Kind,
    Report,
    Visit,
    display,
    is_private,
)


def ignore_problem(path: DocumentPath, text: str) -> None:
    """Ignore a problem: for values that the schema itself supplies."""


@dataclass(frozen=True)
class Derived:
    """A default that is derived from the document: ``rule(record, document)``, and the rule in words."""

    rule: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    text: str


@dataclass(frozen=True)
class Field:
    """One key of a record. A null is the same as leaving the key out."""

    kind: Kind
    description: str
    default: Any = None
    required: bool = False

    def fill_default(self) -> Any:
        """The value of a missing or invalid key."""
        if self.required:
            return self.kind.blank()
        if self.default is None or isinstance(self.default, Derived):
            return None
        return self.kind.check(self.default, (), ignore_problem)

    def schema(self) -> dict[str, Any]:
        text = self.description
        if isinstance(self.default, Derived):
            text += f" Default: {self.default.text}."
        declared = self.kind.schema()
        described = {**(declared if self.required else _allow_null(declared)), "description": text}
        if self.default is not None and not isinstance(self.default, Derived):
            described["default"] = self.default
        return described


def _require_value(key: str) -> dict[str, Any]:
    return {"required": [key], "properties": {key: {"not": {"type": "null"}}}}


def _allow_null(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a value that may also be null."""
    if "type" in declared:
        types = declared["type"] if isinstance(declared["type"], list) else [declared["type"]]
        return {**declared, "type": [*types, "null"]}
    if "enum" in declared:
        return {**declared, "enum": [*declared["enum"], None]}
    if "anyOf" in declared:
        return {**declared, "anyOf": [*declared["anyOf"], {"type": "null"}]}
    return dict(declared)


@dataclass(frozen=True)
class Record(Kind):
    """A mapping with known keys. Exactly one key of each tuple in ``one_of`` must be present."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    one_of: tuple[tuple[str, ...], ...] = ()
    what: str = "a mapping"

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        """Always returns a complete record, so that references to an invalid one do not fail too."""
        if not isinstance(value, Mapping):
            report(path, f"{display(value, path)} is not a mapping (its keys: {', '.join(self.fields)})")
            return self.blank()
        for key in value:
            if key not in self.fields and is_private(path) and not re.fullmatch(DISPLAYABLE_KEY, key):
                report(path, f"has an unknown key; known here: {', '.join(self.fields)}")
            elif key not in self.fields:
                report((*path, key), f"unknown key; {suggest(key, list(self.fields))}")
        for keys in self.one_of:
            self._check_one_of(keys, value, path, report)
        return {key: self._check_field(key, value.get(key), path, report) for key in self.fields}

    def blank(self) -> Any:
        return self.check({}, (), ignore_problem)

    def describe(self) -> str:
        """A mapping with its required keys, each with what it takes."""
        required = [key for key, item in self.fields.items() if item.required]
        alternatives = [f"one of {', '.join(keys)}" for keys in self.one_of]
        return f"{self.what} with {', '.join([*required, *alternatives])}" if required or alternatives else self.what

    def _check_field(self, key: str, value: Any, path: DocumentPath, report: Report) -> Any:
        declared = self.fields[key]
        if value is None:
            if declared.required:
                report((*path, key), f"missing; it takes {declared.kind.describe()}")
            return declared.fill_default()
        checked = declared.kind.check(value, (*path, key), report)
        return declared.fill_default() if checked is INVALID else checked

    def _check_one_of(
        self, keys: tuple[str, ...], value: Mapping[str, Any], path: DocumentPath, report: Report
    ) -> None:
        given = [key for key in keys if value.get(key) is not None]
        if not given:
            report(path, f"needs exactly one of {', '.join(keys)} (add one)")
        elif len(given) > 1:
            report(path, f"has {' and '.join(given)}, which exclude each other (keep one)")

    def schema(self) -> dict[str, Any]:
        declared: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {key: item.schema() for key, item in self.fields.items()},
        }
        required = [key for key, item in self.fields.items() if item.required]
        if required:
            declared["required"] = required
        if self.one_of:
            declared["allOf"] = [{"oneOf": [_require_value(key) for key in keys]} for keys in self.one_of]
        return declared

    def visit(self, value: Any, path: DocumentPath) -> Iterator[Visit]:
        yield path, self, value
        for key, item in self.fields.items():
            if value is not None and value.get(key) is not None:
                yield from item.kind.visit(value[key], (*path, key))
