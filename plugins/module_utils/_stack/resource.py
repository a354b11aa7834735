# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contract of a resource type: what the engine must be told about a kind of AWS object. See docs/engine.md."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

Raw = dict[str, Any]
Client = Any
Properties = Mapping[str, Any]
# Tags by ARN, as far as they are told without a call for each object.
Told = Mapping[str, Mapping[str, str]]
# Where an item has the tags of other objects that its details show, by ARN (see `told_by`).
SHOWN = "Shown"


def dig(item: Any, path: str) -> Any:
    """The value at a dotted path of mappings, and of lists by number; None where it ends early."""
    for key in path.split("."):
        if isinstance(item, list):
            item = item[int(key)] if int(key) < len(item) else None
        else:
            item = item.get(key) if isinstance(item, Mapping) else None
    return item


@dataclass(frozen=True)
class Scope:
    """Whose resources are meant: one stack in one region.

    ``titles`` are, by type, the names of its objects that are not made of the stack's (see ``ResourceType.title``);
    ``desired_titles`` are those of them that desired resources have, and not only resources of an earlier run.
    """

    stack: str
    region: str
    titles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    desired_titles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The IAM path of the stack: IAM knows no regions and its lists show no tags."""
        return f"/groundwork/{self.stack}/{self.region}/"

    def physical(self, name: str, everywhere: bool = False) -> str:
        """What AWS calls a resource of the stack; IAM's names must be unique in the whole account."""
        return f"{self.stack}-{self.region}-{name}" if everywhere else f"{self.stack}-{name}"


def shortened(name: str, longest: int) -> str:
    """A name that fits: what is too long ends with a digest of all of it, so that it stays distinct and the same."""
    if not longest or len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: longest - 9].rstrip('-')}-{digest}"


def successor_suffix(identifier: str) -> str:
    """What the name of an object ends with that comes before the one with this id goes, which has the plain name."""
    return "-" + hashlib.sha256(identifier.encode()).hexdigest()[:6]


@dataclass(frozen=True)
class Listing:
    """A list call. ``result`` is where the items are (dotted: lists of lists are flattened).

    ``of_parent`` is for items that AWS lists only inside another object (see ``under``), given its id; ``within`` tells
    that id from an item's own where a call by ids asks inside one object, and ``shape`` completes an item by what only
    the request says. ``of_titles`` are the further requests for objects that have names of their own; ``requests`` are
    all of them, where another call has to tell first where to look. Where a call by ids ``fails_whole`` when one of
    them is gone, or takes one alone, it is not used to ask about several.
    """

    operation: str
    result: str
    of_stack: Callable[[Scope], Mapping[str, Any]] = lambda _scope: {}
    by_ids: Callable[[Sequence[str]], Mapping[str, Any]] | None = None
    of_parent: Callable[[str], Mapping[str, Any]] | None = None
    within: Callable[[str], str] | None = None
    shape: Callable[[Mapping[str, Any], Raw], Raw] | None = None
    of_titles: Callable[[Sequence[str]], Sequence[Mapping[str, Any]]] | None = None
    requests: Callable[[Client, Scope], Sequence[Mapping[str, Any]]] | None = None
    fails_whole: bool = False


@dataclass(frozen=True)
class Detail:
    """A further read that completes listed items, ``size`` of them in one call; gives one mapping for each.

    ``known`` gives what it would give for an item out of the tags that are told, None where they are not.
    """

    read: Callable[[Client, list[Raw]], list[Raw]]
    size: int = 1
    known: Callable[[Raw, Told], Raw | None] | None = None


@dataclass(frozen=True)
class Waiter:
    """Readiness as a table: the value at ``path`` is one of ``ready``, on its way, or one of ``failed``.

    ``coming`` are the values from which it gets there by itself: a run that died while it waited leaves them.
    ``passing`` are those in which it does its work as ever and only takes no changes: they are waited for before one.
    ``absent_is_ready``: it is waited for until it is listed no more. ``why`` is where AWS says the reason of a failure.
    ``hint`` is what a person should look at when it does not come.
    """

    what: str
    path: str
    ready: tuple[Any, ...]
    failed: tuple[Any, ...] = ()
    coming: tuple[Any, ...] = ()
    passing: tuple[Any, ...] = ()
    why: str = "StateReason.Message"
    hint: str = ""
    absent_is_ready: bool = False
    timeout: float = 300.0
    delay: float = 5.0
    listing: Listing | None = None
    id: str | None = None


@dataclass(frozen=True)
class Wait:
    """A step of an update or deletion which goes on when ``waiter`` is content with the object ``id``."""

    waiter: Waiter
    id: str


Steps = Optional[Iterator[Wait]]  # noqa: UP045 - pylint reads a union of an alias as arithmetic


@dataclass(frozen=True)
class Live:
    """One object that exists, in the words of the document."""

    type: str
    name: str
    id: str
    properties: Properties
    attributes: Mapping[str, Any]
    tags: Mapping[str, str]
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        return f"{self.type}/{self.name}"


@dataclass(frozen=True)
class Order:
    """What is to be made or reached: properties with every reference resolved, and all tags.

    ``token`` is the client token for calls that take one. ``name`` is what AWS shall call it. ``prepared`` is what
    the type's ``prepare`` found for all orders of this run.
    """

    address: str
    name: str
    properties: Properties
    tags: Mapping[str, str]
    scope: Scope
    token: str = ""
    prepared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edit:
    """A live object, what it shall become, and the properties in which the two differ.

    ``beside`` is what else of its type changes in place in this run: by id, what the properties that differ shall be.
    """

    live: Live
    order: Order
    changed: frozenset[str]
    beside: Mapping[str, Properties] = field(default_factory=dict)


Update = Callable[[Client, Edit], Steps]


@dataclass(frozen=True)
class Tagging:
    """How tags are read from an item and written to an existing object."""

    read: Callable[[Raw], dict[str, str]]
    write: Callable[[Client, Live, Mapping[str, str]], None]
    remove: Callable[[Client, Live, Sequence[str]], None]


@dataclass(frozen=True)
class ResourceType:
    """A kind of AWS object, declared. Functions get a client and data; they never sleep, loop over resources or wait.

    ``create`` makes exactly one call that makes one tagged object and gives it as the list call would show it (with
    AWS's defaults); whatever more it needs is the work of ``updates``, found by comparison, so that a run which died
    in between is mended by the next. ``updates`` maps each property which can change in place to the function that
    changes it (one function may serve several properties: it is called once).
    """

    name: str
    service: str
    listing: Listing
    id: str
    # None: no call shows the tags of many, so that they are given by the call that creates and not looked at again.
    tagging: Tagging | None
    normalize: Callable[[Raw], dict[str, Any]]
    create: Callable[[Client, Order], Raw]
    delete: Callable[[Client, Live], Steps]
    updates: Mapping[str, Update] = field(default_factory=dict)
    desired: Callable[[Properties], dict[str, Any]] = dict
    required: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    # Attributes that equal the physical name, and so are known before the object exists.
    named: frozenset[str] = frozenset()
    # Attributes that are good for nothing before some more has come to pass: whoever refers to one waits for that.
    awaited: Mapping[str, Waiter] = field(default_factory=dict)
    # Attributes by which the properties of other live objects mention this one.
    mentioned_by: tuple[str, ...] = ("id",)
    # Properties whose references need not be complete when the object is created: they are brought in afterwards, and
    # let go (by `release`) before anything is deleted. This is how groups that name each other work.
    late: frozenset[str] = frozenset()
    release: Callable[[Client, Live], Steps] | None = None
    # Properties that must hold before the things they mention are used (a route table serves its subnets).
    serves: tuple[str, ...] = ()
    # Properties that mention what changes only once the new object is there, and before the old one goes (a rule takes
    # requests that its listener sends elsewhere by and by).
    precedes: tuple[str, ...] = ()
    # Properties that no two live objects can share: the old one must go before the new one comes.
    exclusive: tuple[str, ...] = ()
    # The new object comes before the old one goes. Names the property inside which their names must differ.
    create_first: str = ""
    everywhere: bool = False
    # What AWS calls an object, where its name alone must tell whose it is.
    naming: Callable[[Scope, str], str] | None = None
    # The property in which a document may give an object any other name, and that name in an ARN, if it is one.
    title: str = ""
    of_arn: Callable[[str], str | None] | None = None
    # The property that says in which thing of somebody else's the objects are, and are looked for (a hosted zone).
    place: str = ""
    # The tagging API does not tell of such objects: their list, which must be one cheap call, is read in every run.
    untold: bool = False
    # What the tagging API calls the type. The whole service is asked about where that is left out.
    told_as: str = ""
    # How many characters a name may have; no limit that matters when 0.
    longest: int = 0
    also: tuple[Listing, ...] = ()
    join: Callable[[list[Raw], Sequence[list[Raw]]], list[Raw]] | None = None
    # Tags that no list shows are read first, of what may be the stack's: everything else only of what it owns.
    maybe: Callable[[Raw, Scope], bool] | None = None
    tags: Detail | None = None
    details: tuple[Detail, ...] = ()
    # One call in the place of all `details` of several items: what it gives by id; the others are asked for alone.
    together: Callable[[Client, list[Raw]], Mapping[str, Raw]] | None = None
    # The type whose details show the tags of this one's objects as well.
    told_by: str = ""
    # The type of the objects inside which this one's are listed.
    under: str = ""
    # For an object without tags that joins others: the types of these, which are also the names of the properties that
    # refer to them, and where an item has their ids. It is the stack's when they are, and its name is made of theirs.
    joins: Mapping[str, str] = field(default_factory=dict)
    owner: Callable[[Raw, Scope], str | None] | None = None
    same: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    own_tags: frozenset[str] = frozenset()
    refuse: Callable[[Properties, Properties], str | None] | None = None
    prepare: Callable[[Callable[[str], Client], list[Order]], Mapping[str, Any]] | None = None
    is_dead: Callable[[Raw], bool] | None = None
    # Its objects hold data: they are protected unless the document says otherwise.
    data: bool = False
    # What a person should know of an object which is as it is wanted all the same.
    notices: Callable[[Live], Sequence[str]] | None = None
    ready: Waiter | None = None
    # Codes by which a creation says that the name is taken; by which a call says "not yet", "still in use".
    exists: frozenset[str] = frozenset()
    # Finds an object by its name where lists are late by more than a run can wait.
    by_name: Callable[[Client, str], Raw] | None = None
    not_yet: tuple[tuple[str, str], ...] = ()
    busy: frozenset[str] = frozenset({"DependencyViolation"})
    busy_timeout: float = 600.0

    def misfit(self, given: Properties) -> str | None:
        """What is wrong with the properties that a document gives, None when nothing is."""
        missing = sorted(self.required - given.keys())
        if missing:
            return f"{', '.join(missing)} must be given"
        try:
            unknown = sorted(self.desired(given).keys() - self.create_only - self.updates.keys())
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            return f"its properties make no sense: {error}"
        return f"it has no property {', '.join(unknown)}" if unknown else None

    @property
    def hearsay(self) -> bool:
        """Whether the tagging API saves the calls that read the tags of its objects."""
        return not self.told_by and any(detail.known for detail in (self.tags, *self.details) if detail)

    @property
    def stands_on(self) -> frozenset[str]:
        """The types whose objects must be known to read this one's."""
        return frozenset({self.under, self.told_by, *self.joins} - {""})

    def joined(self, names: Sequence[str]) -> str:
        """The name of an object that joins those of these names: two dashes stand in no name."""
        return "--".join(names)

    def identify(self, item: Raw) -> str:
        return str(dig(item, self.id))

    def tags_of(self, item: Raw) -> dict[str, str]:
        """The tags of an item, as far as it shows any."""
        return self.tagging.read(item) if self.tagging else {}

    def physical(self, scope: Scope, name: str, suffix: str = "") -> str:
        plain = self.naming(scope, name) if self.naming else scope.physical(name, self.everywhere)
        return shortened(plain + suffix, self.longest)

    def equal(self, name: str, wanted: Any, live: Any) -> bool:
        compare = self.same.get(name)
        return compare(wanted, live) if compare else wanted == live

    def different(self, wanted: Properties, live: Properties) -> frozenset[str]:
        """The properties that differ. What AWS does not tell is not compared."""
        both = (name for name in wanted if name in live)
        return frozenset(name for name in both if not self.equal(name, wanted[name], live[name]))

    def replaces(self, changed: frozenset[str], live: Properties) -> frozenset[str]:
        """Those of the changed properties that need a new object. One that is unset may still be set in place."""
        fixed = changed & self.create_only
        return frozenset(name for name in fixed if not (live[name] is None and name in self.updates))
