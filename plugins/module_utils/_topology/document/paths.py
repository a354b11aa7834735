# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the paths in a document absolute: they count from the file that sets them, not from the current directory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..git_addresses import is_local_repository
from ..schema.document import DOCUMENT
from ..schema.kinds import DocumentPath, Report, Text, display
from ..schema.record import Record
from .layers import Layer
from .merge import sets_value


def make_paths_absolute(document: Mapping[str, Any], layers: Sequence[Layer], report: Report) -> None:
    """Make the paths of an effective document absolute, in place; report those without a known base directory."""
    for record, key, path in _find_paths(document):
        setting = [layer for layer in layers[1:] if sets_value(layer.data, path)]
        layer = setting[-1] if setting else layers[0]
        text = os.path.expanduser(record[key])
        base = layer.base_directory(path)
        if os.path.isabs(text) or base is not None:
            record[key] = os.path.normpath(os.path.join(base or "/", text))
        elif not layer.keep_relative:
            report(path, f"{display(record[key])} is relative, and no file says to what (write an absolute path)")


def _find_paths(document: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, DocumentPath]]:
    for path, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            for key, field in kind.fields.items():
                declared, text = field.kind, value[key]
                if not isinstance(declared, Text) or text is None:
                    continue
                if declared.path or (declared.repository and is_local_repository(text)):
                    yield value, key, (*path, key)
