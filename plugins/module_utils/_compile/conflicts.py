# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that raw resources do not take what AWS gives to one object only: a priority, a port, the CIDR of a subnet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._engine.model import DesiredResource
from .._engine.property_limits import display_value
from .._engine.references import find_references, resolve_references
from .._resources import REGISTRY
from .._topology.schema.kinds import Finding

RULES = "listener_rule"


def find_conflicts(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    """The raw resources that share values with others; ``raw`` are valid, each by itself.

    A type declares these properties as `Lifecycle.exclusive`.
    """
    earlier, own = list(derived), list(raw)
    owners: dict[tuple[str, tuple[Any, ...]], str] = {}
    priorities: dict[Any, set[int]] = {}
    for resource in earlier:
        key = _find_exclusive_values(resource)
        if key is not None:
            owners.setdefault((resource.type, key), resource.address)
            _note_priority(resource, key, priorities)
    found: list[tuple[DesiredResource, tuple[Any, ...], str]] = []
    for resource in own:
        key = _find_exclusive_values(resource)
        if key is None:
            continue
        other = owners.setdefault((resource.type, key), resource.address)
        if other != resource.address:
            found.append((resource, key, other))
        else:
            _note_priority(resource, key, priorities)
    yield from _find_conflicts_of_types(earlier, own)
    for resource, key, other in found:
        yield _describe(resource, other, priorities.get(key[:1], set()))


def _find_conflicts_of_types(derived: Iterable[DesiredResource], raw: Iterable[DesiredResource]) -> Iterator[Finding]:
    """What types say of two of their resources; of two raw ones the later is reported, and of several problems one."""
    earlier: dict[str, list[DesiredResource]] = {}
    for resource in derived:
        earlier.setdefault(resource.type, []).append(resource)
    for resource in raw:
        others = earlier.setdefault(resource.type, [])
        problems = (REGISTRY[resource.type].find_conflict(resource, other) for other in others)
        problem = next((problem for problem in problems if problem is not None), None)
        if problem is not None:
            yield ("resources", resource.address, *problem[0]), problem[1]
        others.append(resource)


def _note_priority(resource: DesiredResource, key: tuple[Any, ...], priorities: dict[Any, set[int]]) -> None:
    if resource.type == RULES:
        priorities.setdefault(key[:1], set()).add(key[1])


def _list_exclusive(resource: DesiredResource) -> tuple[str, ...]:
    """The properties of a resource that no other one can share. Records of several zones can have the same name."""
    kind = REGISTRY.get(resource.type)
    if kind is None or resource.properties.get("shared") is True or resource.properties.get("validates"):
        return ()
    zone = (kind.hosted_zone_property,) if kind.hosted_zone_property else ()
    return (*kind.lifecycle.exclusive, *zone) if kind.lifecycle.exclusive else ()


def _find_exclusive_values(resource: DesiredResource) -> tuple[Any, ...] | None:
    """The values of these properties as AWS compares them, None where the document does not give all of them."""
    names = _list_exclusive(resource)
    if not names:
        return None
    known = resolve_references(resource.properties, lambda ref: f"<{ref.address}.{ref.attribute}>")
    whole = REGISTRY[resource.type].schema.with_defaults(known)
    values = tuple(whole.get(name) for name in names)
    return None if None in values else values


def _names_an_object(kind: str, name: str) -> bool:
    """Whether a property is the id or the ARN of another object."""
    accepted = REGISTRY[kind].schema.references.get((name,), ())
    return any(one.endswith((".id", ".arn")) for one in accepted)


def _describe(resource: DesiredResource, other: str, priorities: set[int]) -> Finding:
    names = _list_exclusive(resource)
    parents = [name for name in names if _names_an_object(resource.type, name)]
    plain = [name for name in names if not any(find_references(resource.properties.get(name)))]
    # The value to choose again is not the object in which it is taken, such as the listener of a rule.
    name = next((name for name in plain if name not in parents), plain[0] if plain else names[0])
    value = resource.properties[name]
    text = f"{display_value(value) if plain else 'this'} is the {name} of {other} as well, and only one can have it"
    fix = "choose another one, or remove one of them"
    if resource.type == RULES and isinstance(value, int):
        free = next(number for number in range(value, value + len(priorities) + 1) if number not in priorities)
        fix = f"choose another one, like {free}"
    return ("resources", resource.address, name), f"{text} ({fix})"
