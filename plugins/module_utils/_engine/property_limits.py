# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values that AWS accepts for a property, as a resource type declares them.

A type declares limits by the path of a property, in which ``*`` is every item of a list or mapping:
``{("ingress", "*", "from_port"): PORT}``. References are not checked, because their values are not known, and neither
are nulls, which mean that a property is not given.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._aws.similar_names import suggest
from .model import Ref, Spread

PropertyPath = tuple[Any, ...]  # names of properties, keys, and numbers of items
PropertyProblem = tuple[PropertyPath, str]  # text like "problem (fix)"
EVERY = "*"
LONGEST_SHOWN = 60


class InvalidPropertiesError(ValueError):
    """Properties that AWS rejects together. The text is for users; that of Python's own errors is not."""


def display_value(value: Any) -> str:
    """A value as a message shows it: JSON, not too long, and without the contents of mappings and lists."""
    if isinstance(value, (Mapping, list, tuple)) and value:
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}…"


def is_reference(value: Any) -> bool:
    """Whether a value is known only once another resource exists."""
    return isinstance(value, (Ref, Spread))


def format_property_path(path: PropertyPath) -> str:
    """``ingress[0].from_port``"""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{step}"
    return text


@dataclass(frozen=True)
class Limit:
    """What a value must be. ``what`` describes a valid value: "a port (1-65535)"; ``hint`` is how to correct it."""

    what: str = ""
    hint: str = ""

    def accepts(self, _value: Any) -> bool:
        return True

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        """The problems of a value, with their paths below it."""
        if not self.accepts(value):
            yield (), f"{display_value(value)} is not {self.what}{f' ({self.hint})' if self.hint else ''}"


@dataclass(frozen=True)
class WholeNumber(Limit):
    """An integer between two bounds, both included. Text of digits counts only where the type converts it.

    botocore sends neither text nor fractions where a service takes an integer.
    """

    low: int = 0
    high: int = 0
    other: tuple[Any, ...] = ()
    is_text: bool = False

    def accepts(self, value: Any) -> bool:
        if isinstance(value, bool):
            return False
        is_digits = self.is_text and isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) is not None
        number = int(value) if is_digits else value
        if value in self.other or number in self.other:
            return True
        return isinstance(number, int) and self.low <= number <= self.high

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) else None
        if number is not None and not self.accepts(value) and self.accepts(number):
            yield (), f"{display_value(value)} is text, not a number (write {number} without quotes)"
            return
        yield from super().find_problems(value)


def whole_number(subject: str, low: int, high: int, is_text: bool = False) -> WholeNumber:
    """An integer with its bounds in the description: "a port (1-65535)"."""
    return WholeNumber(f"{subject} ({low}-{high})", low=low, high=high, is_text=is_text)


@dataclass(frozen=True)
class Number(Limit):
    """A number, also as text: the type converts it."""

    what: str = "a number"

    def accepts(self, value: Any) -> bool:
        if isinstance(value, str):
            form = r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*"
            return re.fullmatch(form, value) is not None and math.isfinite(float(value))
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and math.isfinite(value)


@dataclass(frozen=True)
class Flag(Limit):
    """True or false. botocore sends no text where a service takes a boolean."""

    what: str = "true or false"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class Scalar(Limit):
    """A value that the type converts to text."""

    what: str = "text, a number, true or false"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, (str, int, float))


@dataclass(frozen=True)
class OneOf(Limit):
    """One of a few values. A similar one becomes the fix."""

    values: tuple[Any, ...] = ()

    def accepts(self, value: Any) -> bool:
        return value in self.values and not isinstance(value, bool)

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if self.accepts(value):
            return
        words = [one for one in self.values if isinstance(one, str)]
        same = [word for word in words if isinstance(value, str) and word.lower() == value.lower()]
        hint = suggest(value, words) if isinstance(value, str) and not same else ""
        if same:
            hint = f"write {same[0]}"
        fix = f" ({hint})" if hint and not hint.startswith("known here") else ""
        yield (), f"{display_value(value)} is not {self.what}{fix}"


def one_of(*values: Any) -> OneOf:
    """One of some words or numbers."""
    return OneOf(f"one of {', '.join(map(str, values))}", values=values)


@dataclass(frozen=True)
class Matching(Limit):
    """Text that matches a pattern as a whole, of a limited length. ``is_shown`` is false for text with secrets."""

    pattern: str = r"(?s:.*)"
    longest: int = 0
    is_shown: bool = True

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        shown = display_value(value) if self.is_shown else "this"
        if isinstance(value, str) and self.longest and len(value) > self.longest:
            text = f"{shown} has {len(value)} characters, and AWS allows {self.longest} (shorten it)"
            yield (), text
        elif not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            yield (), f"{shown} is not {self.what}{f' ({self.hint})' if self.hint else ''}"


@dataclass(frozen=True)
class Network(Limit):
    """A network in CIDR notation. AWS removes the host bits itself, so that ``10.0.0.9/8`` is valid.

    Types write an address alone as a network of that address, before AWS gets it.
    """

    what: str = "a network like 10.0.0.0/16"
    versions: tuple[int, ...] = (4, 6)
    shortest: int = 0
    longest: int = 128

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        try:
            network = ipaddress.ip_network(value, strict=False) if isinstance(value, str) else None
        except ValueError:
            network = None
        if network is None or network.version not in self.versions:
            yield (), f"{display_value(value)} is not {self.what}"
        elif not self.shortest <= network.prefixlen <= self.longest:
            sizes = f"/{self.shortest} to /{self.longest}"
            yield (), f"/{network.prefixlen} is not a size that AWS allows ({sizes})"


@dataclass(frozen=True)
class Keys(Limit):
    """A mapping that has only known keys, and all that are ``required``.

    Another value is not shown: it may be a secret.
    """

    what: str = "a mapping"
    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if not isinstance(value, Mapping):
            yield (), f"this is not {self.what} (its keys: {', '.join(self.names)})"
            return
        for key in value:
            if key not in self.names:
                yield (key,), f"unknown key; {suggest(str(key), self.names)}"
        missing = [name for name in self.required if value.get(name) is None]
        if missing:
            yield (), f"lacks {' and '.join(missing)} (add {'them' if len(missing) > 1 else 'it'})"


def keys(*names: str, required: tuple[str, ...] = ()) -> Keys:
    return Keys(names=names, required=required)


@dataclass(frozen=True)
class Items(Limit):
    """A list with a limited number of items.

    Of a set, AWS keeps one of two equal items, or rejects both: the next run would find a difference.
    """

    what: str = "a list"
    least: int = 0
    most: int = 0
    is_set: bool = False
    ignores_case: bool = False

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if not isinstance(value, (list, tuple)):
            yield (), f"{display_value(value)} is not a list (write the items in brackets: [a, b])"
            return
        for number, item in enumerate(value):
            if item is None:
                yield (number,), "is null (write a value, or remove the item)"
        yield from self._find_duplicates(value) if self.is_set else ()
        if len(value) < self.least:
            yield (), f"has {len(value)}, and AWS requires {self.least} (add {self.least - len(value)})"
        elif self.most and len(value) > self.most:
            yield (), f"has {len(value)}, and AWS allows {self.most} (remove {len(value) - self.most})"

    def _find_duplicates(self, items: Sequence[Any]) -> Iterator[PropertyProblem]:
        seen: list[Any] = []
        for number, item in enumerate(items):
            compared = item.lower() if self.ignores_case and isinstance(item, str) else item
            if item is not None and compared in seen:
                yield (number,), "is in this list twice (remove one)"
            seen.append(compared)


def a_set(least: int = 0, most: int = 0, ignores_case: bool = False) -> Items:
    """A list whose items differ."""
    return Items(least=least, most=most, is_set=True, ignores_case=ignores_case)


@dataclass(frozen=True)
class Entries(Limit):
    """A mapping with names that the document chooses, and a limited number of them."""

    what: str = "a mapping"
    most: int = 0
    names: Matching = Matching("a name", pattern="(?s:.+)")

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if not isinstance(value, Mapping):
            yield (), "this is not a mapping (write each as name: value)"
            return
        for name in value:
            yield from ((("" if name is None else name,), text) for _path, text in self.names.find_problems(name))
        if self.most and len(value) > self.most:
            yield (), f"has {len(value)}, and AWS allows {self.most} (remove {len(value) - self.most})"


def _reject_constant(name: str) -> None:
    """JSON has no NaN and Infinity, which Python reads."""
    raise ValueError(name)


@dataclass(frozen=True)
class JsonObject(Limit):
    """A mapping, or JSON text of one. The text is not shown."""

    what: str = "a mapping, or the text of a JSON object"

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        if isinstance(value, str):
            try:
                value = json.loads(value, parse_constant=_reject_constant)
            except json.JSONDecodeError as error:
                position = f"line {error.lineno}, column {error.colno}"
                yield (), f"is not JSON: {error.msg} in {position} (correct it, or write it as YAML)"
                return
            except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
                yield (), "is not JSON that AWS reads (correct it, or write it as YAML)"
                return
        if not isinstance(value, Mapping):
            yield (), f"this is not {self.what} (write it as YAML)"


# What a property takes that refers to another resource.
IDENTIFIER = Matching("an id or a name, or a reference like {ref: type/name}", pattern="(?s:.+)")
PORT = whole_number("a port", 1, 65535)
FLAG = Flag()

Limits = Mapping[PropertyPath, Limit]


def find_limit_problems(limits: Limits, properties: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    """The values of a resource that are outside its limits."""
    for pattern, limit in limits.items():
        for path, value in _list_all_values(pattern, properties):
            if not is_reference(value):
                for inner, text in limit.find_problems(value):
                    yield (*path, *inner), text


def find_misplaced_references(
    properties: Mapping[str, Any], limits: Limits, accepting: Iterable[PropertyPath], free: Iterable[PropertyPath]
) -> Iterator[PropertyProblem]:
    """References where a type declares none: no attribute of another resource is such a value.

    ``accepting`` are the paths of properties that may be a reference; below those of ``free`` one may be anywhere.
    """
    known, open_paths = tuple(accepting), tuple(free)
    for path, value in _list_all_references(properties, ()):
        is_free = any(_matches(pattern, path[: len(pattern)]) for pattern in open_paths)
        if not is_free and not any(_matches(pattern, path) for pattern in known) and not _leads_to_port(path, value):
            yield path, describe_invalid(value, path, limits)


def _list_all_references(value: Any, path: PropertyPath) -> Iterator[tuple[PropertyPath, Any]]:
    if is_reference(value):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _list_all_references(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _list_all_references(item, (*path, number))


def _leads_to_port(path: PropertyPath, value: Any) -> bool:
    """Whether a reference is to a port, and stands for one: databases and caches have their port as an attribute."""
    return isinstance(value, Ref) and value.attribute == "port" and str(path[-1]).endswith("port")


def takes_number(path: PropertyPath, limits: Limits) -> bool:
    """Whether a property is a number, or lies in a JSON object: how its digits are written makes no difference."""
    return any(
        (isinstance(limit, JsonObject) and _matches(pattern, path[: len(pattern)]))
        or (
            _matches(pattern, path)
            and (isinstance(limit, Number) or (isinstance(limit, WholeNumber) and not limit.is_text))
        )
        for pattern, limit in limits.items()
    )


def describe_invalid(value: Any, path: PropertyPath, limits: Limits) -> str:
    """Why a value is invalid with which the properties of a resource make no sense."""
    limit = next((limit for pattern, limit in limits.items() if _matches(pattern, path) and limit.what), None)
    what = limit.what if limit is not None else "a value that this property takes"
    if value is None:
        return f"is null (write {what}, or remove it)"
    if is_reference(value):
        if limit is None:
            return "is a reference, and this property takes none (write the value)"
        return f"is a reference, and this is {what} (write it here)"
    return f"{display_value(value)} is not {what}" + ("" if limit is not None else " (correct it)")


def _matches(pattern: PropertyPath, path: PropertyPath) -> bool:
    return len(pattern) == len(path) and all(one in (EVERY, step) for one, step in zip(pattern, path, strict=True))


def list_values(pattern: PropertyPath, properties: Any, path: PropertyPath = ()) -> Iterator[tuple[PropertyPath, Any]]:
    """The paths that a pattern matches, with their values, without references and nulls."""
    for found, value in _list_all_values(pattern, properties, path):
        if not is_reference(value):
            yield found, value


def _list_all_values(
    pattern: PropertyPath, properties: Any, path: PropertyPath = ()
) -> Iterator[tuple[PropertyPath, Any]]:
    """The paths that a pattern matches, with their values, without nulls. Nothing is inside of a reference."""
    if properties is None:
        return
    if not pattern:
        yield path, properties
        return
    step, *rest = pattern
    for key, value in _list_items(properties, step):
        yield from _list_all_values(tuple(rest), value, (*path, key))


def list_references(pattern: PropertyPath, value: Any, path: PropertyPath = ()) -> Iterator[tuple[PropertyPath, Ref]]:
    """The paths that a pattern matches, with the references there."""
    if isinstance(value, Spread):
        for option in value.options:
            yield from list_references(pattern, option, path)
    elif isinstance(value, Ref):
        if not pattern:
            yield path, value
    elif pattern:
        for key, item in _list_items(value, pattern[0]):
            yield from list_references(pattern[1:], item, (*path, key))


def _list_items(value: Any, step: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items() if step == EVERY else [(step, value[step])] if step in value else []
    if isinstance(value, (list, tuple)) and step == EVERY:
        return enumerate(value)
    return []
