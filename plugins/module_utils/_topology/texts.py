# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Overrides whose values are text, as surveys and `-e key=value` give them.

A document is written by hand or by an editor that knows its schema, so lists in it have to be lists. An override is
often filled by a template from an answer to a question, which is always text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .containers import ListOf, Table
from .kinds import BAD, Kind
from .record import Record, silent

_DROPPED: Any = object()


def read_texts(kind: Kind, value: Any) -> Any:
    """An override in which text stands for what the schema has at its place.

    Where a list belongs, text is split at commas and line ends. An empty text that is no value at its place (no number,
    no choice, no list) is an answer that was not given: its key is left out. All else stays as it is.
    """
    read = _read(kind, value)
    return {} if read is _DROPPED else read


def _read(kind: Kind, value: Any) -> Any:
    if isinstance(value, Mapping):
        read = {key: _read(_kind_of(kind, key), item) for key, item in value.items()}
        return {key: item for key, item in read.items() if item is not _DROPPED}
    # The base class itself stands for any value.
    if not isinstance(value, str) or kind.__class__ is Kind:
        return value
    if not value.strip() and kind.check(value, (), silent) is BAD:
        return _DROPPED
    if isinstance(kind, ListOf):
        return [item.strip() for item in re.split(r"[,\n]", value) if item.strip()]
    return value.strip() if kind.check(value, (), silent) is BAD else value


def _kind_of(kind: Kind, key: Any) -> Kind:
    """What may stand under a key; any value where the schema does not know it, which is reported later."""
    if isinstance(kind, Record) and key in kind.fields:
        return kind.fields[key].kind
    return kind.value if isinstance(kind, Table) else Kind()
