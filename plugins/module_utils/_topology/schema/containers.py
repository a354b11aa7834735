# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of value that contain others: lists, and mappings by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .kinds import (
    DISPLAYABLE_KEY,
    INVALID,
    DocumentPath,
    Kind,
    Report,
    Text,
    Visit,
    display,
    is_private,
)


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of texts or numbers, without duplicates if it is ``unique``."""

    item: Kind = field(default_factory=Kind)
    least: int = 0
    unique: bool = True

    def __init__(self, item: Kind, least: int = 0, unique: bool = True) -> None:
        object.__setattr__(self, "item", item)
        object.__setattr__(self, "least", least)
        object.__setattr__(self, "unique", unique)
        object.__setattr__(self, "what", f"a list ({item.what})")

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if not isinstance(value, list):
            one = display(value, path)
            fix = "write one in brackets: [a, b]" if isinstance(value, Mapping) or one == "this" else f"write [{one}]"
            report(path, f"{one} is not a list ({fix})")
            return INVALID
        if len(value) < self.least:
            report(path, f"needs at least {self.least} of: {self.item.what} (add one)")
        good: list[Any] = []
        for number, item in enumerate(value):
            checked = self.item.check(item, (*path, number), report)
            if checked is INVALID:
                continue
            if self.unique and checked in good:
                report((*path, number), f"{display(checked, path)} is in this list twice (remove one)")
            else:
                good.append(checked)
        return good

    def blank(self) -> Any:
        return []

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.least, "uniqueItems": self.unique}

    def visit(self, value: Any, path: DocumentPath) -> Iterator[Visit]:
        for number, item in enumerate(value or ()):
            yield from self.item.visit(item, (*path, number))


@dataclass(frozen=True)
class MappingOf(Kind):
    """A mapping whose keys are names that the writer chooses."""

    key: Text = field(default_factory=Text)
    value: Kind = field(default_factory=Kind)
    label: str = "<name>"
    most: int = 1000

    def __init__(self, key: Text, value: Kind, label: str = "<name>", most: int = 1000) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "most", most)
        object.__setattr__(self, "what", "a mapping")

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if not isinstance(value, Mapping):
            report(path, f"{display(value, path)} is not {self.what} (write each as {self.label}: value)")
            return INVALID
        if len(value) > self.most:
            report(path, f"has {len(value)} entries, which is more than {self.most} (remove some)")
        good = {}
        for name, item in value.items():
            if not re.fullmatch(DISPLAYABLE_KEY, name) and is_private(path):
                # The key may contain a secret: NAME=value, or NAME:value without a space.
                report(path, f"one of its keys is not {self.key.what} (write each as {self.label}: value)")
                continue
            problems = self._problems_of_key(name)
            for text in problems:
                report((*path, name), text)
            if problems:
                continue
            checked = self.value.check(item, (*path, name), report)
            if checked is not INVALID:
                good[name] = checked
        return good

    def describe(self) -> str:
        return f"{self.what}, each written as {self.label}: {self.value.describe()}"

    def _problems_of_key(self, name: Any) -> list[str]:
        """The problems of a name. Names are no secrets, so messages show them in every section."""
        problems: list[str] = []
        self.key.check(name, (), lambda _path, text: problems.append(text))
        return problems

    def blank(self) -> Any:
        return {}

    def schema(self) -> dict[str, Any]:
        names = {key: item for key, item in self.key.schema().items() if key in ("pattern", "maxLength")}
        inner = {"propertyNames": names, "additionalProperties": self.value.schema()}
        return {"type": "object", "maxProperties": self.most, **inner}

    def visit(self, value: Any, path: DocumentPath) -> Iterator[Visit]:
        yield path, self, value
        for name, item in (value or {}).items():
            yield from self.value.visit(item, (*path, name))
