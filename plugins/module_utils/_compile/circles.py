# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find raw resources that need each other in a circle, so that none of them can be created first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._engine.model import DesiredResource
from .._engine.references import find_references
from .._resources import REGISTRY
from .._topology.schema.kinds import Finding

CREATE, CONFIGURE = "create", "configure"  # as in the graph of a plan
Step = tuple[str, str]


def find_circles(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    """Each circle once, at the first raw resource in it."""
    own = list(raw)
    known = {resource.address: resource for resource in (*derived, *own)}
    needs = _list_needs(known)
    reported: set[str] = set()
    for resource in own:
        circle = [address for _phase, address in _find_circle((CREATE, resource.address), needs)]
        if circle and reported.isdisjoint(circle):
            path = " -> ".join(dict.fromkeys(circle))
            text = f"needs itself: {path} -> {resource.address} (remove one of these references)"
            yield ("resources", resource.address), text
            reported.update(circle)


def _list_needs(known: Mapping[str, DesiredResource]) -> dict[Step, list[Step]]:
    """The steps before each step. Deferred properties are set once everything exists."""
    needs: dict[Step, list[Step]] = {}
    for address, resource in known.items():
        kind = REGISTRY[resource.type]
        create, last = (CREATE, address), _last_step(resource)
        needs.setdefault(create, [])
        if last != create:
            needs[last] = [create]
        for name, value in resource.properties.items():
            for ref in find_references(value):
                target = known.get(ref.address)
                if target is None:
                    continue
                is_early = name in kind.deferred or name in kind.after_create
                step = last if name in kind.deferred else create
                needs[step].append((CREATE, ref.address) if is_early else _last_step(target))
    return needs


def _last_step(resource: DesiredResource) -> Step:
    return (CONFIGURE if REGISTRY[resource.type].deferred else CREATE, resource.address)


def _find_circle(start: Step, needs: Mapping[Step, list[Step]]) -> list[Step]:
    """The steps from one back to itself, empty where none leads there."""
    paths, seen = [[start]], {start}
    while paths:
        path = paths.pop(0)
        for step in needs[path[-1]]:
            if step == start:
                return path
            if step not in seen:
                seen.add(step)
                paths.append([*path, step])
    return []
