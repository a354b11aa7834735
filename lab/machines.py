# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in a VPC: guests, which are instances, and appliances, which AWS runs itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol


class Power(Enum):
    """What a guest is doing."""

    ABSENT = "absent"
    RUNNING = "running"
    OFF = "off"
    REBOOTING = "rebooting"
    CRASHED = "crashed"


@dataclass(frozen=True, order=True)
class Rule:
    """One rule of a security group; groups that it names are given as the addresses of their members."""

    protocol: str
    from_port: int | None
    to_port: int | None
    peers: tuple[str, ...]


class Wired(Protocol):
    """What wiring and firewall have to know of something that stands in a VPC."""

    @property
    def id(self) -> str: ...
    @property
    def vpc(self) -> str: ...
    @property
    def vpc_cidrs(self) -> tuple[str, ...]: ...
    @property
    def mac(self) -> str: ...
    @property
    def private_ips(self) -> tuple[str, ...]: ...
    @property
    def public_ips(self) -> tuple[str, ...]: ...
    @property
    def egress(self) -> bool: ...
    @property
    def ingress(self) -> tuple[Rule, ...]: ...
    @property
    def outgoing(self) -> tuple[Rule, ...]: ...


@dataclass(frozen=True)
class MetadataAccess:
    """How the instance may ask for its metadata."""

    enabled: bool = True
    token_required: bool = False
    tags: bool = False


@dataclass(frozen=True)
class Machine:
    """A snapshot of an instance."""

    id: str
    region: str
    account: str = ""
    zone: str = ""
    image: str = ""
    type: str = ""
    architecture: str = "x86_64"
    launched: datetime | None = None
    reservation: str = ""
    launch_index: int = 0
    hostname: str = ""
    mac: str = ""
    vpc: str = ""
    vpc_cidrs: tuple[str, ...] = ()
    subnet: str = ""
    subnet_cidr: str = ""
    private_ip: str = ""
    public_ip: str = ""
    egress: bool = False
    key_name: str = ""
    public_key: str = ""
    user_data: bytes = b""
    groups: tuple[tuple[str, str], ...] = ()
    ingress: tuple[Rule, ...] = ()
    outgoing: tuple[Rule, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    access: MetadataAccess = MetadataAccess()
    tags: Mapping[str, str] = field(default_factory=dict)
    profile_arn: str = ""
    profile_id: str = ""
    role: str = ""

    @property
    def private_ips(self) -> tuple[str, ...]:
        return (self.private_ip,)

    @property
    def public_ips(self) -> tuple[str, ...]:
        return (self.public_ip,) if self.public_ip else ()


@dataclass(frozen=True)
class Appliance:
    """A plain container that does for the lab what AWS does by itself: a load balancer, a database, a cache.

    ``files`` are put in before the first start, readable for root only, by their path from the root; ``options`` are
    further ones for `docker create`. It has an address for each of its network interfaces, all at one port of the VPC.
    """

    id: str
    command: tuple[str, ...]
    vpc: str
    vpc_cidrs: tuple[str, ...]
    mac: str
    private_ips: tuple[str, ...]
    public_ips: tuple[str, ...] = ()
    egress: bool = False
    ingress: tuple[Rule, ...] = ()
    outgoing: tuple[Rule, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    options: tuple[str, ...] = ()
