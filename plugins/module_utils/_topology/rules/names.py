# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules about names that AWS or a daemon of the hosts rejects or mistakes for another name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..._aws.tags import PROTECT, RESOURCE, STACK
from ..domains import creates_certificate, domain_names, record_resource_name, remove_wildcard
from ..runtimes import MANAGERS
from ..schema.kinds import DocumentPath, Finding, display
from ..view import Document, databases, load_balancer, services

# Elastic Load Balancing API Reference, CreateLoadBalancer, Name.
INTERNAL_PREFIX = "internal-"
ERROR_LOG = "-err"
# Amazon RDS API Reference, Tag: neither keys nor values may begin with these.
RDS_PREFIXES = ("rds:", "aws:")
# The tags that the stack engine adds to every resource.
OWN_TAGS = ("Name", STACK, RESOURCE, PROTECT)


def balancer_name_is_accepted(document: Document) -> Iterator[Finding]:
    name = document["name"] or ""
    if load_balancer(document) is not None and f"{name}-".startswith(INTERNAL_PREFIX):
        reason = f"a load balancer may not have a name that begins with {INTERNAL_PREFIX}, like {name}-alb"
        yield ("name",), f"{reason} (choose another name)"


def tags_differ_by_more_than_case(document: Document) -> Iterator[Finding]:
    """IAM User Guide, "Tags for IAM resources": keys of the tags of a role are compared without regard to case."""
    yield from find_similar_tags(document["tags"] or {}, ("tags",), OWN_TAGS)


def find_similar_tags(tags: Iterable[str], path: DocumentPath, others: Iterable[str]) -> Iterator[Finding]:
    keys = {key.lower(): key for key in others}
    for key in tags:
        other = keys.setdefault(key.lower(), key)
        if other != key:
            yield (
                (*path, key),
                f"to IAM it is the same as the tag {display(other)} (write both in the same way, or remove one)",
            )


def tags_of_databases_are_accepted(document: Document) -> Iterator[Finding]:
    raw = {address: body for address, body in document["resources"].items() if address.startswith("db_")}
    if databases(document) or raw:
        yield from _find_tags_of_rds(document["tags"], ("tags",))
    for address, body in raw.items():
        yield from _find_tags_of_rds(body.get("tags"), ("resources", address, "tags"))


def _find_tags_of_rds(tags: Any, path: DocumentPath) -> Iterator[Finding]:
    for key, value in tags.items() if isinstance(tags, Mapping) else ():
        for what, text in (("key", key), ("value", value)):
            prefix = next((one for one in RDS_PREFIXES if str(text).lower().startswith(one)), None)
            is_reported = what == "key" and prefix == "aws:"  # of all resources
            if prefix is not None and not is_reported:
                problem = f"databases have this tag too, and RDS accepts no {what} that begins with {prefix}"
                yield (*path, key), f"{problem} (choose another {what})"


def record_names_are_unique(document: Document) -> Iterator[Finding]:
    """Dots of a domain become dashes in the name of its resource, and an asterisk becomes ``any``."""
    balancer = load_balancer(document)
    if balancer is None:
        return
    owners: dict[str, str] = {}
    proves = creates_certificate(balancer)
    for number, name in enumerate(domain_names(balancer)):
        records = {record_resource_name(name): name} if balancer["alias_records"] else {}
        if proves:
            records[f"proof-{record_resource_name(remove_wildcard(name))}"] = remove_wildcard(name)
        for record, owner in records.items():
            other = owners.setdefault(record, owner)
            if other != owner:
                path = ("domain",) if number == 0 else ("alternative_names", number - 1)
                text = f"its record would be dns_record/{record}, which is that of {other} (remove one of the names)"
                yield ("load_balancer", *path), text
                break


def no_service_is_named_groundwork(document: Document) -> Iterator[Finding]:
    """``/var/lib/groundwork`` holds the state of all services; each has a directory of its own name in it."""
    if "groundwork" in services(document):
        text = "/var/lib/groundwork holds the state of all services of a host (rename the service)"
        yield ("services", "groundwork"), text


def process_managers_accept_the_names_of_services(document: Document) -> Iterator[Finding]:
    for name, service in services(document).items():
        manager = MANAGERS[service["process_manager"]]
        if name in manager.service_names:
            yield (
                ("services", name),
                f'to {manager.title} "{name}" means several applications at once (rename the service)',
            )


def logs_of_services_have_names_of_their_own(document: Document) -> Iterator[Finding]:
    """Under PM2, the output of a service is in ``<name>.log``, and its errors are in ``<name>-err.log``."""
    managed = {name: one for name, one in services(document).items() if one["process_manager"] == "pm2"}
    for name in managed:
        other = name.removesuffix(ERROR_LOG)
        if name.endswith(ERROR_LOG) and other in managed:
            text = f"its log would be {name}.log, which has the errors of the service {other} (rename one of them)"
            yield ("services", name), text


NAME_RULES = (
    balancer_name_is_accepted,
    tags_differ_by_more_than_case,
    tags_of_databases_are_accepted,
    record_names_are_unique,
    no_service_is_named_groundwork,
    process_managers_accept_the_names_of_services,
    logs_of_services_have_names_of_their_own,
)
