# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks of guests.

Every lab has one docker network with a range of public addresses: over it the host reaches the guests, and they the
world. A VPC is a bridge in a network namespace of its own, where neither the host's addresses nor its firewall nor
another VPC with the same addresses can be in its way.

The network of a guest is the namespace that Docker made for it (`namespaces.py`), never that of a process: a process of
the guest may have left it for one in which the guest may do everything.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..machines import Wired
from ..shell import LabError, as_root, run
from .firewall import METADATA_ADDRESS, PRIVATE, PUBLIC, TABLE, name_servers, port_guard, ruleset
from .namespaces import check_network, inside

NAMESPACES = Path("/run/netns")
# Takes the addresses of a device away that are not among the first argument's.
OTHERS = """drop_others() {
    desired=$1; shift
    ip -o -4 address show dev "$@" | while read -r _ _ _ address _; do
        case " $desired " in *" $address "*) ;; *) ip address delete "$address" dev "$1" ;; esac
    done
}"""
# Several guests of a new VPC may come up at once.
_making = threading.Lock()


def namespace_name(lab: str, vpc: str) -> str:
    """The name of the network namespace that is the VPC."""
    return f"gwlab.{lab}.{hashlib.sha256(vpc.encode()).hexdigest()[:8]}"


def port_name(id: str) -> str:
    """The name of a guest's port at the bridge of its VPC; interfaces have at most 15 characters."""
    return f"v{hashlib.sha256(id.encode()).hexdigest()[:12]}"


def ensure_vpc(lab: str, vpc: str) -> str:
    """Make the VPC's bridge unless it is there; returns its namespace."""
    name = namespace_name(lab, vpc)
    with _making:
        if not (NAMESPACES / name).exists():
            run(*as_root("ip", "netns", "add", name))
        if run(*as_root("ip", "-n", name, "link", "show", "vpc"), check=False).returncode:
            run(*as_root("ip", "-n", name, "link", "add", "vpc", "type", "bridge"))
        run(*as_root("ip", "-n", name, "link", "set", "vpc", "up"))
    return name


def lab_namespaces(lab: str) -> list[str]:
    """The namespaces of every VPC of a lab."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(name for name in os.listdir(NAMESPACES) if name.startswith(f"gwlab.{lab}."))


def remove_namespaces(names: Iterable[str]) -> None:
    """Take bridges away, with every port that they still have."""
    for name in names:
        run(*as_root("ip", "netns", "delete", name), check=False)


def apply_guard(vpc: str, guard: str) -> None:
    """Load the rules of `firewall.port_guard` into the namespace of a VPC."""
    with _making:
        run(*inside(str(NAMESPACES / vpc), "nft", "-f", "-"), stdin=guard)


def plug(namespace: str, one: Wired, network: str) -> None:
    """Give the network namespace of a guest its port in that of the VPC, unless it has one."""
    if run(*inside(network, "ip", "link", "show", PRIVATE), check=False).returncode == 0:
        return
    port = port_name(one.id)
    run(*as_root("ip", "-n", namespace, "link", "delete", port), check=False)
    run(
        *as_root("ip", "link", "add", port, "netns", namespace, "type", "veth", "peer", "name", PRIVATE),
        *("address", one.mac, "netns", network),
    )
    run(*as_root("ip", "-n", namespace, "link", "set", port, "master", "vpc", "up"))


def addresses(one: Wired, gateway: str, network: str) -> str:
    """The shell script that sets addresses and routes inside the guest's network namespace.

    What is as it should be is not touched: the lab's process comes back while connections are open.
    """
    prefix = ipaddress.ip_network(one.vpc_cidrs[0]).prefixlen
    source = f" src {one.public_ips[0]}" if one.public_ips else ""
    private = [f"{address}/{prefix}" for address in one.private_ips]
    public = [f"{address}/32" for address in one.public_ips]
    lines = [
        "set -e",
        OTHERS,
        f"ip address replace {METADATA_ADDRESS}/32 dev lo",
        f"ip link set {PRIVATE} up",
        f'drop_others "{" ".join(private)}" {PRIVATE}',
        *(f"ip address replace {address} dev {PRIVATE}" for address in private),
        *(f"ip route replace {cidr} dev {PRIVATE} src {one.private_ips[0]}" for cidr in one.vpc_cidrs[1:]),
        f'drop_others "{" ".join(public)}" {PUBLIC} label {PUBLIC}:public',
        *(f"ip address replace {address} dev {PUBLIC} label {PUBLIC}:public" for address in public),
        f"ip route replace {network} dev {PUBLIC}{source}",
    ]
    if one.egress:
        lines.append(f"ip route replace default via {gateway} dev {PUBLIC}{source}")
    else:
        lines.append("ip route delete default 2>/dev/null || true")
    return "\n".join(lines) + "\n"


def apply_addresses(network: str, script: str) -> None:
    """Run the script of `addresses`."""
    run(*inside(network, "sh", "-s"), stdin=script)


def apply_ruleset(network: str, rules: str) -> None:
    """Load the ruleset of `firewall.ruleset`."""
    run(*inside(network, "nft", "-f", "-"), stdin=rules)


@dataclass(frozen=True)
class Wiring:
    """How something was wired the last time."""

    network: str
    # Those of the time when the container started: Docker reads them then, and no more.
    name_servers: tuple[str, ...]
    guard: str
    rules: str
    script: str


class Plugs:
    """Everything that stands plugged into the VPCs of a lab, and how each was wired the last time."""

    def __init__(self, lab: str, gateway: str, network: str) -> None:
        self._lab, self._gateway, self._network = lab, gateway, network
        self._lock = threading.Lock()
        self._wired: dict[str, Wiring] = {}

    def wire(self, one: Wired, network: str) -> None:
        """Give a container's network namespace its port, addresses and rules; does nothing when it has them."""
        with self._lock:
            before = self._wired.get(one.id)
        if before and before.network != network:
            before = None
        servers = before.name_servers if before else name_servers()
        now = Wiring(
            network=network,
            name_servers=servers,
            guard=port_guard(one, port_name(one.id)),
            rules=ruleset(one, servers),
            script=addresses(one, self._gateway, self._network),
        )
        if now == before:
            return
        if before is None:
            check_network(network)
        # Before the port is there, and before it has other addresses.
        if before is None or before.guard != now.guard:
            vpc = ensure_vpc(self._lab, one.vpc)
            apply_guard(vpc, now.guard)
            plug(vpc, one, network)
        if before is None or before.rules != now.rules:
            apply_ruleset(network, now.rules)
        if before is None or before.script != now.script:
            apply_addresses(network, now.script)
            for address in one.public_ips:
                forget_neighbour(address)
        with self._lock:
            self._wired[one.id] = now

    def forget(self, id: str) -> None:
        """What had the port is gone."""
        with self._lock:
            self._wired.pop(id, None)


def forget_neighbour(address: str) -> None:
    """Let the host ask anew which guest has the address; it may have moved."""
    found = run("ip", "-o", "neighbour", "show", "to", address, check=False).stdout.split()
    if "dev" in found:
        device = found[found.index("dev") + 1]
        run(*as_root("ip", "neighbour", "delete", address, "dev", device), check=False)


def check_namespaces() -> None:
    """Fail early and clearly where network namespaces cannot be made."""
    if run(*as_root("ip", "netns", "list"), check=False).returncode:
        raise LabError("the lab needs `ip netns` (package iproute2) and the right to make network namespaces")
    # In a network namespace that ends with the program.
    guard = run(*as_root("unshare", "--net", "nft", "-f", "-"), stdin=f"table bridge {TABLE} {{ }}\n", check=False)
    if guard.returncode:
        raise LabError(
            f"the lab needs a kernel with nftables for bridges (CONFIG_NF_TABLES_BRIDGE): {guard.stderr.strip()}"
        )
