# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of Route 53: a batch of changes is made as a whole or not at all, and what is there is in its way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from moto.route53.exceptions import DnsNameInvalidForZone, Route53ClientError
from moto.route53.models import RecordSet, Route53Backend, route53_backends

from . import certificates
from .patch import Hook, around

Key = tuple[str, str, str]
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
# As what answers show the asterisk of a name.
CODED = "\\052"


@around(Route53Backend, "change_resource_record_sets")
def change_resource_record_sets(_original: Hook, backend: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    """moto goes by what was said before instead of what is there, and stops in the middle."""
    zone = backend.get_hosted_zone(zoneid)
    there: dict[Key, Any] = {_key(one): one for one in zone.rrsets}
    problems = [text for change in change_list for text in _apply(zone, there, change)]
    problems = problems or list(_conflicts(zone, there))
    if problems:
        raise Route53ClientError("InvalidChangeBatch", f"[{', '.join(problems)}]")
    zone.rrsets = list(there.values())
    certificates.prove(backend.account_id)


def _apply(zone: Any, there: dict[Key, Any], change: dict[str, Any]) -> Iterator[str]:
    record = _record(change["ResourceRecordSet"])
    name, key, action = record.name, _key(record), change["Action"]
    if not f".{name}".endswith(f".{_whole(zone.name)}"):
        raise DnsNameInvalidForZone(name=name, zone_name=zone.name)
    what = f"resource record set [name='{name}', type='{record.type}']"
    if action == "CREATE" and key in there:
        yield f"Tried to create {what} but it already exists"
    elif action == "DELETE" and key not in there:
        yield f"Tried to delete {what} but it was not found"
    elif action == "DELETE" and _content(there[key]) != _content(record):
        yield f"Tried to delete {what} but the values provided do not match the current values"
    elif action == "DELETE":
        del there[key]
    else:
        there[key] = record


def _record(given: dict[str, Any]) -> Any:
    alias = given.get("AliasTarget")
    target = {"AliasTarget": {**alias, "DNSName": _whole(alias["DNSName"])}} if alias else {}
    values = [one["Value"] for one in given.get("ResourceRecords") or ()]
    make: Any = RecordSet
    return make({**given, **target, "Name": _whole(given["Name"]), "ResourceRecords": values})


def _whole(name: str) -> str:
    return f"{name.lower().rstrip('.').replace('*', CODED)}."


def _key(record: Any) -> Key:
    return record.name, record.type, record.set_identifier or ""


def _content(record: Any) -> tuple[Any, ...]:
    alias = record.alias_target or {}
    target = (alias.get("HostedZoneId"), alias.get("DNSName"), str(alias.get("EvaluateTargetHealth")).lower())
    ttl = None if record.ttl is None else int(record.ttl)
    return ttl, sorted(record.records or ()), target, record.weight, record.region, record.failover


def _conflicts(zone: Any, there: dict[Key, Any]) -> Iterator[str]:
    """A name that stands for another one has nothing else, and the name of a zone has something else."""
    kinds: dict[str, set[str]] = {}
    for name, kind, _identifier in there:
        kinds.setdefault(name, set()).add(kind)
    for name, found in kinds.items():
        if "CNAME" in found and len(found) > 1:
            yield (
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with "
                f"the same DNS name in zone {zone.name}"
            )


@around(Route53Backend, "list_resource_record_sets")
def list_resource_record_sets(
    original: Hook, backend: Any, zone_id: str, start_type: str, start_name: str, max_items: int
) -> Any:
    return original(backend, zone_id, start_type, _whole(start_name) if start_name else start_name, max_items)


def names_of(account: str, target: str) -> Iterator[str]:
    """The names that records of an account lead to a name of AWS's."""
    for backend in list(route53_backends[account].values()):
        for zone in list(backend.zones.values()):
            for record in list(zone.rrsets):
                alias = record.alias_target or {}
                name = record.name.rstrip(".")
                if record.type == "A" and alias.get("DNSName") == _whole(target) and HOST.fullmatch(name):
                    yield name
