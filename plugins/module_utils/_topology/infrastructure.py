# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of what services stand on: network, access and instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .containers import ListOf, Table
from .kinds import Choice, Flag, Text, Whole
from .record import Derived, Field, Record
from .view import tiers
from .words import ANY_CIDR, NAME, NETWORK_CIDR, THING


def address_by_route(machines: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    tier = tiers(document).get(machines["subnets"], {})
    return "public" if tier.get("route") == "internet" else "private"


SUBNETS = Record(
    fields={
        "cidrs": Field(ListOf(NETWORK_CIDR, least=1), "One network for each zone, in the zones' order.", required=True),
        "route": Field(
            Choice("internet", "nat", "none"),
            "Where traffic that leaves the network goes: `internet` from and to public addresses, `nat` outwards only, "
            "through NAT gateways.",
            default="none",
        ),
    }
)

NETWORK = Record(
    fields={
        "cidr": Field(NETWORK_CIDR, "The private network of the whole stack.", required=True),
        "zones": Field(
            ListOf(Text("an availability zone like us-east-1a", r"[a-z]{2,}(?:-[a-z]+)+-[0-9a-z-]*[a-z]"), least=1),
            "Availability zones of the region. Instances are spread over them.",
            required=True,
        ),
        "subnets": Field(Table(THING, SUBNETS, "<tier>"), "Tiers of subnets, one subnet in each zone.", required=True),
        "nat": Field(
            Choice("zone", "single"),
            "`zone`: a NAT gateway in each zone, so that none depends on another; `single`: one for all, which costs "
            "less.",
            default="zone",
        ),
    }
)

ACCESS = Record(
    fields={
        "connect": Field(
            Choice("ssh", "ssm"),
            "How Ansible reaches the instances. `ssh`: at their addresses, from `ssh_from`; `ssm`: by SSH through a "
            "session of AWS Systems Manager, without an open port.",
            default="ssh",
        ),
        "ssh_from": Field(ListOf(ANY_CIDR), "Networks that may connect to port 22. Empty: nobody.", default=[]),
        "public_key": Field(
            Text(
                "a public key that EC2 takes: ssh-ed25519 … or ssh-rsa …",
                r"ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+={0,3}(?: [^\x00-\x1f]*)?",
                longest=4096,
                private=True,
            ),
            "Public half of the key pair of the instances. Without it they have no key pair.",
        ),
    }
)

MACHINES = Record(
    fields={
        "type": Field(
            Text("an instance type like t3.micro", r"[a-z][a-z0-9-]*\.[a-z0-9-]+"), "Instance type.", default="t3.micro"
        ),
        "image": Field(
            Text(
                "al2023, an image id (ami-…) or the path of an SSM parameter (/…)",
                r"al2023|ami-[0-9a-f]{8,17}|/[A-Za-z0-9_./-]+",
            ),
            "Image: `al2023` (the newest Amazon Linux 2023 when an instance is made), an image id, or the path of an "
            "SSM parameter that holds one.",
            default="al2023",
        ),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier they stand in.", required=True
        ),
        "count": Field(Whole("a number of instances", 1, 500), "How many, spread over the zones.", default=1),
        "min": Field(Whole("a number of instances", 1, 500), "The fewest that it may be scaled to."),
        "max": Field(Whole("a number of instances", 1, 500), "The most that it may be scaled to."),
        "address": Field(
            Choice("elastic", "public", "private"),
            "`elastic`: a fixed public address; `public`: one that changes with each stop; `private`: none.",
            default=Derived(address_by_route, "`public` where the tier routes to the internet, else `private`"),
        ),
        "volume": Field(
            Record(
                fields={
                    "size": Field(
                        Whole("a size in GiB", 8, 16384), "Size of the root volume (gp3, encrypted) in GiB.", default=8
                    ),
                }
            ),
            "The root volume.",
            default={},
        ),
        "protect": Field(
            Flag(),
            "They hold data: termination protection, and only deleted or replaced when `allow_destroy` names them.",
            default=False,
        ),
        "user_data": Field(
            Text("text of at most 16384 characters", r"[^\x00]+", longest=16384, private=True),
            "Script or cloud-config of the first boot. Never a secret: every process of the instance can read it.",
        ),
    }
)
