# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The graph: the changes of a plan as steps, and the steps that each of them waits for. Pure: it uses no client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._aws.errors import StackError
from .._aws.tags import HOSTED_ZONE
from .references import find_references, find_strings
from .resource_type import ActualResource, ResourceType

if TYPE_CHECKING:
    from .planner import Change

# Phase and key of a change. Phases: create, configure (deferred properties), update, detach, delete.
Step = tuple[str, str]


def topological_order(dependencies: Mapping[str, set[str]]) -> list[str]:
    """The keys, each after those that it depends on; the same order for the same input. StackError for a circle."""
    order: list[str] = []
    is_done: dict[str, bool] = {}

    def visit(key: str, path: tuple[str, ...]) -> None:
        if is_done.get(key) is False:
            circle = [*path[path.index(key) :], key]
            raise StackError(f"resources need each other in a circle: {' -> '.join(circle)}")
        if key not in is_done:
            is_done[key] = False
            for dependency in sorted(dependencies[key] & dependencies.keys()):
                visit(dependency, (*path, key))
            is_done[key] = True
            order.append(key)

    for key in sorted(dependencies):
        visit(key, ())
    return order


class Graph:
    """The steps of a plan; ``needs`` are, by step, the steps that must be done before it.

    Required orders come first: a circle of them is an error. Preferred orders are added where they close no circle.
    """

    def __init__(
        self, changes: Sequence[Change], existing: Sequence[ActualResource], registry: Mapping[str, ResourceType]
    ) -> None:
        self.changes = {change.key: change for change in changes}
        self.registry = registry
        self.needs: dict[Step, set[Step]] = {step: set() for change in changes for step in self._steps(change)}
        self._preferences: list[tuple[Step, Step]] = []
        for change in changes:
            self._order_own_steps(change)
            self._order_references(change)
        self._order_deletions(existing)
        self._order_exclusive()
        self._order_before_dependents()
        self._order_after_create()
        self._order_siblings()
        self._order_hosted_zone_tags()
        topological_order({"/".join(step): {"/".join(need) for need in needs} for step, needs in self.needs.items()})
        for step, need in sorted(set(self._preferences)):
            if not self._waits_for(need, step):
                self.needs[step].add(need)

    def _kind(self, change: Change) -> ResourceType:
        return self.registry[change.type]

    def _steps(self, change: Change) -> Iterator[Step]:
        kind = self._kind(change)
        if change.action == "update":
            yield "update", change.key
        if change.action in ("create", "replace"):
            yield "create", change.key
            if kind.deferred:
                yield "configure", change.key
        if change.destroys:
            yield "delete", change.key
            if kind.deferred:
                yield "detach", change.key

    def _require(self, step: Step, need: Step) -> None:
        if step in self.needs and need in self.needs and step != need:
            self.needs[step].add(need)

    def _prefer(self, step: Step, need: Step) -> None:
        if step in self.needs and need in self.needs:
            self._preferences.append((step, need))

    def _first_step(self, key: str) -> Step:
        return ("update" if ("update", key) in self.needs else "create"), key

    def _last_step(self, key: str) -> Step:
        for phase in ("configure", "update", "create"):
            if (phase, key) in self.needs:
                return phase, key
        return "create", key

    def _order_own_steps(self, change: Change) -> None:
        key = change.key
        self._require(("configure", key), ("create", key))
        self._require(("delete", key), ("detach", key))
        if change.action != "replace":
            return
        if self._kind(change).lifecycle.create_before_destroy:
            # Not possible where its parent (the VPC of a security group) is replaced too, and deleted first.
            self._prefer(("detach", key), self._last_step(key))
            self._prefer(("delete", key), self._last_step(key))
        else:
            self._require(("create", key), ("delete", key))

    def _order_references(self, change: Change) -> None:
        """A resource is created or updated after those that it refers to."""
        if change.desired is None:
            return
        kind = self._kind(change)
        for name, value in change.desired.properties.items():
            for ref in find_references(value):
                if name in kind.deferred:
                    self._require(self._last_step(change.key), ("create", ref.address))
                elif name in kind.after_create:
                    self._require(self._first_step(change.key), ("create", ref.address))
                else:
                    self._require(self._first_step(change.key), self._last_step(ref.address))

    def _order_deletions(self, existing: Sequence[ActualResource]) -> None:
        """An object is deleted after those that refer to it were deleted or refer to it no more."""
        referenced = self._find_referenced()
        for actual in existing:
            user = self._find_change(actual)
            if user is None:
                continue
            for name, value in actual.properties.items():
                for text in find_strings(value):
                    for target in referenced.get(text, ()):
                        if target != user.key:
                            self._delete_after_user(target, user, name)

    def _find_change(self, actual: ActualResource) -> Change | None:
        for key in (f"{actual.address}@{actual.id}", actual.address):
            change = self.changes.get(key)
            if change is not None and change.actual is not None and change.actual.id == actual.id:
                return change
        return None

    def _find_referenced(self) -> dict[str, list[str]]:
        """The changes that delete objects, by the values with which other objects refer to these."""
        found: dict[str, list[str]] = {}
        for change in self.changes.values():
            if change.destroys and change.actual:
                for attribute in self._kind(change).schema.reference_attributes:
                    value = change.actual.attributes.get(attribute)
                    if isinstance(value, str):
                        found.setdefault(value, []).append(change.key)
        return found

    def _delete_after_user(self, target: str, user: Change, name: str) -> None:
        """``name`` is the property by which the user refers to the target."""
        replaced = self.changes[target]
        if user.destroys:
            phase = "detach" if name in self._kind(user).deferred else "delete"
            self._require(("delete", target), (phase, user.key))
        elif replaced.action == "delete" or self._kind(replaced).lifecycle.create_before_destroy:
            self._prefer(("delete", target), ("update", user.key))
            self._prefer(("detach", target), ("update", user.key))

    def _order_exclusive(self) -> None:
        """A new object whose exclusive properties an old one has (the CIDR of a subnet) waits for its deletion.

        It also waits for all objects of the type that change these properties: one may pass through its values.
        """
        deleted: dict[tuple[Any, ...], str] = {}
        moving: dict[str, list[str]] = {}
        for change in self.changes.values():
            if change.action == "delete" and change.before:
                deleted[self._exclusive_values(change, change.before)] = change.key
            elif change.action == "update" and change.changed & {*self._kind(change).lifecycle.exclusive}:
                moving.setdefault(change.type, []).append(change.key)
        for change in self.changes.values():
            if change.action in ("create", "replace") and self._kind(change).lifecycle.exclusive:
                old = deleted.get(self._exclusive_values(change, change.after or {}))
                if old:
                    self._require(("create", change.key), ("delete", old))
                for key in moving.get(change.type, ()):
                    self._require(("create", change.key), ("update", key))

    def _exclusive_values(self, change: Change, properties: Mapping[str, Any]) -> tuple[Any, ...]:
        names = self._kind(change).lifecycle.exclusive
        return (change.type, *(str(properties.get(name)) for name in names))

    def _order_before_dependents(self) -> None:
        """Objects are used after those that serve them exist (the routes of a subnet), which are deleted last."""
        for change in self.changes.values():
            for name in self._kind(change).lifecycle.before_dependents:
                self._use_after(change, name)
                self._delete_after_use(change, name)

    def _use_after(self, server: Change, name: str) -> None:
        if server.desired is None:
            return
        served = {ref.address for ref in find_references(server.desired.properties.get(name))}
        for user in self.changes.values():
            if user.desired and user.type != server.type and user.action != "delete":
                used = {ref.address for ref in find_references(user.desired.properties)}
                if used & served:
                    self._prefer(self._first_step(user.key), self._last_step(server.key))

    def _delete_after_use(self, server: Change, name: str) -> None:
        if not server.destroys or server.actual is None:
            return
        served = set(find_strings(server.actual.properties.get(name)))
        for user in self.changes.values():
            if user.actual and user.type != server.type and served & set(find_strings(user.actual.properties)):
                self._prefer(("delete", server.key), ("delete" if user.destroys else "update", user.key))

    def _order_after_create(self) -> None:
        """An object (a listener) changes after the new objects inside it exist, and before old ones are deleted."""
        keys_by_id = {change.actual.id: change.key for change in self.changes.values() if change.actual}
        for change in self.changes.values():
            for name in self._kind(change).after_create:
                if change.desired:
                    for ref in find_references(change.desired.properties.get(name)):
                        self._prefer(("update", ref.address), self._last_step(change.key))
                if change.actual:
                    for text in find_strings(change.actual.properties.get(name)):
                        if text in keys_by_id:
                            self._prefer(("delete", change.key), ("update", keys_by_id[text]))

    def _order_siblings(self) -> None:
        """Of the objects inside one parent, those that stay change before others are deleted: they may replace them."""
        inside: dict[tuple[str, Any], list[str]] = {}
        for change in self.changes.values():
            parent = self._kind(change).discovery.parent_type
            if parent and change.actual:
                inside.setdefault((change.type, change.actual.properties.get(parent)), []).append(change.key)
        for keys in inside.values():
            updated = [key for key in keys if ("update", key) in self.needs]
            for key in keys:
                for sibling in updated:
                    self._prefer(("delete", key), ("update", sibling))

    def _order_hosted_zone_tags(self) -> None:
        """The tag that names a hosted zone is removed after the objects in that zone: it is how they are found."""
        deleted = [
            change.key
            for change in self.changes.values()
            if change.destroys and self._kind(change).hosted_zone_property
        ]
        for change in self.changes.values():
            if any(tag.startswith(HOSTED_ZONE) for tag in change.untag):
                for key in deleted:
                    self._prefer(("update", change.key), ("delete", key))

    def _waits_for(self, start: Step, end: Step) -> bool:
        """Whether ``start`` waits for ``end``, directly or not."""
        seen, pending = {start}, [start]
        while pending:
            step = pending.pop()
            if step == end:
                return True
            pending += self.needs[step] - seen
            seen |= self.needs[step]
        return False
