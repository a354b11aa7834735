# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records: mappings whose keys the schema declares, one `Field` each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .kinds import BAD, DISPLAYABLE_KEY, Kind, Place, Report, Visit, is_private, shown, suggestion


def silent(place: Place, text: str) -> None:
    """Report nothing: for values that the schema itself supplies."""


@dataclass(frozen=True)
class Derived:
    """A default that follows from the rest of the document: ``rule(record, document)``, and the rule in words."""

    rule: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    text: str


@dataclass(frozen=True)
class Field:
    """One key of a record. A null is the same as leaving the key out."""

    kind: Kind
    description: str
    default: Any = None
    required: bool = False

    def filled(self) -> Any:
        """The value of a key that was left out, or could not be used."""
        if self.required:
            return self.kind.blank()
        if self.default is None or isinstance(self.default, Derived):
            return None
        return self.kind.check(self.default, (), silent)

    def schema(self) -> dict[str, Any]:
        text = self.description
        if isinstance(self.default, Derived):
            text += f" Default: {self.default.text}."
        described = {**self.kind.schema(), "description": text}
        if self.default is not None and not isinstance(self.default, Derived):
            described["default"] = self.default
        return described


@dataclass(frozen=True)
class Record(Kind):
    """A mapping with known keys, of which exactly one of each tuple in ``one_of`` must be there."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    one_of: tuple[tuple[str, ...], ...] = ()
    what: str = "a mapping"

    def check(self, value: Any, place: Place, report: Report) -> Any:
        """Always a whole record, so that what refers to a bad one does not fail as well."""
        if not isinstance(value, Mapping):
            report(place, f"{shown(value, place)} is not a mapping (its keys: {', '.join(self.fields)})")
            return self.blank()
        for key in value:
            if key not in self.fields and is_private(place) and not re.fullmatch(DISPLAYABLE_KEY, key):
                report(place, f"has an unknown key; known here: {', '.join(self.fields)}")
            elif key not in self.fields:
                report((*place, key), f"unknown key; {suggestion(key, list(self.fields))}")
        for keys in self.one_of:
            self._check_one_of(keys, value, place, report)
        return {key: self._field(key, value.get(key), place, report) for key in self.fields}

    def blank(self) -> Any:
        return self.check({}, (), silent)

    def _field(self, key: str, value: Any, place: Place, report: Report) -> Any:
        declared = self.fields[key]
        if value is None:
            if declared.required:
                report((*place, key), f"missing; it takes {declared.kind.what}")
            return declared.filled()
        checked = declared.kind.check(value, (*place, key), report)
        return declared.filled() if checked is BAD else checked

    def _check_one_of(self, keys: tuple[str, ...], value: Mapping[str, Any], place: Place, report: Report) -> None:
        given = [key for key in keys if value.get(key) is not None]
        if not given:
            report(place, f"needs exactly one of {', '.join(keys)} (add one)")
        elif len(given) > 1:
            report(place, f"has {' and '.join(given)}, which exclude each other (keep one)")

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
            declared["allOf"] = [{"oneOf": [{"required": [key]} for key in keys]} for keys in self.one_of]
        return declared

    def visit(self, value: Any, place: Place) -> Iterator[Visit]:
        yield place, self, value
        for key, item in self.fields.items():
            if value is not None and value.get(key) is not None:
                yield from item.kind.visit(value[key], (*place, key))
