# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates and caches that are created again: tokens that AWS remembers, and final snapshots."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    ActualResource,
    ResolvedResource,
    ResourceUpdate,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.acm import certificate
from ansible_collections.groundwork.aws.plugins.module_utils._resources.elasticache import cache_changes

SCOPE = Scope("shop", "us-east-1")
TOKENS = ResolvedResource("certificate/x", "shop-x", {"domain": "a.test", "names": []}, {}, SCOPE, "t" * 32)


def test_acm_gets_one_token_a_run() -> None:
    sent: list[str] = []

    class Acm:
        def request_certificate(self, **request: Any) -> dict[str, str]:
            sent.append(request["IdempotencyToken"])
            return {"CertificateArn": "arn"}

    for run in ("a", "a", "b"):
        certificate.TYPE.lifecycle.create(Acm(), replace(TOKENS, run_id=run))
    assert sent[0] == sent[1] != sent[2]
    assert all(re.fullmatch(r"\w{1,32}", token) for token in sent)


def cache_live(identifier: str, **more: Any) -> ActualResource:
    return ActualResource("cache", "x", identifier, {"snapshot_retention_days": 1}, {}, {}, more)


def test_the_final_snapshot_of_a_cache_has_a_short_unique_name() -> None:
    created = {"ReplicationGroupCreateTime": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)}
    names = []
    for live_cache in (
        cache_live("shop-redis", **created),
        cache_live("a" * 39 + "b", **created),
        cache_live("a" * 39 + "c", **created),
        cache_live("shop-redis"),
    ):
        recorder = Recorder()
        next(cache_changes.remove(recorder, live_cache))
        names.append(recorder.arguments["FinalSnapshotIdentifier"])
    assert names[0] == "shop-redis-final-20260102030405"
    assert names[3] == "shop-redis-final"
    assert len(set(names)) == 4
    assert all(len(name) <= 40 and "--" not in name for name in names)


class Recorder:
    """ElastiCache, which rejects some calls as busy."""

    def __init__(self, busy: int = 0) -> None:
        self.busy, self.calls = busy, 0
        self.arguments: dict[str, Any] = {}

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> None:
            self.calls, self.arguments = self.calls + 1, arguments
            if self.calls <= self.busy:
                code = "InvalidReplicationGroupState"
                raise ClientError({"Error": {"Code": code, "Message": "snapshotting"}}, operation)

        return call


def test_a_change_of_a_cache_waits_for_a_snapshot_that_began() -> None:
    properties = {"nodes": 2, "snapshot_retention_days": 2}
    live_cache = ActualResource("cache", "x", "shop-x", {"nodes": 2, "snapshot_retention_days": 1}, {}, {})
    resource = ResolvedResource("cache/x", "shop-x", properties, {}, SCOPE)
    update = ResourceUpdate(live_cache, resource, frozenset({"snapshot_retention_days"}))
    recorder = Recorder(busy=2)
    assert len([*cache_changes.change(recorder, update)]) == 4
    assert recorder.calls == 3
    with pytest.raises(ClientError):
        list(cache_changes.change(Recorder(busy=9), update))
