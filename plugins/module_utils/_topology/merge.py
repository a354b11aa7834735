# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layering: what a person changes, on top of a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kinds import Place


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` on top of ``base``: mappings are merged by key, anything else is replaced, a null removes the key."""
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


def sets(layer: Any, place: Place) -> bool:
    """Whether a layer has a word in what stands at a place: it reaches it, or replaces something around it."""
    for step in place:
        inside = dict(enumerate(layer)) if isinstance(layer, list) else layer
        if not isinstance(inside, Mapping) or step not in inside:
            return False
        layer = inside[step]
        if layer is None:
            return True
    return True
