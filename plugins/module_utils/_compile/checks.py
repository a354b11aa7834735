# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the compiled resources of a document: duplicate names, raw resources, and excluded alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .._aws.similar_names import suggest
from .._engine.model import DesiredResource
from .._engine.planner import find_property_problems
from .._engine.property_limits import display_value
from .._engine.scope import Scope
from .._resources import REGISTRY
from .._topology.document.problems import format_path, split_fix
from .._topology.domains import domain_names, record_resource_name
from .._topology.placement import find_placements
from .._topology.rules.names import INTERNAL_PREFIX, OWN_TAGS, find_similar_tags
from .._topology.schema.document import DOCUMENT, RAW_TAGS, TAGS
from .._topology.schema.kinds import DocumentPath, Finding, display, is_hidden
from .._topology.view import (
    Document,
    caches,
    databases,
    generated_secrets,
    load_balancer,
    monitoring,
    services,
    tiers,
)
from .circles import find_circles
from .conflicts import find_conflicts
from .forwards import find_shared_groups
from .monitoring import compile_alarms
from .networks import find_network_problems, find_peering_problems
from .raw import GENERAL_KEYS, compile_raw
from .stack import compile_topology
from .surroundings import find_misfits

# For types whose names are not shortened. IAM User Guide, "IAM and AWS STS quotas": 64 characters of a role, 128 of an
# instance profile. The other types accept 255 characters or more, longer than any name of stack, region and resource.
MAX_NAME_LENGTHS: Mapping[str, int] = {"iam_role": 64, "instance_profile": 128}
# RDS and ElastiCache API Reference, DBInstanceIdentifier and ReplicationGroupId: no two hyphens in a row.
SINGLE_HYPHENS = ("db_instance", "cache")


def check_compiled(document: Document, wrong: Collection[DocumentPath] = ()) -> Iterator[Finding]:
    """The problems of raw resources, and of the resources that a document compiles to.

    ``wrong`` are the paths of the document that have a problem. Without them, some resources are missing or have other
    names, so that what is not found is reported only where no correction could add it.
    """
    derived = _compile_resources(document, bool(wrong))
    compiled = Counter(resource.address for resource in derived)
    uncertain = _Uncertainty(document, wrong)
    yield from _find_duplicate_addresses(document, compiled, bool(wrong))
    problems = list(check_raw_resources(document, compiled.keys(), uncertain))
    yield from problems
    wrong_addresses = {path[1] for path, _text in problems}
    own = document["resources"]
    valid = [compile_raw(address, own[address]) for address in own if address not in wrong_addresses]
    # In a document with other problems, derived resources may lack what they need.
    certain = [] if wrong else [resource for resource in derived if resource.address not in own]
    yield from find_conflicts(certain, valid)
    yield from find_misfits(certain, valid, document["region"])
    yield from find_network_problems(certain, valid)
    yield from find_shared_groups(certain, valid)
    yield from find_circles(certain, valid)
    if not any(path[:1] in (("name",), ("region",)) for path in wrong):
        yield from check_raw_names(document, compiled.keys())
    yield from check_excluded_alarms(document, uncertain)


def find_compiled_warnings(document: Document, wrong: Collection[DocumentPath] = ()) -> Iterator[Finding]:
    """What may be wrong with the resources of a document without other problems."""
    if wrong or not document["resources"]:
        return
    raw = [compile_raw(address, body) for address, body in document["resources"].items()]
    yield from find_peering_problems(_compile_resources(document, False), raw)


def _compile_resources(document: Document, may_fail: bool) -> list[DesiredResource]:
    """The resources of a document without raw ones. A document with problems may lack what the compiler needs."""
    compiled: list[DesiredResource] = []
    try:
        for resource in compile_topology(document):
            compiled.append(resource)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        if not may_fail:
            raise
    return compiled


# Sections whose problems change the address of no resource, and those with names in them.
WITHOUT_ADDRESSES = ("resources", "tags", "account", "name", "region")
NAMED_SECTIONS = ("instances", "services", "databases", "caches", "secrets")
# Lists and mappings with names of resources. A problem of one of them, or of a name in it, hides names.
NAMING_PATHS: tuple[DocumentPath, ...] = (
    *((section,) for section in NAMED_SECTIONS),
    ("network", "subnets"),
    ("load_balancer", "domain"),
    ("load_balancer", "alternative_names"),
)
# The names of single resources, and what names of resources begin with apart from names in the document.
FIXED_NAMES = ("main", "alb", "http", "https", "nat", "proof", "any", "database", "cache", "instance", "service")


class _Uncertainty:
    """Whether a correction of a document could add a resource or alarm of a name."""

    def __init__(self, document: Document, wrong: Collection[DocumentPath]) -> None:
        self.exists = any(path[:1] not in ((one,) for one in WITHOUT_ADDRESSES) for path in wrong)
        self.lacks_names = any(map(_may_hide_names, wrong))
        self.stems = [*FIXED_NAMES, *tiers(document), *_record_names(document)]
        for section in NAMED_SECTIONS:
            self.stems += document[section]

    def covers(self, name: str) -> bool:
        """Whether a resource or alarm of this name may exist after a correction."""
        return self.exists and (self.lacks_names or any(f"{name}-".startswith(f"{stem}-") for stem in self.stems))


def _may_hide_names(path: DocumentPath) -> bool:
    """Whether a document with a problem at this path may lack names of resources."""
    if path[:1] not in ((section,) for section in DOCUMENT.fields):  # a misspelt section, or a line of the file
        return True
    return any(
        path == naming[: len(path)] or (path[: len(naming)] == naming and len(path) == len(naming) + 1)
        for naming in NAMING_PATHS
    )


def _record_names(document: Document) -> list[str]:
    balancer = load_balancer(document)
    return [] if balancer is None else [record_resource_name(name) for name in domain_names(balancer)]


def _find_duplicate_addresses(document: Mapping[str, Any], compiled: Counter[str], is_wrong: bool) -> Iterator[Finding]:
    for address, times in compiled.items():
        origins = _find_origins(document, address) if times > 1 else []
        # Without an origin, a rule about the names in a section has reported it in a document with problems.
        if times > 1 and (origins or not is_wrong):
            first, *others = origins or [()]
            other = format_path(others[0]) if others else "another part of the document"
            yield first, f"creates {address}, which {other} creates as well (give it another name)"


TIER_TYPES = ("subnet", "route_table", "db_subnet_group", "cache_subnet_group")


def _find_origins(document: Mapping[str, Any], address: str) -> list[DocumentPath]:
    """The paths in the document that a resource may come from, the best match first."""
    kind, _slash, name = address.partition("/")
    found: dict[DocumentPath, str] = {}
    if kind in TIER_TYPES:
        found = {("network", "subnets", tier): tier for tier in tiers(document)}
    else:
        for placement in find_placements(document).values():
            found[placement.path[:2]] = placement.name
        found.update({("databases", one): f"database-{one}" for one in databases(document)})
        found.update({("caches", one): f"cache-{one}" for one in caches(document)})
    if kind == "secret":
        found.update({("secrets", one): one for one in generated_secrets(document)})
    if kind == "log_group":
        found.update({("services", one): one for one in services(document)})
    fitting = [path for path, stem in found.items() if f"{name}-".startswith(f"{stem}-")]
    return sorted(fitting, key=lambda path: -len(found[path]))


def check_raw_resources(document: Document, compiled: Collection[str], uncertain: _Uncertainty) -> Iterator[Finding]:
    """Check that raw resources have names of their own (``compiled`` has the other addresses), and valid references."""
    own = document["resources"]
    known = [*compiled, *own]
    for address, body in own.items():
        path = ("resources", address)
        if address in compiled:
            yield path, "the document creates a resource of this name itself (choose another name)"
        type_problems = [*_check_type(address.partition("/")[0], path, body), *_check_general_keys(path, body)]
        yield from type_problems
        tags = body.get("tags")
        if isinstance(tags, Mapping):
            yield from find_similar_tags(tags, (*path, "tags"), (*OWN_TAGS, *document["tags"]))
        wrong = {path for path, _text in type_problems}
        for where, value in _find_references(body, path):
            findings = list(_check_reference(where, value, known, uncertain))
            yield from findings
            wrong |= {where} if findings else set()
        yield from _check_properties(address, body, wrong)


def _check_type(kind: str, path: DocumentPath, body: Mapping[str, Any]) -> Iterator[Finding]:
    if kind not in REGISTRY:
        yield path, f"{display(kind)} is not a type of resource; {suggest(kind, list(REGISTRY))}"
        return
    known = sorted({name.partition(".")[0] for name in REGISTRY[kind].properties})
    for name in body:
        if name not in known and name not in GENERAL_KEYS:
            yield (*path, name), f"unknown property of {kind}; {suggest(name, known)}"


def _check_properties(address: str, body: Mapping[str, Any], wrong: Collection[DocumentPath]) -> Iterator[Finding]:
    """What the type of a resource says about its properties, without those of the paths that have a problem."""
    known = {key: value for key, value in body.items() if ("resources", address, key) not in wrong and key != "tags"}
    problems = find_property_problems(compile_raw(address, known), REGISTRY)
    # An unknown property may be the one that is missing, in another spelling.
    is_certain = known.keys() >= body.keys() - {"tags"}
    for path, text in problems if is_certain else [problem for problem in problems if problem[0]]:
        if any(("resources", address, *path[:length]) in wrong for length in range(1, len(path) + 1)):
            continue  # the reference there has an error already
        text = _hide_value(text, _find_value(body, path), path)
        fix = "" if split_fix(text)[1] else f" (docs/resources.md lists the properties of {address.partition('/')[0]})"
        yield ("resources", address, *path), f"{text}{fix}"


def _find_value(body: Any, path: DocumentPath) -> Any:
    """The value at a path of a raw resource, None where it has no such path."""
    for step in path:
        inside = dict(enumerate(body)) if isinstance(body, list) else body
        if not isinstance(inside, Mapping) or step not in inside:
            return None
        body = inside[step]
    return body


def _hide_value(text: str, value: Any, path: DocumentPath) -> str:
    """The problem of a property; without its value where its key is that of a secret."""
    return text.replace(display_value(value), "this") if is_hidden(value, path) else text


def _check_general_keys(path: DocumentPath, body: Mapping[str, Any]) -> Iterator[Finding]:
    if not isinstance(body.get("protect", False), bool):
        yield (*path, "protect"), f"{display(body['protect'])} is not true or false"
    found: list[Finding] = []
    tags = body.get("tags")
    # Those of an instance reach its metadata.
    kind = TAGS if path[-1].startswith("instance/") else RAW_TAGS
    kind.check({} if tags is None else tags, (*path, "tags"), lambda where, text: found.append((where, text)))
    yield from found


def _find_references(value: Any, path: DocumentPath) -> Iterator[tuple[DocumentPath, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        if "ref" in value:
            yield path, value
        for key, item in value.items():
            yield from _find_references(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find_references(item, (*path, number))


def _check_reference(
    path: DocumentPath, value: Mapping[str, Any], known: list[str], uncertain: _Uncertainty
) -> Iterator[Finding]:
    extra = [key for key in value if key not in ("ref", "attribute")]
    if extra:
        yield (*path, extra[0]), "unknown key of a reference; it takes ref and attribute"
    target, attribute = value["ref"], value.get("attribute", "id")
    kind = REGISTRY.get(target.partition("/")[0]) if isinstance(target, str) else None
    if not isinstance(target, str) or target not in known:
        if isinstance(target, str) and kind is not None and uncertain.covers(target.partition("/")[2]):
            return
        hint = suggest(target, known) if isinstance(target, str) else "write type/name"
        yield (*path, "ref"), f"{display(target)} is not a resource of this stack; {hint}"
        return
    offered = sorted({*kind.schema.attributes, *kind.schema.name_attributes}) if kind else [attribute]
    if not isinstance(attribute, str) or attribute not in offered:
        yield (*path, "attribute"), f"{target} has no {display(attribute)}; {suggest(str(attribute), offered)}"


def check_raw_names(document: Document, compiled: Collection[str]) -> Iterator[Finding]:
    """Check the AWS names of raw resources; ``compiled`` has the other addresses."""
    scope = Scope(document["name"], document["region"])
    owners: dict[tuple[str, str], str] = {}
    for address in [*compiled, *document["resources"]]:
        kind, _slash, name = address.partition("/")
        if kind not in REGISTRY:
            continue
        physical, path = REGISTRY[kind].physical_name(scope, name), ("resources", address)
        if address in document["resources"]:
            yield from _check_name(kind, physical, path)
        other = owners.setdefault((kind, physical), address)
        if other != address:
            yield path, f'its name would be "{physical}", which is that of {other} (choose another name)'


def _check_name(kind: str, physical: str, path: DocumentPath) -> Iterator[Finding]:
    longest = MAX_NAME_LENGTHS.get(kind)
    if longest is not None and len(physical) > longest:
        text = f'its name "{physical}" would have {len(physical)} characters, IAM allows {longest} (shorten a name)'
        yield path, text
    if kind in SINGLE_HYPHENS and "--" in physical:
        yield path, f'its name would be "{physical}", and AWS allows no two hyphens in a row (choose another name)'
    if kind == "load_balancer" and physical.startswith(INTERNAL_PREFIX):
        yield path, f'its name would be "{physical}", and none may begin with {INTERNAL_PREFIX} (rename the stack)'


def check_excluded_alarms(document: Document, uncertain: _Uncertainty) -> Iterator[Finding]:
    """Check that the alarms of ``monitoring.without`` exist."""
    settings = monitoring(document)
    if settings is None or not settings["without"]:
        return
    known = _list_alarms(document, uncertain.exists)
    for number, name in enumerate(settings["without"]):
        if name not in known and not uncertain.covers(name):
            text = f"{display(name)} is not an alarm of this document; {suggest(name, known)}"
            yield ("monitoring", "without", number), text


def _list_alarms(document: Document, may_fail: bool) -> list[str]:
    """The names of all alarms. A document with problems may lack what the compiler needs."""
    found: list[str] = []
    try:
        for alarm in compile_alarms(document):
            found.append(alarm.name)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        if not may_fail:
            raise
    return found
