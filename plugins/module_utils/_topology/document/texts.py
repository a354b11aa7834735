# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read overrides whose values are text, as surveys and `-e key=value` give them.

In a document a list has to be a list. An override is often rendered from the answer to a survey, which is always text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..schema.containers import ListOf, MappingOf
from ..schema.kinds import INVALID, Kind
from ..schema.record import Record, ignore_problem

_OMITTED: Any = object()


def read_texts(kind: Kind, value: Any) -> Any:
    """Convert the text in an override to what the schema declares.

    Text is split at commas and line ends where the schema has a list. Empty text that is not valid there (no number, no
    choice, no list) is a missing answer: its key is left out. All else stays as it is.
    """
    read = _read_text(kind, value)
    return {} if read is _OMITTED else read


def _read_text(kind: Kind, value: Any) -> Any:
    if isinstance(value, Mapping):
        read = {key: _read_text(_kind_of(kind, key), item) for key, item in value.items()}
        return {key: item for key, item in read.items() if item is not _OMITTED}
    # The base class itself declares any value.
    if not isinstance(value, str) or kind.__class__ is Kind:
        return value
    if not value.strip() and kind.check(value, (), ignore_problem) is INVALID:
        return _OMITTED
    if isinstance(kind, ListOf):
        return [item.strip() for item in re.split(r"[,\n]", value) if item.strip()]
    return value.strip() if kind.check(value, (), ignore_problem) is INVALID else value


def _kind_of(kind: Kind, key: Any) -> Kind:
    """The kind of a key's value; any value for an unknown key, which is reported later."""
    if isinstance(kind, Record) and key in kind.fields:
        return kind.fields[key].kind
    return kind.value if isinstance(kind, MappingOf) else Kind()
