# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compile raw resources, which no section of the document covers. They are planned like all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.model import DesiredResource, Ref
from .._resources import REGISTRY

# Keys that every raw resource accepts; no type has a property of these names.
GENERAL_KEYS = ("tags", "protect")


def compile_raw(address: str, body: Mapping[str, Any]) -> DesiredResource:
    kind, name = address.split("/", 1)
    holds_data = kind in REGISTRY and REGISTRY[kind].holds_data
    return DesiredResource(
        type=kind,
        name=name,
        properties={key: _convert_references(value) for key, value in body.items() if key not in GENERAL_KEYS},
        tags={key: str(value) for key, value in (body.get("tags") or {}).items()},
        protected=body.get("protect", holds_data) is True,
    )


def _convert_references(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "ref" in value:
            # One that is no text is an error (`checks.check_raw_resources`), and must not stop the other checks.
            target, attribute = value["ref"], value.get("attribute", "id")
            return Ref(*(part if isinstance(part, str) else "" for part in (target, attribute)))
        return {key: _convert_references(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_convert_references(item) for item in value]
    return value
