# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about names that AWS or a daemon of the hosts would reject, or take for another's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from .._aws.tags import PROTECT, RESOURCE, STACK
from .._stack.wanted import Ref
from .domain import bare, called, certificate_of, names_of
from .kinds import Place, shown
from .reserved import PM2_APPLICATIONS
from .view import Document, load_balancer, services

try:
    from .._stack.resource import Scope
    from .._stack.resources import REGISTRY
except ImportError:  # no botocore here, so nothing can be done with the document anyway
    REGISTRY = {}

Finding = tuple[Place, str]

# Of types whose names are not shortened. IAM User Guide, "IAM and AWS STS quotas": 64 characters of a role, 128 of an
# instance profile. The names of the other types have 255 and more, which no stack, region and resource add up to.
LONGEST: Mapping[str, int] = {"iam_role": 64, "instance_profile": 128}
# RDS and ElastiCache API Reference, DBInstanceIdentifier and ReplicationGroupId: no two hyphens in a row.
SINGLE_HYPHENS = ("db_instance", "cache")
# Elastic Load Balancing API Reference, CreateLoadBalancer, Name.
INTERNAL = "internal-"
# The tags that every resource has from the stack engine.
OWN_TAGS = ("Name", STACK, RESOURCE, PROTECT)


def balancer_name_is_accepted(document: Document) -> Iterator[Finding]:
    name = document["name"] or ""
    if load_balancer(document) is not None and f"{name}-".startswith(INTERNAL):
        text = f"a load balancer may not have a name that begins with {INTERNAL}, like {name}-alb (choose another name)"
        yield ("name",), text


def tags_differ_by_more_than_case(document: Document) -> Iterator[Finding]:
    """IAM User Guide, "Tags for IAM resources": keys of the tags of a role are compared without regard to case."""
    yield from _tags_differ(document["tags"] or {}, ("tags",), OWN_TAGS)


def _tags_differ(tags: Iterable[str], place: Place, others: Iterable[str]) -> Iterator[Finding]:
    keys = {key.lower(): key for key in others}
    for key in tags:
        other = keys.setdefault(key.lower(), key)
        if other != key:
            yield (*place, key), f"IAM takes it for the tag {shown(other)} (write both in the same way, or remove one)"


def record_names_are_different(document: Document) -> Iterator[Finding]:
    """Dots of a domain become dashes in the name of its resource, and an asterisk becomes ``any``."""
    balancer = load_balancer(document)
    if balancer is None:
        return
    owners: dict[str, str] = {}
    proves = isinstance(certificate_of(balancer), Ref)
    for number, name in enumerate(names_of(balancer)):
        records = {called(name): name} if balancer["alias_records"] else {}
        if proves:
            records[f"proof-{called(bare(name))}"] = bare(name)
        for record, owner in records.items():
            other = owners.setdefault(record, owner)
            if other != owner:
                place = ("domain",) if number == 0 else ("alternative_names", number - 1)
                text = f"its record would be dns_record/{record}, which is that of {other} (remove one of the names)"
                yield ("load_balancer", *place), text
                break


def services_leave_their_directory_alone(document: Document) -> Iterator[Finding]:
    """``/var/lib/groundwork`` holds the state of all services, where a service of that name had its own before."""
    if "groundwork" in services(document):
        text = "/var/lib/groundwork holds the state of all services of a host (rename the service)"
        yield ("services", "groundwork"), text


def applications_have_names_that_pm2_takes(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        if service["process_manager"] == "pm2" and name in PM2_APPLICATIONS:
            yield ("services", name), f'to PM2 "{name}" means several applications at once (rename the service)'


def raw_names_fit(document: Document, compiled: Collection[str]) -> Iterator[Finding]:
    """Names of raw resources, of a document that is good otherwise; ``compiled`` has the other addresses."""
    scope = Scope(document["name"], document["region"]) if REGISTRY else None
    owners: dict[tuple[str, str], str] = {}
    for address in [*compiled, *document["resources"]]:
        kind, _slash, name = address.partition("/")
        if scope is None or kind not in REGISTRY:
            continue
        physical, place = REGISTRY[kind].physical(scope, name), ("resources", address)
        if address in document["resources"]:
            yield from _name_fits(kind, physical, place)
            tags = document["resources"][address].get("tags") or {}
            yield from _tags_differ(tags, (*place, "tags"), (*OWN_TAGS, *document["tags"]))
        other = owners.setdefault((kind, physical), address)
        if other != address:
            yield place, f'its name would be "{physical}", which is that of {other} (choose another name)'


def _name_fits(kind: str, physical: str, place: Place) -> Iterator[Finding]:
    longest = LONGEST.get(kind)
    if longest is not None and len(physical) > longest:
        text = f'its name "{physical}" would have {len(physical)} characters, IAM takes {longest} (shorten a name)'
        yield place, text
    if kind in SINGLE_HYPHENS and "--" in physical:
        yield place, f'its name would be "{physical}", and AWS takes no two hyphens in a row (choose another name)'
    if kind == "load_balancer" and physical.startswith(INTERNAL):
        yield place, f'its name would be "{physical}", and none may begin with {INTERNAL} (rename the stack)'


NAME_RULES = (
    balancer_name_is_accepted,
    tags_differ_by_more_than_case,
    record_names_are_different,
    services_leave_their_directory_alone,
    applications_have_names_that_pm2_takes,
)
