# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that raw resources fit the region of the stack and the resources that they refer to, as their types declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._engine.model import DesiredResource
from .._engine.property_limits import PropertyProblem, list_references
from .._resources import REGISTRY
from .._topology.schema.kinds import Finding


def find_misfits(
    derived: Iterable[DesiredResource], raw: Iterable[DesiredResource], region: str | None
) -> Iterator[Finding]:
    """The problems of ``raw`` resources, each of which is valid by itself."""
    own = list(raw)
    known = {resource.address: resource for resource in (*derived, *own)}
    for resource in own:
        schema = REGISTRY[resource.type].schema
        problems: list[PropertyProblem] = []
        for check in schema.region_checks if region is not None else ():
            problems += check(resource.properties, region or "")
        for pattern, check_target in schema.target_checks.items():
            for path, ref in list_references(pattern, resource.properties):
                if ref.address in known:
                    problems += check_target(resource.properties, path, known[ref.address])
        for path, text in dict.fromkeys(problems):
            yield ("resources", resource.address, *path), text
