# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copy data from ansible (overrides, a document in a variable) as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schema.kinds import DocumentPath, Report, display
from .parse import DEEPEST, LARGEST


def to_plain_data(value: Any, report: Report, is_document: bool = False) -> Any:
    """The data without ansible's own types and marks, and with the key ``on``, which YAML 1.1 reads as true, restored.

    A document that is too large or too deep becomes an empty one.
    """
    copier = _Copier(report)
    copied = copier.copy(value, ())
    return {} if is_document and copier.is_unusable else copied


class _Copier:
    """Copies data and counts its values, each alias by itself: data with too many of them is no topology."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.remaining = LARGEST
        self.is_unusable = False

    def copy(self, value: Any, path: DocumentPath) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, (int, float)):
            return int(value) if isinstance(value, int) else float(value)
        if not isinstance(value, (Mapping, list, tuple)):
            return str(value)
        if len(path) > DEEPEST or self.remaining < len(value):
            self.report(path[:3], "is nested too deeply, or too large (write it with fewer levels and entries)")
            self.remaining = 0
            self.is_unusable = True
            return None
        self.remaining -= len(value)
        if isinstance(value, Mapping):
            return self._copy_mapping(value, path)
        return [self.copy(item, (*path, number)) for number, item in enumerate(value)]

    def _copy_mapping(self, value: Mapping[Any, Any], path: DocumentPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            name = "on" if key is True else key
            if isinstance(name, str):
                name = str.__str__(name)
                result[name] = self.copy(item, (*path, name))
            else:
                self.report(path, f"the key {display(name)} is not text (put it in quotes)")
        return result
