# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a guest has to know of its instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


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
    access: MetadataAccess = MetadataAccess()
    tags: Mapping[str, str] = field(default_factory=dict)
    profile_arn: str = ""
    profile_id: str = ""
    role: str = ""
