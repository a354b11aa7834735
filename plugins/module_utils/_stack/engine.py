# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run: read what lives, plan, and (unless only the plan is asked for) apply it under the stack's lock."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, explaining
from .._aws.lock import Lock
from .._aws.tags import RESOURCE, STACK
from . import live as reading
from . import render
from .apply import apply
from .narrow import narrowed, parted
from .plan import Plan, make_plan
from .progress import Progress, Report, discard
from .reach import read_stack
from .resource import Live, Scope
from .resources import REGISTRY
from .verification import find_unmade_changes
from .wanted import Ref, WantedStack

# Pauses in seconds in which AWS may come to show a change that it has made.
LATE = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Options:
    """How a run goes about its work. ``only`` and ``traffic`` leave a part of it undone (narrow.py)."""

    check: bool = False
    prune: bool = True
    only: Sequence[str] | None = None
    traffic: bool = True
    allow_destroy: Sequence[str] = ()
    adopt: Mapping[str, str] = field(default_factory=dict)
    lock_wait: float = 120.0
    lock_ttl: float = 60.0
    parallel: int = 10
    report: Report = discard


@dataclass(frozen=True)
class Result:
    """What a run found and did. ``failure`` is told when it did not come to its end.

    ``warnings`` are about the run itself, not about resources: its lock that could not be removed.
    """

    plan: Plan
    live: Mapping[str, Live]
    failure: str | None = None
    applied: bool = False
    warnings: Sequence[str] = ()


def run(clients: Clients, stack: WantedStack, options: Options) -> Result:
    """Bring the account to what the stack wants."""
    lock = Lock(clients("ssm"), stack.name, options.lock_ttl, options.lock_wait)
    result = _run(clients, stack, options, lock)
    return replace(result, warnings=tuple(lock.warnings))


def _run(clients: Clients, stack: WantedStack, options: Options, lock: Lock) -> Result:
    with ThreadPoolExecutor(1) as beside, explaining():
        # A run that died after its last change left its lock; a run with changes removes that when it takes over.
        left = None if options.check else beside.submit(lock.left_behind)
        plan = glance(clients, stack, options)
    failure = _objection(plan, options)
    if failure or options.check or not plan.changes:
        if left and not failure:
            left.result()()
        return Result(plan, plan.kept, failure)
    with lock:
        # What was read before the lock was taken may have changed since, or have been hearsay.
        with explaining():
            inventory, plan = look(clients, stack, options)
        failure = _objection(plan, options)
        if failure or not plan.changes:
            return Result(plan, plan.kept, failure)
        progress = Progress(stack.name, options.report)
        applied = apply(clients, stack, plan, inventory, REGISTRY, options.parallel, lock.lost, progress)
    try:
        found, unmade = _reread(clients, stack, plan, verify=not applied.failure)
    except StackError as error:
        return Result(plan, applied.made, applied.failure or f"all changes are done, but then: {error}", applied=True)
    return Result(plan, {**applied.made, **found}, applied.failure or unmade, applied=True)


def glance(clients: Clients, stack: WantedStack, options: Options) -> Plan:
    """The plan, with the fewest calls; changes nothing.

    It rests on hearsay only where it comes to nothing, or is made again before it is carried out.
    """
    inventory, plan = look(clients, stack, options, hearsay=True)
    told = _objection(plan, options) or (options.check and plan.changes)
    return look(clients, stack, options)[1] if inventory.hearsay and told else plan


def look(
    clients: Clients, stack: WantedStack, options: Options, hearsay: bool = False
) -> tuple[reading.Inventory, Plan]:
    """Read and plan; changes nothing."""
    inventory = read_stack(clients, stack, REGISTRY, hearsay)
    owned = {live.address for live in inventory.alive}
    adopted = {
        **_made_by_aws(clients, stack, owned | options.adopt.keys()),
        **_adopted(clients, stack, inventory, options.adopt),
    }
    plan = parted(stack, make_plan(stack, inventory.alive, REGISTRY, options.prune, adopted), inventory.alive)
    return inventory, narrowed(stack, plan, options.only, options.traffic)


def outputs(stack: WantedStack, live: Mapping[str, Live]) -> dict[str, str]:
    """The named results of a stack, those left out whose resources do not exist."""
    found: dict[str, str] = {}
    for name, parts in stack.outputs.items():
        values = [_output(part, live) if isinstance(part, Ref) else part for part in parts]
        if None not in values:
            found[name] = "".join(str(value) for value in values)
    return found


def _output(ref: Ref, live: Mapping[str, Live]) -> Any:
    return live[ref.address].attributes.get(ref.attribute) if ref.address in live else None


def attributes(live: Mapping[str, Live]) -> dict[str, dict[str, Any]]:
    """The attributes of every resource by address, its id among them."""
    return {address: {**item.attributes, "id": item.id} for address, item in sorted(live.items())}


def notices(live: Mapping[str, Live]) -> list[str]:
    """What a person should know of resources that are as they are wanted."""
    told = ((address, item, REGISTRY[item.type].notices) for address, item in sorted(live.items()))
    return [f"{address}: {text}" for address, item, tell in told if tell for text in tell(item)]


def _reread(clients: Clients, stack: WantedStack, applied: Plan, verify: bool) -> tuple[Mapping[str, Live], str | None]:
    """What lives now (attributes such as public addresses change with what came after), and the failure text where AWS
    did not make what it accepted: read again a few times first, since AWS may show a change late."""
    for pause in (*LATE, None):
        now = make_plan(stack, read_stack(clients, stack, REGISTRY).alive, REGISTRY)
        unmade = find_unmade_changes(applied, now, REGISTRY) if verify else []
        if not unmade or pause is None:
            break
        time.sleep(pause)
    return now.kept, "\n".join([*unmade, "All other changes are done."]) if unmade else None


def _objection(plan: Plan, options: Options) -> str | None:
    """Why a plan may not be carried out, None when it may."""
    if plan.problems:
        return "\n".join([*plan.problems, "Nothing was changed."])
    refused = plan.refused(options.allow_destroy)
    return render.refusal(plan, refused) if refused else None


def _adopted(
    clients: Clients, stack: WantedStack, inventory: reading.Inventory, adopt: Mapping[str, str]
) -> dict[str, Live]:
    """The objects to adopt; those that are the stack's already are no news."""
    wanted = {item.address for item in stack.resources}
    owned = {live.address: live for live in inventory.alive}
    todo = {address: identifier for address, identifier in adopt.items() if not _is(owned.get(address), identifier)}
    found: dict[str, Live] = {}
    problems = [f"adopt: {address}: is not in the topology" for address in sorted(todo.keys() - wanted)]
    for address, identifier in sorted(todo.items()):
        result = _adopt(clients, Scope(stack.name, stack.region), owned.get(address), address, identifier)
        if isinstance(result, str):
            problems.append(f"adopt: {address}: {identifier} {result}")
        else:
            found[address] = result
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return found


def _made_by_aws(clients: Clients, stack: WantedStack, known: Collection[str]) -> dict[str, Live]:
    """What AWS has made in the place of resources that the stack does not have yet."""
    scope = Scope(stack.name, stack.region)
    todo = [item for item in stack.resources if item.adopt is not None and item.address not in known]
    found = {item.address: _adopt(clients, scope, None, item.address, str(item.adopt)) for item in todo}
    return {address: live for address, live in found.items() if isinstance(live, Live)}


def _is(live: Live | None, identifier: str) -> bool:
    return live is not None and live.id == identifier


def _adopt(clients: Clients, scope: Scope, owned: Live | None, address: str, identifier: str) -> Live | str:
    kind = REGISTRY.get(address.partition("/")[0])
    if kind is None or kind.listing.by_ids is None:
        return "cannot be adopted: there is no such type, or its objects belong to a stack by name and path"
    if owned is not None:
        return f"cannot be adopted: the stack has {owned.id} for it; remove that first"
    item = reading.find_by_id(clients, kind, identifier)
    if item is None:
        return f"is no {kind.name} in {scope.region}"
    tags = kind.tags_of(item)
    if STACK in tags and (tags[STACK], tags.get(RESOURCE)) != (scope.stack, address):
        return f"belongs to stack {tags[STACK]} as {tags.get(RESOURCE)}"
    return reading.to_live(kind, item, address.partition("/")[2])
