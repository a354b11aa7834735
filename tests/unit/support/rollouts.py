# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of rollouts, for the tests of the ledger."""

from __future__ import annotations

from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger import (
    RecordedBatch,
    RecordedMove,
    RecordedService,
    RolloutRecord,
)

ROLLING = {"name": "rolling", "batches": [1, "25%"], "minimum_healthy": "50%", "bake": 60}


def make_record(number: int = 1, hosts: int = 3, services: int = 1, **changes: Any) -> RolloutRecord:
    """A rollout that has begun nothing: its first host is the first batch, all others are the second."""
    moves = tuple(
        RecordedMove(
            host=f"app-{host}.shop.internal",
            service=f"service-{service}",
            before=7 if host != 2 else None,
            after=8,
            batch=min(host, 2),
            instance=f"i-0123456789abcde{host:02}",
            zone="eu-west-1a",
        )
        for host in range(1, hosts + 1)
        for service in range(1, services + 1)
    )
    fields: dict[str, Any] = {
        "id": f"20261130T{number:06}Z-3f",
        "action": "deploy",
        "who": "alice@laptop",
        "started": 1_796_000_000.5 + number,
        "services": {
            f"service-{service}": RecordedService("1.2.3", "0f1e2d3c" * 5, ROLLING)
            for service in range(1, services + 1)
        },
        "moves": moves,
        "batches": tuple(RecordedBatch(batch) for batch in range(1, min(hosts, 2) + 1)),
    }
    return RolloutRecord(**{**fields, **changes})
