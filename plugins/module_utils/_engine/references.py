# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""References between the resources of a stack: finding them and replacing them by values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .model import Ref, Spread


def find_references(value: Any) -> Iterator[Ref]:
    """Every reference inside a value, however deep."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Spread):
        yield from value.options
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_references(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from find_references(item)


def resolve_references(value: Any, value_of: Callable[[Ref], Any]) -> Any:
    """The value with every reference replaced. Tuples become lists, as in data from YAML or AWS.

    Of options (`Spread`) it is the first: the planner has chosen one before.
    """
    if isinstance(value, Ref):
        return value_of(value)
    if isinstance(value, Spread):
        return value_of(value.options[0])
    if isinstance(value, Mapping):
        return {key: resolve_references(item, value_of) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_references(item, value_of) for item in value]
    return value


def find_strings(value: Any) -> Iterator[str]:
    """Every string inside a value. Those of an actual resource contain the ids of the objects that it refers to."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find_strings(item)
