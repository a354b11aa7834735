# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AWS accepts the names that are built from the longest names of a document."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.documents import HERE, errors_of, read

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._topology.database_names import database_user

# Characters that each service takes, by its API Reference (IAM: by its quotas); 255 and more for what is not here.
LONGEST = {
    "load_balancer": 32,
    "target_group": 32,
    "cache": 40,
    "db_instance": 63,
    "iam_role": 64,
    "instance_profile": 128,
}
# No hyphens at the ends or in a row, as all four demand one or the other.
HYPHENATED = ("load_balancer", "target_group", "cache", "db_instance")


def longest(start: str, length: int) -> str:
    return (start + "-ab" * length)[:length].rstrip("-").ljust(length, "x")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    service = {"runtime": "pm2", "entry": "server.js", "source": {"git": "x"}, "on": "app"}
    names = [longest("store-a", 40), longest("store-b", 40)]
    uses = [f"{kind}/{name}" for kind in ("database", "cache") for name in names]
    services = {
        longest(f"service-{letter}", 40): {**service, "port": 3000 + number, "routes": [f"/{letter}"], "uses": uses}
        for number, letter in enumerate("ab")
    }
    return load(
        {
            **read(HERE / "small.yml"),
            "name": longest("stack", 32),
            "services": services,
            "load_balancer": {"subnets": "public"},
            "databases": {name: {"engine": "mysql", "subnets": "private"} for name in names},
            "caches": {name: {"engine": "redis", "subnets": "private"} for name in names},
            "secrets": {longest("secret", 40): {}},
            "monitoring": {"notify": ["ops@example.org"]},
        }
    )


def test_the_longest_names_fit_and_are_unique(document: dict[str, Any]) -> None:
    stack = compile_stack(document)
    scope = Scope(stack.name, stack.region)
    seen: dict[tuple[str, str], str] = {}
    for resource in stack.resources:
        name = REGISTRY[resource.type].physical_name(scope, resource.name)
        assert len(name) <= LONGEST.get(resource.type, 255), (resource.address, name)
        if resource.type in HYPHENATED:
            assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name), name
        assert seen.setdefault((resource.type, name), resource.address) == resource.address
    assert {resource.type for resource in stack.resources} >= {*LONGEST, "secret", "alarm", "sns_topic", "log_group"}


def test_users_of_databases_fit(document: dict[str, Any]) -> None:
    names = {database_user(service) for service in document["services"]}
    assert len(names) == len(document["services"])
    assert all(len(name) <= 32 for name in names)


def test_services_that_share_the_first_characters_of_their_names_are_reported() -> None:
    """Two services would have the same user, because MySQL allows 32 characters."""
    service = {"runtime": "pm2", "on": "app", "entry": "a.js", "source": {"git": "x"}, "uses": ["database/main"]}
    shared = longest("service", 32)
    change = {
        "databases": {"main": {"engine": "mysql", "subnets": "private"}},
        "services": {f"{shared}{end}": {**service, "port": 3000 + end} for end in (1, 2)},
    }
    (error,) = errors_of({"change": change})
    assert "its user in database main would be" in error
    assert f"which is that of services.{shared}1 (shorten a name)" in error
