# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run: load → compile → discover → plan → apply. The document is compiled by the caller; here is the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .._aws.backoff import SYSTEM_CLOCK, Backoff, Clock
from .._aws.client import Clients
from .._aws.errors import StackError, error_context
from .._aws.lock import Lock, LockToken
from .._aws.tags import RESOURCE, STACK
from . import render
from .discovery import DiscoveredResources, discover
from .executor import apply
from .model import DesiredResource, DesiredStack, Ref
from .object_lookup import find_by_id
from .planner import Change, Plan, make_plan
from .progress import ProgressReporter, Report, discard_event
from .resource_type import ActualResource, Properties, Registry
from .selection import plan_selected
from .verification import find_unmade_changes

# AWS may show a change late: one that is not seen for half a minute counts as not made.
VISIBILITY = Backoff(attempts=6, first=1.0, factor=2.0, jitter=0.0)


@dataclass(frozen=True)
class Options:
    """Options of a run. ``only`` and ``traffic`` select a part of the plan (selection.py).

    ``once`` are properties that are desired in this run alone, by address: they replace those of the stack for its
    plan, and are not verified afterwards. ``held_lock`` is the lock of a rollout of which this run is a part.
    """

    check: bool = False
    prune: bool = True
    only: Sequence[str] | None = None
    traffic: bool = True
    allow_destroy: Sequence[str] = ()
    adopt: Mapping[str, str] = field(default_factory=dict)
    once: Mapping[str, Properties] = field(default_factory=dict)
    lock_wait: float = 120.0
    lock_ttl: float = 60.0
    held_lock: LockToken | None = None
    parallel: int = 10
    report: Report = discard_event


@dataclass(frozen=True)
class Result:
    """The result of a run: its plan, the stack's objects by address, and the message of a failure."""

    plan: Plan
    actual: Mapping[str, ActualResource]
    failure: str | None = None
    applied: bool = False


class Leftovers(Protocol):
    """What a stack has in the account besides its resources, such as records of what was done with it."""

    def is_empty(self) -> bool:
        """Whether there is nothing to remove. Raises `StackError`."""

    def remove(self) -> None:
        """Remove everything. A failure is a warning."""


@dataclass(frozen=True)
class Engine:
    """Brings one stack of one account to its desired state; ``registry`` has every resource type by name.

    ``warnings`` collects warnings about the run itself, such as its lock, also when an error is raised. ``leftovers``
    are removed at the end of a run that leaves nothing of the stack.
    """

    clients: Clients
    stack: DesiredStack
    registry: Registry
    options: Options = field(default_factory=Options)
    warnings: list[str] = field(default_factory=list)
    clock: Clock = SYSTEM_CLOCK
    leftovers: Leftovers | None = None

    def run(self) -> Result:
        """Discover, plan and apply; with ``check`` only discover and plan."""
        options = self.options
        lock = Lock(
            self.clients("ssm"),
            self.stack.name,
            options.lock_ttl,
            options.lock_wait,
            self.warnings,
            held=options.held_lock,
        )
        with ThreadPoolExecutor(1) as pool, error_context():
            # A run that was killed after its last change leaves its lock. A run with changes removes it by taking it.
            reading_lock = None if options.check else pool.submit(lock.find_expired)
            plan = self.preview()
        failure = _find_objection(plan, options)
        if options.check and not failure:
            with error_context():
                failure = self._find_rejections(plan)
        if failure or options.check or not plan.changes:
            if reading_lock and not failure:
                remove_left_lock = reading_lock.result()
                remove_left_lock()
                self._remove_leftovers_of_ended_run(plan, lock)
            return Result(plan, plan.kept, failure)
        with lock:
            # Another run may have changed something before this one had the lock.
            with error_context():
                discovered, plan = self.discover_and_plan()
            failure = _find_objection(plan, options)
            if failure or not plan.changes:
                return Result(plan, plan.kept, failure)
            progress = ProgressReporter(self.stack.name, options.report)
            applied = apply(
                self.clients, self.stack, plan, discovered, self.registry, options.parallel, lock.lost, progress
            )
            if self.leftovers and not applied.failure and not plan.unselected:
                self.leftovers.remove()
        try:
            found, unmade = self._discover_again(plan, verify=not applied.failure)
        except StackError as error:
            failure = applied.failure or f"all changes are done, but then: {error}"
            return Result(plan, applied.made, failure, applied=True)
        return Result(plan, {**applied.made, **found}, applied.failure or unmade, applied=True)

    def _remove_leftovers_of_ended_run(self, plan: Plan, lock: Lock) -> None:
        """Remove what a run that removed the last resource of the stack has left. A failure is a warning."""
        if self.leftovers is None or plan.unselected:
            return
        try:
            if not self.leftovers.is_empty():
                with lock:
                    self.leftovers.remove()
        except StackError as error:
            self.warnings.append(str(error))

    def preview(self) -> Plan:
        """The plan; changes nothing."""
        _discovered, plan = self.discover_and_plan()
        return plan

    def discover_and_plan(self) -> tuple[DiscoveredResources, Plan]:
        """What the stack owns, and the plan; changes nothing."""
        stack, options = _add_properties(self.stack, self.options.once), self.options
        discovered = discover(self.clients, stack, self.registry)
        owned = {actual.address: actual for actual in discovered.alive}
        adopted = {**self._find_created_by_aws(owned.keys() | options.adopt.keys()), **self._find_adopted(owned)}

        def plan_with_held(held: frozenset[str]) -> Plan:
            return make_plan(stack, discovered.alive, self.registry, options.prune, adopted, discovered.spares, held)

        only, traffic = options.only, options.traffic
        plan = plan_selected(stack, discovered.alive, self.registry, plan_with_held, only, traffic, adopted)
        return discovered, plan

    def _find_rejections(self, plan: Plan) -> str | None:
        """The message about updates that AWS would reject once they have begun; None where there are none.

        In a real run each update checks itself. For changes that are left to another run it is only a warning.
        """
        problems = self._find_rejected(plan.changes)
        for problem in self._find_rejected(plan.unselected):
            self.warnings.append(f"{problem} (this change is left to another run)")
        return "\n".join([*problems, "Nothing was changed."]) if problems else None

    def _find_rejected(self, changes: Sequence[Change]) -> list[str]:
        updates: dict[str, list[tuple[ActualResource, Properties]]] = {}
        keys: dict[tuple[str, str], str] = {}
        for change in changes:
            if change.action == "update" and change.actual:
                updates.setdefault(change.type, []).append((change.actual, change.after or {}))
                keys[change.type, change.actual.id] = change.key
        problems: list[str] = []
        for name in sorted(updates):
            kind = self.registry[name]
            rejected = kind.find_rejected_updates(self.clients(kind.service), updates[name])
            for identifier, reasons in sorted(rejected.items()):
                if reasons:
                    problems.append(f"{keys[name, identifier]}: {'; '.join(reasons)}")
        return problems

    def _discover_again(self, applied: Plan, verify: bool) -> tuple[Mapping[str, ActualResource], str | None]:
        """The stack's objects after a run, and the message about changes that AWS accepted and did not make.

        Attributes such as public addresses depend on later changes. AWS may show changes late: it looks several times.
        """
        applied = _leave_out_properties(applied, self.options.once)
        for _attempt in VISIBILITY.repeat(self.clock):
            existing = discover(self.clients, self.stack, self.registry).alive
            current = make_plan(self.stack, existing, self.registry, held=applied.held)
            unmade = find_unmade_changes(applied, current, self.registry) if verify else []
            if not unmade:
                break
        return current.kept, "\n".join([*unmade, "All other changes are done."]) if unmade else None

    def _find_adopted(self, owned: Mapping[str, ActualResource]) -> dict[str, ActualResource]:
        """The objects to adopt, without those that the stack owns already. StackError names all that cannot be."""
        desired = {resource.address for resource in self.stack.resources}
        found: dict[str, ActualResource] = {}
        unknown: list[str] = []
        problems: list[str] = []
        for address, identifier in sorted(self.options.adopt.items()):
            if address in owned and owned[address].id == identifier:
                continue
            if address not in desired:
                unknown.append(f"adopt: {address}: is not in the topology")
            result = self._adopt(owned.get(address), address, identifier)
            if isinstance(result, str):
                problems.append(f"adopt: {address}: {identifier} {result}")
            else:
                found[address] = result
        if unknown or problems:
            raise StackError("\n".join([*unknown, *problems, "Nothing was changed."]))
        return found

    def _find_created_by_aws(self, known: Collection[str]) -> dict[str, ActualResource]:
        """The objects that AWS itself created in place of resources that the stack does not have yet."""
        found: dict[str, ActualResource] = {}
        for resource in self.stack.resources:
            if resource.adopt is not None and resource.address not in known:
                result = self._adopt(None, resource.address, str(resource.adopt))
                if isinstance(result, ActualResource):
                    found[resource.address] = result
        return found

    def _adopt(self, owned: ActualResource | None, address: str, identifier: str) -> ActualResource | str:
        """The object to adopt, or why it cannot be adopted."""
        kind = self.registry.get(address.partition("/")[0])
        if kind is None or kind.discovery.listing.by_ids is None:
            return "cannot be adopted: there is no such type, or its objects belong to a stack by name and path"
        if owned is not None:
            return f"cannot be adopted: the stack has {owned.id} for it; remove that first"
        item = find_by_id(self.clients, kind, identifier)
        if item is None:
            return f"is no {kind.name} in {self.stack.region}"
        tags = kind.read_tags(item)
        if STACK in tags and (tags[STACK], tags.get(RESOURCE)) != (self.stack.name, address):
            return f"belongs to stack {tags[STACK]} as {tags.get(RESOURCE)}"
        return kind.to_actual(item, address.partition("/")[2])


def _add_properties(stack: DesiredStack, once: Mapping[str, Properties]) -> DesiredStack:
    """The stack with other properties of some resources, by address."""
    resources: list[DesiredResource] = []
    for resource in stack.resources:
        more = once.get(resource.address)
        resources.append(replace(resource, properties={**resource.properties, **more}) if more else resource)
    return replace(stack, resources=tuple(resources))


def _leave_out_properties(plan: Plan, once: Mapping[str, Properties]) -> Plan:
    """The plan without changes of these properties, by address."""
    changes: list[Change] = []
    for change in plan.changes:
        left_out = frozenset(once.get(change.key, ()))
        changes.append(replace(change, changed=change.changed - left_out))
    return replace(plan, changes=tuple(changes))


def compute_outputs(stack: DesiredStack, actual: Mapping[str, ActualResource]) -> dict[str, str]:
    """The named results of a stack, without those whose resources do not exist."""
    found: dict[str, str] = {}
    for name, parts in stack.outputs.items():
        values = [_output_value(part, actual) if isinstance(part, Ref) else part for part in parts]
        if None not in values:
            found[name] = "".join(str(value) for value in values)
    return found


def _output_value(ref: Ref, actual: Mapping[str, ActualResource]) -> Any:
    return actual[ref.address].attributes.get(ref.attribute) if ref.address in actual else None


def collect_attributes(actual: Mapping[str, ActualResource]) -> dict[str, dict[str, Any]]:
    """The attributes of every resource by address, with its id."""
    return {address: {**resource.attributes, "id": resource.id} for address, resource in sorted(actual.items())}


def collect_notices(actual: Mapping[str, ActualResource], registry: Registry) -> list[str]:
    """What a person should know of resources that do not differ."""
    notices: list[str] = []
    for address, resource in sorted(actual.items()):
        notices += [f"{address}: {text}" for text in registry[resource.type].notices(resource)]
    return notices


def _find_objection(plan: Plan, options: Options) -> str | None:
    """Why a plan may not be applied, None where it may."""
    problems = [*plan.problems, *plan.find_obstacles()]
    if problems:
        return "\n".join([*problems, "Nothing was changed."])
    protected = plan.find_protected(options.allow_destroy)
    return render.describe_rejection(plan, protected) if protected else None
