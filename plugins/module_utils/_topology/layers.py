# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layers of a document: the document itself and what is laid over it, each with where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .kinds import Place
from .parse import DEEPEST, compose_node, read_as_ansible

MERGE_KEY = "<<"
VARIABLE = "stack_overrides"


@dataclass(frozen=True)
class Position:
    """Where a key stands. Line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """A file that a layer was read from, and the YAML node in it that is the layer."""

    file: str
    node: Any


@dataclass(frozen=True)
class Layer:
    """One layer.

    ``name`` is what errors call it; None for the document itself. ``directory`` is what its relative paths count from
    where none of its files sets them, None where nothing says so: they are an error then, unless ``keep_relative``. Of
    its ``sources`` a later one wins.
    """

    data: Mapping[str, Any]
    name: str | None = None
    file: str | None = None
    directory: Path | None = None
    keep_relative: bool = False
    sources: tuple[Source, ...] = field(default=(), repr=False)

    def known_steps(self, place: Place) -> int:
        """How many steps of a place this layer has."""
        value: Any = self.data
        for number, step in enumerate(place):
            inside = dict(enumerate(value)) if isinstance(value, list) else value
            if not isinstance(inside, Mapping) or step not in inside:
                return number
            value = inside[step]
        return len(place)

    def position(self, place: Place) -> Position | None:
        """Where a place is set or, where it is missing, the innermost mapping around it that is there."""
        best: tuple[int, Position | None] = (-1, None)
        for source in self.sources:
            steps, node = _find(source.node, place)[:2]
            if steps >= best[0]:
                mark = node.start_mark
                best = (steps, Position(source.file, mark.line + 1, mark.column + 1))
        return best[1]

    def base_directory(self, place: Place) -> Path | None:
        """The directory that a relative path at this place counts from: that of the file which sets it."""
        setting = [source for source in self.sources if _find(source.node, place)[0] == len(place)]
        return Path(setting[-1].file).parent if setting else self.directory

    def spelling(self, place: Place, value: float) -> str | None:
        """How the file spells a number or truth value, or None where no file is known that sets it.

        A template has made what the file does not have: its value is spelled as Python does.
        """
        for node in self._scalar_nodes(place):
            if self.name is None or (node.style is None and repr(read_as_ansible(node.value)) == repr(value)):
                return str(node.value)
            return str(value).lower() if isinstance(value, bool) else str(value)
        return None

    def date_spelling(self, place: Place, text: str) -> str | None:
        """How the file spells a date or time of which ``text`` is Python's spelling; None where it is neither."""
        if self.name is None:  # in a document dates are text from the beginning
            return None
        for node in self._scalar_nodes(place):
            read = read_as_ansible(node.value) if node.style is None and node.value != text else None
            return str(node.value) if isinstance(read, date) and str(read) == text else None
        return None

    def _scalar_nodes(self, place: Place) -> Iterator[Any]:
        """The scalars of the files that set a place, the strongest first."""
        for source in reversed(self.sources):
            steps, _key, node = _find(source.node, place)
            if steps == len(place) and hasattr(node, "style"):
                yield node


def read_layer(described: Mapping[str, Any]) -> Layer:
    """A layer as the inventory describes it: ``name``, ``values``, ``directory`` or None, ``files`` that may set it."""
    directory = described.get("directory")
    return Layer(
        data=described.get("values"),  # type: ignore[arg-type]  # anything at all, until it is checked
        name=described["name"],
        directory=Path(directory) if directory else None,
        sources=read_sources(described.get("files") or (), VARIABLE),
    )


def findings_of(described: Mapping[str, Any]) -> list[tuple[Place, str, str]]:
    """The problems that were found while a layer was rendered: place, text, and the name of the layer."""
    return [(tuple(place), str(text), described["name"]) for place, text in described.get("problems") or ()]


def read_sources(files: Iterable[str], variable: str | None) -> tuple[Source, ...]:
    """Those of some YAML files that set a variable, which is the layer; without one, the whole files are.

    What cannot be read is left out.
    """
    found = []
    for file in files:
        try:
            node = compose_node(Path(file).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            continue
        place = () if variable is None else (variable,)
        steps, _key, value = _find(node, place)
        if node is not None and steps == len(place):
            found.append(Source(file, value))
    return tuple(found)


def _find(node: Any, place: Place) -> tuple[int, Any, Any]:
    """How many steps of a place there are below a node, the node of the last one's key, and that of its value."""
    key = node
    for number, step in enumerate(place):
        found = _child(node, step)
        if found is None:
            return number, key, node
        key, node = found
    return len(place), key, node


def _child(node: Any, step: Any, depth: int = 0) -> tuple[Any, Any] | None:
    """The nodes of a key and its value, or of an item twice. What ``<<`` brings in comes after a mapping's own keys."""
    children = node.value if isinstance(getattr(node, "value", None), list) else []
    if isinstance(step, int):
        is_item = step < len(children) and not isinstance(children[step], tuple)
        return (children[step], children[step]) if is_item else None
    pairs = [pair for pair in children if isinstance(pair, tuple)]
    for key, value in reversed(pairs):
        if key.value == step:
            return key, value
    for key, value in pairs:
        if key.value == MERGE_KEY and depth < DEEPEST:
            merged = value.value if value.value and not isinstance(value.value[0], tuple) else [value]
            for part in merged:
                found = _child(part, step, depth + 1)
                if found is not None:
                    return found
    return None
