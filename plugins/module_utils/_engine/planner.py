# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The planner: compares desired with actual resources. Pure: it uses no client."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import HOSTED_ZONE, OURS, PROTECT, RESOURCE, STACK, is_protected
from .graph import topological_order
from .model import DesiredResource, DesiredStack, Ref
from .property_limits import PropertyProblem, format_property_path, list_references
from .references import find_references, find_strings, resolve_references
from .resource_type import TAGS_UNKNOWN, ActualResource, Registry, ResourceType
from .scope import Scope, replacement_suffix
from .spread import choose_options

# The type in `Schema.references` that stands for every type.
ANY_TYPE = "*"


@dataclass(frozen=True)
class Change:
    """The change of one resource.

    ``changed`` names the properties that differ; ``tags`` are the tags to set, ``untag`` the keys to remove. ``key`` is
    the address; for a duplicate, which shares its address with another object, the id is appended.
    """

    key: str
    action: str
    reason: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    actual: ActualResource | None = None
    desired: DesiredResource | None = None
    changed: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    untag: tuple[str, ...] = ()
    # Another address by which `allow_destroy` may name this change.
    allowed_by: str = ""
    # Why the change must not be made now.
    obstacles: tuple[str, ...] = ()
    # Role of this change in moving traffic: `join`, `resize`, `replace` or `retire` (selection.py).
    part: str = ""

    @property
    def type(self) -> str:
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        return self.key.partition("/")[2]

    @property
    def destroys(self) -> bool:
        return self.action in ("delete", "replace")

    @property
    def is_protected(self) -> bool:
        by_tag = self.actual is not None and is_protected(self.actual.tags)
        by_document = self.desired is not None and self.desired.protected
        return by_tag or by_document


@dataclass(frozen=True)
class Plan:
    """All changes, sorted by key.

    ``kept`` are the existing objects of the document's resources. ``unselected`` are changes that are left to another
    run. ``held`` are the addresses whose replacement is: all else is planned as if their objects stay.
    """

    changes: tuple[Change, ...]
    kept: Mapping[str, ActualResource]
    problems: tuple[str, ...] = ()
    unselected: tuple[Change, ...] = ()
    held: frozenset[str] = frozenset()

    def find_protected(self, allow_destroy: Sequence[str]) -> list[Change]:
        """The changes that would destroy protected data and that ``allow_destroy`` does not name."""
        allowed = set(allow_destroy)
        return [
            change
            for change in self.changes
            if change.destroys and change.is_protected and not {change.key, change.allowed_by} & allowed
        ]

    def find_obstacles(self) -> list[str]:
        """Why changes of the plan must not be made now."""
        return [f"{change.key}: {obstacle}" for change in self.changes for obstacle in change.obstacles]


def make_plan(
    stack: DesiredStack,
    existing: Sequence[ActualResource],
    registry: Registry,
    prune: bool = True,
    adopted: Mapping[str, ActualResource] | None = None,
    spares: Sequence[ActualResource] = (),
    held: frozenset[str] = frozenset(),
) -> Plan:
    """The changes that turn what exists into the desired stack.

    ``spares`` are objects that the stack does not own and that are kept for a resource (`DiscoveredResources`).
    ``held`` are addresses that keep their objects in this run although these must be replaced.
    """
    found = [*existing, *(adopted or {}).values()]
    stack = replace(stack, resources=choose_options(stack.resources, found))
    return _Planner(stack, existing, registry, adopted or {}, prune, spares, held).plan()


def desired_tags(stack: DesiredStack, resource: DesiredResource, kind: ResourceType) -> dict[str, str]:
    """All tags of a resource; associations have none."""
    if kind.association_of:
        return {}
    name = kind.physical_name(Scope(stack.name, stack.region), resource.name)
    ownership = {STACK: stack.name, RESOURCE: resource.address}
    protection = {PROTECT: "true"} if resource.protected else {}
    return {"Name": name, **stack.tags, **resource.tags, **ownership, **protection}


class _Planner:
    def __init__(
        self,
        stack: DesiredStack,
        existing: Sequence[ActualResource],
        registry: Registry,
        adopted: Mapping[str, ActualResource],
        prune: bool,
        spares: Sequence[ActualResource],
        held: frozenset[str],
    ) -> None:
        self.stack = stack
        self.spares = spares
        self.held = held
        self.prune = prune
        self.scope = Scope(stack.name, stack.region)
        self.registry = registry
        self.resources = {resource.address: resource for resource in stack.resources}
        self.adopted = adopted
        # All objects of each address, the preferred one first.
        self.candidates = _rank_by_address([*existing, *adopted.values()])
        self.kept = {address: candidates[0] for address, candidates in self.candidates.items()}
        # Addresses that need a new object.
        self.new: set[str] = set()
        self.problems: list[str] = []

    def plan(self) -> Plan:
        _check_document(self.resources, self.registry)
        dependencies = {address: self._dependencies(resource) for address, resource in self.resources.items()}
        for address in topological_order(dependencies):
            self._choose_object(address)
        changes: list[Change] = []
        for resource in self.resources.values():
            change = self._plan_resource(resource)
            if change:
                changes.append(change)
        if self.prune:
            changes += self._plan_deletions()
        if not self.resources:
            # The stack is to be absent: what is kept for a resource that is gone must not be left behind either.
            for spare in self.spares:
                if spare.address not in self.kept:
                    self.problems.append(f"{spare.address}: {self._describe_leftover(spare)}")
        kept = {address: actual for address, actual in self.kept.items() if address in self.resources}
        in_order = tuple(sorted(changes, key=lambda change: change.key))
        return Plan(in_order, kept, tuple(self.problems), held=self.held & kept.keys())

    def _choose_object(self, address: str) -> None:
        """Decide which object an address keeps, and whether it needs a new one.

        A replacement that was interrupted leaves two objects. One that can stay is preferred.
        """
        for actual in self.candidates.get(address, ()):
            if not self._find_replacing(self.resources[address], actual):
                self.kept[address] = actual
                return
        if not (address in self.held and address in self.kept):
            self.new.add(address)

    def _kind(self, resource: DesiredResource | ActualResource) -> ResourceType:
        return self.registry[resource.type]

    def _dependencies(self, resource: DesiredResource) -> set[str]:
        """The addresses that a resource refers to, except by deferred properties."""
        deferred = self._kind(resource).deferred
        found: set[str] = set()
        for name, value in resource.properties.items():
            if name not in deferred:
                found |= {ref.address for ref in find_references(value)}
        return found

    def _is_kept(self, address: str) -> bool:
        return address in self.kept and address not in self.new

    def resolve(self, ref: Ref) -> Any:
        """The value of a reference, or a placeholder where it is known only when the change is applied."""
        kind = self.registry[ref.address.partition("/")[0]]
        placeholder = f"<{ref.address}.{ref.attribute}>"
        if self._is_kept(ref.address):
            value = self.kept[ref.address].attributes.get(ref.attribute)
            return placeholder if value is None else value
        if ref.attribute in kind.schema.name_attributes:
            return kind.physical_name(self.scope, ref.address.partition("/")[2])
        return placeholder

    def _desired_properties(self, resource: DesiredResource) -> dict[str, Any]:
        resolved = resolve_references(resource.properties, self.resolve)
        return self._kind(resource).schema.with_defaults(resolved)

    def _find_differences(
        self, resource: DesiredResource, desired: Mapping[str, Any], actual: ActualResource
    ) -> frozenset[str]:
        """The properties that differ, except those that refer to an attribute that AWS did not return."""
        differences = self._kind(resource).find_differences(desired, actual.properties)
        return differences - self._find_incomparable(resource)

    def _find_incomparable(self, resource: DesiredResource) -> frozenset[str]:
        """The properties that refer to an attribute which AWS did not return of an object that stays."""
        found: set[str] = set()
        for name, value in resource.properties.items():
            for ref in find_references(value):
                if self._is_kept(ref.address) and self.kept[ref.address].attributes.get(ref.attribute) is None:
                    found.add(name)
        return frozenset(found)

    def _find_replacing(self, resource: DesiredResource, actual: ActualResource) -> frozenset[str]:
        """The properties by which an object must be replaced."""
        kind = self._kind(resource)
        changed = self._find_differences(resource, self._desired_properties(resource), actual) - kind.deferred
        return kind.find_replacing(changed, actual.properties)

    def _plan_resource(self, resource: DesiredResource) -> Change | None:
        kind, desired = self._kind(resource), self._desired_properties(resource)
        tags = desired_tags(self.stack, resource, kind)
        actual = self.kept.get(resource.address)
        if actual is None:
            names = frozenset(desired)
            after = _display(kind, desired, names)
            return Change(resource.address, "create", "missing", None, after, None, resource, names, tags)
        for candidate in self.candidates[resource.address]:
            unusable = kind.find_unusable(candidate)
            if unusable:
                self.problems.append(f"{resource.address}: {unusable}")
        changed = self._find_differences(resource, desired, actual)
        if resource.address in self.new:
            return self._plan_replacement(resource, actual, desired, changed, tags)
        if resource.address in self.held:
            return self._plan_update_until_replaced(resource, actual, desired, changed, tags)
        problem = kind.reject(desired, actual.properties)
        if problem:
            self.problems.append(f"{resource.address}: {problem}")
        return self._plan_update(resource, actual, desired, changed, tags)

    def _plan_replacement(
        self,
        resource: DesiredResource,
        actual: ActualResource,
        desired: Mapping[str, Any],
        changed: frozenset[str],
        tags: dict[str, str],
    ) -> Change:
        kind = self._kind(resource)
        fixed = sorted(kind.find_replacing(changed, actual.properties))
        reason = f"{', '.join(fixed)} cannot change in place"
        if kind.lost_by_replacement:
            reason += f"; {kind.lost_by_replacement}"
        if resource.address in self.adopted:
            self.problems.append(
                f"{resource.address}: {actual.id} cannot be adopted, it would be replaced at once: {reason}; "
                f"change the document to what exists: {_display(kind, actual.properties, frozenset(fixed))}"
            )
        before = _display(kind, actual.properties, changed)
        after = _display(kind, desired, changed)
        return Change(resource.address, "replace", reason, before, after, actual, resource, changed, tags)

    def _plan_update_until_replaced(
        self,
        resource: DesiredResource,
        actual: ActualResource,
        desired: Mapping[str, Any],
        changed: frozenset[str],
        tags: dict[str, str],
    ) -> Change | None:
        """The update of an object that is replaced in another run: what changes in place and does not stop it."""
        kind = self._kind(resource)
        if kind.reject(desired, actual.properties):
            return None
        size = kind.resize_property
        if size in changed:
            current = actual.properties[size]
            resource = replace(resource, properties={**resource.properties, size: current})
            desired = {**desired, size: current}
        in_place = changed - kind.find_replacing(changed, actual.properties) - {size}
        return self._plan_update(resource, actual, desired, in_place, tags)

    def _plan_update(
        self,
        resource: DesiredResource,
        actual: ActualResource,
        desired: Mapping[str, Any],
        changed: frozenset[str],
        tags: dict[str, str],
    ) -> Change | None:
        kind = self._kind(resource)
        set_tags: dict[str, str] = {}
        if kind.discovery.tagging and not actual.raw.get(TAGS_UNKNOWN):
            set_tags = {key: value for key, value in tags.items() if actual.tags.get(key) != value}
        untag = self._find_stale_tags(kind, actual, tags)
        ready = kind.lifecycle.ready
        pending = ready.condition.state_of(actual.raw) if ready and ready.condition.is_pending(actual.raw) else None
        if not changed and not set_tags and not untag and pending is None:
            return None
        before = _display(kind, actual.properties, changed)
        after = _display(kind, desired, changed)
        if ready and pending is not None:
            before["status"], after["status"] = str(pending), ready.condition.name
        if set_tags or untag:
            before["tags"] = {key: actual.tags[key] for key in sorted({*set_tags, *untag} & actual.tags.keys())}
            after["tags"] = dict(sorted(set_tags.items()))
        names = sorted({*changed, *before, *after})
        reason = f"adopted ({actual.id})" if resource.address in self.adopted else f"differs: {', '.join(names)}"
        return Change(
            resource.address, "update", reason, before, after, actual, resource, changed, set_tags, tuple(untag)
        )

    def _find_stale_tags(self, kind: ResourceType, actual: ActualResource, tags: Mapping[str, str]) -> list[str]:
        """The engine's own tags that an object should not have any more."""
        stale: list[str] = []
        for key in sorted(actual.tags):
            if not key.startswith(OURS) or key in tags or key in kind.schema.own_tags:
                continue
            # Records that are not pruned must be found again by these tags.
            if self.prune or not key.startswith(HOSTED_ZONE):
                stale.append(key)
        return stale

    def _plan_deletions(self) -> list[Change]:
        reason = "not in the document" if self.resources else "the stack is to be absent"
        changes: list[Change] = []
        for address, actual in self.kept.items():
            if address not in self.resources:
                obstacles = [self._describe_leftover(spare) for spare in self.spares if spare.address == address]
                changes.append(replace(self._delete(actual, address, reason), obstacles=tuple(obstacles)))
        for address, candidates in self.candidates.items():
            kept = self.kept[address]
            changes += [self._delete_duplicate(kept, actual) for actual in candidates if actual.id != kept.id]
        return changes

    def _describe_leftover(self, spare: ActualResource) -> str:
        return f"{spare.id} {self._kind(spare).describe_leftover(spare.id)}"

    def _delete_duplicate(self, kept: ActualResource, duplicate: ActualResource) -> Change:
        """The deletion of a duplicate.

        If it is the old object of an interrupted replacement, the permission for the replacement allows its deletion.
        """
        change = self._delete(duplicate, f"{duplicate.address}@{duplicate.id}", f"duplicate of {kept.id}")
        successor = self._kind(kept).physical_name(self.scope, kept.name, replacement_suffix(duplicate.id))
        if kept.attributes.get("name") == successor:
            return replace(change, allowed_by=kept.address)
        return change

    def _delete(self, actual: ActualResource, key: str, reason: str) -> Change:
        before = _display(self._kind(actual), actual.properties, frozenset(actual.properties))
        return Change(key, "delete", reason, before, None, actual)


def _rank_by_address(existing: Sequence[ActualResource]) -> dict[str, list[ActualResource]]:
    """The objects of each address: first the one that most others use, then the oldest."""
    uses: dict[str, int] = {}
    for actual in existing:
        for text in set(find_strings(actual.properties)):
            uses[text] = uses.get(text, 0) + 1

    def rank(actual: ActualResource) -> tuple[Any, ...]:
        return (actual.address, -uses.get(actual.id, 0), _created_at(actual), actual.id)

    found: dict[str, list[ActualResource]] = {}
    for actual in sorted(existing, key=rank):
        found.setdefault(actual.address, []).append(actual)
    return found


def _created_at(actual: ActualResource) -> str:
    return str(actual.raw.get("LaunchTime") or actual.raw.get("CreateTime") or actual.raw.get("CreateDate") or "")


def _check_document(resources: Mapping[str, DesiredResource], registry: Registry) -> None:
    """Types, properties and references must exist. StackError names all that do not."""
    problems: list[str] = []
    for resource in resources.values():
        if resource.type not in registry:
            problems.append(f"{resource.address}: there is no resource type {resource.type}")
    for resource in resources.values():
        for ref in find_references(resource.properties):
            kind = registry.get(ref.address.partition("/")[0])
            if ref.address not in resources:
                problems.append(f"{resource.address}: there is no {ref.address} in the stack")
            elif kind and ref.attribute not in kind.schema.attributes:
                offers = ", ".join(sorted(kind.schema.attributes))
                problems.append(f"{resource.address}: {ref.address} has no attribute {ref.attribute}; it has {offers}")
    for resource in resources.values():
        for path, text in find_property_problems(resource, registry):
            where = f"{resource.address}: {format_property_path(path)}" if path else resource.address
            problems.append(f"{where}: {text}")
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))


def find_property_problems(resource: DesiredResource, registry: Registry) -> list[PropertyProblem]:
    """The problems of the properties of a resource. Its references need not exist."""
    kind = registry.get(resource.type)
    if kind is None:
        return []
    problems = [*kind.find_problems(resource.properties), *_find_reference_problems(resource, kind, registry)]
    association = None if problems else _validate_association(resource, kind)
    return problems if association is None else [((), association)]


def _find_reference_problems(
    resource: DesiredResource, kind: ResourceType, registry: Registry
) -> Iterator[PropertyProblem]:
    """References to a resource of another type, or to another attribute, than a property takes."""
    for pattern, accepted in kind.schema.references.items():
        for path, ref in list_references(pattern, resource.properties):
            target = registry.get(str(ref.address).partition("/")[0])
            if target is None or str(ref.attribute) not in target.schema.attributes:
                continue  # reported as a reference to nothing
            wanted = [name.partition(".")[2] for name in accepted if name.partition(".")[0] in (target.name, ANY_TYPE)]
            attributes = target.schema.attributes
            if wanted == ["arn"] and "arn" not in attributes:
                yield path, f"{ref.address} has no ARN, and this takes one (write it, or refer to another resource)"
            elif not wanted:
                types = " or ".join(dict.fromkeys(name.partition(".")[0] for name in accepted))
                text = f"{ref.address} is of another type than {types}"
                yield path, f"{text} (refer to one of this type, or write its id)"
            elif attributes[ref.attribute] not in [attributes[name] for name in wanted]:
                text = f"this takes the {wanted[0]} of {ref.address}, not its {ref.attribute}"
                yield path, f"{text} (write attribute: {wanted[0]})"


def _validate_association(resource: DesiredResource, kind: ResourceType) -> str | None:
    """An association is found again by the names of the objects that it connects."""
    if not kind.association_of:
        return None
    values = {name: resource.properties.get(name) for name in kind.association_of}
    names = [value.address.partition("/")[2] for value in values.values() if isinstance(value, Ref)]
    if len(names) < len(values):
        return f"{' and '.join(values)} must be references to resources of the stack"
    name = kind.association_name(names)
    if resource.name == name:
        return None
    return f"is named by the resources that it connects: call it {kind.name}/{name}"


def _display(kind: ResourceType, properties: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Properties for people to read: without empty ones, the hidden ones as digests."""
    shown: dict[str, Any] = {}
    for name in sorted(names):
        value = properties.get(name)
        if value not in (None, [], {}, ""):
            shown[name] = _digest(value) if name in kind.hidden else value
    return shown


def _digest(value: Any) -> str:
    """The digest of a value; a value that was read back as a digest stays as it is."""
    text = str(value)
    is_digest = len(text) == 16 and all(letter in "0123456789abcdef" for letter in text)
    return f"(digest) {text if is_digest else hashlib.sha256(text.encode()).hexdigest()[:16]}"
