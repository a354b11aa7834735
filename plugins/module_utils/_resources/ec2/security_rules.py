# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group rules: one plain form for documents, for answers of AWS and for calls.

AWS groups rules by protocol and ports, writes "all" as -1 without ports, and removes the host bits of a CIDR. Here a
rule is one source or destination: `{protocol, from_port, to_port, cidr | group | prefix_list, description}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.answer import missing_member
from ..._engine.property_limits import (
    EVERY,
    Items,
    Limit,
    Limits,
    Matching,
    Network,
    PropertyPath,
    PropertyProblem,
    WholeNumber,
    is_reference,
    keys,
    list_values,
)
from .common import DESCRIPTION, network

Rule = dict[str, Any]

NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
ALL_OUT: Rule = {"protocol": "-1", "from_port": None, "to_port": None, "cidr": "0.0.0.0/0", "description": ""}
PEERS = ("cidr", "group", "prefix_list")
# Members of a permission with its sources or destinations.
SOURCES = ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds")
# Protocols for which AWS always shows ports (for ICMP the type and code).
WITH_PORTS = ("tcp", "udp", "icmp", "icmpv6")
HIGHEST_PORT = 65535
ANY_ICMP = -1
HIGHEST_ICMP = 255  # RFC 792 and RFC 4443: type and code have a byte each

# EC2 API Reference, IpPermission: the names, or a protocol number of IANA, which has a byte.
PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6", "all", "-1")
HIGHEST_PROTOCOL = 255


@dataclass(frozen=True)
class Protocol(Limit):
    what: str = "one of tcp, udp, icmp, icmpv6, -1 (everything) or the number of a protocol (0-255)"

    def accepts(self, value: Any) -> bool:
        text = "" if isinstance(value, (bool, float)) else str(value).lower()
        return text in PROTOCOLS or (re.fullmatch(r"[0-9]{1,9}", text) is not None and int(text) <= HIGHEST_PROTOCOL)


RULE = keys("protocol", "from_port", "to_port", *PEERS, "description")
# Of ICMP, these are the type and the code.
RULE_PORT = WholeNumber(f"a port (0-{HIGHEST_PORT})", low=ANY_ICMP, high=HIGHEST_PORT)


def limits_of(side: str) -> Limits:
    """The limits of the rules of a property."""
    return {
        (side,): Items(),
        (side, EVERY): RULE,
        (side, EVERY, "protocol"): Protocol(),
        (side, EVERY, "from_port"): RULE_PORT,
        (side, EVERY, "to_port"): RULE_PORT,
        (side, EVERY, "cidr"): Network("a network like 203.0.113.0/24, or an IPv6 one like 2001:db8::/32"),
        (side, EVERY, "group"): Matching("a security group", "write a reference like {ref: security_group/app}"),
        (side, EVERY, "prefix_list"): Matching("the id of a prefix list like pl-12345678", pattern="pl-[0-9a-f]+"),
        (side, EVERY, "description"): DESCRIPTION,
    }


def check_rules(side: str, given: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    """What EC2 requires of the members of a rule together. Source: EC2 API Reference, IpPermission."""
    for path, rule in list_values((side, EVERY), given):
        yield from _check_peers(path, rule)
        protocol = _protocol(rule)
        start, end = rule.get("from_port"), rule.get("to_port")
        if is_reference(start) or is_reference(end):
            continue
        if protocol in ("tcp", "udp"):
            yield from _check_port_range(path, protocol, start, end)
        elif protocol in ("icmp", "icmpv6"):
            yield from _check_icmp(path, start, end)


def _check_peers(path: PropertyPath, rule: Mapping[str, Any]) -> Iterator[PropertyProblem]:
    given = [name for name in PEERS if rule.get(name)]
    if not given:
        yield path, f"needs one of {', '.join(PEERS)} (add one: from where, or to where, traffic may go)"
    elif len(given) > 1:
        yield path, f"has {' and '.join(given)}, which exclude each other (write a rule for each)"


def _check_port_range(
    path: PropertyPath, protocol: str, start: int | None, end: int | None
) -> Iterator[PropertyProblem]:
    if start is None:
        yield path, f"lacks from_port, and {protocol} needs it (add it; from 0 to {HIGHEST_PORT} are all ports)"
        return
    for name, port in (("from_port", start), ("to_port", end)):
        if port is not None and port < 0:
            yield (*path, name), f"{port} is not a port (0-{HIGHEST_PORT})"
    if end is not None and 0 <= end < start:
        yield (*path, "to_port"), f"{end} is lower than from_port, {start} (swap them; one port needs no to_port)"


def _check_icmp(path: PropertyPath, kind: int | None, code: int | None) -> Iterator[PropertyProblem]:
    for name, what, number in (("from_port", "type", kind), ("to_port", "code", code)):
        if number is not None and number > HIGHEST_ICMP:
            yield (*path, name), f"{number} is not a {what} of ICMP (write 0 to {HIGHEST_ICMP}, or -1 for all)"
    if kind in (None, ANY_ICMP) and code not in (None, ANY_ICMP):
        text = f"{code} is the code of a single type, and from_port means all types"
        yield (*path, "to_port"), f"{text} (write the type as from_port, or leave to_port out)"


def key(rule: Rule) -> tuple[str, ...]:
    """The identity of a rule for AWS: everything but the description."""
    return tuple(str(rule.get(name)) for name in ("protocol", "from_port", "to_port", *PEERS))


def normalize_rules(rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The rules of a document in plain form, sorted, without duplicates."""
    plain = {key(rule): rule for rule in map(_plain, rules)}
    return [plain[name] for name in sorted(plain)]


def _plain(rule: Mapping[str, Any]) -> Rule:
    protocol = _protocol(rule)
    ports = _ports(protocol, rule)
    peer = {name: rule[name] for name in PEERS if rule.get(name)}
    if "cidr" in peer:
        peer["cidr"] = network(peer["cidr"])
    description = rule.get("description") or ""
    return {"protocol": protocol, "from_port": ports[0], "to_port": ports[1], **peer, "description": description}


def _protocol(rule: Mapping[str, Any]) -> str:
    protocol = str(rule.get("protocol", "tcp")).lower()
    return NUMBERS.get(protocol, protocol)


def _ports(protocol: str, rule: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The ports of a rule: type and code for ICMP, where -1 is any, and nothing for protocols that have none."""
    start, end = rule.get("from_port"), rule.get("to_port")
    if protocol in ("icmp", "icmpv6"):
        return -1 if start is None else start, -1 if end is None else end
    if protocol not in ("tcp", "udp"):
        return None, None
    return start, start if end is None else end


def parse_permissions(permissions: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The rules of AWS's IpPermissions in plain form."""
    return normalize_rules(rule for permission in permissions for rule in _split(permission))


def _split(permission: Mapping[str, Any]) -> Iterable[Rule]:
    if permission["IpProtocol"] in WITH_PORTS:
        for port in ("FromPort", "ToPort"):
            if port not in permission:
                raise missing_member(permission, port)
    if not any(permission.get(source) for source in SOURCES):
        missing = [source for source in SOURCES if source not in permission]
        raise missing_member(permission, " or ".join(missing) or "the sources of a rule")
    common = {
        "protocol": permission["IpProtocol"],
        "from_port": permission.get("FromPort"),
        "to_port": permission.get("ToPort"),
    }
    for name, source, field in (
        ("cidr", "IpRanges", "CidrIp"),
        ("cidr", "Ipv6Ranges", "CidrIpv6"),
        ("group", "UserIdGroupPairs", "GroupId"),
        ("prefix_list", "PrefixListIds", "PrefixListId"),
    ):
        for peer in permission.get(source, ()):
            yield {**common, name: peer[field], "description": peer.get("Description", "")}


def to_permissions(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Plain rules as AWS's IpPermissions, one each."""
    return [_permission(rule) for rule in rules]


def _permission(rule: Rule) -> dict[str, Any]:
    ports = {"FromPort": rule["from_port"], "ToPort": rule["to_port"]}
    description = {"Description": rule["description"]} if rule["description"] else {}
    return {
        "IpProtocol": rule["protocol"],
        **{name: port for name, port in ports.items() if port is not None},
        **_peer(rule, description),
    }


def _peer(rule: Rule, description: dict[str, str]) -> dict[str, Any]:
    if rule.get("group"):
        return {"UserIdGroupPairs": [{"GroupId": rule["group"], **description}]}
    if rule.get("prefix_list"):
        return {"PrefixListIds": [{"PrefixListId": rule["prefix_list"], **description}]}
    if ":" in rule["cidr"]:
        return {"Ipv6Ranges": [{"CidrIpv6": rule["cidr"], **description}]}
    return {"IpRanges": [{"CidrIp": rule["cidr"], **description}]}
