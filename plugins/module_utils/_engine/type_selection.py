# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to look for: the types that a run lists, and the names that objects may have.

A run lists the types of the document, and the few that the tag index does not cover. Other types are listed where the
tag index reports objects of theirs. A run that deletes the whole stack lists all types, since the index may be late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .._aws.tags import HOSTED_ZONE
from .model import DesiredStack
from .resource_type import ActualResource, Registry, ResourceType
from .scope import Scope
from .tag_index import TagIndex


def stack_scope(stack: DesiredStack, registry: Registry) -> Scope:
    """The scope of a stack, with the names and hosted zones that its document gives."""
    names: dict[str, set[str]] = {}
    for resource in (*stack.resources, *stack.known):
        kind = registry.get(resource.type)
        if kind:
            name = resource.properties.get(kind.name_property or kind.hosted_zone_property)
            if isinstance(name, str):
                names.setdefault(kind.name, set()).add(name)
    document_names = {type_name: frozenset(found) for type_name, found in names.items()}
    return Scope(stack.name, stack.region, document_names, absent=not stack.resources)


def select_expected_types(stack: DesiredStack, registry: Registry) -> list[ResourceType]:
    """The types to list whatever the tag index reports."""
    in_document = {resource.type for resource in stack.resources if resource.type in registry}
    if not in_document:
        return list(registry.values())
    not_in_index = {name for name, kind in registry.items() if not kind.in_tag_index}
    return add_required_types(in_document | not_in_index, registry)


def add_required_types(names: Iterable[str], registry: Registry) -> list[ResourceType]:
    """The named types, the types needed to read them, and the associations between them (which have no tags)."""
    selected: set[str] = set()
    pending = set(names)
    while pending:
        selected |= pending
        required = {other for name in pending for other in registry[name].depends_on_types & registry.keys()}
        pending = required - selected
    for name, kind in registry.items():
        if kind.association_of and kind.association_of.keys() <= selected:
            selected.add(name)
    return [kind for name, kind in registry.items() if name in selected]


def add_found_names(
    scope: Scope, kinds: Sequence[ResourceType], index: TagIndex, alive: Iterable[ActualResource]
) -> Scope:
    """The scope with the names that the tag index reports and the hosted zones that tags of the stack name."""
    names = dict(scope.document_names)
    for kind in kinds:
        if kind.name_property:
            found = {kind.name_in_arn(arn) for arn in index.arns_of(kind.service)}
            names[kind.name] = names.get(kind.name, frozenset()) | {name for name in found if name}
    zones: set[str] = set()
    if any(kind.hosted_zone_property for kind in kinds):
        for actual in alive:
            zones |= {key.removeprefix(HOSTED_ZONE) for key in actual.tags if key.startswith(HOSTED_ZONE)}
    return replace(scope, document_names=names, hosted_zones=frozenset(zones))
