# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record of Route 53 in an existing hosted zone. A TXT record next to it names its owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from ..._aws.answer import missing_member
from ..._aws.errors import StackError, error_code, ignore_errors
from ..._aws.sdk import ClientError
from ..._engine.items import Raw
from ..._engine.list_call import Listing
from ..._engine.property_limits import (
    EVERY,
    FLAG,
    Items,
    Matching,
    PropertyProblem,
    display_value,
    is_reference,
    keys,
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

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TXT")
ONE_OF = ("values", "alias", "validates")
HIGHEST_TTL = 2147483647
# Route 53 Developer Guide, "Supported DNS record types". By type: the form of a value, and what it is called.
VALUE_FORMS = {
    "CAA": (r"[0-9]{1,3}\s+[A-Za-z0-9]+\s+\".*\"", 'a value like 0 issue "amazon.com"'),
    "CNAME": (r"\S+", "a host name"),
    "MX": (r"[0-9]{1,5}\s+\S+", "a value like 10 mail.example.org"),
    "SRV": (r"[0-9]{1,5}\s+[0-9]{1,5}\s+[0-9]{1,5}\s+\S+", "a value like 10 5 443 host.example.org"),
    "TXT": (r"(?s:\".*\")", "text in double quotes"),
}
ADDRESSES: Mapping[str, type[IPv4Address | IPv6Address]] = {"A": IPv4Address, "AAAA": IPv6Address}


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


def _check_values(kind: str, given: Properties) -> Iterator[PropertyProblem]:
    for path, value in list_values(("values", EVERY), given):
        text = _find_value_problem(kind, str(value))
        if text is not None:
            yield path, text
    if kind == "CNAME" and not is_reference(given["values"]) and len(given["values"]) > 1:
        yield ("values",), f"a CNAME record has one value, and there are {len(given['values'])} (keep one)"


def _find_value_problem(kind: str, value: str) -> str | None:
    if kind in ADDRESSES:
        try:
            ADDRESSES[kind](value)
        except AddressValueError:
            return f"{display_value(value)} is not an IPv{4 if kind == 'A' else 6} address (write one, or another type)"
        return None
    form, what = VALUE_FORMS[kind]
    return None if re.fullmatch(form, value) else f"{display_value(value)} is not {what} (a value of {kind})"


def with_defaults(desired: Properties) -> dict[str, Any]:
    given = {name: value for name, value in desired.items() if name != "validates"}
    whole: dict[str, Any] = {"ttl": route53.TTL, "shared": False, **given, **_validation(desired.get("validates"))}
    alias = whole.get("alias")
    return {
        **whole,
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
            ("name",): Matching("a domain name", pattern=r"\S+", longest=255),
            ("type",): one_of(*TYPES),
            ("values",): Items(),
            ("ttl",): whole_number("a number of seconds", 0, HIGHEST_TTL),
            ("alias",): keys("name", "zone", "health", required=("name", "zone")),
            ("alias", "health"): FLAG,
            ("validates",): keys("domain", "records", required=("domain", "records")),
            ("shared",): FLAG,
        },
        checks=(check_form,),
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
