# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers that should be text: where a document expects text, it keeps what was written.

YAML makes numbers of ``012345678901``, ``1.10`` and ``12345e7``, and a program or a tag would get other digits. A
document is read with its spellings. Overrides come from ansible as values: their spelling is known only where a file is
found that sets them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .containers import ListOf, Table
from .kinds import Kind, Place, Report, Scalar, Text
from .layers import Layer
from .merge import sets
from .record import Record
from .schema import DOCUMENT, TAGS


def restore_spellings(data: Mapping[str, Any], layers: Sequence[Layer], report: Report, warn: Report) -> dict[str, Any]:
    """The data with text where the schema expects text.

    A fraction of unknown spelling is reported, for digits of it may be lost; of other values there is a warning.
    """
    restored: dict[str, Any] = _Restorer(layers, report, warn).restore(DOCUMENT, data, ())
    return restored


class _Restorer:
    def __init__(self, layers: Sequence[Layer], report: Report, warn: Report) -> None:
        self.layers = layers
        self.report = report
        self.warn = warn

    def restore(self, kind: Kind, value: Any, place: Place) -> Any:
        if isinstance(value, Mapping):
            return {
                key: self.restore(self.kind_of(kind, key, place), item, (*place, key)) for key, item in value.items()
            }
        if isinstance(value, list):
            inner = kind.item if isinstance(kind, ListOf) else Kind()
            return [self.restore(inner, item, (*place, number)) for number, item in enumerate(value)]
        if isinstance(value, str) and isinstance(kind, (Text, Scalar)):
            return self.layer_of(place).date_spelling(place, value) or value
        if isinstance(value, (bool, int, float)):
            if isinstance(kind, (Text, Scalar)):
                return self.restore_text(kind, value, place)
            if place[:1] == ("resources",) and not isinstance(value, bool):
                self.check_raw_number(value, place)
        return value

    def kind_of(self, kind: Kind, key: str, place: Place) -> Kind:
        if place[:1] == ("resources",) and len(place) == 2 and key == "tags":
            return TAGS
        if isinstance(kind, Record) and key in kind.fields:
            return kind.fields[key].kind
        return kind.value if isinstance(kind, Table) else Kind()

    def restore_text(self, kind: Kind, value: float, place: Place) -> Any:
        spelling = self.layer_of(place).spelling(place, value)
        if spelling is not None:
            return spelling
        if isinstance(kind, Text):  # which takes no number itself, and says so
            return value
        if isinstance(value, float):
            text = "a number with a fraction or an exponent, of which digits may be lost already"
            self.report(place, f"{text} (put it in quotes where it is set)")
            return str(value)
        what = "a truth value" if isinstance(value, bool) else "a whole number"
        self.warn(
            place, f"{what}, and how it was written is not known (put it in quotes if that matters: 0123, 1_000, yes)"
        )
        return value

    def check_raw_number(self, value: float, place: Place) -> None:
        """Of a raw property nothing says whether it is text."""
        spelling = self.layer_of(place).spelling(place, value)
        if spelling is not None and spelling.lstrip("+") != str(value):
            self.report(place, f"{spelling} is read as the number {value} (write that, or put it in quotes)")

    def layer_of(self, place: Place) -> Layer:
        setting = [layer for layer in self.layers[1:] if sets(layer.data, place)]
        return setting[-1] if setting else self.layers[0]
