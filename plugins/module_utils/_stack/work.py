# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a plan, done: create, configure, update, release, delete. Every one can be done again after it died
anywhere in between, and after an answer that never came back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from .._aws.answer import missing
from .._aws.client import Clients
from .._aws.errors import (
    LostResponseError,
    StackError,
    code_of,
    explaining,
    is_not_found,
    join_sentences,
    tell,
)
from .._aws.sdk import ClientError
from . import live as reading
from .graph import Step
from .plan import Change, Plan, Registry, scope_of, tags_of
from .poll import GoneError, verdict
from .references import references, resolve
from .resource import Edit, Live, Order, Properties, Raw, ResourceType, Wait, Waiter, dig, successor_suffix
from .schedule import Await, Pause, Work
from .wanted import Ref, WantedStack

T = TypeVar("T")
# A part of a step that may wait and has a result.
Finding = Generator["Pause | Await", Any, T]

LOST_TRIES = 4
LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0)
GENERATIONS = 40
REUSED_TOKEN = ("IdempotentInstanceTerminated", "IdempotentParameterMismatch")


def pauses(total: float) -> Iterator[float]:
    """Growing pauses that add up to about `total` seconds."""
    pause, spent = 0.5, 0.0
    while spent < total:
        yield pause
        spent += pause
        pause = min(pause * 1.5, 10.0)


class Worker:
    """Does the steps of one plan and remembers what came of them."""

    def __init__(
        self, clients: Clients, stack: WantedStack, plan: Plan, inventory: reading.Inventory, registry: Registry
    ) -> None:
        self._clients = clients
        self._stack = stack
        self._scope = scope_of(stack, registry)
        self._registry = registry
        self._changes = {change.key: change for change in plan.changes}
        # By type and id, what the properties that change in place shall be.
        self._updated: dict[str, dict[str, Properties]] = {}
        for change in plan.changes:
            if change.action == "update" and change.live:
                self._updated.setdefault(change.type, {})[change.live.id] = change.after or {}
        self._inventory = inventory
        self._prepared: dict[str, Mapping[str, Any]] = {}
        self._run = uuid.uuid4().hex
        replaced = {change.key for change in plan.changes if change.action == "replace"}
        self.made: dict[str, Live] = {key: live for key, live in plan.kept.items() if key not in replaced}

    def prepare(self) -> None:
        """Look up, once for each type, what its creations need; a mistake ends the run before it changes anything."""
        orders: dict[str, list[Order]] = {}
        for change in self._changes.values():
            if change.action in ("create", "replace") and self._registry[change.type].prepare:
                orders.setdefault(change.type, []).append(self._order(change, early=True, guess=True))
        for name, wanted in orders.items():
            prepare = self._registry[name].prepare
            if prepare:
                with explaining(", ".join(order.address for order in wanted)):
                    self._prepared.update(prepare(self._clients, wanted))

    def work(self, step: Step) -> Work:
        phase, key = step
        change = self._changes[key]
        return {
            "create": self._create,
            "configure": self._configure,
            "update": self._update,
            "release": self._release,
            "delete": self._delete,
        }[phase](change, self._registry[change.type])

    def _value(self, ref: Ref) -> Any:
        """What a reference stands for. Nothing is made of what AWS did not return."""
        live, kind = self.made[ref.address], self._registry[ref.address.partition("/")[0]]
        value = live.attributes.get(ref.attribute)
        if value is None:
            raise missing(live.raw, f"{kind.attributes[ref.attribute]} of {ref.address}, which this refers to")
        return value

    def _guess(self, ref: Ref) -> Any:
        known = self.made[ref.address].attributes.get(ref.attribute) if ref.address in self.made else None
        return f"<{ref.address}.{ref.attribute}>" if known is None else known

    def _order(self, change: Change, early: bool = False, guess: bool = False, bump: int = 0) -> Order:
        """What is to be made; ``early`` leaves out the late properties, whose references may not exist yet."""
        wanted, kind = change.wanted, self._registry[change.type]
        if wanted is None:
            raise AssertionError(f"{change.key} has nothing wanted")
        given = {name: value for name, value in wanted.properties.items() if not (early and name in kind.late)}
        properties = kind.desired(resolve(given, self._guess if guess else self._value))
        return Order(
            address=change.key,
            name=self._name(change, kind, properties),
            properties=properties,
            tags=tags_of(self._stack, wanted, kind),
            scope=self._scope,
            token=self._token(change, bump),
            prepared=self._prepared.get(change.key, {}),
            run=self._run,
        )

    def _name(self, change: Change, kind: ResourceType, properties: Properties) -> str:
        if kind.title and properties.get(kind.title):
            return str(properties[kind.title])
        live, place, suffix = change.live, kind.create_first, ""
        if change.action == "replace" and live and place and properties.get(place) == live.properties.get(place):
            # The one that goes still has the name there.
            suffix = successor_suffix(live.id)
        return kind.physical(self._scope, change.name, suffix)

    def _token(self, change: Change, bump: int) -> str:
        """The client token: the same for every attempt at the same incarnation, another one after that has died."""
        dead = sorted(item.id for item in self._inventory.dead if item.address == change.key)
        gone = [change.live.id] if change.live else []
        parts = [self._scope.stack, self._scope.region, change.key, *sorted({*dead, *gone}), str(bump)]
        return "gw-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:40]

    def _usable(self, change: Change, late: bool) -> Work:
        """Wait for what the properties refer to, where its being there is not enough for it to be used."""
        properties, kind = change.wanted.properties if change.wanted else {}, self._registry[change.type]
        given = {name: value for name, value in properties.items() if late or name not in kind.late}
        for ref in references(given):
            live, other = self.made[ref.address], self._registry[ref.address.partition("/")[0]]
            waiter = other.awaited.get(ref.attribute)
            if waiter and not verdict(waiter, live.raw):
                yield from self._seen(other, live, waiter)

    def _seen(self, kind: ResourceType, live: Live, waiter: Waiter) -> Finding[Live]:
        """A live object once the waiter is content with it."""
        seen = yield Await(kind, Wait(waiter, live.id))
        now = reading.to_live(kind, live.raw | (seen or {}), live.name)
        # Other services may take a moment longer to see that it can be used.
        self._clients.recent.add(*kind.identifiers(dict(now.raw)))
        self.made[live.address] = now
        return now

    def _create(self, change: Change, kind: ResourceType) -> Work:
        yield from self._usable(change, late=False)
        yield from self._name_free(change, kind)
        for bump in range(GENERATIONS):
            order = self._order(change, early=True, bump=bump)
            item = yield from self._make(kind, order)
            if item is None or reading.dead(kind, item):
                continue
            self._clients.recent.add(*kind.identifiers(item))
            item = yield from self._until_ready(kind, item)
            yield from self._settle(change, kind, order, item)
            return
        raise StackError(f"AWS keeps answering with objects that are gone ({GENERATIONS} client tokens were tried)")

    def _name_free(self, change: Change, kind: ResourceType) -> Work:
        """Wait for a predecessor that a dead run sent away, where the new one is to have its name."""
        for gone in self._inventory.dead:
            if gone.address == change.key and "id" in kind.named:
                waiter = Waiter("gone", kind.id, (), absent_is_ready=True, timeout=kind.busy_timeout)
                yield Await(kind, Wait(waiter, gone.id))

    def _settle(self, change: Change, kind: ResourceType, order: Order, item: Raw) -> Work:
        """Bring a new object from what AWS makes by default to what is wanted."""
        live = reading.to_live(kind, item, change.name)
        self.made[change.key] = live
        changed = kind.different(order.properties, live.properties) - kind.late
        yield from self._bring(kind, Edit(live, order, changed))

    def _until_ready(self, kind: ResourceType, item: Raw) -> Finding[Raw]:
        if kind.ready and not verdict(kind.ready, item):
            seen = yield Await(kind, Wait(kind.ready, kind.identify(item)))
            return item | (seen or {})
        return item

    def _make(self, kind: ResourceType, order: Order) -> Finding[Raw | None]:
        """Create once: after an answer that was lost, look for what may have been made before making it again.

        None says that the client token belongs to an object that is gone.
        """
        for _attempt in range(LOST_TRIES):
            try:
                return kind.create(self._clients(kind.service), order)
            except LostResponseError as error:
                lost = error
            except ClientError as error:
                if code_of(error) not in kind.exists and code_of(error) not in REUSED_TOKEN:
                    raise
                return (yield from self._existing(kind, order, error))
            found = yield from self._look(kind, order)
            if found:
                return found
        raise lost

    def _existing(self, kind: ResourceType, order: Order, error: ClientError) -> Finding[Raw | None]:
        found = yield from self._look(kind, order)
        if found or code_of(error) in REUSED_TOKEN:
            return found
        adopt = ", or name it under adopt" if kind.listing.by_ids else ""
        foreign = f"It is not tagged as this stack's: rename or remove {order.name}{adopt}"
        raise StackError(join_sentences(tell(error), foreign)) from error

    def _look(self, kind: ResourceType, order: Order) -> Finding[Raw | None]:
        """Look for an object by its tags, several times: AWS may show it late."""
        for seconds in LOOKS:
            found = self._find(kind, order)
            if found:
                return found
            yield Pause(seconds)
        return self._find(kind, order)

    def _find(self, kind: ResourceType, order: Order) -> Raw | None:
        """What has come into being at an address since it was read: a predecessor that still lives is not meant."""
        known = frozenset(item.id for item in self._inventory.alive)
        if kind.by_name:
            return reading.find_by_name(self._clients, kind, self._scope, order, known)
        return reading.find(self._clients, kind, self._scope, order.address, known, list(self.made.values()))

    def _configure(self, change: Change, kind: ResourceType) -> Work:
        yield from self._usable(change, late=True)
        live, order = self.made[change.key], self._order(change)
        changed = kind.different(order.properties, live.properties) & kind.late
        yield from self._bring(kind, Edit(live, order, changed))

    def _update(self, change: Change, kind: ResourceType) -> Work:
        yield from self._usable(change, late=True)
        live = yield from self._arrived(kind, self.made[change.key])
        client = self._clients(kind.service)
        if change.tags and kind.tagging:
            kind.tagging.write(client, live, change.tags)
        order = self._order(change)
        changed = kind.different(order.properties, live.properties)
        yield from self._bring(kind, Edit(live, order, changed, self._updated[kind.name]))
        # Last: a tag may say how to complete or undo an interrupted change.
        if change.untag and kind.tagging:
            kind.tagging.remove(client, live, change.untag)

    def _arrived(self, kind: ResourceType, live: Live) -> Finding[Live]:
        """A live object once it is ready, when it is one that a dead run made and did not wait for, or is busy."""
        if not kind.ready or dig(live.raw, kind.ready.path) not in (*kind.ready.coming, *kind.ready.passing):
            return live
        return (yield from self._seen(kind, live, kind.ready))

    def _bring(self, kind: ResourceType, edit: Edit) -> Work:
        """Run the update of each property that differs; one that serves several properties runs once."""
        done: list[Any] = []
        for name, update in kind.updates.items():
            if name in edit.changed and update not in done:
                done.append(update)
                yield from self._steps(kind, partial(update, self._clients(kind.service), edit))

    def _steps(self, kind: ResourceType, start: Callable[[], Any]) -> Work:
        """Follow a function of a type through its waits; from the beginning again after a lost answer."""
        for attempt in range(1, LOST_TRIES + 1):
            try:
                steps = start()
                while steps is not None and (wait := next(steps, None)):
                    yield Await(kind, wait)
                return
            except LostResponseError:
                if attempt == LOST_TRIES:
                    raise
            yield Pause(1.0)

    def _release(self, change: Change, kind: ResourceType) -> Work:
        if kind.release and change.live:
            release, live = kind.release, change.live
            yield from self._ending(kind, live, lambda: release(self._clients(kind.service), live))

    def _delete(self, change: Change, kind: ResourceType) -> Work:
        if change.live:
            live = change.live
            yield from self._ending(kind, live, lambda: kind.delete(self._clients(kind.service), live))

    def _ending(self, kind: ResourceType, live: Live, start: Callable[[], Any]) -> Work:
        """Delete: what is gone is done, what is still in use is tried again while its users are going."""
        for seconds in pauses(kind.busy_timeout):
            try:
                yield from self._steps(kind, start)
                return
            except ClientError as error:
                if is_not_found(error):
                    return
                if code_of(error) not in kind.busy:
                    raise
            except GoneError as error:
                if error.id != live.id:
                    raise
                return
            yield Pause(seconds)
        yield from self._steps(kind, start)
