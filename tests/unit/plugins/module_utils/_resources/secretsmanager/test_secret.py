# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The current version of a secret, as each call of AWS shows it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.items import Raw
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ResolvedResource
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager.secret import TYPE

SECRET: Raw = {"ARN": "arn:secret", "Name": "shop-cache-redis"}
STAGES = {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT", "mine"], "v3": ["AWSPENDING"]}
PROPERTIES = TYPE.schema.with_defaults({})


class Vault:
    """Secrets Manager, which answers each call; ``asked`` are the arguments of the last one."""

    def __init__(self, **answers: Raw) -> None:
        self._answers = answers
        self.asked: dict[str, Any] = {}

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Raw:
            self.asked = arguments
            return self._answers.get(operation, {})

        return call


def version(item: Raw) -> Any:
    return TYPE.to_actual(item, "cache-redis").attributes["version"]


def create(client: Vault, run_id: str = "run", **prepared: Raw) -> Raw:
    scope = Scope("shop", "us-east-1")
    resource = ResolvedResource("secret/x", "shop-x", PROPERTIES, {}, scope, "token", prepared, run_id)
    return TYPE.lifecycle.create(client, resource)


@pytest.mark.parametrize(
    ("more", "current"),
    [
        ({"SecretVersionsToStages": STAGES}, "v2"),
        ({}, None),
        ({"SecretVersionsToStages": {"v3": ["AWSPENDING"]}}, None),
    ],
)
def test_a_list_shows_the_current_version(more: Raw, current: str | None) -> None:
    assert [version(item) for item in TYPE.merge([SECRET | more], ())] == [current]


def test_a_secret_that_is_not_listed_yet_has_its_version_too() -> None:
    found = TYPE.find_by_name(Vault(describe_secret=SECRET | {"VersionIdsToStages": STAGES}), "shop-cache-redis")
    assert version(found or {}) == "v2"


def test_a_new_secret_has_its_first_version_and_a_restored_one_its_last() -> None:
    assert version(create(Vault(create_secret=SECRET | {"VersionId": "v1"}))) == "v1"
    assert version(create(Vault(create_secret=SECRET))) is None
    assert version(create(Vault(), deleted=SECRET | {"VersionIdsToStages": STAGES})) == "v2"


def test_a_secret_that_is_created_again_has_another_version() -> None:
    """AWS makes the request token the id of the version. It stays the same in a run: a repeated call creates one."""
    vault = Vault(create_secret=SECRET)
    tokens = []
    for run_id in ("monday", "monday", "tuesday"):
        create(vault, run_id)
        tokens.append(vault.asked["ClientRequestToken"])
    assert tokens[0] == tokens[1] != tokens[2]
    assert all(32 <= len(token) <= 64 for token in tokens)
