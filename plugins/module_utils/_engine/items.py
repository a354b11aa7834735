# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Items: objects as AWS's answers show them, and how to read members that may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Raw = dict[str, Any]


def value_at(item: Any, path: str) -> Any:
    """The value at a dotted path of mapping keys and list positions; None where the path ends early."""
    for key in path.split("."):
        if isinstance(item, list):
            item = item[int(key)] if key.isdecimal() and int(key) < len(item) else None
        else:
            item = item.get(key) if isinstance(item, Mapping) else None
    return item


def returned_members(item: Raw, members: Mapping[str, str]) -> dict[str, Any]:
    """The properties whose members AWS returned; the others are left out, so that they are not compared.

    ``members`` gives the dotted path of the member by property.
    """
    found = {name: value_at(item, path) for name, path in members.items()}
    return {name: value for name, value in found.items() if value is not None}


def add_missing_members(item: Raw, defaults: Raw) -> Raw:
    """The answer to a creation with AWS's defaults for the members that it leaves out, so that these are compared."""
    return item | {name: value for name, value in defaults.items() if name not in item}


def as_plain_data(value: Any) -> Any:
    """Data of an answer as plain mappings and lists, for plans, diffs and results."""
    if isinstance(value, Mapping):
        return {key: as_plain_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain_data(item) for item in value]
    return value
