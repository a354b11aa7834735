# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan: what would bring what lives to what is wanted. Pure: no client in sight."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import OURS, PLACE, PROTECT, RESOURCE, STACK
from .graph import in_order
from .references import references, resolve, strings
from .resource import Live, ResourceType, Scope, dig, successor_suffix
from .wanted import Ref, Wanted, WantedStack

Registry = Mapping[str, ResourceType]


@dataclass(frozen=True)
class Change:
    """One resource that will change. ``changed`` names the properties, ``tags`` and ``untag`` the tags to set and drop.

    ``key`` is the address; for a duplicate, of which an address has several, the id comes on top.
    """

    key: str
    action: str
    reason: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    live: Live | None = None
    wanted: Wanted | None = None
    changed: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    untag: tuple[str, ...] = ()
    # The address under which `allow_destroy` may name it as well.
    part_of: str = ""
    # What it is of moving requests from one instance to another: `join`, `resize` or `retire` (narrow.py).
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
        tagged = self.live is not None and self.live.tags.get(PROTECT) == "true"
        return tagged or (self.wanted is not None and self.wanted.protected)


@dataclass(frozen=True)
class Plan:
    """All changes, in a steady order; ``kept`` are the live objects that belong to the document's resources.

    ``left`` are changes that are not to be done now.
    """

    changes: tuple[Change, ...]
    kept: Mapping[str, Live]
    problems: tuple[str, ...] = ()
    left: tuple[Change, ...] = ()

    def refused(self, allow_destroy: Sequence[str]) -> list[Change]:
        """The changes that would destroy data and are not allowed by name."""
        holding = [item for item in self.changes if item.destroys and item.is_protected]
        return [item for item in holding if not {item.key, item.part_of} & set(allow_destroy)]


def make_plan(
    stack: WantedStack,
    live: Sequence[Live],
    registry: Registry,
    prune: bool = True,
    adopted: Mapping[str, Live] | None = None,
) -> Plan:
    """Compare a stack with what lives of it."""
    return _Planner(stack, live, registry, adopted or {}, prune).plan()


def scope_of(stack: WantedStack, registry: Registry) -> Scope:
    """Whose resources are meant, and the names and places that the document itself gives to some of them."""
    titles = _titles((*stack.resources, *stack.known), registry)
    return Scope(stack.name, stack.region, titles, _titles(stack.resources, registry))


def _titles(resources: Iterable[Wanted], registry: Registry) -> dict[str, frozenset[str]]:
    titles: dict[str, set[str]] = {}
    for item in resources:
        kind = registry.get(item.type)
        title = item.properties.get(kind.title or kind.place) if kind else None
        if isinstance(title, str):
            titles.setdefault(item.type, set()).add(title)
    return {name: frozenset(found) for name, found in titles.items()}


def tags_of(stack: WantedStack, wanted: Wanted, kind: ResourceType) -> dict[str, str]:
    """All tags that a resource is to bear; what joins others bears none."""
    if kind.joins:
        return {}
    name = kind.physical(Scope(stack.name, stack.region), wanted.name)
    ours = {STACK: stack.name, RESOURCE: wanted.address}
    return {"Name": name, **stack.tags, **wanted.tags, **ours, **({PROTECT: "true"} if wanted.protected else {})}


class _Planner:
    def __init__(
        self, stack: WantedStack, live: Sequence[Live], registry: Registry, adopted: Mapping[str, Live], prune: bool
    ) -> None:
        self.stack = stack
        self.prune = prune
        self.scope = Scope(stack.name, stack.region)
        self.registry = registry
        self.wanted = {item.address: item for item in stack.resources}
        self.adopted = adopted
        self.candidates = _ranked([*live, *adopted.values()])
        self.kept = {address: lives[0] for address, lives in self.candidates.items()}
        self.new: set[str] = set()
        self.problems: list[str] = []

    def plan(self) -> Plan:
        _check(self.wanted, self.registry)
        for address in in_order({address: self._hard(item) for address, item in self.wanted.items()}):
            self._choose(address)
        changes = [change for address in self.wanted if (change := self._compare(self.wanted[address]))]
        if self.prune:
            changes += self._surplus()
        kept = {address: live for address, live in self.kept.items() if address in self.wanted}
        return Plan(tuple(sorted(changes, key=lambda item: item.key)), kept, tuple(self.problems))

    def _choose(self, address: str) -> None:
        """Settle which live object an address has, and whether a new one is needed.

        Of duplicates one that can stay is better than one that cannot: a replacement which died half way leaves both.
        """
        for live in self.candidates.get(address, ()):
            if not self._replaced(self.wanted[address], live):
                self.kept[address] = live
                return
        self.new.add(address)

    def _kind(self, item: Wanted | Live) -> ResourceType:
        return self.registry[item.type]

    def _hard(self, wanted: Wanted) -> set[str]:
        late = self._kind(wanted).late
        return {
            ref.address for name, value in wanted.properties.items() if name not in late for ref in references(value)
        }

    def value(self, ref: Ref) -> Any:
        """What a reference stands for, as far as it is known before anything is done."""
        kind = self.registry[ref.address.partition("/")[0]]
        if ref.address in self.kept and ref.address not in self.new:
            return self.kept[ref.address].attributes.get(ref.attribute)
        if ref.attribute in kind.named:
            return kind.physical(self.scope, ref.address.partition("/")[2])
        return f"<{ref.address}.{ref.attribute}>"

    def _desired(self, wanted: Wanted) -> dict[str, Any]:
        return self._kind(wanted).desired(resolve(wanted.properties, self.value))

    def _replaced(self, wanted: Wanted, live: Live) -> frozenset[str]:
        kind = self._kind(wanted)
        return kind.replaces(kind.different(self._desired(wanted), live.properties) - kind.late, live.properties)

    def _compare(self, wanted: Wanted) -> Change | None:
        kind, desired = self._kind(wanted), self._desired(wanted)
        tags = tags_of(self.stack, wanted, kind)
        live = self.kept.get(wanted.address)
        if live is None:
            after = _shown(kind, desired, frozenset(desired))
            return Change(wanted.address, "create", "missing", None, after, None, wanted, frozenset(desired), tags)
        changed = kind.different(desired, live.properties)
        if wanted.address in self.new:
            return self._replace(wanted, live, desired, changed, tags)
        self._refuse(kind, wanted.address, desired, live)
        return self._update(wanted, live, desired, changed, tags)

    def _refuse(self, kind: ResourceType, address: str, desired: Mapping[str, Any], live: Live) -> None:
        problem = kind.refuse(desired, live.properties) if kind.refuse else None
        if problem:
            self.problems.append(f"{address}: {problem}")

    def _replace(
        self, wanted: Wanted, live: Live, desired: Mapping[str, Any], changed: frozenset[str], tags: dict[str, str]
    ) -> Change:
        kind = self._kind(wanted)
        fixed = sorted(kind.replaces(changed, live.properties))
        reason = f"{', '.join(fixed)} cannot change in place"
        if wanted.address in self.adopted:
            self.problems.append(
                f"{wanted.address}: {live.id} cannot be adopted, it would be replaced at once: {reason}; "
                f"make the document say what is there: {_shown(kind, live.properties, frozenset(fixed))}"
            )
        before, after = (_shown(kind, side, changed) for side in (live.properties, desired))
        return Change(wanted.address, "replace", reason, before, after, live, wanted, changed, tags)

    def _update(
        self, wanted: Wanted, live: Live, desired: Mapping[str, Any], changed: frozenset[str], tags: dict[str, str]
    ) -> Change | None:
        kind = self._kind(wanted)
        known = tags if kind.tagging else {}
        set_tags = {key: value for key, value in known.items() if live.tags.get(key) != value}
        # Where there is something that stays, it is to be found again.
        stay = kind.own_tags if self.prune else {*kind.own_tags, *(key for key in live.tags if key.startswith(PLACE))}
        ours = {key for key in live.tags if key.startswith(OURS)} - stay
        untag = tuple(sorted(ours - tags.keys()))
        unready = _unready(kind, live)
        if not changed and not set_tags and not untag and not unready:
            return None
        before, after = (_shown(kind, side, changed) for side in (live.properties, desired))
        if kind.ready and unready:
            before["status"], after["status"] = unready, kind.ready.what
        if set_tags or untag:
            before["tags"] = {key: live.tags[key] for key in sorted({*set_tags, *untag} & live.tags.keys())}
            after["tags"] = dict(sorted(set_tags.items()))
        names = sorted({*changed, *before, *after})
        reason = f"adopted ({live.id})" if wanted.address in self.adopted else f"differs: {', '.join(names)}"
        return Change(wanted.address, "update", reason, before, after, live, wanted, changed, set_tags, untag)

    def _surplus(self) -> list[Change]:
        gone = [live for address, live in self.kept.items() if address not in self.wanted]
        reason = "not in the document" if self.wanted else "the stack is to be absent"
        changes = [self._delete(live, live.address, reason) for live in gone]
        for address, lives in self.candidates.items():
            kept = self.kept[address]
            changes += [self._spare(kept, live) for live in lives if live.id != kept.id]
        return changes

    def _spare(self, kept: Live, spare: Live) -> Change:
        """Away with a duplicate. What a replacement that died has left behind was allowed to go with that."""
        change = self._delete(spare, f"{spare.address}@{spare.id}", f"duplicate of {kept.id}")
        successor = self._kind(kept).physical(self.scope, kept.name, successor_suffix(spare.id))
        return replace(change, part_of=kept.address) if kept.attributes.get("name") == successor else change

    def _delete(self, live: Live, key: str, reason: str) -> Change:
        kind = self._kind(live)
        return Change(key, "delete", reason, _shown(kind, live.properties, frozenset(live.properties)), None, live)


def _ranked(live: Sequence[Live]) -> dict[str, list[Live]]:
    """The objects of each address: first the one that most others use, then the oldest."""
    uses: dict[str, int] = {}
    for item in live:
        for text in set(strings(item.properties)):
            uses[text] = uses.get(text, 0) + 1
    found: dict[str, list[Live]] = {}
    for item in sorted(live, key=lambda item: (item.address, -uses.get(item.id, 0), _birth(item), item.id)):
        found.setdefault(item.address, []).append(item)
    return found


def _unready(kind: ResourceType, live: Live) -> str | None:
    """The state of an object that is still on its way, None for all others."""
    state = dig(live.raw, kind.ready.path) if kind.ready else None
    return str(state) if kind.ready and state in kind.ready.coming else None


def _birth(live: Live) -> str:
    return str(live.raw.get("LaunchTime") or live.raw.get("CreateTime") or live.raw.get("CreateDate") or "")


def _check(wanted: Mapping[str, Wanted], registry: Registry) -> None:
    """Types and properties must be known; a reference must name a resource of the stack and what its type offers."""
    problems = [
        f"{item.address}: there is no resource type {item.type}"
        for item in wanted.values()
        if item.type not in registry
    ]
    for item in wanted.values():
        for ref in references(item.properties):
            kind = registry.get(ref.address.partition("/")[0])
            if ref.address not in wanted:
                problems.append(f"{item.address}: there is no {ref.address} in the stack")
            elif kind and ref.attribute not in kind.attributes:
                offers = ", ".join(sorted(kind.attributes))
                problems.append(f"{item.address}: {ref.address} has no attribute {ref.attribute}; it has {offers}")
    problems += [f"{item.address}: {text}" for item in wanted.values() if (text := _misfit(item, registry))]
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))


def _misfit(wanted: Wanted, registry: Registry) -> str | None:
    kind = registry.get(wanted.type)
    given = resolve(wanted.properties, lambda ref: f"<{ref.address}.{ref.attribute}>")
    return (kind.misfit(given) or _misnamed(wanted, kind)) if kind else None


def _misnamed(wanted: Wanted, kind: ResourceType) -> str | None:
    """What joins two others is found again by their names alone."""
    if not kind.joins:
        return None
    values = {name: wanted.properties.get(name) for name in kind.joins}
    others = [value.address.partition("/")[2] for value in values.values() if isinstance(value, Ref)]
    if len(others) < len(values):
        return f"{' and '.join(values)} must be references to resources of the stack"
    name = kind.joined(others)
    return None if wanted.name == name else f"is named by what it joins: call it {kind.name}/{name}"


def _shown(kind: ResourceType, properties: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Properties as a person may see them: without the empty ones, the hidden ones as digests."""
    found = {name: properties.get(name) for name in sorted(names)}
    return {
        name: _digest(value) if name in kind.hidden else value
        for name, value in found.items()
        if value not in (None, [], {}, "")
    }


def _digest(value: Any) -> str:
    text = str(value)
    is_digest = len(text) == 16 and all(letter in "0123456789abcdef" for letter in text)
    return f"(digest) {text if is_digest else hashlib.sha256(text.encode()).hexdigest()[:16]}"
