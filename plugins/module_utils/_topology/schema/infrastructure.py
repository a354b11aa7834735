# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declarations of the infrastructure: network, access and instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._resources.ec2.instance import TYPE_NAME
from ..view import tiers
from .containers import ListOf, MappingOf
from .kinds import Boolean, Choice, Integer, Text
from .record import Derived, Field, Record
from .shared import ANY_CIDR, NAME, NETWORK_CIDR, RESOURCE_NAME


def derive_address(machines: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    tier = tiers(document).get(machines["subnets"], {})
    return "public" if tier.get("route") == "internet" else "private"


SUBNETS = Record(
    fields={
        "cidrs": Field(ListOf(NETWORK_CIDR, least=1), "One network for each zone, in the zones' order.", required=True),
        "route": Field(
            Choice("internet", "nat", "none"),
            "Route to addresses outside the network: `internet` for public addresses, in and out; `nat` outwards only, "
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
        "subnets": Field(
            MappingOf(RESOURCE_NAME, SUBNETS, "<tier>"), "Tiers of subnets, one subnet in each zone.", required=True
        ),
        "nat": Field(
            Choice("zone", "single"),
            "`zone`: a NAT gateway in each zone, so that no zone depends on another; `single`: one for all zones, "
            "which costs less.",
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
        "ssh_from": Field(ListOf(ANY_CIDR), "Networks that may connect to port 22. Empty: none.", default=[]),
        "public_key": Field(
            Text(
                "a public key that EC2 accepts: ssh-ed25519 … or ssh-rsa …",
                r"ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+={0,3}(?: [^\x00-\x1f]*)?",
                longest=4096,
                private=True,
                hint="paste the .pub file of your key; ssh-keygen -t ed25519 makes one",
            ),
            "Public half of the key pair of the instances. Without it they have no key pair.",
        ),
    }
)

INSTANCE_GROUP = Record(
    fields={
        "type": Field(Text("an instance type like t3.micro", TYPE_NAME.pattern), "Instance type.", default="t3.micro"),
        "image": Field(
            Text(
                "al2023, an image id (ami-…) or the path of an SSM parameter (/…)",
                r"al2023|ami-(?:[0-9a-f]{8}|[0-9a-f]{17})|/[A-Za-z0-9_./-]+",
            ),
            "Image: `al2023` (the newest Amazon Linux 2023 when an instance is created), an image id, or the path of "
            "an SSM parameter that holds one.",
            default="al2023",
        ),
        "subnets": Field(
            Text("a tier of network.subnets", NAME, refers="subnets"), "The tier of their subnets.", required=True
        ),
        "count": Field(Integer("a number of instances", 1, 500), "Number of instances, spread over zones.", default=1),
        "min": Field(Integer("a number of instances", 1, 500), "Smallest count that scaling may set."),
        "max": Field(Integer("a number of instances", 1, 500), "Largest count that scaling may set."),
        "address": Field(
            Choice("elastic", "public", "private"),
            "`elastic`: a fixed public address; `public`: one that changes with each stop; `private`: none.",
            default=Derived(derive_address, "`public` where the tier routes to the internet, else `private`"),
        ),
        "volume": Field(
            Record(
                fields={
                    "size": Field(
                        Integer("a size in GiB", 8, 16384),
                        "Size of the root volume (gp3, encrypted) in GiB. It can grow: `configure.yml` grows the file "
                        "system with it.",
                        default=8,
                    ),
                }
            ),
            "The root volume.",
            default={},
        ),
        "protect": Field(
            Boolean(),
            "For instances with data: termination protection. They are only deleted or replaced when `allow_destroy` "
            "names them.",
            default=False,
        ),
        "user_data": Field(
            Text("text of at most 16384 characters", r"[^\x00]+", longest=16384, private=True),
            "Script or cloud-config of the first boot. Never a secret: every process of the instance can read it.",
        ),
    }
)
