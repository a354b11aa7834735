# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Strategies of rollouts by name, and sizes that are a number of hosts or a percentage of them.

The document declares them, its rules check them, and `_deploy/rollout` plans with them.
"""

from __future__ import annotations

from typing import TypeAlias

ROLLING, CANARY, ALL_AT_ONCE = STRATEGIES = ("rolling", "canary", "all_at_once")

# When a person approves a rollout.
APPROVALS = ("before_rollout", "first_batch", "every_batch")

# Seconds after a batch has moved in which its gates have to pass.
DEFAULT_DEADLINE = 900

Size: TypeAlias = "int | str"  # 2, or "25%" of the hosts of a service


def count_hosts(size: Size, total: int) -> int:
    """The number of hosts that a size means, of a service with ``total`` hosts. A percentage is rounded up."""
    if isinstance(size, int):
        return size
    percentage = int(size.removesuffix("%"))
    return -(-total * percentage // 100)
