# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must come before what: a plan's changes as steps and the steps that each of them waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._aws.errors import StackError
from .._aws.tags import PLACE
from .references import references, strings
from .resource import Live, ResourceType

if TYPE_CHECKING:
    from .plan import Change

# A step is (what is done, to which change): create, configure (late properties), update, release, delete.
Step = tuple[str, str]


def in_order(needs: Mapping[str, set[str]]) -> list[str]:
    """The keys such that each comes after those it needs; the same for the same input."""
    order: list[str] = []
    state: dict[str, bool] = {}

    def visit(key: str, way: tuple[str, ...]) -> None:
        if state.get(key) is False:
            circle = [*way[way.index(key) :], key]
            raise StackError(f"resources need each other in a circle: {' -> '.join(circle)}")
        if key not in state:
            state[key] = False
            for need in sorted(needs[key] & needs.keys()):
                visit(need, (*way, key))
            state[key] = True
            order.append(key)

    for key in sorted(needs):
        visit(key, ())
    return order


class Graph:
    """The steps of a plan. ``needs`` holds for each step those which must be done before it."""

    def __init__(self, changes: Sequence[Change], alive: Sequence[Live], registry: Mapping[str, ResourceType]) -> None:
        self.changes = {change.key: change for change in changes}
        self.registry = registry
        self.needs: dict[Step, set[Step]] = {step: set() for change in changes for step in self._steps(change)}
        self._wishes: list[tuple[Step, Step]] = []
        for change in changes:
            self._inside(change)
            self._after_references(change)
        self._deletions(alive)
        self._exclusive()
        self._served()
        self._preceded()
        self._in_turn()
        self._forgotten()
        in_order({"/".join(step): {"/".join(need) for need in needs} for step, needs in self.needs.items()})
        for step, need in sorted(set(self._wishes)):
            if not self._leads(need, step):
                self.needs[step].add(need)

    def _kind(self, change: Change) -> ResourceType:
        return self.registry[change.type]

    def _steps(self, change: Change) -> Iterator[Step]:
        kind = self._kind(change)
        if change.action == "update":
            yield "update", change.key
        if change.action in ("create", "replace"):
            yield "create", change.key
            if kind.late:
                yield "configure", change.key
        if change.destroys:
            yield "delete", change.key
            if kind.release:
                yield "release", change.key

    def _add(self, step: Step, need: Step) -> None:
        if step in self.needs and need in self.needs and step != need:
            self.needs[step].add(need)

    def _wish(self, step: Step, need: Step) -> None:
        """An order that is better, yet given up where it would close a circle."""
        if step in self.needs and need in self.needs:
            self._wishes.append((step, need))

    def _first(self, key: str) -> Step:
        return ("update" if ("update", key) in self.needs else "create"), key

    def _last(self, key: str) -> Step:
        for phase in ("configure", "update", "create"):
            if (phase, key) in self.needs:
                return phase, key
        return "create", key

    def _inside(self, change: Change) -> None:
        key = change.key
        self._add(("configure", key), ("create", key))
        self._add(("delete", key), ("release", key))
        if change.action != "replace":
            return
        if self._kind(change).create_first:
            # Not possible where what it stands in (the VPC of a group) is replaced as well, and goes first.
            self._wish(("release", key), self._last(key))
            self._wish(("delete", key), self._last(key))
        else:
            self._add(("create", key), ("delete", key))

    def _after_references(self, change: Change) -> None:
        for name, value in change.wanted.properties.items() if change.wanted else ():
            late = name in self._kind(change).late
            for ref in references(value):
                if late:
                    self._add(self._last(change.key), ("create", ref.address))
                elif name in self._kind(change).precedes:
                    self._add(self._first(change.key), ("create", ref.address))
                else:
                    self._add(self._first(change.key), self._last(ref.address))

    def _deletions(self, alive: Sequence[Live]) -> None:
        """An object goes after those that mention it have gone or let go of it."""
        mentions = self._mentions()
        for user in alive:
            keys = (f"{user.address}@{user.id}", user.address)
            change = next((self.changes[key] for key in keys if self._is(key, user)), None)
            for name, value in user.properties.items() if change else ():
                for text in strings(value):
                    for target in mentions.get(text, ()):
                        if change is not None and target != change.key:
                            self._deleted_after(target, change, name)

    def _is(self, key: str, live: Live) -> bool:
        change = self.changes.get(key)
        return change is not None and change.live is not None and change.live.id == live.id

    def _mentions(self) -> dict[str, list[str]]:
        """The values by which other objects mention those that go."""
        found: dict[str, list[str]] = {}
        for change in self.changes.values():
            if change.destroys and change.live:
                for attribute in self._kind(change).mentioned_by:
                    value = change.live.attributes.get(attribute)
                    if isinstance(value, str):
                        found.setdefault(value, []).append(change.key)
        return found

    def _deleted_after(self, target: str, user: Change, name: str) -> None:
        kind = self._kind(user)
        if user.destroys:
            released = name in kind.late and kind.release
            self._add(("delete", target), ("release" if released else "delete", user.key))
        elif self.changes[target].action == "delete" or self._kind(self.changes[target]).create_first:
            self._wish(("delete", target), ("update", user.key))
            self._wish(("release", target), ("update", user.key))

    def _exclusive(self) -> None:
        """What takes the place of something that goes (a subnet with its addresses) waits for it to be gone.

        Where others move at the same time, it waits for all of them: on its way, one may pass through that place.
        """
        going: dict[tuple[Any, ...], str] = {}
        moving: dict[str, list[str]] = {}
        for change in self.changes.values():
            if change.action == "delete" and change.before:
                going[self._place(change, change.before)] = change.key
            elif change.action == "update" and change.changed & {*self._kind(change).exclusive}:
                moving.setdefault(change.type, []).append(change.key)
        for change in self.changes.values():
            if change.action in ("create", "replace") and self._kind(change).exclusive:
                old = going.get(self._place(change, change.after or {}))
                if old:
                    self._add(("create", change.key), ("delete", old))
                for other in moving.get(change.type, ()):
                    self._add(("create", change.key), ("update", other))

    def _place(self, change: Change, properties: Mapping[str, Any]) -> tuple[Any, ...]:
        return (change.type, *(str(properties.get(name)) for name in self._kind(change).exclusive))

    def _served(self) -> None:
        """Things are used after what serves them is in place (a subnet's routes), and until after its users go."""
        for server in self.changes.values():
            for name in self._kind(server).serves:
                self._serve_new(server, name)
                self._serve_old(server, name)

    def _serve_new(self, server: Change, name: str) -> None:
        served = {ref.address for ref in references(server.wanted.properties.get(name))} if server.wanted else set()
        for user in self.changes.values():
            if user.wanted and user.type != server.type and user.action != "delete":
                used = {ref.address for ref in references(user.wanted.properties)}
                if used & served:
                    self._wish(self._first(user.key), self._last(server.key))

    def _serve_old(self, server: Change, name: str) -> None:
        served = set(strings(server.live.properties.get(name))) if server.destroys and server.live else set()
        for user in self.changes.values():
            if user.live and user.type != server.type and served & set(strings(user.live.properties)):
                self._wish(("delete", server.key), ("delete" if user.destroys else "update", user.key))

    def _preceded(self) -> None:
        """A listener does something else once its new rules are there, and before its old ones go."""
        keys = {change.live.id: change.key for change in self.changes.values() if change.live}
        for change in self.changes.values():
            for name in self._kind(change).precedes:
                for ref in references(change.wanted.properties.get(name)) if change.wanted else ():
                    self._wish(("update", ref.address), self._last(change.key))
                for text in strings(change.live.properties.get(name)) if change.live else ():
                    if text in keys:
                        self._wish(("delete", change.key), ("update", keys[text]))

    def _in_turn(self) -> None:
        """Of what stands in one thing, those that stay change before others go: one may still lead to another."""
        inside: dict[tuple[str, Any], list[str]] = {}
        for change in self.changes.values():
            parent = self._kind(change).under
            if parent and change.live:
                inside.setdefault((change.type, change.live.properties.get(parent)), []).append(change.key)
        for keys in inside.values():
            stay = [key for key in keys if ("update", key) in self.needs]
            for key in keys:
                for other in stay:
                    self._wish(("delete", key), ("update", other))

    def _forgotten(self) -> None:
        """That something is in a place of somebody else's is remembered until it has gone from there."""
        gone = [change.key for change in self.changes.values() if change.destroys and self._kind(change).place]
        for change in self.changes.values():
            for key in gone if any(tag.startswith(PLACE) for tag in change.untag) else ():
                self._wish(("update", change.key), ("delete", key))

    def _leads(self, start: Step, end: Step) -> bool:
        """Whether `start` waits, however indirectly, for `end`."""
        seen, todo = {start}, [start]
        while todo:
            step = todo.pop()
            if step == end:
                return True
            todo += self.needs[step] - seen
            seen |= self.needs[step]
        return False
