# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From text to plain data.

YAML 1.2's reading of scalars is used (as editors do): only true and false are truth values, so that the key ``on``
stays text, and dates, times and versions in quotes or not do too. Duplicate keys are refused, and so is text that
would become too much data, cyclic data, or anything but mappings, lists and scalars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from .kinds import Place, Report, shown

try:
    import yaml
except ImportError:  # a module gets the document as data, and its Python need not have what ansible's has
    yaml = None  # type: ignore[assignment]


class LinePlace(str):
    """A place that has no key: the line and column (from 1) of a text that cannot be read as YAML."""

    line: int
    column: int

    def __new__(cls, line: int, column: int) -> LinePlace:
        place = super().__new__(cls, f"line {line}")
        place.line, place.column = line, column
        return place

    @classmethod
    def at(cls, mark: Any) -> LinePlace:
        """The place of a mark of PyYAML's, which counts from 0."""
        return cls(mark.line + 1, mark.column + 1)


LARGEST = 200_000  # characters, and values after all aliases are expanded
DEEPEST = 40

_TAG = "tag:yaml.org,2002:"
# The tag is not repeated: a password that begins with ! is one.
UNKNOWN_TAG = "a tag, which means nothing in a topology (remove it, or put text that begins with ! in quotes)"


# Each kind of plain scalar: how it looks, and what it begins with.
_LOOKS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]{1,18}", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]{1,2})?|[-+]?[0-9]{1,18}[eE][-+]?[0-9]{1,2}",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
)


@lru_cache
def _loader() -> Any:
    """PyYAML's safe loader with the core schema of YAML 1.2."""

    class Loader(yaml.SafeLoader):
        """Of its own, because what is registered stays with the class."""

    Loader.yaml_implicit_resolvers = {}
    for kind, pattern, first in _LOOKS:
        Loader.add_implicit_resolver(_TAG + kind, re.compile(f"^(?:{pattern})$"), first)
    return Loader


_SCALARS: dict[str, Callable[[str], Any]] = {
    _TAG + "str": str,
    _TAG + "merge": str,  # a << that is not a key
    _TAG + "null": lambda text: None,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "int": int,
    _TAG + "float": float,
}


class _Reader:
    """Turns the nodes of one text into data. Each node is read once, however many aliases it has."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.done: dict[int, tuple[Any, int]] = {}
        self.open: set[int] = set()

    def read(self, node: yaml.Node, depth: int = 0) -> tuple[Any, int]:
        """The data of a node, and how many values it has when aliases are expanded."""
        if id(node) in self.open:
            return self.refuse(node, "an alias to something that contains it (write it out)")
        if depth > DEEPEST:
            return self.refuse(node, f"nested more than {DEEPEST} levels deep")
        if id(node) not in self.done:
            self.open.add(id(node))
            self.done[id(node)] = self._read_new(node, depth)
            self.open.discard(id(node))
        return self.done[id(node)]

    def refuse(self, node: yaml.Node, text: str) -> tuple[Any, int]:
        self.report((LinePlace.at(node.start_mark),), text)
        return None, 1

    def _read_new(self, node: yaml.Node, depth: int) -> tuple[Any, int]:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in (_TAG + "seq", _TAG + "map"):
            return self.refuse(node, UNKNOWN_TAG)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            parts = [self.read(item, depth + 1) for item in node.value]
            return self._sized(node, [value for value, _size in parts], sum(size for _value, size in parts))
        return self.refuse(node, "is neither a mapping, a list nor a scalar")

    def _scalar(self, node: yaml.ScalarNode) -> tuple[Any, int]:
        convert = _SCALARS.get(node.tag)
        if convert is None:
            return self.refuse(node, UNKNOWN_TAG)
        try:
            return convert(node.value), 1
        except ValueError:
            return self.refuse(node, f"this is not what its tag !!{node.tag[len(_TAG) :]} says (correct it)")

    def _mapping(self, node: yaml.MappingNode, depth: int) -> tuple[Any, int]:
        own: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        total = 0
        for key, value_node in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key, "a key must be plain text")
                continue
            value, size = self.read(value_node, depth + 1)
            total += size
            if key.tag == _TAG + "merge":
                merged = {**self._merged(value_node, value), **merged}
            elif key.value in own:
                self.refuse(key, f'the key "{key.value}" stands in line {lines[key.value]} already (remove one)')
            else:
                own[key.value], lines[key.value] = value, key.start_mark.line + 1
        return self._sized(node, {**merged, **own}, total)

    def _merged(self, node: yaml.Node, value: Any) -> dict[str, Any]:
        """What ``<<: *anchor`` brings in; of a list of mappings the first wins."""
        result: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                self.refuse(node, "<< takes a mapping or a list of mappings")
                continue
            result = {**part, **result}
        return result

    def _sized(self, node: yaml.Node, value: Any, size: int) -> tuple[Any, int]:
        return (value, size + 1) if size < LARGEST else self.refuse(node, "too large once its aliases are expanded")


def parse_text(text: str, report: Report) -> Any:
    """The data of a YAML text, or None after a report."""
    return parse_with_node(text, report)[0]


def parse_with_node(text: str, report: Report) -> tuple[Any, Any]:
    """The data of a YAML text and its root node, which knows lines and spellings. Both are None after a report."""
    if len(text) > LARGEST:
        report((), f"is larger than {LARGEST} characters (this is not a topology)")
        return None, None
    if yaml is None:
        report((), "cannot be read without PyYAML (pip install PyYAML)")
        return None, None
    try:
        node = yaml.compose(text, Loader=_loader())
        return (None if node is None else _Reader(report).read(node)[0]), node
    except yaml.MarkedYAMLError as error:
        report(_line(error), _explained(error))
    except yaml.YAMLError as error:
        report((), f"is not text that YAML takes ({' '.join(str(error).split())})")
    except RecursionError:
        report((), "is nested too deeply")
    return None, None


def compose_node(text: str) -> Any:
    """The root node of YAML that others have read already, or None where it cannot be had (a vault, say)."""
    if yaml is None or len(text) > LARGEST:
        return None
    try:
        return yaml.compose(text, Loader=_loader())
    except (yaml.YAMLError, RecursionError):
        return None


def read_as_ansible(text: str) -> Any:
    """What ansible's YAML (1.1) makes of one plain scalar; None where it is none."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None


def _line(error: yaml.MarkedYAMLError) -> Place:
    mark = error.problem_mark or error.context_mark
    return () if mark is None else (LinePlace.at(mark),)


def _explained(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join((error.problem or error.context or "cannot be read").split())
    if "'\\t'" in problem:
        return "a tab (YAML is indented with spaces)"
    if problem.startswith("found undefined alias"):  # which may be a password that begins with *
        return "an alias to an anchor that is not there (correct it, or put text that begins with * in quotes)"
    return f"not YAML: {problem}" + (f", {error.context}" if error.problem and error.context else "")


def plain(value: Any, report: Report) -> Any:
    """Data from ansible as plain data: no subclasses, no marks, and the key that YAML 1.1 made of ``on`` restored."""
    return _Copier(report).copy(value, ())


class _Copier:
    """Copies data of others. What has too many values is no topology, however few objects they share."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.left = LARGEST

    def copy(self, value: Any, place: Place) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, (int, float)):
            return int(value) if isinstance(value, int) else float(value)
        if not isinstance(value, (Mapping, list, tuple)):
            return str(value)
        if len(place) > DEEPEST or self.left < len(value):
            self.report(place[:3], "is nested too deeply, or too large")
            self.left = 0
            return None
        self.left -= len(value)
        if isinstance(value, Mapping):
            return self._copy_mapping(value, place)
        return [self.copy(item, (*place, number)) for number, item in enumerate(value)]

    def _copy_mapping(self, value: Mapping[Any, Any], place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = "on" if key is True else key
            if isinstance(name, str):
                name = str.__str__(name)
                result[name] = self.copy(item, (*place, name))
            else:
                self.report(place, f"the key {shown(name)} is not text (put it in quotes)")
        return result
