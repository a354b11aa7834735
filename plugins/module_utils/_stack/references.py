# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""References between the resources of a stack: finding them and putting values in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .wanted import Ref


def references(value: Any) -> Iterator[Ref]:
    """Every reference inside a value, however deep."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from references(item)


def resolve(value: Any, of: Callable[[Ref], Any]) -> Any:
    """The value with every reference replaced; tuples become lists, as in anything read from YAML or AWS."""
    if isinstance(value, Ref):
        return of(value)
    if isinstance(value, Mapping):
        return {key: resolve(item, of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, of) for item in value]
    return value


def strings(value: Any) -> Iterator[str]:
    """Every string inside a value: among those of a live object are the ids of others."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)
