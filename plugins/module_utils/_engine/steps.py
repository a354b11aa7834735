# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a plan: create, configure, update, detach, delete.

Every step can run again after it was interrupted at any point, and after an answer that was lost.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any, TypeVar

from .._aws.answer import missing_member, select_members
from .._aws.backoff import Backoff
from .._aws.client import Clients
from .._aws.errors import (
    LostResponseError,
    StackError,
    describe_error,
    error_code,
    error_context,
    is_not_found,
    join_sentences,
)
from .._aws.sdk import ClientError
from .condition import Condition, Steps, Wait, Waiter
from .discovery import DiscoveredResources
from .graph import Step
from .items import Raw
from .model import DesiredStack, Ref
from .object_lookup import find_by_name, find_resource
from .planner import Change, Plan, desired_tags
from .references import find_references, resolve_references
from .resource_type import (
    TAGS_UNKNOWN,
    ActualResource,
    Properties,
    Registry,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
)
from .scheduler import Await, Pause, Work
from .scope import replacement_suffix
from .type_selection import stack_scope
from .waiter import ResourceGoneError

T = TypeVar("T")
# A part of a step that may wait, and has a result.
Part = Generator["Pause | Await", Any, T]

MAX_ATTEMPTS = 4
# AWS may show a new object late.
VISIBILITY = Backoff(attempts=6, first=0.5, factor=2.0)
MAX_TOKENS = 40
TOKEN_REUSED_CODES = ("IdempotentInstanceTerminated", "IdempotentParameterMismatch")


class Worker:
    """Runs the steps of one plan; ``made`` are the stack's objects as far as they are known now, by address."""

    def __init__(
        self,
        clients: Clients,
        stack: DesiredStack,
        plan: Plan,
        discovered: DiscoveredResources,
        registry: Registry,
    ) -> None:
        self._clients = clients
        self._stack = stack
        self._scope = stack_scope(stack, registry)
        self._registry = registry
        self._changes = {change.key: change for change in plan.changes}
        # The desired values of all updates, by type and id.
        self._updates: dict[str, dict[str, Properties]] = {}
        for change in plan.changes:
            if change.action == "update" and change.actual:
                self._updates.setdefault(change.type, {})[change.actual.id] = change.after or {}
        self._discovered = discovered
        self._prepared: dict[str, Mapping[str, Any]] = {}
        self._run_id = uuid.uuid4().hex
        replaced = {change.key for change in plan.changes if change.action == "replace"}
        self.made: dict[str, ActualResource] = {key: actual for key, actual in plan.kept.items() if key not in replaced}

    def prepare(self) -> None:
        """Look up what creations need, once for each type. An error ends the run before anything is changed."""
        by_type: dict[str, list[ResolvedResource]] = {}
        for change in self._changes.values():
            if change.action in ("create", "replace"):
                by_type.setdefault(change.type, []).append(self._resolve(change, self._preview_value, early=True))
        for name, resources in by_type.items():
            with error_context(", ".join(resource.address for resource in resources)):
                self._prepared.update(self._registry[name].prepare(self._clients, resources))

    def work(self, step: Step) -> Work:
        phase, key = step
        change = self._changes[key]
        run_phase = {
            "create": self._create,
            "configure": self._configure,
            "update": self._update,
            "detach": self._detach,
            "delete": self._delete,
        }[phase]
        return run_phase(change, self._registry[change.type])

    # References and names

    def _value(self, ref: Ref) -> Any:
        """The value of a reference; an error where AWS did not return it."""
        actual, kind = self.made[ref.address], self._registry[ref.address.partition("/")[0]]
        value = actual.attributes.get(ref.attribute)
        if value is None:
            path = kind.schema.attributes[ref.attribute]
            raise missing_member(actual.raw, f"{path} of {ref.address}, which this refers to")
        return value

    def _preview_value(self, ref: Ref) -> Any:
        """The value of a reference, or a placeholder where it is not known yet."""
        value = self.made[ref.address].attributes.get(ref.attribute) if ref.address in self.made else None
        return f"<{ref.address}.{ref.attribute}>" if value is None else value

    def _resolve(
        self, change: Change, value_of: Callable[[Ref], Any], early: bool = False, attempt: int = 0
    ) -> ResolvedResource:
        """The desired resource of a change; ``early`` leaves out deferred properties, which may not resolve yet."""
        desired, kind = change.desired, self._registry[change.type]
        if desired is None:
            raise AssertionError(f"{change.key} has no desired resource")
        given = {name: value for name, value in desired.properties.items() if not (early and name in kind.deferred)}
        properties = kind.schema.with_defaults(resolve_references(given, value_of))
        return ResolvedResource(
            address=change.key,
            name=self._physical_name(change, kind, properties),
            properties=properties,
            tags=desired_tags(self._stack, desired, kind),
            scope=self._scope,
            token=self._client_token(change, attempt),
            prepared=self._prepared.get(change.key, {}),
            run_id=self._run_id,
            clients=self._clients,
            predecessor=change.actual if change.action == "replace" else None,
        )

    def _physical_name(self, change: Change, kind: ResourceType, properties: Properties) -> str:
        if kind.name_property and properties.get(kind.name_property):
            return str(properties[kind.name_property])
        suffix = ""
        if change.action == "replace" and change.actual and kind.lifecycle.create_before_destroy:
            parent = kind.unique_within
            if not parent or properties.get(parent) == change.actual.properties.get(parent):
                # The old object still has the plain name.
                suffix = replacement_suffix(change.actual.id)
        return kind.physical_name(self._scope, change.name, suffix)

    def _client_token(self, change: Change, attempt: int) -> str:
        """The client token: the same for every attempt to create one object, another one after that was deleted."""
        predecessors = {actual.id for actual in self._discovered.deleted if actual.address == change.key}
        if change.actual:
            predecessors.add(change.actual.id)
        parts = [self._scope.stack, self._scope.region, change.key, *sorted(predecessors), str(attempt)]
        return "gw-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:40]

    # Waiting

    def _await_usable_references(self, change: Change, with_deferred: bool) -> Work:
        """Wait for the attributes that the properties refer to, where these cannot be used at once."""
        kind = self._registry[change.type]
        properties = change.desired.properties if change.desired else {}
        given = {name: value for name, value in properties.items() if with_deferred or name not in kind.deferred}
        for ref in find_references(given):
            actual, target = self.made[ref.address], self._registry[ref.address.partition("/")[0]]
            waiter = target.usable_waiter(ref.attribute)
            if waiter and not waiter.condition.is_met(actual.raw):
                yield from self._await_actual(target, actual, waiter)

    def _await_actual(self, kind: ResourceType, actual: ActualResource, waiter: Waiter) -> Part[ActualResource]:
        """The actual resource, once it meets the waiter's condition."""
        item = yield Await(kind, Wait(waiter, actual.id))
        current = kind.to_actual(actual.raw | (item or {}), actual.name)
        # Other services may not find it for a moment yet: the client then repeats their calls.
        self._clients.recent.add(*kind.identifiers(dict(current.raw)))
        self.made[actual.address] = current
        return current

    def _await_ready(self, kind: ResourceType, item: Raw) -> Part[Raw]:
        ready = kind.lifecycle.ready
        if ready and not ready.condition.is_met(item):
            found = yield Await(kind, Wait(ready, kind.identify(item)))
            return item | (found or {})
        return item

    def _await_changeable(self, kind: ResourceType, actual: ActualResource) -> Part[ActualResource]:
        """The actual resource, once AWS is no more at work on it: an interrupted run did not wait for it."""
        ready = kind.lifecycle.ready
        if ready is None or not ready.condition.takes_no_changes(actual.raw):
            return actual
        return (yield from self._await_actual(kind, actual, ready))

    def _read_unknown_tags(self, kind: ResourceType, actual: ActualResource) -> ActualResource:
        """The actual resource with its tags, which AWS did not show while it was at work on the object."""
        if not actual.raw.get(TAGS_UNKNOWN):
            return actual
        item = select_members(actual.raw, lambda name: name != TAGS_UNKNOWN)
        for detail in kind.discovery.details:
            item = item | detail.read(self._clients(kind.service), [item])[0]
        current = kind.to_actual(item, actual.name)
        self.made[actual.address] = current
        return current

    # Creating

    def _create(self, change: Change, kind: ResourceType) -> Work:
        yield from self._await_usable_references(change, with_deferred=False)
        yield from self._await_free_name(change, kind)
        for attempt in range(MAX_TOKENS):
            resource = self._resolve(change, self._value, early=True, attempt=attempt)
            item = yield from self._create_once(kind, resource)
            if item is None or kind.is_deleted(item):
                # The client token belongs to an object that was deleted.
                continue
            self._clients.recent.add(*kind.identifiers(item))
            item = yield from self._await_ready(kind, item)
            actual = kind.to_actual(item, change.name)
            self.made[change.key] = actual
            changed = kind.find_differences(resource.properties, actual.properties) - kind.deferred
            yield from self._run_updates(kind, ResourceUpdate(actual, resource, changed))
            return
        raise StackError(f"AWS keeps answering with objects that are gone ({MAX_TOKENS} client tokens were tried)")

    def _await_free_name(self, change: Change, kind: ResourceType) -> Work:
        """Wait until an object with the name of the new one is deleted, if an interrupted run began its deletion."""
        if "id" not in kind.schema.name_attributes:
            return
        for actual in self._discovered.deleted:
            if actual.address == change.key:
                gone = Condition("gone", kind.schema.id_path, (), absent_is_ready=True)
                yield Await(kind, Wait(Waiter(gone, timeout=kind.lifecycle.in_use_timeout), actual.id))

    def _create_once(self, kind: ResourceType, resource: ResolvedResource) -> Part[Raw | None]:
        """Create an object. After a lost answer, look for what the call may have created before creating it again.

        None: the client token belongs to an object that was deleted.
        """
        for _attempt in range(MAX_ATTEMPTS):
            try:
                return kind.lifecycle.create(self._clients(kind.service), resource)
            except LostResponseError as error:
                lost = error
            except ClientError as error:
                if error_code(error) not in (*kind.lifecycle.name_taken_codes, *TOKEN_REUSED_CODES):
                    raise
                return (yield from self._find_existing(kind, resource, error))
            found = yield from self._find_created(kind, resource)
            if found:
                return found
        raise lost

    def _find_existing(self, kind: ResourceType, resource: ResolvedResource, error: ClientError) -> Part[Raw | None]:
        """The stack's object that has the name already; StackError when it belongs to another owner."""
        found = yield from self._find_created(kind, resource)
        if found or error_code(error) in TOKEN_REUSED_CODES:
            return found
        adopt = ", or name it under adopt" if kind.discovery.listing.by_ids else ""
        advice = f"It is not tagged as this stack's: rename or remove {resource.name}{adopt}"
        raise StackError(join_sentences(describe_error(error), advice)) from error

    def _find_created(self, kind: ResourceType, resource: ResolvedResource) -> Part[Raw | None]:
        """Look for a created object several times: lists may show it late."""
        for seconds in VISIBILITY.plan_pauses():
            found = self._look_up(kind, resource)
            if found:
                return found
            yield Pause(seconds)
        return self._look_up(kind, resource)

    def _look_up(self, kind: ResourceType, resource: ResolvedResource) -> Raw | None:
        """The object that was created at an address since the discovery."""
        known_ids = frozenset(actual.id for actual in self._discovered.alive)
        if kind.listed_late:
            return find_by_name(self._clients, kind, self._scope, resource, known_ids)
        others = list(self.made.values())
        return find_resource(self._clients, kind, self._scope, resource.address, known_ids, others)

    # Changing

    def _configure(self, change: Change, kind: ResourceType) -> Work:
        yield from self._await_usable_references(change, with_deferred=True)
        actual, resource = self.made[change.key], self._resolve(change, self._value)
        changed = kind.find_differences(resource.properties, actual.properties) & kind.deferred
        yield from self._run_updates(kind, ResourceUpdate(actual, resource, changed))

    def _update(self, change: Change, kind: ResourceType) -> Work:
        yield from self._await_usable_references(change, with_deferred=True)
        actual = yield from self._await_changeable(kind, self.made[change.key])
        actual = self._read_unknown_tags(kind, actual)
        client, tagging = self._clients(kind.service), kind.discovery.tagging
        if change.tags and tagging:
            tagging.write(client, actual, change.tags)
        resource = self._resolve(change, self._value)
        changed = kind.find_differences(resource.properties, actual.properties)
        yield from self._run_updates(kind, ResourceUpdate(actual, resource, changed, self._updates[kind.name]))
        # Last: a tag may say how to complete or undo an interrupted change.
        if change.untag and tagging:
            tagging.remove(client, actual, change.untag)

    def _run_updates(self, kind: ResourceType, update: ResourceUpdate) -> Work:
        """Run the update function of each property that differs; one that serves several properties runs once."""
        done: list[Any] = []
        for name, function in kind.lifecycle.updates.items():
            if name in update.changed and function not in done:
                done.append(function)
                yield from self._follow(kind, partial(function, self._clients(kind.service), update))

    def _follow(self, kind: ResourceType, start: Callable[[], Steps]) -> Work:
        """Run a function of a type through its waits; from its beginning again after a lost answer."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                steps = start()
                while steps is not None and (wait := next(steps, None)):
                    yield Await(kind, wait)
                return
            except LostResponseError:
                if attempt == MAX_ATTEMPTS:
                    raise
            yield Pause(1.0)

    # Deleting

    def _detach(self, change: Change, kind: ResourceType) -> Work:
        if change.actual:
            client = self._clients(kind.service)
            yield from self._end(kind, change.actual, partial(kind.detach, client, change.actual))

    def _delete(self, change: Change, kind: ResourceType) -> Work:
        if change.actual:
            client = self._clients(kind.service)
            yield from self._end(kind, change.actual, partial(kind.lifecycle.delete, client, change.actual))

    def _end(self, kind: ResourceType, actual: ActualResource, start: Callable[[], Steps]) -> Work:
        """Run a deletion: an object that does not exist is done, one that is in use is tried again."""
        for seconds in Backoff(kind.lifecycle.in_use_timeout, first=0.5, factor=1.5, longest=10.0).plan_pauses():
            try:
                yield from self._follow(kind, start)
                return
            except ClientError as error:
                if is_not_found(error):
                    return
                if error_code(error) not in kind.lifecycle.in_use_codes:
                    raise
            except ResourceGoneError as error:
                if error.id != actual.id:
                    raise
                return
            yield Pause(seconds)
        yield from self._follow(kind, start)
