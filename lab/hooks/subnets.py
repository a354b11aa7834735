# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Private addresses: each is given once, and AWS's errors when there is none left."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.ec2.models.subnets import Subnet

from .errors import ec2_error
from .patch import Hook, around

# AWS keeps the network address and the next three of every subnet, and the last one.
RESERVED = 4


@around(Subnet, "get_available_subnet_ip")
def get_available_subnet_ip(original: Hook, subnet: Any, instance: Any) -> str:
    """The next free address after the one given last, so that an address is not reused at once."""
    size = subnet.cidr.num_addresses
    start = int(getattr(subnet, "lab_cursor", RESERVED))
    first = int(subnet.cidr.network_address)
    usable = size - RESERVED - 1
    for step in range(usable):
        offset = RESERVED + (start - RESERVED + step) % usable
        address = str(ipaddress.ip_address(first + offset))
        if address not in subnet._subnet_ips:
            subnet.lab_cursor = offset + 1
            subnet._subnet_ips[address] = instance
            return address
    raise ec2_error(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )


@around(Subnet, "request_ip")
def request_ip(original: Hook, subnet: Any, ip: str, instance: Any) -> None:
    address = ipaddress.ip_address(ip)
    offset = int(address) - int(subnet.cidr.network_address)
    if not RESERVED <= offset < subnet.cidr.num_addresses - 1:
        raise ec2_error(
            "InvalidParameterValue", f"Address {ip} does not fall within the subnet's usable range {subnet.cidr}"
        )
    if ip in subnet._subnet_ips:
        raise ec2_error("InvalidIPAddress.InUse", f"Address {ip} is in use.")
    subnet._subnet_ips[ip] = instance
