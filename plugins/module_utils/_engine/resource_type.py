# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contract of a resource type: what the engine needs to know of a type of AWS objects. See docs/engine.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .._aws.answer import answers_about, missing_member
from .._aws.errors import StackError
from .condition import Steps, Waiter
from .items import Raw, as_plain_data, value_at
from .list_call import Listing
from .model import DesiredResource
from .property_limits import (
    IDENTIFIER,
    InvalidPropertiesError,
    Limits,
    PropertyPath,
    PropertyProblem,
    describe_invalid,
    find_limit_problems,
    find_misplaced_references,
    format_property_path,
)
from .references import resolve_references
from .scope import Scope, address_from_tags, shorten_name

Client = Any
ClientOf = Callable[[str], Client]
Properties = Mapping[str, Any]
# Set in an item whose tags AWS does not show at present: they are not compared.
TAGS_UNKNOWN = "TagsUnknown"

# What a type raises that gets a value of another kind than it can read.
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, IndexError, ArithmeticError)


@dataclass(frozen=True)
class ActualResource:
    """One object that exists, in the words of the document."""

    type: str
    name: str
    id: str
    properties: Properties
    attributes: Mapping[str, Any]
    tags: Mapping[str, str]
    raw: Raw = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        return f"{self.type}/{self.name}"


def _no_clients(service: str) -> Client:
    raise AssertionError(f"this resource is only compared, and needs no client of {service}")


@dataclass(frozen=True)
class ResolvedResource:
    """A desired resource with every reference resolved, AWS's name for it, and all tags.

    ``token`` is the client token for calls that take one; ``run_id`` differs from run to run. ``prepared`` is what the
    type's ``prepare`` found for this resource. ``clients`` read what no property may hold, because plans show
    properties: the value of a secret. ``predecessor`` is the object that this one replaces.
    """

    address: str
    name: str
    properties: Properties
    tags: Mapping[str, str]
    scope: Scope
    token: str = ""
    prepared: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = ""
    clients: ClientOf = field(default=_no_clients, repr=False, compare=False)
    predecessor: ActualResource | None = None


@dataclass(frozen=True)
class ResourceUpdate:
    """An actual resource, its desired state, and the properties that differ.

    ``concurrent`` are the other updates of the type in this run: the desired values of what differs, by id.
    """

    actual: ActualResource
    desired: ResolvedResource
    changed: frozenset[str]
    concurrent: Mapping[str, Properties] = field(default_factory=dict)


# It gets properties as `Schema.checks` do, the path of a reference in them, and the resource that this leads to.
TargetCheck = Callable[[Properties, PropertyPath, DesiredResource], Iterator[PropertyProblem]]
Update = Callable[[Client, ResourceUpdate], Steps]


@dataclass(frozen=True)
class Detail:
    """A call that completes listed items, ``size`` of them at once; it returns one mapping for each."""

    read: Callable[[Client, list[Raw]], list[Raw]]
    size: int = 1


@dataclass(frozen=True)
class Tagging:
    """How tags are read from an item and written to an existing object; ``member`` is the item's member for them."""

    read: Callable[[Raw], dict[str, str]]
    write: Callable[[Client, ActualResource, Mapping[str, str]], None]
    remove: Callable[[Client, ActualResource, Sequence[str]], None]
    member: str = "Tags"


@dataclass(frozen=True)
class Schema:
    """What a type is: its properties and attributes, and how they are read from an item.

    ``id_path`` and the values of ``attributes`` are dotted paths in an item. ``normalize`` gives the properties of an
    item, ``with_defaults`` those of a document. ``create_only`` properties cannot change in place.
    """

    name: str
    service: str
    id_path: str
    attributes: Mapping[str, str]
    normalize: Callable[[Raw], dict[str, Any]]
    with_defaults: Callable[[Properties], dict[str, Any]] = dict
    required: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()
    # The values that AWS accepts, by the path of a property.
    limits: Limits = field(default_factory=dict)
    # What AWS requires of properties together. A check gets properties that are within their limits, and references in
    # some of them.
    checks: tuple[Callable[[Properties], Iterator[PropertyProblem]], ...] = ()
    # What a property can refer to, by the path of the property: `type.attribute`, or `*.arn` for the ARN of any type.
    # A reference in another property is an error, unless it is a port, or below one of `free_references`.
    references: Mapping[PropertyPath, tuple[str, ...]] = field(default_factory=dict)
    free_references: frozenset[PropertyPath] = frozenset()
    # What AWS requires of properties in a region, the second argument. These get properties as `checks` do.
    region_checks: tuple[Callable[[Properties, str], Iterator[PropertyProblem]], ...] = ()
    # What AWS requires of properties together with those of another resource of the document, by the path of the
    # property that refers to it.
    target_checks: Mapping[PropertyPath, TargetCheck] = field(default_factory=dict)
    # Properties that are not compared with ==.
    comparisons: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    # Attributes that equal the physical name, and so are known before the object exists.
    name_attributes: frozenset[str] = frozenset()
    # Attributes by which properties of other objects refer to this one.
    reference_attributes: tuple[str, ...] = ("id",)
    # The longest name that AWS takes; 0 where the limit does not matter.
    max_name_length: int = 0
    # Tags that the type itself writes: the engine does not remove them.
    own_tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Discovery:
    """How the objects of a type are found.

    ``tag_detail`` reads the tags where the list does not show them, before the engine decides what the stack owns.
    ``details`` are read only of what it owns. ``tagging`` is None where no call shows the tags of several objects: they
    are written by the call that creates, and not compared. ``parent_type`` is the type inside which AWS lists this one.
    ``tag_index_type`` is the tagging API's name for the type; without one the whole service is asked for.
    """

    listing: Listing
    tagging: Tagging | None
    tag_detail: Detail | None = None
    details: tuple[Detail, ...] = ()
    parent_type: str = ""
    tag_index_type: str = ""


@dataclass(frozen=True)
class Lifecycle:
    """How objects are created, changed and deleted. The functions get a client and data, and never sleep or poll.

    ``create`` makes one call that creates one tagged object and returns it as the list call would show it, with AWS's
    defaults. ``updates`` then bring in what differs, so that the next run completes a creation that was interrupted.
    A function that serves several properties is called once.
    """

    create: Callable[[Client, ResolvedResource], Raw]
    delete: Callable[[Client, ActualResource], Steps]
    updates: Mapping[str, Update] = field(default_factory=dict)
    ready: Waiter | None = None
    create_before_destroy: bool = False
    # Properties that no two objects can share: the old object is deleted before the new one is created.
    exclusive: tuple[str, ...] = ()
    # Properties whose objects are used only after this one is in place (the subnets of a route table).
    before_dependents: tuple[str, ...] = ()
    # Error codes of a creation whose name is taken, and of a deletion while the object is in use.
    name_taken_codes: frozenset[str] = frozenset()
    in_use_codes: frozenset[str] = frozenset({"DependencyViolation"})
    in_use_timeout: float = 600.0


@dataclass(frozen=True)
class ResourceType:
    """A type of AWS objects. A type with an oddity subclasses this in its own file and overrides what differs."""

    schema: Schema
    discovery: Discovery
    lifecycle: Lifecycle

    # Properties whose references may be unresolved at creation: they are set after all creations, and removed by
    # `detach` before all deletions. Only they may refer to each other in a circle.
    deferred: ClassVar[frozenset[str]] = frozenset()
    # Properties whose objects change only after this one is created, and before its predecessor is deleted.
    after_create: ClassVar[tuple[str, ...]] = ()
    # The property that names the object inside which names must be unique; without one they are unique in the region.
    unique_within: ClassVar[str] = ""
    # The property by which a document may choose the name of an object, which can then be any name.
    name_property: ClassVar[str] = ""
    # The property that names the hosted zone, of any owner, in which the objects are.
    hosted_zone_property: ClassVar[str] = ""
    # Whether the tagging API reports the objects; otherwise they are listed in every run.
    in_tag_index: ClassVar[bool] = True
    # Whether tags decide who owns an object.
    owned_by_tags: ClassVar[bool] = True
    # Whether the list shows changes too late for a run to wait; then `find_by_name` finds an object.
    listed_late: ClassVar[bool] = False
    # Whether the objects hold data: they are protected unless the document says otherwise.
    holds_data: ClassVar[bool] = False
    # Properties that plans show as digests.
    hidden: ClassVar[frozenset[str]] = frozenset()
    # For a type without tags that connects objects: their types, which are also the properties that refer to them, and
    # the paths of their ids in an item. The stack owns an association when it owns all of these.
    association_of: ClassVar[Mapping[str, str]] = {}
    # For objects that serve traffic in groups (tag `groundwork:group`): the property whose change stops them.
    resize_property: ClassVar[str] = ""
    # What a replacement loses that the new object does not have, for plans; empty where nothing is lost.
    lost_by_replacement: ClassVar[str] = ""
    # For an association that sends traffic to objects: the property that refers to the group.
    traffic_group_property: ClassVar[str] = ""
    # Further lists that complete the items of the first.
    other_listings: ClassVar[tuple[Listing, ...]] = ()

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def service(self) -> str:
        return self.schema.service

    @property
    def properties(self) -> frozenset[str]:
        """All properties that a document can give."""
        return self.schema.create_only | self.lifecycle.updates.keys()

    @property
    def depends_on_types(self) -> frozenset[str]:
        """The types whose objects must be known to discover this one's."""
        return frozenset({self.discovery.parent_type, *self.association_of} - {""})

    # Discovery

    def list_requests(self, _client: Client, listing: Listing, scope: Scope) -> Sequence[Mapping[str, Any]]:
        """The requests that list what the stack may own."""
        return [listing.by_stack(scope)]

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        """The items of the first list, completed by those of ``other_listings``."""
        return items

    def may_be_owned(self, _item: Raw, _scope: Scope) -> bool:
        """Whether the stack may own an item, before its tags are read."""
        return True

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        """The address of an item in the stack; None for an item of another owner."""
        return address_from_tags(item, self.read_tags(item), scope)

    def find_origin(self, _item: Raw, _scope: Scope) -> str | None:
        """The address of the resource for which an object is kept that the stack does not own; None for any other."""
        return None

    def describe_leftover(self, _identifier: str) -> str:
        """Why a resource cannot be deleted while such an object is kept for it, and what to do."""
        return "is kept for it, and would be left behind. Delete it first"

    def is_deleted(self, _item: Raw) -> bool:
        """Whether an object that is still listed does not exist any more."""
        return False

    def read_details_of_all(self, _client: Client, _items: list[Raw]) -> Mapping[str, Raw]:
        """All details of several items by one call, by id. Items that are left out are completed by ``details``."""
        return {}

    def find_by_name(self, _client: Client, _name: str) -> Raw | None:
        """The object with a name, for types that are listed late."""
        return None

    def name_in_arn(self, _arn: str) -> str | None:
        """The name of an object by its ARN, where the lists of the stack's names do not show it."""
        return None

    def identify(self, item: Raw) -> str:
        identifier = value_at(item, self.schema.id_path)
        if identifier is None:
            raise missing_member(item, self.schema.id_path)
        return str(identifier)

    def identifiers(self, item: Raw) -> set[str]:
        """The texts by which other calls refer to an item: its id, its name and its ARN."""
        paths = [path for name, path in self.schema.attributes.items() if name in ("id", "name", "arn")]
        values = {str(value_at(item, path)) for path in paths if value_at(item, path)}
        return {self.identify(item), *values}

    def read_tags(self, item: Raw) -> dict[str, str]:
        """The tags of an item, as far as it shows any."""
        return self.discovery.tagging.read(item) if self.discovery.tagging else {}

    def to_actual(self, item: Raw, name: str) -> ActualResource:
        """An item in the words of the document."""
        with answers_about(f"{self.name}/{name}"):
            attributes = {
                attribute: as_plain_data(value_at(item, path)) for attribute, path in self.schema.attributes.items()
            }
            properties = as_plain_data(self.schema.normalize(item))
            tags = self.read_tags(item)
            return ActualResource(self.name, name, self.identify(item), properties, attributes, tags, item)

    # Names

    def base_name(self, scope: Scope, name: str) -> str:
        """The physical name before a suffix, and before it is shortened."""
        return scope.physical_name(name)

    def physical_name(self, scope: Scope, name: str, suffix: str = "") -> str:
        """The name in AWS of an object of the stack."""
        return shorten_name(self.base_name(scope, name) + suffix, self.schema.max_name_length)

    def association_name(self, names: Sequence[str]) -> str:
        """The name of an association of objects with these names, none of which contains two dashes."""
        return "--".join(names)

    # Planning

    def find_problems(self, given: Properties) -> list[PropertyProblem]:
        """The problems of the properties that a document gives, with references in some of them.

        What takes several properties is checked only where each of them is valid.
        """
        missing = sorted(name for name in self.schema.required if given.get(name) is None)
        problems: list[PropertyProblem] = [((), f"{', '.join(missing)} must be given")] if missing else []
        identifiers = {path: IDENTIFIER for path in self.schema.references if path not in self.schema.limits}
        limits = {**identifiers, **self.schema.limits}
        problems += find_limit_problems(limits, given)
        wrong = {path for path, _text in problems}
        for path, text in find_misplaced_references(given, limits, self.schema.references, self.schema.free_references):
            # A property of another form, such as a list in the place of a value, is reported as a whole.
            if not any(path[:length] in wrong for length in range(1, len(path) + 1)):
                problems.append((path, text))
        if problems:
            return problems
        for check in self.schema.checks:
            problems += check(given)
        return problems or self._find_form_problems(given)

    def find_conflict(self, _given: DesiredResource, _other: DesiredResource) -> PropertyProblem | None:
        """Why AWS rejects a resource next to another one of the type, None where it accepts both.

        What only one resource can have is declared as ``Lifecycle.exclusive`` instead.
        """
        return None

    def _find_form_problems(self, given: Properties) -> list[PropertyProblem]:
        try:
            unknown = sorted(self._fill_in_defaults(given).keys() - self.properties)
        except (StackError, InvalidPropertiesError) as error:
            # With a fix at its end: brackets in the text of an exception are none.
            return [((), f"its properties make no sense: {error} (correct them)")]
        except UNREADABLE:
            path, value = self._locate_unreadable(given)
            if path:
                return [(path, describe_invalid(value, path, self.schema.limits))]
            return [((), "its properties make no sense together (correct them)")]
        return [((), f"it has no property {', '.join(unknown)}")] if unknown else []

    def _fill_in_defaults(self, given: Properties) -> Properties:
        return self.schema.with_defaults(resolve_references(given, lambda ref: f"<{ref.address}.{ref.attribute}>"))

    def _locate_unreadable(self, given: Properties) -> tuple[PropertyPath, Any]:
        """The innermost value without which the properties can be read, and its path; an empty path without one."""
        path: PropertyPath = ()
        value: Any = given
        while isinstance(value, (Mapping, list)):
            keys = list(value) if isinstance(value, Mapping) else range(len(value))
            found = next((key for key in keys if self._is_readable(_remove(given, (*path, key)))), None)
            if found is None:
                break
            path, value = (*path, found), value[found]
        return path, value

    def _is_readable(self, given: Properties) -> bool:
        try:
            self._fill_in_defaults(given)
        except (StackError, InvalidPropertiesError):
            return True  # what is missing now was there
        except UNREADABLE:
            return False
        return True

    def validate(self, given: Properties) -> str | None:
        """The first problem of the properties that a document gives, None where there is none."""
        for path, text in self.find_problems(given):
            return f"{format_property_path(path)}: {text}" if path else text
        return None

    def reject(self, _desired: Properties, _actual: Properties) -> str | None:
        """Why AWS cannot make a change, None where it can. A rejected change stops the whole plan."""
        return None

    def find_unusable(self, _actual: ActualResource) -> str | None:
        """Why an object can be neither changed nor used for now, None where it can; such an object stops the plan."""
        return None

    def find_rejected_updates(
        self, _client: Client, _updates: Sequence[tuple[ActualResource, Properties]]
    ) -> Mapping[str, Sequence[str]]:
        """Why AWS would reject updates only once they have begun, by id, for check mode.

        An update is given as the object and its desired properties. In a real run each update checks itself.
        """
        return {}

    def equal(self, name: str, desired: Any, actual: Any) -> bool:
        compare = self.schema.comparisons.get(name)
        return compare(desired, actual) if compare else desired == actual

    def find_differences(self, desired: Properties, actual: Properties) -> frozenset[str]:
        """The properties that differ. A property that AWS did not return is not compared."""
        compared = [name for name in desired if name in actual]
        return frozenset(name for name in compared if not self.equal(name, desired[name], actual[name]))

    def find_replacing(self, changed: frozenset[str], actual: Properties) -> frozenset[str]:
        """The changed properties that need a new object. A property that is unset may still be set in place."""
        fixed = changed & self.schema.create_only
        return frozenset(name for name in fixed if not (actual[name] is None and name in self.lifecycle.updates))

    # Applying

    def prepare(self, _clients: ClientOf, _resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        """What the creations of a run need, by address, looked up before anything is changed."""
        return {}

    def usable_waiter(self, _attribute: str) -> Waiter | None:
        """The waiter for an attribute that other objects cannot use as soon as this one exists."""
        return None

    def detach(self, _client: Client, _actual: ActualResource) -> Steps:
        """Remove the ``deferred`` properties from an object that will be deleted."""
        return None

    def notices(self, _actual: ActualResource) -> Sequence[str]:
        """What a person should know of an object although it does not differ."""
        return ()


def _remove(value: Any, path: PropertyPath) -> Any:
    """A copy of a value without what is at a path."""
    step, *rest = path
    inner = {step: _remove(value[step], tuple(rest))} if rest else {}
    if isinstance(value, Mapping):
        return {key: inner.get(key, item) for key, item in value.items() if rest or key != step}
    return [inner.get(number, item) for number, item in enumerate(value) if rest or number != step]


Registry = Mapping[str, ResourceType]
