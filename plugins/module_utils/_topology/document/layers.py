# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layers of a document: the document itself and its overrides, each with the files that set it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ..schema.kinds import DocumentPath
from .parse import DEEPEST, compose_node, read_as_ansible

LayerFinding = tuple[DocumentPath, str, str]  # path, problem, name of the layer

MERGE_KEY = "<<"
BARE_TEMPLATE = re.compile(r"\s*\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}\s*")
VARIABLE = "stack_overrides"


@dataclass(frozen=True)
class Position:
    """The line and column of a key, both from 1."""

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

    ``name`` is its name in messages; None for the document itself. Relative paths that none of its files sets count
    from ``directory``; without a directory they are an error, unless ``keep_relative``. Later ``sources`` win. The
    ``sources`` of an ``is_partial`` layer set only a part of it: a path that none of them has is without a position.
    ``roots`` are the YAML nodes of whole files with variables, which templates may use.
    """

    data: Mapping[str, Any]
    name: str | None = None
    file: str | None = None
    directory: Path | None = None
    keep_relative: bool = False
    is_partial: bool = False
    sources: tuple[Source, ...] = field(default=(), repr=False)
    roots: tuple[Any, ...] = field(default=(), repr=False)

    def count_known_steps(self, path: DocumentPath) -> int:
        """The number of leading steps of a path that exist in this layer."""
        value: Any = self.data
        for number, step in enumerate(path):
            inside = dict(enumerate(value)) if isinstance(value, list) else value
            if not isinstance(inside, Mapping) or step not in inside:
                return number
            value = inside[step]
        return len(path)

    def find_position(self, path: DocumentPath) -> Position | None:
        """The position where a path is set, or that of the innermost existing mapping around a missing path."""
        best: tuple[int, Position | None] = (-1, None)
        for source in self.sources:
            steps, node = _find_node(source.node, path)[:2]
            if steps >= best[0] and (steps == len(path) or not self.is_partial):
                mark = node.start_mark
                best = (steps, Position(source.file, mark.line + 1, mark.column + 1))
        return best[1]

    def base_directory(self, path: DocumentPath) -> Path | None:
        """The directory from which a relative path in a value counts: that of the file that sets the value."""
        setting = [source for source in self.sources if _find_node(source.node, path)[0] == len(path)]
        return Path(setting[-1].file).parent if setting else self.directory

    def find_spelling(self, path: DocumentPath, value: float, roots: Sequence[Any] = ()) -> str | None:
        """The file's spelling of a number or boolean, or None where it is not known.

        A value that differs from the file comes from a template. One that is a variable of ``roots`` has the spelling
        there; any other one gets Python's spelling, except a fraction, of which digits may be lost (1.10 is read as
        1.1).
        """
        for node in self.find_scalar_nodes(path):
            if self.name is None or (node.style is None and repr(read_as_ansible(node.value)) == repr(value)):
                return str(node.value)
            if not BARE_TEMPLATE.fullmatch(node.value):
                return None if isinstance(value, float) else format_number(value)
        return next((node.value for node in self.follow_templates(path, roots) if _reads_as(node, value)), None)

    def find_lost_spelling(self, path: DocumentPath, value: float, roots: Sequence[Any]) -> str | None:
        """The spelling of a variable in a longer template whose value is this number in other digits, or None."""
        for node in self.find_scalar_nodes(path):
            for found in find_used_nodes(roots, node):
                if _reads_as(found, value) and found.value != format_number(value):
                    return str(found.value)
            return None
        return None

    def find_date_spelling(self, path: DocumentPath, text: str, roots: Sequence[Any] = ()) -> str | None:
        """The file's spelling of a date or time whose Python spelling is ``text``; None for any other text."""
        if self.name is None:  # a document is read with dates as text
            return None
        for node in [*self.find_scalar_nodes(path), *self.follow_templates(path, roots)]:
            read = read_as_ansible(node.value) if node.style is None and node.value != text else None
            if isinstance(read, date) and str(read) == text:
                return str(node.value)
        return None

    def find_key_spelling(self, path: DocumentPath, key: Any) -> str | None:
        """The file's spelling of a key that ansible reads as something else than text; None where it is not known."""
        for source in reversed(self.sources):
            steps, _key, node = _find_node(source.node, path)
            children = node.value if steps == len(path) and isinstance(getattr(node, "value", None), list) else []
            for pair in children:
                if isinstance(pair, tuple) and _is_scalar(pair[0]) and _reads_as(pair[0], key):
                    return str(pair[0].value)
        return None

    def follow_templates(self, path: DocumentPath, roots: Sequence[Any]) -> Iterator[Any]:
        """The YAML scalars that set a path through templates that are a single variable, like ``{{ pin }}``."""
        for source in reversed(self.sources):
            node, rest = source.node, path
            for _template in range(DEEPEST):
                steps, _key, node = _find_node(node, rest)
                rest = rest[steps:]
                name = BARE_TEMPLATE.fullmatch(node.value) if _is_scalar(node) else None
                if name is None:
                    break
                node = next(_find_variables(roots, name[1]), None)
            if not rest and _is_scalar(node):
                yield node

    def find_scalar_nodes(self, path: DocumentPath) -> Iterator[Any]:
        """The YAML scalar nodes that set a path, the last file first."""
        for source in reversed(self.sources):
            steps, _key, node = _find_node(source.node, path)
            if steps == len(path) and hasattr(node, "style"):
                yield node


def format_number(value: float) -> str:
    """Python's spelling of a number, and YAML's of a boolean."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reads_as(node: Any, value: Any) -> bool:
    """Whether ansible reads a number or boolean from a plain scalar."""
    return node.style is None and repr(read_as_ansible(node.value)) == repr(value)


def find_used_nodes(roots: Sequence[Any], node: Any) -> Iterator[Any]:
    """The YAML scalars of the variables that the template in a scalar uses, also through other templates.

    ``roots`` are the nodes of the files that set variables; later ones win.
    """
    waiting, seen = [node], set()
    while waiting:
        text = waiting.pop().value
        for name in re.findall(r"[A-Za-z_]\w*", text) if "{{" in text or "{%" in text else ():
            if name in seen:
                continue
            seen.add(name)
            for value in _find_variables(roots, name):
                if _is_scalar(value):
                    yield value
                    waiting.append(value)
                break


def _find_variables(roots: Sequence[Any], name: str) -> Iterator[Any]:
    """The nodes of the values of a variable, the one that wins first."""
    for root in reversed(roots):
        for key, value in _child_nodes(root, name):
            if key.value == name:
                yield value


def _is_scalar(node: Any) -> bool:
    return hasattr(node, "style") and isinstance(node.value, str)


def read_layer(described: Mapping[str, Any]) -> Layer:
    """A layer from the description of the inventory: ``name``, ``values``, ``directory`` or None, ``files``."""
    directory = described.get("directory")
    return Layer(
        data=described.get("values"),  # type: ignore[arg-type]  # anything at all, until it is checked
        name=described["name"],
        directory=Path(directory) if directory else None,
        sources=read_sources(described.get("files") or (), VARIABLE),
        roots=tuple(source.node for source in read_sources(described.get("files") or (), None)),
    )


def read_findings(described: Mapping[str, Any]) -> list[LayerFinding]:
    """The problems that were found while a layer was rendered: path, text, and the name of the layer."""
    return [(tuple(path), str(text), described["name"]) for path, text in described.get("problems") or ()]


def read_sources(files: Iterable[str], variable: str | None) -> tuple[Source, ...]:
    """The YAML files that set a variable, each with the node of its value; without a variable, each whole file.

    A file that cannot be read is left out.
    """
    found = []
    for file in files:
        try:
            node = compose_node(Path(file).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            continue
        path = () if variable is None else (variable,)
        steps, _key, value = _find_node(node, path)
        if node is not None and steps == len(path):
            found.append(Source(file, value))
    return tuple(found)


def _find_node(node: Any, path: DocumentPath) -> tuple[int, Any, Any]:
    """The number of steps of a path that exist below a node, the node of the last key, and the node of its value.

    Both values of a duplicate key, which is reported elsewhere, are searched.
    """
    best = (0, node, node)
    for key, value in _child_nodes(node, path[0]) if path else ():
        steps, inner_key, inner = _find_node(value, path[1:])
        if steps + 1 > best[0]:
            best = (steps + 1, inner_key if steps else key, inner)
    return best


def _child_nodes(node: Any, step: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """The key and value nodes of one step, the last duplicate first. For a list item, both are the item.

    Keys from ``<<`` come after a mapping's own keys.
    """
    children = node.value if isinstance(getattr(node, "value", None), list) else []
    if isinstance(step, int):
        is_item = step < len(children) and not isinstance(children[step], tuple)
        return [(children[step], children[step])] if is_item else []
    pairs = [pair for pair in children if isinstance(pair, tuple)]
    own = [(key, value) for key, value in reversed(pairs) if key.value == step]
    if own:
        return own
    for key, value in pairs:
        if key.value == MERGE_KEY and depth < DEEPEST:
            merged = value.value if value.value and not isinstance(value.value[0], tuple) else [value]
            for part in merged:
                found = _child_nodes(part, step, depth + 1)
                if found:
                    return found
    return []
