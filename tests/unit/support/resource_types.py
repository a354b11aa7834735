# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resource types for tests of the engine."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    Discovery,
    Lifecycle,
    ResourceType,
    Schema,
)


def build_type(**given: Any) -> ResourceType:
    """A resource type. Each argument goes to the declaration that has a field of its name; others override members of
    the class, so that a function for one of these takes the type as its first argument."""
    declarations: dict[Any, dict[str, Any]] = {Schema: {}, Discovery: {}, Lifecycle: {}}
    members: dict[str, Any] = {}
    for name, value in given.items():
        owner = next((one for one in declarations if name in {field.name for field in fields(one)}), None)
        if owner:
            declarations[owner][name] = value
        else:
            assert hasattr(ResourceType, name), name
            members[name] = value
    base: Any = type("BuiltType", (ResourceType,), members)
    built: ResourceType = base(*(declaration(**values) for declaration, values in declarations.items()))
    return built
