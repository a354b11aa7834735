# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read overrides of raw resources whose values are text: the limits of their types say where AWS takes no text.

`texts` does this for the sections of a document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..._engine.property_limits import EVERY, FLAG, Limit, PropertyPath
from ..._resources import REGISTRY

_OMITTED: Any = object()
# A key that every raw resource accepts.
GENERAL_LIMITS: Mapping[PropertyPath, Limit] = {("protect",): FLAG}


def read_resource_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an override, in which text stands for no number, boolean or list of a raw resource any more."""
    resources = data.get("resources")
    if not isinstance(resources, Mapping):
        return dict(data)
    return {**data, "resources": {address: _read_body(address, body) for address, body in resources.items()}}


def _read_body(address: Any, body: Any) -> Any:
    kind = REGISTRY.get(str(address).partition("/")[0])
    limits = {**(kind.schema.limits if kind is not None else {}), **GENERAL_LIMITS}
    # A list before its items.
    for pattern in sorted(limits, key=len):
        body = _read_at(body, pattern, limits[pattern])
    return body


def _read_at(value: Any, pattern: PropertyPath, limit: Limit) -> Any:
    """A value with the text at a pattern read."""
    if not pattern:
        return _read_text(value, limit) if isinstance(value, str) else value
    step, rest = pattern[0], pattern[1:]
    if isinstance(value, Mapping):
        read = {key: _read_at(item, rest, limit) if step in (EVERY, key) else item for key, item in value.items()}
        return {key: item for key, item in read.items() if item is not _OMITTED}
    if isinstance(value, list) and step == EVERY:
        return [item for item in (_read_at(one, rest, limit) for one in value) if item is not _OMITTED]
    return value


def _read_text(text: str, limit: Limit) -> Any:
    """What a text stands for; the text itself where it is valid, or stands for nothing that is."""
    if not any(limit.find_problems(text)):
        return text
    clean = text.strip()
    if not clean:
        return _OMITTED
    readings: list[Any] = [clean]
    if re.fullmatch(r"-?[0-9]{1,9}", clean):
        readings.append(int(clean))
    if clean.lower() in ("true", "false"):
        readings.append(clean.lower() == "true")
    readings.append([item.strip() for item in re.split(r"[,\n]", clean) if item.strip()])
    return next((one for one in readings if not any(limit.find_problems(one))), text)
