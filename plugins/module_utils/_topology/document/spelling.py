# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore numbers to the text that was written, where a document expects text.

YAML reads numbers from ``012345678901``, ``1.10`` and ``12345e7``, and a program or a tag would get other digits. A
document is read with its spellings. Overrides come from ansible as values: their spelling is known only where a file
that sets them is found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..._engine.property_limits import takes_number
from ..._resources import REGISTRY
from ..schema.containers import ListOf, MappingOf
from ..schema.document import DOCUMENT, RAW_TAGS
from ..schema.kinds import DocumentPath, Kind, Report, Scalar, Text, is_hidden
from ..schema.record import Record
from .layers import Layer, format_number
from .merge import sets_value


def restore_spellings(data: Mapping[str, Any], layers: Sequence[Layer], report: Report, warn: Report) -> dict[str, Any]:
    """The data with text where the schema expects text.

    A fraction of unknown spelling is an error, because digits may be lost; any other value is a warning.
    """
    restored: dict[str, Any] = _Restorer(layers, report, warn).restore(DOCUMENT, data, ())
    return restored


class _Restorer:
    def __init__(self, layers: Sequence[Layer], report: Report, warn: Report) -> None:
        self.layers = layers
        self.report = report
        self.warn = warn
        # A template of one layer may use a variable of the files of another one.
        self.roots = [root for layer in layers for root in layer.roots]

    def restore(self, kind: Kind, value: Any, path: DocumentPath) -> Any:
        if isinstance(value, Mapping):
            return {key: self.restore(self.kind_of(kind, key, path), item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            inner = kind.item if isinstance(kind, ListOf) else Kind()
            return [self.restore(inner, item, (*path, number)) for number, item in enumerate(value)]
        if isinstance(value, str) and isinstance(kind, (Text, Scalar)):
            return self.layer_of(path).find_date_spelling(path, value, self.roots) or value
        if isinstance(value, (bool, int, float)):
            if isinstance(kind, (Text, Scalar)):
                return self.restore_text(kind, value, path)
            if not isinstance(value, bool):
                self.check_number(value, path)
        return value

    def kind_of(self, kind: Kind, key: str, path: DocumentPath) -> Kind:
        if path[:1] == ("resources",) and len(path) == 2 and key == "tags":
            return RAW_TAGS
        if isinstance(kind, Record) and key in kind.fields:
            return kind.fields[key].kind
        return kind.value if isinstance(kind, MappingOf) else Kind()

    def restore_text(self, kind: Kind, value: float, path: DocumentPath) -> Any:
        layer = self.layer_of(path)
        spelling = layer.find_spelling(path, value, self.roots)
        is_as_read = spelling in (None, format_number(value))
        if is_as_read and layer.find_lost_spelling(path, value, self.roots) is not None:
            # The text does not have the digits: they may be a secret.
            text = "a variable of its template is not read with the digits that it has in its file"
            self.report(path, f"{text} (put it in quotes there)")
            return format_number(value)
        if spelling is not None:
            return spelling
        if isinstance(kind, Text):  # its own check reports a number
            return value
        if isinstance(value, float):
            text = "a number with a fraction or an exponent, of which digits may be lost already"
            self.report(path, f"{text} (put it in quotes where it is set)")
            return str(value)
        what = "a boolean" if isinstance(value, bool) else "a whole number"
        self.warn(
            path, f"{what}, and how it was written is not known (put it in quotes if that matters: 0123, 1_000, yes)"
        )
        return value

    def check_number(self, value: float, path: DocumentPath) -> None:
        """Report a number that is read with other digits than its file has: as octal or in base 60 (012, 1:30).

        A document is read as decimal. Raw properties are an exception, unless their type says that they are numbers:
        they may be text, of which digits would be lost.
        """
        layer = self.layer_of(path)
        is_raw = path[:1] == ("resources",) and not _is_number_of_resource(path)
        if not is_raw and (layer.name is None or isinstance(value, float)):
            return
        spelling = layer.find_spelling(path, value, self.roots)
        if spelling is None:
            return
        if not is_raw and re.fullmatch(r"0x[0-9a-fA-F]+", spelling):
            return  # the same number in YAML 1.1 and 1.2
        digits = spelling.lstrip("+") if is_raw else spelling.lstrip("+").replace("_", "")
        if digits != str(value):
            quotes = ", or put it in quotes" if is_raw else ""
            if is_hidden(value, path):
                self.report(path, f"is read as a number with other digits (write these{quotes})")
            else:
                self.report(path, f"{spelling} is read as the number {value} (write that{quotes})")

    def layer_of(self, path: DocumentPath) -> Layer:
        setting = [layer for layer in self.layers[1:] if sets_value(layer.data, path)]
        return setting[-1] if setting else self.layers[0]


def _is_number_of_resource(path: DocumentPath) -> bool:
    kind = REGISTRY.get(str(path[1]).partition("/")[0]) if len(path) > 2 else None
    return kind is not None and takes_number(path[2:], kind.schema.limits)
