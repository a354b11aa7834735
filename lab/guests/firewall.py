# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Security groups as a ruleset of nftables inside the guest's network namespace."""

from __future__ import annotations

from ..machines import Rule, Wired

TABLE = "groundwork_lab"
# The two interfaces of a guest: the lab's network with the public addresses, and that of its VPC.
PUBLIC, PRIVATE = "eth0", "ens5"
# Where a guest asks for its metadata, and the port at which the lab answers. A listener at port 80 itself would keep a
# web server of the guest from taking port 80 of all addresses.
METADATA_ADDRESS, METADATA_PORT = "169.254.169.254", 45080
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def ruleset(one: Wired) -> str:
    """The whole table; loading it replaces the one that was there, in one step.

    It filters before address translation, so that ports which a container engine inside of the guest publishes are
    held to the same rules. The engine of the guest itself keeps its name service in tables of its own.
    """
    arriving = [accept for rule in one.ingress if (accept := _accept(rule, "saddr"))]
    leaving = [accept for rule in one.outgoing if (accept := _accept(rule, "daddr"))]
    mine = one.public_ips[0] if len(one.public_ips) == 1 else f"{{ {', '.join(one.public_ips)} }}"
    public = f'iifname "{PUBLIC}" ip daddr != {mine} counter drop'
    foreign = f'iifname "{PUBLIC}" counter drop'
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
        # The name server of a VPC is not subject to security groups.
        "meta l4proto { tcp, udp } th dport 53 accept",
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
