# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kinds of value that hold others: lists, and tables of things by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .kinds import BAD, DISPLAYABLE_KEY, Kind, Place, Report, Text, Visit, is_private, shown


@dataclass(frozen=True)
class ListOf(Kind):
    """A list of texts or numbers without repetitions."""

    item: Kind = field(default_factory=Kind)
    least: int = 0

    def __init__(self, item: Kind, least: int = 0) -> None:
        object.__setattr__(self, "item", item)
        object.__setattr__(self, "least", least)
        object.__setattr__(self, "what", f"a list ({item.what})")

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if not isinstance(value, list):
            one = shown(value, place)
            fix = "write one in brackets: [a, b]" if isinstance(value, Mapping) or one == "this" else f"write [{one}]"
            report(place, f"{one} is not a list ({fix})")
            return BAD
        if len(value) < self.least:
            report(place, f"needs at least {self.least} of: {self.item.what}")
        good: dict[Any, None] = {}
        for number, item in enumerate(value):
            checked = self.item.check(item, (*place, number), report)
            if checked is not BAD and checked in good:
                report((*place, number), f"{shown(checked, place)} stands here twice (remove one)")
            elif checked is not BAD:
                good[checked] = None
        return list(good)

    def blank(self) -> Any:
        return []

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), "minItems": self.least, "uniqueItems": True}

    def visit(self, value: Any, place: Place) -> Iterator[Visit]:
        for number, item in enumerate(value or ()):
            yield from self.item.visit(item, (*place, number))


@dataclass(frozen=True)
class Table(Kind):
    """Things by name, the names being the writer's."""

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

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if not isinstance(value, Mapping):
            report(place, f"{shown(value, place)} is not {self.what} (write each as {self.label}: value)")
            return BAD
        if len(value) > self.most:
            report(place, f"has {len(value)} entries, which is more than {self.most} (remove some)")
        good = {}
        for name, item in value.items():
            if not re.fullmatch(DISPLAYABLE_KEY, name) and is_private(place):
                # A secret may have become part of the key: NAME=value, or NAME:value without a space.
                report(place, f"one of its keys is not {self.key.what} (write each as {self.label}: value)")
                continue
            problems = self._problems_of_key(name)
            for text in problems:
                report((*place, name), text)
            if problems:
                continue
            checked = self.value.check(item, (*place, name), report)
            if checked is not BAD:
                good[name] = checked
        return good

    def _problems_of_key(self, name: Any) -> list[str]:
        """Names are no secrets, so they are shown wherever the table stands."""
        problems: list[str] = []
        self.key.check(name, (), lambda _place, text: problems.append(text))
        return problems

    def blank(self) -> Any:
        return {}

    def schema(self) -> dict[str, Any]:
        names = {key: item for key, item in self.key.schema().items() if key != "type"}
        inner = {"propertyNames": names, "additionalProperties": self.value.schema()}
        return {"type": "object", "maxProperties": self.most, **inner}

    def visit(self, value: Any, place: Place) -> Iterator[Visit]:
        yield place, self, value
        for name, item in (value or {}).items():
            yield from self.value.visit(item, (*place, name))
