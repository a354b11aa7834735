# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An account with a database, a cache and secrets, behind the calls that read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._engine.discovery import DiscoveredResources
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource
from ansible_collections.groundwork.aws.plugins.module_utils._resources import lookup

STACK = "shop"
JWT = "a-token-key-of-forty-eight-letters-and-digits-xx"
HELD: dict[str, Any] = {
    "arn:main-api": json.dumps({"username": "api", "password": "p@ss/word"}),
    "arn:stock-api": json.dumps({"username": "api", "password": "another"}),
    "arn:master": json.dumps({"username": "admin", "password": "Meister", "engine": "mysql"}),
    "arn:jwt": JWT,
    "arn:cache-redis": "the-newest-token-of-the-secret",
    "arn:cache-redis v1": "the-token+of a%cache",
    "payment-provider": json.dumps({"api_key": "sk_live_1", "pin": 4711, "live": True}),
    "plain": "sk_plain",
    "binary": None,
}


@dataclass
class Account:
    """The clients of an account. ``late`` are secrets that no list shows yet, by name; ``calls`` were made."""

    held: dict[str, Any] = field(default_factory=lambda: dict(HELD))
    late: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __call__(self, service: str) -> Account:
        assert service == "secretsmanager"
        return self

    def check_caller(self) -> None:
        """The account is the right one."""

    def get_secret_value(self, SecretId: str, VersionId: str = "") -> Any:  # noqa: N803 - AWS's names
        key = f"{SecretId} {VersionId}".strip()
        self.calls.append(key)
        if key not in self.held:
            raise refused("GetSecretValue", "ResourceNotFoundException", "Secrets Manager can't find it.")
        value = self.held[key]
        if isinstance(value, Exception):
            raise value
        return {"SecretString": value} if value is not None else {"SecretBinary": b"x"}

    def describe_secret(self, SecretId: str) -> Any:  # noqa: N803 - AWS's name
        if SecretId not in self.late:
            raise refused("DescribeSecret", "ResourceNotFoundException", "Secrets Manager can't find it.")
        return self.late[SecretId]


def refused(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def database(name: str = "main", engine: str = "mysql", endpoint: str | None = "main.example") -> ActualResource:
    where = {"endpoint": endpoint, "port": 3306, "database": "appdb", "secret": "arn:master"}
    return ActualResource("db_instance", name, f"shop-{name}", {"engine": engine}, where, {})


def cache(
    name: str = "redis", endpoint: str | None = "redis.example", token: dict[str, str] | None = None, **raw: Any
) -> ActualResource:
    """A cache; ``token`` is what its tag notes of its AUTH token, which it has not got without."""
    where = {"primary_endpoint": endpoint, "port": 6379 if endpoint else None}
    return ActualResource("cache", name, f"shop-{name}", {"auth_token": token or {}}, where, {}, raw)


def secret(name: str) -> ActualResource:
    return ActualResource("secret", name, f"arn:{name}", {}, {}, {})


def listed(monkeypatch: pytest.MonkeyPatch, alive: Iterable[ActualResource]) -> list[list[str]]:
    """Have the lists show these. Answers with the types that are listed from now on, call by call."""
    asked: list[list[str]] = []
    shown = tuple(alive)

    def discover_types(_clients: Callable[[str], Any], kinds: Iterable[Any], _scope: Any) -> DiscoveredResources:
        asked.append([kind.name for kind in kinds])
        return DiscoveredResources(tuple(live for live in shown if live.type in asked[-1]))

    monkeypatch.setattr(lookup, "discover_types", discover_types)
    return asked
