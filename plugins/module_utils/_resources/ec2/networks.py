# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks that a VPC cannot have. Documents are judged by them as well."""

from __future__ import annotations

from ipaddress import IPv4Network

# Networks without addresses of hosts (RFC 6890, and RFC 5771 for multicast). AWS recommends private networks (RFC 1918)
# and accepts other public ones: VPC User Guide, "VPC CIDR blocks".
UNUSABLE_NETWORKS = {
    "0.0.0.0/8": "addresses that are not known yet",
    "127.0.0.0/8": "each host itself",
    "169.254.0.0/16": "link-local addresses, as those of AWS's instance metadata and DNS",
    "224.0.0.0/4": "multicast",
}
PRIVATE_NETWORKS = "10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"


def find_network_problem(cidr: str) -> str | None:
    """Why no VPC can have a network, None where one can."""
    network = IPv4Network(cidr, strict=False)
    for other, purpose in UNUSABLE_NETWORKS.items():
        if network.overlaps(IPv4Network(other)):
            fix = f"choose a private network: a part of {PRIVATE_NETWORKS}"
            return f"{cidr} is in {other}, which is for {purpose} ({fix})"
    return None
