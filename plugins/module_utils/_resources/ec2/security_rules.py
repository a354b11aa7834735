# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security group rules: one plain form for documents, for answers of AWS and for calls.

AWS groups rules by protocol and ports, writes "all" as -1 without ports, and removes the host bits of a CIDR. Here a
rule is one source or destination: `{protocol, from_port, to_port, cidr | group | prefix_list, description}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._aws.answer import missing_member
from .common import network

Rule = dict[str, Any]

NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}
ALL_OUT: Rule = {"protocol": "-1", "from_port": None, "to_port": None, "cidr": "0.0.0.0/0", "description": ""}
PEERS = ("cidr", "group", "prefix_list")
# Members of a permission with its sources or destinations.
SOURCES = ("IpRanges", "Ipv6Ranges", "UserIdGroupPairs", "PrefixListIds")
# Protocols for which AWS always shows ports (for ICMP the type and code).
WITH_PORTS = ("tcp", "udp", "icmp", "icmpv6")


def key(rule: Rule) -> tuple[str, ...]:
    """The identity of a rule for AWS: everything but the description."""
    return tuple(str(rule.get(name)) for name in ("protocol", "from_port", "to_port", *PEERS))


def normalize_rules(rules: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """The rules of a document in plain form, sorted, without duplicates."""
    plain = {key(rule): rule for rule in map(_plain, rules)}
    return [plain[name] for name in sorted(plain)]


def _plain(rule: Mapping[str, Any]) -> Rule:
    protocol = str(rule.get("protocol", "tcp")).lower()
    protocol = NUMBERS.get(protocol, protocol)
    ports = _ports(protocol, rule)
    peer = {name: rule[name] for name in PEERS if rule.get(name)}
    if "cidr" in peer:
        peer["cidr"] = network(peer["cidr"])
    description = rule.get("description") or ""
    return {"protocol": protocol, "from_port": ports[0], "to_port": ports[1], **peer, "description": description}


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
