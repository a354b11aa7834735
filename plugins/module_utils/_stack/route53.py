# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of Route 53: the hosted zones they are in, and how it is known whose they are.

Records bear no tags. Beside each record of a stack is a TXT record, made and deleted in one and the same call, which
names the stack and the resource. Its name tells the stack as well, so that two stacks are never in each other's way:
``a.us-east-1.shop._groundwork.www.example.org`` belongs to the A record of www.example.org.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .._aws.errors import StackError, code_of
from .._aws.sdk import ClientError
from .resource import Client, Raw, Scope

MARK = re.compile(
    r"groundwork stack=(?P<stack>\S+) region=(?P<region>\S+) resource=(?P<address>\S+)(?: (?P<shared>shared))?"
)
PLACE = re.compile(r"(?P<type>[a-z]+)\.[a-z0-9-]+\.[a-z0-9-]+\._groundwork\.(?P<name>.+)")
# AWS has the asterisk of a name as its code, and takes one for a wildcard only where the name begins with it.
CODED, ASTERISK, ANY = "\\052", "*", "_any"
TTL = 300
REFUSED = "InvalidChangeBatch"


def plain(name: str) -> str:
    """A name of the DNS as people write it."""
    return name.replace(CODED, ASTERISK).lower().rstrip(".")


def zones(client: Client, places: Collection[str], scope: Scope | None = None) -> dict[str, str]:
    """The id of the hosted zone by each place that is given, as far as there is one.

    A place is an id, or a name: then it is the public zone that holds the name and has the longest name itself. Where
    several public zones have that name, it is the one with records of the stack; raises StackError where that does not
    settle it.
    """
    found = {}
    for place, candidates in _candidates(client, places).items():
        chosen = candidates if len(candidates) < 2 else _with_records(client, candidates, scope)
        if len(candidates) > 1 and len(chosen) != 1:
            raise StackError(_several_zones(place, candidates))
        if chosen:
            found[place] = chosen[0]
    return found


def _candidates(client: Client, places: Collection[str]) -> dict[str, list[str]]:
    """The ids of the hosted zones that each place may mean."""
    if not places:
        return {}
    pages = client.pages("list_hosted_zones", {})
    listed = {_bare_id(zone["Id"]): zone for page in pages for zone in page["HostedZones"]}
    public: dict[str, list[str]] = {}
    for key, zone in sorted(listed.items()):
        if not zone["Config"]["PrivateZone"]:
            public.setdefault(plain(zone["Name"]), []).append(key)
    found = {}
    for place in places:
        labels = plain(place).split(".")
        tails = (".".join(labels[start:]) for start in range(len(labels)))
        found[place] = [place] if place in listed else next((public[tail] for tail in tails if tail in public), [])
    return found


def _with_records(client: Client, candidates: Iterable[str], scope: Scope | None) -> list[str]:
    """The hosted zones that hold records of the stack."""
    return [zone for zone in candidates if scope is not None and _holds_records(client, zone, scope)]


def _holds_records(client: Client, zone: str, scope: Scope) -> bool:
    pages = client.pages("list_resource_record_sets", {"HostedZoneId": zone})
    listed = [{**record, "HostedZoneId": zone} for page in pages for record in page["ResourceRecordSets"]]
    return any((one["stack"], one["region"]) == (scope.stack, scope.region) for one in marked(listed))


def _several_zones(place: str, candidates: Iterable[str]) -> str:
    return (
        f"this account has several public hosted zones that could hold {place}: {', '.join(candidates)}. Write the id "
        "of the one to which the domain is delegated as load_balancer.hosted_zone (zone of a raw dns_record). Nothing "
        "was changed."
    )


def _bare_id(identifier: str) -> str:
    return identifier.rpartition("/")[2]


def requests(client: Client, scope: Scope) -> list[Mapping[str, Any]]:
    """What lists the zones that the document names, and those that an earlier one named."""
    desired = scope.desired_titles.get("dns_record", frozenset())
    found = set(zones(client, desired, scope).values())
    for candidates in _candidates(client, scope.titles.get("dns_record", frozenset()) - desired).values():
        found.update(candidates if len(candidates) < 2 else _with_records(client, candidates, scope))
    return [{"HostedZoneId": zone} for zone in sorted(found)]


def in_zone(request: Mapping[str, Any], record: Raw) -> Raw:
    return {**record, "HostedZoneId": request["HostedZoneId"]}


def marked(records: Iterable[Raw]) -> list[Raw]:
    """Of all records of some zones those beside which a mark stands, each with that: it tells whose the record is."""
    listed = list(records)
    there = {_key(record): record for record in listed if "SetIdentifier" not in record and "Mark" not in record}
    names = {record["HostedZoneId"]: plain(record["Name"]) for record in listed if record.get("Type") == "SOA"}
    found = (record if "Mark" in record else _under(record, there, names) for record in listed)
    return [one for one in found if one]


def _under(record: Raw, there: Mapping[tuple[str, str, str], Raw], names: Mapping[str, str]) -> Raw | None:
    """What a mark says, with the record that it belongs to; None for any other record."""
    place, said = PLACE.fullmatch(plain(record["Name"])), MARK.fullmatch(text_of(record))
    if record["Type"] != "TXT" or not place or not said:
        return None
    zone, kind, name = record["HostedZoneId"], place["type"].upper(), _unplaced(place["name"])
    return item(zone, names.get(zone, ""), kind, name, there.get((zone, name, kind)), record)


def item(zone: str, zone_name: str, kind: str, name: str, record: Raw | None, mark: Raw) -> Raw:
    """A record of a stack, or the place of one that has gone, as the types see it."""
    said = MARK.fullmatch(text_of(mark))
    return {
        "Id": f"{zone}/{name}/{kind}",
        "HostedZoneId": zone,
        "ZoneName": zone_name,
        "Name": name,
        "Type": kind,
        "Record": _sent(record) if record else None,
        "Mark": _sent(mark),
        **(said.groupdict() if said else {}),
    }


def _key(record: Raw) -> tuple[str, str, str]:
    return record["HostedZoneId"], plain(record["Name"]), record["Type"]


def _sent(record: Raw) -> Raw:
    """A record as the API takes it."""
    return {key: value for key, value in record.items() if key != "HostedZoneId"}


def mark(scope: Scope, address: str, kind: str, name: str, shared: bool = False) -> Raw:
    """The record that says whose a record is; ``shared`` where somebody else has made that, and it is his."""
    text = f"groundwork stack={scope.stack} region={scope.region} resource={address}{' shared' if shared else ''}"
    place = f"{kind.lower()}.{scope.region}.{scope.stack}._groundwork.{_placed(name)}."
    return {"Name": place, "Type": "TXT", "TTL": TTL, "ResourceRecords": [{"Value": f'"{text}"'}]}


def _placed(name: str) -> str:
    return f"{ANY}{name.removeprefix(ASTERISK)}" if name.startswith(f"{ASTERISK}.") else name


def _unplaced(name: str) -> str:
    return f"{ASTERISK}{name.removeprefix(ANY)}" if name.startswith(f"{ANY}.") else name


def text_of(record: Raw) -> str:
    """The text of a TXT record with one value."""
    values = [one["Value"] for one in record.get("ResourceRecords") or ()]
    return str(values[0]).strip('"') if len(values) == 1 else ""


def look(client: Client, zone: str, record: Raw) -> Raw | None:
    """What is there now at the name and type of a record."""
    start = {"StartRecordName": record["Name"], "StartRecordType": record["Type"]}
    told = client.list_resource_record_sets(HostedZoneId=zone, **start, MaxItems="1")["ResourceRecordSets"]
    wanted = (plain(record["Name"]), record["Type"])
    return next((one for one in told if (plain(one["Name"]), one["Type"]) == wanted), None)


def values(kind: str, given: Iterable[str]) -> list[str]:
    """The values of a record in a steady order; the names that they are, as people write them."""
    return sorted(plain(value) if kind == "CNAME" else value for value in given)


def says(record: Raw | None) -> Any:
    """What a record says, however long it may be remembered."""
    if record is None:
        return None
    alias = record.get("AliasTarget") or {}
    told = values(record["Type"], (one["Value"] for one in record.get("ResourceRecords") or ()))
    return plain(record["Name"]), record["Type"], told, plain(alias.get("DNSName", ""))


def change(client: Client, zone: str, go: list[Raw], come: list[Raw]) -> None:
    """Delete records, of which every value must be as it is here, and create others where nothing is: all or nothing.

    The answer to a call that was obeyed may be lost, and what botocore then says again is refused: that is no failure.
    """
    changes = [{"Action": "DELETE", "ResourceRecordSet": one} for one in go]
    changes += [{"Action": "CREATE", "ResourceRecordSet": one} for one in come]
    try:
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    except ClientError as error:
        if code_of(error) != REFUSED or not _is_done(client, zone, go, come):
            raise


def _is_done(client: Client, zone: str, go: list[Raw], come: list[Raw]) -> bool:
    kept = {(plain(one["Name"]), one["Type"]) for one in come}
    gone = [one for one in go if (plain(one["Name"]), one["Type"]) not in kept]
    there = (says(look(client, zone, one)) == says(one) for one in come)
    return all(there) and all(look(client, zone, one) is None for one in gone)
