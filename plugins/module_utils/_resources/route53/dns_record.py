# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record of Route 53 in an existing hosted zone. A TXT record next to it names its owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._aws.answer import missing_member
from ..._aws.errors import StackError, error_code, ignore_errors
from ..._aws.sdk import ClientError
from ..._aws.similar_names import suggest
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.model import DesiredResource, Ref
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    Items,
    Limit,
    Matching,
    PropertyPath,
    PropertyProblem,
    Scalar,
    display_value,
    is_reference,
    keys,
    list_references,
    list_values,
    one_of,
    whole_number,
)
from ..._engine.resource_type import (
    ActualResource,
    Client,
    ClientOf,
    Discovery,
    Lifecycle,
    Properties,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from ..._engine.scope import Scope
from . import common as route53
from . import record_values

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TXT")
ONE_OF = ("values", "alias", "validates")
HIGHEST_TTL = 2147483647
# By type, the attributes of other resources that can be a value. A value of the other types has more than an attribute.
VALUE_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "A": ("elastic_ip.public_ip", "instance.public_ip", "instance.private_ip"),
    "CNAME": (
        *("load_balancer.dns_name", "db_instance.endpoint", "cache.primary_endpoint", "cache.reader_endpoint"),
        "dns_record.name",
    ),
}
# Route 53 Developer Guide, "Routing traffic to an ELB load balancer": records of type A, and of type AAAA.
BALANCER_NAME = re.compile(r"(?i).+\.elb\.(?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?\.?")
BALANCER_TYPES = ("A", "AAAA")
LABELS_OF_ZONE = 2  # at least: no zone is that of a top-level domain (Route 53 API Reference, CreateHostedZone)


@dataclass(frozen=True)
class CertificateRecords(Limit):
    what: str = "the records of a certificate"
    hint: str = "write a reference like {ref: certificate/site, attribute: records}"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, Mapping)


def check_form(given: Properties) -> Iterator[PropertyProblem]:
    """A record has values, or an alias, or is that of a certificate."""
    kinds = [name for name in ONE_OF if given.get(name)]
    if len(kinds) != 1:
        fix = "keep one" if kinds else "add one"
        yield (), f"a record has exactly one of {', '.join(ONE_OF)} ({fix})"
    elif kinds != ["validates"] and not (given.get("name") and given.get("type")):
        yield (), f"a record has a name, and a type, one of {', '.join(TYPES)} (add what is missing)"
    elif kinds == ["values"] and not is_reference(given["type"]):
        yield from _check_values(given["type"], given)
    elif kinds == ["alias"]:
        yield from _check_alias(given)


def _check_values(kind: str, given: Properties) -> Iterator[PropertyProblem]:
    seen: dict[str, int] = {}
    for path, value in list_values(("values", EVERY), given):
        text = record_values.find_value_problem(kind, str(value))
        first = path[1] if text is not None else seen.setdefault(record_values.canonical(kind, str(value)), path[1])
        if text is not None:
            yield path, text
        elif first != path[1]:
            yield path, f"is the same as values[{first}] (remove one of them)"
    for path, ref in list_references(("values", EVERY), given):
        if f"{ref.address.partition('/')[0]}.{ref.attribute}" not in VALUE_ATTRIBUTES.get(kind, ()):
            yield path, f"the {ref.attribute} of {ref.address} is not a value of {kind} (write one, or another type)"
    if kind == "CNAME" and not is_reference(given["values"]) and len(given["values"]) > 1:
        yield ("values",), f"a CNAME record has one value, and there are {len(given['values'])} (keep one)"


def _check_alias(given: Properties) -> Iterator[PropertyProblem]:
    """Route 53 API Reference, ResourceRecordSet (TTL) and AliasTarget."""
    if given.get("ttl") is not None:
        yield ("ttl",), "an alias has the TTL of its target (remove ttl)"
    if is_reference(given["alias"]):
        return
    name, zone = given["alias"]["name"], given["alias"]["zone"]
    is_balancer = isinstance(name, str) and BALANCER_NAME.fullmatch(name) is not None
    if isinstance(name, Ref):
        is_balancer = name.address.startswith("load_balancer/")
    if is_balancer and not is_reference(given["type"]) and given["type"] not in BALANCER_TYPES:
        text = f"{given['type']} is not the type of an alias of a load balancer"
        yield ("type",), f"{text} (write {' or '.join(BALANCER_TYPES)})"
    if isinstance(name, Ref) and isinstance(zone, Ref) and _type_of(name) != _type_of(zone):
        yield ("alias", "zone"), f"is of {zone.address}, and the name is of {name.address} (take both from one)"


def _type_of(ref: Ref) -> str:
    return ref.address.partition("/")[0]


def check_zone(given: Properties) -> Iterator[PropertyProblem]:
    """A record is inside its zone. A name of a zone also means the zone around it, of two labels at least."""
    validated = given.get("validates")
    path = ("validates", "domain") if validated else ("name",)
    zone, name = given["zone"], validated["domain"] if isinstance(validated, Mapping) else given.get("name")
    if not isinstance(zone, str) or not isinstance(name, str) or "." not in zone:
        return
    inner, outer = route53.plain(name).split("."), route53.plain(zone).split(".")
    if inner[-LABELS_OF_ZONE:] != outer[-LABELS_OF_ZONE:]:
        yield path, f"{display_value(name)} is not inside of the zone {zone} (correct one of them)"
    elif inner == outer and len(outer) == LABELS_OF_ZONE and given.get("type") == "CNAME":
        text = f"{name} is the zone itself, which cannot be a CNAME"
        yield ("type",), f"{text} (write type: A with an alias or with values, or another name)"


def check_certificate(given: Properties, path: PropertyPath, certificate: DesiredResource) -> Iterator[PropertyProblem]:
    """A certificate has validation records for its own names."""
    domain = given["validates"]["domain"]
    names = [certificate.properties.get("domain"), *(certificate.properties.get("names") or ())]
    if certificate.type != "certificate" or not isinstance(domain, str) or any(map(is_reference, names)):
        return
    known = sorted({str(name).lower().removeprefix("*.") for name in names})
    if domain.lower().removeprefix("*.").rstrip(".") not in known:
        text = f"{display_value(domain)} is not a name of {certificate.address}"
        yield (*path[:-1], "domain"), f"{text}; {suggest(domain, known)}"


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = {name: value for name, value in desired.items() if name != "validates"}
    whole: dict[str, Any] = {"ttl": route53.TTL, "shared": False, **given, **_validation(desired.get("validates"))}
    alias = whole.get("alias")
    zone = whole["zone"]
    return {
        **whole,
        # An id has capitals, and no dot.
        "zone": route53.plain(zone) if "." in zone else zone,
        "name": route53.plain(whole["name"]),
        "values": route53.values(whole["type"], map(str, whole.get("values") or ())),
        "alias": _alias(alias) if alias else None,
        "ttl": None if alias else whole["ttl"],
    }


def _validation(validates: Properties | None) -> dict[str, Any]:
    """The validation record of a certificate's domain. All certificates of an account share it."""
    if not validates:
        return {}
    domain, records = str(validates["domain"]).removeprefix("*."), validates["records"]
    if isinstance(records, Mapping) and records and domain not in records:
        raise StackError(f"the certificate is not for {domain}, but for {', '.join(sorted(records))}")
    # It is known once the certificate is requested.
    unknown = {"name": f"<record of {domain}>", "value": f"<value for {domain}>"}
    record = (records if isinstance(records, Mapping) else {}).get(domain) or unknown
    return {"name": record["name"], "type": "CNAME", "values": [record["value"]], "shared": True}


def _alias(alias: Properties) -> dict[str, Any]:
    return {"name": route53.plain(alias["name"]), "zone": alias["zone"], "health": alias.get("health", False)}


def normalize(item: Raw) -> dict[str, Any]:
    """The TTL of a shared record is its owner's: it is not compared."""
    record = item["Record"] or {}
    target = record.get("AliasTarget")
    if record and not target and "ResourceRecords" not in record:
        raise missing_member(record, f"ResourceRecords or AliasTarget of {item['Name']}")
    values = record.get("ResourceRecords", ())
    ttl = {} if record and (item["shared"] or not (target or "TTL" in record)) else {"ttl": record.get("TTL")}
    return {
        "zone": [item["HostedZoneId"], item["ZoneName"]],
        "name": item["Name"],
        "type": item["Type"],
        "values": route53.values(item["Type"], (one["Value"] for one in values)),
        "alias": _alias(_parse_target(target)) if target else None,
        **ttl,
    }


def _parse_target(target: Raw) -> dict[str, Any]:
    return {"name": target["DNSName"], "zone": target["HostedZoneId"], "health": target["EvaluateTargetHealth"]}


def same_zone(desired: str, actual: list[str]) -> bool:
    """Whether a zone is the desired one, given by its id or by a name inside it."""
    return desired in actual or f".{route53.plain(desired)}".endswith(f".{actual[1]}")


def find_zones(clients: Callable[[str], Client], resources: list[ResolvedResource]) -> Mapping[str, Any]:
    """The hosted zones of new records. StackError where a zone does not exist, or another owner has such a record."""
    client = clients("route53")
    found = route53.find_zones(client, {resource.properties["zone"] for resource in resources})
    existing = {zone: _records(client, zone) for zone in sorted({zone for (zone,) in found.values()})}
    problems = []
    for resource in resources:
        zones = found.get(resource.properties["zone"])
        if zones is None:
            problems.append(_describe_missing_zone(resource))
        elif not resource.properties["shared"] and _is_taken(existing[zones[0]], resource):
            problems.append(_describe_taken(resource))
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return {resource.address: {"zone": found[resource.properties["zone"]][0]} for resource in resources}


def _records(client: Client, zone: str) -> list[Raw]:
    pages = client.pages("list_resource_record_sets", {"HostedZoneId": zone})
    return [{**record, "HostedZoneId": zone} for page in pages for record in page["ResourceRecordSets"]]


def _is_taken(records: list[Raw], resource: ResolvedResource) -> bool:
    """Whether a record with that name and type exists and the stack does not own it."""
    key = (resource.properties["name"], resource.properties["type"])
    owned = {(one["Name"], one["Type"]) for one in route53.find_owned(records) if owner(one, resource.scope)}
    return key not in owned and key in {(route53.plain(one["Name"]), one["Type"]) for one in records}


def _describe_missing_zone(resource: ResolvedResource) -> str:
    zone = resource.properties["zone"]
    return (
        f"{resource.address}: this account has no hosted zone {zone}, and no public one that holds such a name "
        "(make the zone, or name another)"
    )


def _describe_taken(resource: ResolvedResource) -> str:
    name, record_type = resource.properties["name"], resource.properties["type"]
    return (
        f"{resource.address}: {name} has a record of type {record_type} that is not the stack's (remove that one, or "
        "leave this one out of the document)"
    )


def owner(item: Raw, scope: Scope) -> str | None:
    return str(item["address"]) if (item["stack"], item["region"]) == (scope.stack, scope.region) else None


def _record(properties: Properties) -> Raw:
    record = {"Name": f"{properties['name']}.", "Type": properties["type"]}
    alias = properties["alias"]
    if alias:
        target = {"HostedZoneId": alias["zone"], "DNSName": alias["name"], "EvaluateTargetHealth": alias["health"]}
        return {**record, "AliasTarget": target}
    values = [{"Value": value} for value in properties["values"]]
    return {**record, "TTL": properties["ttl"], "ResourceRecords": values}


def _marks(resource: ResolvedResource, shared: bool = False) -> Raw:
    return route53.mark(
        resource.scope, resource.address, resource.properties["type"], resource.properties["name"], shared
    )


def create(client: Client, resource: ResolvedResource) -> Raw:
    """Create a record with its owner record. Where an equal shared record exists, only the owner record is created."""
    desired, zone, mark = resource.properties, resource.prepared["zone"], _marks(resource)
    record = _record(desired)
    try:
        route53.change(client, zone, [], [record, mark])
    except ClientError as error:
        there = route53.read_record(client, zone, record) if error_code(error) == route53.REFUSED else None
        if there is None:
            raise
        if not desired["shared"] or route53.content(there) != route53.content(record):
            raise StackError(_describe_taken(resource)) from error
        mark = _marks(resource, shared=True)
        route53.change(client, zone, [], [mark])
    return route53.item(zone, desired["zone"], desired["type"], desired["name"], record, mark)


def change(client: Client, update: ResourceUpdate) -> None:
    """Replace a record and its owner record in one call."""
    current, resource = update.actual.raw, update.desired
    if current["shared"] and current["Record"]:
        raise StackError(
            f"{current['Name']} has another owner by now (remove that record, and the next run creates it)"
        )
    deleted = [one for one in (current["Record"], current["Mark"]) if one]
    route53.change(client, current["HostedZoneId"], deleted, [_record(resource.properties), _marks(resource)])


def delete(client: Client, actual: ActualResource) -> None:
    """Delete a record and its owner record. The record of another owner stays. A deleted zone has no records."""
    mine = [] if actual.raw["shared"] else [actual.raw["Record"]]
    with ignore_errors("NoSuchHostedZone"):
        route53.change(client, actual.raw["HostedZoneId"], [one for one in (*mine, actual.raw["Mark"]) if one], [])


class DnsRecordType(ResourceType):
    """Records have no tags: a TXT record next to each one names its owner."""

    hosted_zone_property = "zone"

    def find_conflict(self, given: DesiredResource, other: DesiredResource) -> PropertyProblem | None:
        """Route 53 Developer Guide, "CNAME record type": a name with a CNAME has no other record."""
        records: list[list[Any]] = []
        for one in (given, other):
            records.append([one.properties.get(name) for name in ("zone", "name", "type")])
        # The name of a validation record is not known.
        if not all(isinstance(value, str) for record in records for value in record):
            return None
        names = {(route53.plain(zone), route53.plain(name)) for zone, name, _type in records}
        types = {kind for _zone, _name, kind in records}
        if "CNAME" not in types or len(types) < 2 or len(names) > 1:
            return None
        name = given.properties["name"]
        return ("name",), f"{name} has {other.address} as well, and a CNAME is the only record of its name (keep one)"

    def list_requests(self, client: Client, _listing: Listing, scope: Scope) -> Sequence[Mapping[str, Any]]:
        return route53.list_requests(client, scope)

    def merge(self, items: list[Raw], _others: Sequence[list[Raw]]) -> list[Raw]:
        return route53.find_owned(items)

    def find_address(self, item: Raw, scope: Scope) -> str | None:
        return owner(item, scope)

    def prepare(self, clients: ClientOf, resources: list[ResolvedResource]) -> Mapping[str, Mapping[str, Any]]:
        return find_zones(clients, resources)


TYPE = DnsRecordType(
    Schema(
        name="dns_record",
        service="route53",
        id_path="Id",
        attributes={"id": "Id", "name": "Name", "zone": "HostedZoneId"},
        required=frozenset({"zone"}),
        create_only=frozenset({"zone", "validates", "shared"}),
        limits={
            ("zone",): Matching("the id or name of a hosted zone", pattern=r"\S+"),
            ("name",): record_values.DomainName(),
            ("type",): one_of(*TYPES),
            ("values",): Items(),
            ("values", EVERY): Scalar(),
            ("ttl",): whole_number("a number of seconds", 0, HIGHEST_TTL),
            ("alias",): keys("name", "zone", "health", required=("name", "zone")),
            ("alias", "name"): record_values.DomainName(),
            # Route 53 API Reference, AliasTarget, HostedZoneId.
            ("alias", "zone"): Matching("the id of a hosted zone", pattern="[A-Z0-9]+", longest=32),
            ("alias", "health"): FLAG,
            ("validates",): keys("domain", "records", required=("domain", "records")),
            ("validates", "domain"): record_values.DomainName(),
            ("validates", "records"): CertificateRecords(),
            ("shared",): FLAG,
        },
        references={
            ("alias", "name"): ("load_balancer.dns_name", "dns_record.name"),
            ("alias", "zone"): ("load_balancer.zone_id", "dns_record.zone"),
            ("validates", "records"): ("certificate.records",),
            ("validates", "domain"): ("dns_record.name",),
            ("name",): ("dns_record.name",),
        },
        # Those that a type takes are checked with the type.
        free_references=frozenset({("values", EVERY)}),
        target_checks={("validates", "records"): check_certificate},
        checks=(check_form, check_zone),
        with_defaults=with_defaults,
        normalize=normalize,
        comparisons={"zone": same_zone},
    ),
    Discovery(
        listing=route53.ListRecords("list_resource_record_sets", "ResourceRecordSets"),
        tagging=None,
    ),
    Lifecycle(
        create=create,
        updates=dict.fromkeys(("name", "type", "values", "ttl", "alias"), change),
        delete=delete,
        exclusive=("name", "type"),
        # A certificate is used once its validation records exist.
        before_dependents=("validates",),
    ),
)
