# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the oldest supported botocore knows of the operations that the collection calls (scripts/oldest_botocore.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from botocore import xform_name

KNOWN: dict[str, str] = json.loads((Path(__file__).parent / "oldest_botocore.json").read_text(encoding="utf-8"))


def unknown_parameters(service: str, operation: str, arguments: Mapping[str, Any]) -> list[str]:
    """The parameters of a request, as dotted paths, that the oldest supported botocore rejects."""
    key = f"{service}:{operation}"
    assert key in KNOWN, f"{key} is not in oldest_botocore.json: run scripts/oldest_botocore.py"
    known = set(KNOWN[key].split())
    return sorted({path for path in _paths(arguments) if path not in known and _in_mapping(path) not in known})


def check_request(params: Mapping[str, Any], model: Any, **_event: Any) -> None:
    """A handler of `provide-client-params`: fails where the oldest supported botocore would."""
    service, operation = model.service_model.service_name, xform_name(model.name)
    if f"{service}:{operation}" not in KNOWN:
        return  # a call of the test itself
    unknown = unknown_parameters(service, operation, params)
    assert not unknown, f"{service}:{operation}: unknown to botocore {KNOWN['botocore']}: {', '.join(unknown)}"


def _in_mapping(path: str) -> str:
    """The path with the key of a mapping, which is free, as the file has it."""
    return f"{path.rpartition('.')[0]}.*"


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _paths(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _paths(inner, path)
    if path:
        yield path
