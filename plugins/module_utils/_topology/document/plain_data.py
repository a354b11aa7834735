# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy data from ansible (overrides, a document in a variable) as plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..schema.containers import MappingOf
from ..schema.document import DOCUMENT
from ..schema.kinds import DocumentPath, Kind, Report, display
from ..schema.record import Record
from .parse import DEEPEST, LARGEST

# The key of a document that YAML 1.1 reads as true.
BOOLEAN_KEY = "on"
# Finds the spelling of a key that YAML 1.1 reads as a boolean or number, None where no file shows it.
SpellKey = Callable[[DocumentPath, Any], "str | None"]


def to_plain_data(
    value: Any, report: Report, is_document: bool = False, spell_key: SpellKey = lambda _path, _key: None
) -> Any:
    """The data without ansible's own types and marks.

    Keys that ansible has read as booleans or numbers (``on``, ``no``, ``12``) get their spelling back from the file
    that has them. Without such a file, true is ``on`` where the schema has that key, and others are reported. A
    document that is too large or too deep becomes an empty one.
    """
    copier = _Copier(report, spell_key)
    copied = copier.copy(value, ())
    return {} if is_document and copier.is_unusable else copied


class _Copier:
    """Copies data and counts its values, each alias by itself: data with too many of them is no topology."""

    def __init__(self, report: Report, spell_key: SpellKey) -> None:
        self.report = report
        self.spell_key = spell_key
        self.remaining = LARGEST
        self.is_unusable = False

    def copy(self, value: Any, path: DocumentPath) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, (int, float)):
            return int(value) if isinstance(value, int) else float(value)
        if not isinstance(value, (Mapping, list, tuple)):
            return str(value)
        if len(path) > DEEPEST or self.remaining < len(value):
            self.report(path[:3], "is nested too deeply, or too large (write it with fewer levels and entries)")
            self.remaining = 0
            self.is_unusable = True
            return None
        self.remaining -= len(value)
        if isinstance(value, Mapping):
            return self._copy_mapping(value, path)
        return [self.copy(item, (*path, number)) for number, item in enumerate(value)]

    def _copy_mapping(self, value: Mapping[Any, Any], path: DocumentPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = key if isinstance(key, str) else self._spell_key(path, key)
            if name is not None:
                name = str.__str__(name)
                result[name] = self.copy(item, (*path, name))
            else:
                hint = ": yes, no, on and off are booleans to ansible" if isinstance(key, bool) else ""
                self.report(path, f"the key {display(key)} is not text (put it in quotes{hint})")
        return result

    def _spell_key(self, path: DocumentPath, key: Any) -> str | None:
        spelling = self.spell_key(path, key)
        return BOOLEAN_KEY if spelling is None and key is True and _has_boolean_key(path) else spelling


def _has_boolean_key(path: DocumentPath) -> bool:
    """Whether the schema has the key ``on`` in the mapping at a path."""
    kind: Kind = DOCUMENT
    for step in path:
        if isinstance(kind, Record) and step in kind.fields:
            kind = kind.fields[step].kind
        else:
            kind = kind.value if isinstance(kind, MappingOf) else Kind()
    return isinstance(kind, Record) and BOOLEAN_KEY in kind.fields
