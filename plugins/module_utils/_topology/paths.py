# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths in a document count from the file that they are written in, never from the current directory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .kinds import Place, Report, Text, shown
from .layers import Layer
from .merge import sets
from .record import Record
from .schema import DOCUMENT


def make_paths_absolute(document: Mapping[str, Any], layers: Sequence[Layer], report: Report) -> None:
    """Make the paths of an effective document absolute, in place; report those of which nothing says from where."""
    for record, key, place in _paths(document):
        setting = [layer for layer in layers[1:] if sets(layer.data, place)]
        layer = setting[-1] if setting else layers[0]
        text = os.path.expanduser(record[key])
        base = layer.base_directory(place)
        if os.path.isabs(text) or base is not None:
            record[key] = os.path.normpath(os.path.join(base or "/", text))
        elif not layer.keep_relative:
            report(place, f"{shown(record[key])} is relative, and no file says to what (write an absolute path)")


def _paths(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, Place]]:
    for place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            for key, field in kind.fields.items():
                declared, text = field.kind, value[key]
                if not isinstance(declared, Text) or text is None:
                    continue
                if declared.path or (declared.repository and is_local_repository(text)):
                    yield value, key, (*place, key)


def is_local_repository(address: str) -> bool:
    """Whether git takes an address for a path: it names no protocol, and no host before a colon."""
    return "://" not in address and not re.match(r"[^/]*:", address)
