# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Record of Route 53 in a hosted zone that somebody else has made. Beside it stands another that tells whose it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..._aws.errors import StackError, code_of, taken_as_done
from ..._aws.sdk import ClientError
from .. import route53
from ..resource import Client, Edit, Listing, Live, Order, Properties, Raw, ResourceType, Scope

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TXT")
ONE_OF = ("values", "alias", "validates")


def desired(wanted: Properties) -> dict[str, Any]:
    if sum(bool(wanted.get(name)) for name in ONE_OF) != 1:
        raise ValueError(f"a record has exactly one of {', '.join(ONE_OF)}")
    given = {name: value for name, value in wanted.items() if name != "validates"}
    whole: dict[str, Any] = {"ttl": route53.TTL, "shared": False, **given, **_validation(wanted.get("validates"))}
    if not whole.get("name") or whole.get("type") not in TYPES:
        raise ValueError(f"a record has a name, and a type, one of {', '.join(TYPES)}")
    alias = whole.get("alias")
    return {
        **whole,
        "name": route53.plain(whole["name"]),
        "values": route53.values(whole["type"], map(str, whole.get("values") or ())),
        "alias": _alias(alias) if alias else None,
        "ttl": None if alias else whole["ttl"],
    }


def _validation(validates: Properties | None) -> dict[str, Any]:
    """The record that proves a name of a certificate. All certificates of an account have the same one for a name."""
    if not validates:
        return {}
    domain, records = str(validates["domain"]).removeprefix("*."), validates["records"]
    if isinstance(records, Mapping) and records and domain not in records:
        raise StackError(f"the certificate is not for {domain}, but for {', '.join(sorted(records))}")
    # Until the certificate has been requested nobody knows.
    unknown = {"name": f"<record of {domain}>", "value": f"<value for {domain}>"}
    record = (records if isinstance(records, Mapping) else {}).get(domain, unknown)
    return {"name": record["name"], "type": "CNAME", "values": [record["value"]], "shared": True}


def _alias(alias: Properties) -> dict[str, Any]:
    return {"name": route53.plain(alias["name"]), "zone": alias["zone"], "health": alias.get("health", False)}


def normalize(item: Raw) -> dict[str, Any]:
    """How long somebody else's record may be remembered is his affair."""
    record = item["Record"] or {}
    target = record.get("AliasTarget")
    ttl = {} if record and item["shared"] else {"ttl": record.get("TTL")}
    return {
        "zone": [item["HostedZoneId"], item["ZoneName"]],
        "name": item["Name"],
        "type": item["Type"],
        "values": route53.values(item["Type"], (one["Value"] for one in record.get("ResourceRecords") or ())),
        "alias": _alias(_told(target)) if target else None,
        **ttl,
    }


def _told(target: Raw) -> dict[str, Any]:
    return {"name": target["DNSName"], "zone": target["HostedZoneId"], "health": target["EvaluateTargetHealth"]}


def same_zone(wanted: str, live: list[str]) -> bool:
    """What is listed is in a zone that the document names, by its id or by a name that the zone holds."""
    return wanted in live or f".{route53.plain(wanted)}".endswith(f".{live[1]}")


def look_up(clients: Callable[[str], Client], orders: list[Order]) -> Mapping[str, Any]:
    """The zones of records that are to be made, in which nobody else may have any such."""
    client = clients("route53")
    found = route53.zones(client, {order.properties["zone"] for order in orders}, orders[0].scope)
    there = {zone: _records(client, zone) for zone in sorted(set(found.values()))}
    problems = []
    for order in orders:
        zone = found.get(order.properties["zone"])
        if zone is None:
            problems.append(_no_zone(order))
        elif not order.properties["shared"] and _is_taken(there[zone], order):
            problems.append(_taken(order))
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return {order.address: {"zone": found[order.properties["zone"]]} for order in orders}


def _records(client: Client, zone: str) -> list[Raw]:
    pages = client.pages("list_resource_record_sets", {"HostedZoneId": zone})
    return [{**record, "HostedZoneId": zone} for page in pages for record in page["ResourceRecordSets"]]


def _is_taken(records: list[Raw], order: Order) -> bool:
    """Whether a record of that name and type is there, and is not the stack's."""
    place = (order.properties["name"], order.properties["type"])
    ours = {(one["Name"], one["Type"]) for one in route53.marked(records) if owner(one, order.scope)}
    return place not in ours and place in {(route53.plain(one["Name"]), one["Type"]) for one in records}


def _no_zone(order: Order) -> str:
    zone = order.properties["zone"]
    return (
        f"{order.address}: this account has no hosted zone {zone}, and no public one that holds such a name "
        "(make the zone, or name another)"
    )


def _taken(order: Order) -> str:
    return (
        f"{order.address}: {order.properties['name']} has a record of type {order.properties['type']} that is not the "
        "stack's (remove that one, or leave this one out of the document)"
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


def _marks(order: Order, shared: bool = False) -> Raw:
    return route53.mark(order.scope, order.address, order.properties["type"], order.properties["name"], shared)


def create(client: Client, order: Order) -> Raw:
    """Where somebody has made the same, and that will do, there is a mark alone, which says so."""
    wanted, zone, mark = order.properties, order.prepared["zone"], _marks(order)
    record = _record(wanted)
    try:
        route53.change(client, zone, [], [record, mark])
    except ClientError as error:
        there = route53.look(client, zone, record) if code_of(error) == route53.REFUSED else None
        if there is None:
            raise
        if not wanted["shared"] or route53.says(there) != route53.says(record):
            raise StackError(_taken(order)) from error
        mark = _marks(order, shared=True)
        route53.change(client, zone, [], [mark])
    return route53.item(zone, wanted["zone"], wanted["type"], wanted["name"], record, mark)


def change(client: Client, edit: Edit) -> None:
    """Another record in the place of the one that is there, both with what says whose they are, in one call."""
    is_, order = edit.live.raw, edit.order
    if is_["shared"] and is_["Record"]:
        raise StackError(f"{is_['Name']} is somebody else's by now (remove that record, and it is made anew)")
    go = [one for one in (is_["Record"], is_["Mark"]) if one]
    route53.change(client, is_["HostedZoneId"], go, [_record(order.properties), _marks(order)])


def delete(client: Client, live: Live) -> None:
    """What somebody else has made stays, with the zone that has gone all is gone."""
    mine = [] if live.raw["shared"] else [live.raw["Record"]]
    with taken_as_done("NoSuchHostedZone"):
        route53.change(client, live.raw["HostedZoneId"], [one for one in (*mine, live.raw["Mark"]) if one], [])


TYPE = ResourceType(
    name="dns_record",
    service="route53",
    listing=Listing(
        "list_resource_record_sets", "ResourceRecordSets", requests=route53.requests, shape=route53.in_zone
    ),
    join=lambda records, _others: route53.marked(records),
    id="Id",
    place="zone",
    owner=owner,
    tagging=None,
    attributes={"id": "Id", "name": "Name", "zone": "HostedZoneId"},
    required=frozenset({"zone"}),
    create_only=frozenset({"zone", "validates", "shared"}),
    exclusive=("name", "type"),
    # A certificate is used once the records are there that prove its names.
    serves=("validates",),
    same={"zone": same_zone},
    desired=desired,
    normalize=normalize,
    prepare=look_up,
    create=create,
    updates=dict.fromkeys(("name", "type", "values", "ttl", "alias"), change),
    delete=delete,
)
