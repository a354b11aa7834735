# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find keys that a file of variables has twice: ansible keeps the last one, and only warns of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..schema.kinds import DocumentPath, display
from .parse import MERGE_KEY, LinePosition, compose_node, read_as_ansible


def find_duplicates_of_files(
    files: Iterable[str], variables: Collection[str], shows_keys: bool = True
) -> Iterator[tuple[DocumentPath, str]]:
    """The duplicate keys in the named variables of each file, and these variables themselves.

    A path has the file and the line. A file that cannot be read is left out. Without ``shows_keys`` no key is
    repeated: it may be a secret that was written in the wrong place.
    """
    for file in files:
        try:
            node = compose_node(Path(file).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):
            continue
        pairs = _list_pairs(node)
        for key, text in _find_duplicate_keys(pairs, shows_keys=True):
            if key.value in variables:
                yield (LinePosition.at(key.start_mark, file),), text
        seen: set[int] = set()
        for key, value in pairs:
            if key.value in variables:
                for inner, text in _find_duplicates(value, seen, shows_keys):
                    yield (LinePosition.at(inner.start_mark, file),), text


def _find_duplicates(node: Any, seen: set[int], shows_keys: bool) -> Iterator[tuple[Any, str]]:
    """The duplicate keys in a node and in all nodes inside it; each node once, however many aliases it has."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield from _find_duplicate_keys(_list_pairs(current), shows_keys)
        children = current.value if isinstance(current.value, list) else []
        waiting += [child[1] if isinstance(child, tuple) else child for child in children]


def _list_pairs(node: Any) -> list[tuple[Any, Any]]:
    """The keys and values of a mapping whose keys are plain; ansible rejects other keys itself."""
    children = node.value if isinstance(getattr(node, "value", None), list) else []
    return [child for child in children if isinstance(child, tuple) and isinstance(child[0].value, str)]


def _find_duplicate_keys(pairs: Iterable[tuple[Any, Any]], shows_keys: bool) -> Iterator[tuple[Any, str]]:
    first: dict[Any, Any] = {}
    for key, _value in pairs:
        if key.value == MERGE_KEY and key.style is None:
            continue
        # `on` and `yes` are the same key to ansible, and so are 12 and 014.
        read = read_as_ansible(key.value) if key.style is None else key.value
        other = first.setdefault(read if isinstance(read, (str, bool, int, float)) else key.value, key)
        if other is key:
            continue
        line = other.start_mark.line + 1
        shown = f"the key {display(key.value)}" if shows_keys else "this key"
        if other.value == key.value:
            yield key, f"{shown} is in line {line} already (remove one)"
        else:
            as_other = f'"{other.value}"' if shows_keys else "the one"
            yield key, f"{shown} is the same to ansible as {as_other} in line {line} (put both in quotes)"
