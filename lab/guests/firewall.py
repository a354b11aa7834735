# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rulesets of nftables.

Those of security groups are inside the guest's network namespace. One in that of the VPC keeps every guest to its own
addresses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path

from ..machines import Rule, Wired

TABLE = "groundwork_lab"
# The two interfaces of a guest: the lab's network with the public addresses, and that of its VPC.
PUBLIC, PRIVATE = "eth0", "ens5"
# Where a guest asks for its metadata, and the port at which the lab answers. A listener at port 80 itself would keep a
# web server of the guest from taking port 80 of all addresses.
METADATA_ADDRESS, METADATA_PORT = "169.254.169.254", 45080
# The zone of connection tracking in which groups know connections. What a guest opened before its rules were loaded,
# while Docker had connected it already, is in zone 0 and counts as new.
ZONE = 1
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
# The name servers of this machine. Where systemd-resolved is its only one, Docker reads the second file.
RESOLVER_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
STUB = "127.0.0.53"


def name_servers(files: Iterable[Path] = RESOLVER_FILES) -> tuple[str, ...]:
    """The name servers that Docker's own, at 127.0.0.11 of a guest, may ask out of the network namespace of the guest.

    Those of loopback it asks out of that of the machine.
    """
    for path in files:
        try:
            words = [line.split() for line in path.read_text(errors="replace").splitlines()]
        except OSError:
            continue
        found = [word[1] for word in words if len(word) > 1 and word[0] == "nameserver"]
        if found != [STUB]:
            return tuple(sorted({address for address in found if _is_remote(address)}))
    return ()


def _is_remote(address: str) -> bool:
    try:
        return not ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        # Guests have no IPv6.
        return False


def port_guard(one: Wired, port: str) -> str:
    """What a guest's port at the bridge of its VPC lets through: frames from the guest's own addresses.

    Even a guest that had power over its network could not take the address of another one. Loading it again replaces
    the rules of this port alone. Ports without rules pass nothing.
    """
    table = f"bridge {TABLE}"
    mine = f"{{ {', '.join(one.private_ips)} }}"
    lines = [
        f"add table {table}",
        f"add map {table} ports {{ type ifname : verdict; }}",
        f"add chain {table} arriving {{ type filter hook prerouting priority -300; policy drop; }}",
        f"flush chain {table} arriving",
        f"add rule {table} arriving iifname vmap @ports",
        f"add chain {table} {port}",
        f"flush chain {table} {port}",
        f"add rule {table} {port} ether saddr != {one.mac} counter drop",
        f"add rule {table} {port} ether type ip ip saddr {mine} accept",
        f"add rule {table} {port} ether type arp arp saddr ether {one.mac} arp saddr ip {mine} accept",
        f"add rule {table} {port} counter drop",
        f'add element {table} ports {{ "{port}" : goto {port} }}',
    ]
    return "\n".join(lines) + "\n"


def ruleset(one: Wired, servers: Iterable[str] = ()) -> str:
    """The whole table; loading it replaces the one that was there, in one step.

    ``servers`` are the addresses of `name_servers`.

    It filters before address translation, so that ports which a container engine inside of the guest publishes are
    held to the same rules. The engine of the guest itself keeps its name service in tables of its own.
    """
    arriving = [accept for rule in one.ingress if (accept := _accept(rule, "saddr"))]
    leaving = [accept for rule in one.outgoing if (accept := _accept(rule, "daddr"))]
    mine = one.public_ips[0] if len(one.public_ips) == 1 else f"{{ {', '.join(one.public_ips)} }}"
    public = f'iifname "{PUBLIC}" ip daddr != {mine} counter drop'
    foreign = f'iifname "{PUBLIC}" counter drop'
    # The name server of a VPC is not subject to security groups. No other address is exempt: it may be anybody's.
    outside = [
        f'oifname "{PUBLIC}" ip daddr {server} meta l4proto {{ tcp, udp }} th dport 53 accept' for server in servers
    ]
    if not one.egress:
        # There is no default route, but this machine and public addresses of the lab are on the same network.
        outside = [f'oifname "{PUBLIC}" counter drop']
    lines = [
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        "chain arriving {",
        "type filter hook prerouting priority -150; policy accept;",
        f'iifname != {{ "{PUBLIC}", "{PRIVATE}" }} accept',
        "ct state established,related accept",
        "meta nfproto ipv6 drop",
        # The metadata of an instance, with the credentials of its role, are for itself.
        f"ip daddr {METADATA_ADDRESS} counter drop",
        # An instance cannot be reached at an address that it does not have in AWS.
        public if one.public_ips else foreign,
        *arriving,
        "counter drop",
        "}",
        "chain leaving {",
        "type filter hook postrouting priority -150; policy accept;",
        f'oifname != {{ "{PUBLIC}", "{PRIVATE}" }} accept',
        "ct state established,related accept",
        *outside,
        *leaving,
        "counter drop",
        "}",
        # For the guest itself, and for containers in it.
        *(
            line
            for hook in ("output", "prerouting")
            for line in (
                f"chain metadata_{hook} {{",
                f"type nat hook {hook} priority -110; policy accept;",
                f"ip daddr {METADATA_ADDRESS} tcp dport 80 dnat ip to {METADATA_ADDRESS}:{METADATA_PORT}",
                "}",
            )
        ),
        # Docker's name server is reached over loopback, by address translation of Docker's own.
        *(
            line
            for hook, interface in (("output", "oifname"), ("prerouting", "iifname"))
            for line in (
                f"chain zone_{hook} {{",
                f"type filter hook {hook} priority -300; policy accept;",
                f'{interface} != "lo" ct zone set {ZONE}',
                "}",
            )
        ),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _accept(rule: Rule, side: str) -> str:
    peers = [peer for peer in rule.peers if ":" not in peer]
    if not peers:
        return ""
    everybody = "0.0.0.0/0" in peers
    match = "" if everybody else f"ip {side} {{ {', '.join(peers)} }} "
    protocol = PROTOCOLS.get(rule.protocol, rule.protocol)
    if protocol == "-1":
        return f"{match}accept" if match else "accept"
    if protocol in ("icmp", "icmpv6"):
        kind = "" if rule.from_port is None else f" {protocol} type {rule.from_port}"
        return f"{match}meta l4proto {protocol}{kind} accept"
    if protocol not in ("tcp", "udp"):
        return f"{match}meta l4proto {protocol} accept"
    first, last = rule.from_port or 0, 65535 if rule.to_port is None else rule.to_port
    ports = str(first) if first == last else f"{first}-{last}"
    return f"{match}{protocol} dport {ports} accept"
