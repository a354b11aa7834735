# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which public addresses a lab has: a range that is meant for documentation and that nothing on this machine uses."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .image.machine import read_machine
from .shell import LabError, as_root, run

# RFC 5737, and RFC 2544 for more labs than it has ranges.
TEST_NETS = ("198.51.100.0/24", "192.0.2.0/24", "203.0.113.0/24")
MORE = ipaddress.IPv4Network("198.18.0.0/15")


@dataclass(frozen=True)
class PublicRange:
    """The addresses of one lab: the gateway, those that instances get, and those that docker hands to containers."""

    network: ipaddress.IPv4Network

    @property
    def gateway(self) -> str:
        return str(self.network[1])

    @property
    def first(self) -> int:
        """The offset of the first address that an instance may get."""
        return 4

    @property
    def last(self) -> int:
        return self.network.num_addresses // 2 - 1

    @property
    def containers(self) -> str:
        """The half that docker hands out; they are addresses under the hood that no API shows."""
        return str(list(self.network.subnets(prefixlen_diff=1))[1])


def candidates() -> Iterator[ipaddress.IPv4Network]:
    """Every range that a lab may have, best first."""
    yield from map(ipaddress.IPv4Network, TEST_NETS)
    yield from MORE.subnets(new_prefix=24)


def choose(used: Iterable[str]) -> Iterator[PublicRange]:
    """The ranges that overlap with nothing that is used."""
    taken = [ipaddress.IPv4Network(one, strict=False) for one in used]
    for network in candidates():
        if not any(network.overlaps(one) for one in taken):
            yield PublicRange(network)


def used_networks() -> set[str]:
    """The networks that this machine uses: its routes and addresses, docker's networks, where packages come from.

    Behind some proxies the names of registries lead to the very ranges that are for documentation.
    """
    return _routes() | _docker_networks() | _nameservers() | _name_targets(read_machine().hosts)


def _routes() -> set[str]:
    found = set()
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all").stdout or "[]"):
        destination = route.get("dst", "default")
        if destination != "default" and route.get("type", "unicast") in ("unicast", "local"):
            found.add(destination)
    return found


def _docker_networks() -> set[str]:
    found: set[str] = set()
    ids = run(*as_root("docker", "network", "ls", "--quiet")).stdout.split()
    if ids:
        for network in json.loads(run(*as_root("docker", "network", "inspect", *ids)).stdout):
            configured = (network.get("IPAM") or {}).get("Config") or []
            found |= {one["Subnet"] for one in configured if one.get("Subnet") and ":" not in one["Subnet"]}
    return found


def _nameservers() -> set[str]:
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        return set()
    named = [line.split()[1] for line in lines if line.startswith("nameserver ") and len(line.split()) > 1]
    return {address for address in named if ":" not in address}


def _name_targets(names: Iterable[str]) -> set[str]:
    def resolve(name: str) -> set[str]:
        try:
            return {str(found[4][0]) for found in socket.getaddrinfo(name, 443, socket.AF_INET)}
        except OSError:
            return set()

    with ThreadPoolExecutor(8) as pool:
        return set().union(*pool.map(resolve, names))


def create_network(name: str, label: str) -> PublicRange:
    """Make the lab's docker network in the first range that is free; another lab may take it first, so go on then."""
    for number, chosen in enumerate(choose(used_networks())):
        made = run(
            *as_root("docker", "network", "create", "--driver", "bridge", "--label", label),
            *("--subnet", str(chosen.network), "--gateway", chosen.gateway, "--ip-range", chosen.containers, name),
            check=False,
        )
        if made.returncode == 0:
            return chosen
        if "overlap" not in made.stderr or number > 20:
            raise LabError(f"docker cannot make the network {name}: {made.stderr.strip()}")
    raise LabError("no range of public addresses is free on this machine")
