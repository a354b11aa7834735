# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Caches that accept only their token from a run on are those of the document that have one."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import DesiredResource, DesiredStack, Ref
from ansible_collections.groundwork.aws.plugins.module_utils._provision.cache_tokens import require_tokens

TOKEN = {"secret": Ref("secret/cache-redis"), "version": Ref("secret/cache-redis", "version")}
STACK = DesiredStack(
    "shop",
    "us-east-1",
    (
        DesiredResource("cache", "redis", {"nodes": 1, "auth_token": TOKEN}),
        DesiredResource("cache", "raw", {"nodes": 1}),
        DesiredResource("secret", "cache-redis", {}),
    ),
)


def test_only_the_token_of_a_named_cache_becomes_exclusive() -> None:
    assert require_tokens(STACK, ["cache/redis"]) == {"cache/redis": {"auth_token": {**TOKEN, "exclusive": True}}}
    assert require_tokens(STACK, []) == {}
    assert "exclusive" not in STACK.resources[0].properties["auth_token"]


def test_every_wrong_address_is_named() -> None:
    with pytest.raises(StackError) as caught:
        require_tokens(STACK, ["cache/rediss", "cache/redis", "cache/raw", "secret/cache-redis"])
    problem = 'is not a cache of the topology with an AUTH token; did you mean "cache/redis"?'
    wrong = ["cache/rediss", "cache/raw", "secret/cache-redis"]
    assert str(caught.value).splitlines() == [
        *(f"require_auth: {address}: {problem}" for address in wrong),
        "Nothing was changed.",
    ]
