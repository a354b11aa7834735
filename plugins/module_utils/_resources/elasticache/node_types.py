# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Types of nodes that ElastiCache does not offer any more. Documents are judged by it too."""

from __future__ import annotations

NODE_TYPE = r"cache\.[a-z0-9-]+\.[a-z0-9-]+"
# ElastiCache API Reference, CreateReplicationGroup, CacheNodeType: "creation of new clusters is not supported for these
# types". By type: a current type with as much memory or more.
WITHDRAWN = {
    "cache.t1.micro": "cache.t3.micro",
    "cache.m1.small": "cache.t3.small",
    "cache.m1.medium": "cache.m5.large",
    "cache.m1.large": "cache.m5.xlarge",
    "cache.m1.xlarge": "cache.r5.xlarge",
    "cache.m2.xlarge": "cache.r5.xlarge",
    "cache.m2.2xlarge": "cache.r5.2xlarge",
    "cache.m2.4xlarge": "cache.r5.4xlarge",
    "cache.m3.medium": "cache.t3.medium",
    "cache.m3.large": "cache.m5.large",
    "cache.m3.xlarge": "cache.r5.xlarge",
    "cache.m3.2xlarge": "cache.r5.2xlarge",
    "cache.c1.xlarge": "cache.m5.xlarge",
    "cache.r3.large": "cache.r5.xlarge",
    "cache.r3.xlarge": "cache.r5.2xlarge",
    "cache.r3.2xlarge": "cache.r5.4xlarge",
    "cache.r3.4xlarge": "cache.r5.12xlarge",
    "cache.r3.8xlarge": "cache.r5.12xlarge",
}


def find_node_type_problem(name: str) -> str | None:
    """Why ElastiCache creates no nodes of a type, None where nothing is known."""
    if name not in WITHDRAWN:
        return None
    return f"ElastiCache does not offer {name} any more (write {WITHDRAWN[name]})"
