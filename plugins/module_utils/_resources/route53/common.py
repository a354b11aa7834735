# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of Route 53: their hosted zones and their owners.

Records have no tags. Next to each record of a stack is a TXT record, the owner record or mark, which names the stack
and the resource. The same call creates or deletes both. Its name contains the stack, so that stacks never conflict:
``a.us-east-1.shop._groundwork.www.example.org`` belongs to the A record of www.example.org.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..._aws.answer import missing_member, select_members
from ..._aws.errors import StackError, error_code
from ..._aws.sdk import ClientError
from ..._engine.items import Raw, value_at
from ..._engine.list_call import Listing
from ..._engine.resource_type import Client
from ..._engine.scope import Scope

MARK = re.compile(
    r"groundwork stack=(?P<stack>\S+) region=(?P<region>\S+) resource=(?P<address>\S+)(?: (?P<shared>shared))?"
)
MARK_NAME = re.compile(r"(?P<type>[a-z]+)\.[a-z0-9-]+\.[a-z0-9-]+\._groundwork\.(?P<name>.+)")
# AWS writes an asterisk as its code, and takes it for a wildcard only at the beginning of a name.
CODED, ASTERISK, ANY = "\\052", "*", "_any"
TTL = 300
REFUSED = "InvalidChangeBatch"


def plain(name: str) -> str:
    """A DNS name as people write it."""
    return name.replace(CODED, ASTERISK).lower().rstrip(".")


def find_zones(client: Client, given: Collection[str], more: Collection[str] = ()) -> dict[str, list[str]]:
    """The ids of hosted zones, by the given ids or names: exactly one for each of ``given``, all for each of ``more``.

    The zone of a name is the public zone that contains it and has the longest name itself. StackError where several
    public zones have that name: records in the wrong one would have no effect.
    """
    found = _find_all_zones(client, {*given, *more})
    problems: list[str] = []
    for name in sorted({*given} & found.keys()):
        if len(found[name]) > 1:
            problems.append(_describe_ambiguous(name, found[name]))
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    return found


def _find_all_zones(client: Client, given: Collection[str]) -> dict[str, list[str]]:
    """The ids of all public zones with the longest matching name, by given id or name; without those that have none."""
    if not given:
        return {}
    pages = client.pages("list_hosted_zones", {})
    listed = {_bare_id(zone["Id"]): zone for page in pages for zone in page["HostedZones"]}
    public: dict[str, list[str]] = {}
    for identifier, zone in sorted(listed.items()):
        if not value_at(zone, "Config.PrivateZone"):
            public.setdefault(plain(zone["Name"]), []).append(identifier)
    found: dict[str, list[str]] = {}
    for name in given:
        labels = plain(name).split(".")
        tails = (".".join(labels[start:]) for start in range(len(labels)))
        found[name] = [name] if name in listed else next((public[tail] for tail in tails if tail in public), [])
    return {name: ids for name, ids in found.items() if ids}


def _describe_ambiguous(name: str, ids: Collection[str]) -> str:
    return (
        f"{name}: this account has {len(ids)} public hosted zones for it, {' and '.join(ids)}. "
        "Say which one by its id: load_balancer.hosted_zone of the document, or zone of a dns_record"
    )


def _bare_id(identifier: str) -> str:
    return identifier.rpartition("/")[2]


def list_requests(client: Client, scope: Scope) -> list[Mapping[str, Any]]:
    """The requests that list the stack's hosted zones. StackError where the document names an ambiguous one."""
    named = scope.document_names.get("dns_record", frozenset())
    found = find_zones(client, () if scope.absent else named, named | scope.hosted_zones)
    return [{"HostedZoneId": zone} for zone in sorted({zone for ids in found.values() for zone in ids})]


class ListRecords(Listing):
    """The records of one hosted zone, which is taken from the request."""

    def complete_item(self, request: Mapping[str, Any], item: Raw) -> Raw:
        return item | {"HostedZoneId": request["HostedZoneId"]}


def find_owned(records: Iterable[Raw]) -> list[Raw]:
    """The records that have an owner record, each with that."""
    listed = list(records)
    existing = {_key(record): record for record in listed if "SetIdentifier" not in record and "Mark" not in record}
    names = {record["HostedZoneId"]: plain(record["Name"]) for record in listed if record.get("Type") == "SOA"}
    found = (record if "Mark" in record else _with_marked_record(record, existing, names) for record in listed)
    return [one for one in found if one]


def _with_marked_record(
    record: Raw, existing: Mapping[tuple[str, str, str], Raw], names: Mapping[str, str]
) -> Raw | None:
    """The item of an owner record, with the record that it belongs to; None for any other record."""
    match = MARK_NAME.fullmatch(plain(record["Name"])) if record["Type"] == "TXT" else None
    if match and "ResourceRecords" not in record:
        raise missing_member(record, f"ResourceRecords of {record['Name']}")
    if not match or not MARK.fullmatch(text_of(record)):
        return None
    zone, kind, name = record["HostedZoneId"], match["type"].upper(), _decode_wildcard(match["name"])
    return item(zone, names.get(zone, ""), kind, name, existing.get((zone, name, kind)), record)


def item(zone: str, zone_name: str, kind: str, name: str, record: Raw | None, mark: Raw) -> Raw:
    """The item of a record of a stack; its record may have been deleted."""
    owner = MARK.fullmatch(text_of(mark))
    return {
        "Id": f"{zone}/{name}/{kind}",
        "HostedZoneId": zone,
        "ZoneName": zone_name,
        "Name": name,
        "Type": kind,
        "Record": _without_zone(record) if record else None,
        "Mark": _without_zone(mark),
        **(owner.groupdict() if owner else {}),
    }


def _key(record: Raw) -> tuple[str, str, str]:
    return record["HostedZoneId"], plain(record["Name"]), record["Type"]


def _without_zone(record: Raw) -> Raw:
    """A record as the API takes it."""
    return select_members(record, lambda name: name != "HostedZoneId")


def mark(scope: Scope, address: str, kind: str, name: str, shared: bool = False) -> Raw:
    """The owner record of a record; ``shared`` where that existed before and belongs to another owner."""
    text = f"groundwork stack={scope.stack} region={scope.region} resource={address}{' shared' if shared else ''}"
    record_name = f"{kind.lower()}.{scope.region}.{scope.stack}._groundwork.{_encode_wildcard(name)}."
    return {"Name": record_name, "Type": "TXT", "TTL": TTL, "ResourceRecords": [{"Value": f'"{text}"'}]}


def _encode_wildcard(name: str) -> str:
    return f"{ANY}{name.removeprefix(ASTERISK)}" if name.startswith(f"{ASTERISK}.") else name


def _decode_wildcard(name: str) -> str:
    return f"{ASTERISK}{name.removeprefix(ANY)}" if name.startswith(f"{ANY}.") else name


def text_of(record: Raw) -> str:
    """The text of a TXT record with one value."""
    values = [one["Value"] for one in record.get("ResourceRecords") or ()]
    return str(values[0]).strip('"') if len(values) == 1 else ""


def read_record(client: Client, zone: str, record: Raw) -> Raw | None:
    """The current record with the name and type of a record."""
    start = {"StartRecordName": record["Name"], "StartRecordType": record["Type"]}
    listed = client.list_resource_record_sets(HostedZoneId=zone, **start, MaxItems="1")["ResourceRecordSets"]
    desired = (plain(record["Name"]), record["Type"])
    return next((one for one in listed if (plain(one["Name"]), one["Type"]) == desired), None)


def values(kind: str, given: Iterable[str]) -> list[str]:
    """The values of a record, sorted; names as people write them."""
    return sorted(plain(value) if kind == "CNAME" else value for value in given)


def content(record: Raw | None) -> Any:
    """The content of a record, without its TTL."""
    if record is None:
        return None
    alias = record.get("AliasTarget") or {}
    texts = values(record["Type"], (one["Value"] for one in record.get("ResourceRecords") or ()))
    return plain(record["Name"]), record["Type"], texts, plain(alias.get("DNSName", ""))


def change(client: Client, zone: str, deleted: list[Raw], created: list[Raw]) -> None:
    """Delete records, which must have exactly these values, and create others, which must not exist: all or nothing.

    When the answer is lost, botocore repeats the call and AWS rejects it. That is no failure if the change is made.
    """
    changes = [{"Action": "DELETE", "ResourceRecordSet": one} for one in deleted]
    changes += [{"Action": "CREATE", "ResourceRecordSet": one} for one in created]
    try:
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    except ClientError as error:
        if error_code(error) != REFUSED or not _is_done(client, zone, deleted, created):
            raise


def _is_done(client: Client, zone: str, deleted: list[Raw], created: list[Raw]) -> bool:
    kept = {(plain(one["Name"]), one["Type"]) for one in created}
    gone = [one for one in deleted if (plain(one["Name"]), one["Type"]) not in kept]
    there = (content(read_record(client, zone, one)) == content(one) for one in created)
    return all(there) and all(read_record(client, zone, one) is None for one in gone)
