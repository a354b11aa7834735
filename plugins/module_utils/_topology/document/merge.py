# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Merge layers: a person's changes on top of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema.kinds import DocumentPath


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``over`` into ``base``: mappings by key, any other value replaces, a null removes the key."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            below = merged.get(key)
            merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def sets_value(layer: Any, path: DocumentPath) -> bool:
    """Whether a layer decides the value at a path: it sets the path, or removes something around it."""
    for step in path:
        inside = dict(enumerate(layer)) if isinstance(layer, list) else layer
        if not isinstance(inside, Mapping) or step not in inside:
            return False
        layer = inside[step]
        if layer is None:
            return True
    return True
