# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in plain configuration are found by name and by value, and nothing that only looks a little like one is."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._topology.secret_rules import (
    command_has_a_secret,
    is_a_secret,
    names_a_secret,
)

from .support import errors_of

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "DB_PASSWORD",
        "DB_PASS",
        "DBPASS",
        "MYSQL_PWD",
        "PGPASSWORD",
        "SMTP_PW",
        "ENCRYPTION_KEY",
        "STRIPE_KEY",
        "KEY",
        "KEY_2",
        "FERNET_KEY",
        "SECRET_KEY_BASE",
        "APIKEY",
        "API_TOKEN",
        "dbPassword",
        "sessionSecret",
        "HASH_SALT",
        "REPUBLIC_PASSWORD",
        "PASSWORD_HASH",
        "CREDENTIALS",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert names_a_secret(name, "hunter2")


@pytest.mark.parametrize(
    "name",
    [
        "PUBLIC_KEY",
        "STRIPE_PUBLISHABLE_KEY",
        "NEXT_PUBLIC_STRIPE_KEY",
        "AWS_ACCESS_KEY_ID",
        "KMS_KEY_ID",
        "KEYBOARD",
        "KEYS",
        "MONKEY",
        "CACHE_KEY",
        "SORT_KEY",
        "COMPASS",
        "BYPASS",
        "PASSENGERS",
        "PASSWORD_FILE",
        "TOKEN_TTL",
        "TOKEN_URL",
        "SECRET_ARN",
        "MAX_TOKENS",
        "API_KEY_HEADER",
        "AUTHOR",
    ],
)
def test_names_that_are_none(name: str) -> None:
    assert not names_a_secret(name, "hunter2")


@pytest.mark.parametrize(
    "value",
    ["", "true", "False", "30", "/run/secrets/key.pem", "${DB_PASS}", "$DB_PASS", "{{ password }}", "<password>"],
)
def test_values_that_are_no_secret_whatever_the_name(value: str) -> None:
    assert not names_a_secret("DB_PASS", value)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://shop:hunter2@db.example.org/shop",
        "redis://:hunter2@cache.example.org:6379/0",
        "see mysql+pymysql://u:p@h/x for it",
        "host=db user=shop password=hunter2",
        "Server=db;User Id=shop;Password=hunter2;",
        "https://api.example.org/?access_token=hunter2",
        "AKIA" + "ABCDEFGH" * 2,
        "ghp_" + LETTERS[:36],
        "github_pat_" + LETTERS[:40],
        "glpat-" + LETTERS[:20],
        "xoxb-" + LETTERS[:24],
        "sk_live_" + LETTERS[:24],
        "sk-proj-" + LETTERS[:40],
        "AIza" + LETTERS[:35],
        "SG." + LETTERS[:22] + "." + LETTERS[:43],
        "npm_" + LETTERS[:36],
        "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20],
        "-----BEGIN RSA PRIVATE KEY-----",
        "https://hooks.slack.com/services/T0000/B0000/" + LETTERS[:24],
    ],
)
def test_values_of_secrets(value: str) -> None:
    assert is_a_secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:////var/lib/api/api.db",
        "http://127.0.0.1:5000",
        "https://example.org/@user:name",
        "postgres://shop@db.example.org/shop",
        "postgres://shop:${DB_PASS}@db.example.org/shop",
        "postgres://shop:$DB_PASS@db.example.org/shop",
        "https://key@o1.ingest.example.org/1",
        "ops@example.org",
        "12:30:00",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgM",
        "-----BEGIN PUBLIC KEY-----",
        "password policies apply",
        "sk-learn",
        "a-rather-long-name-of-a-bucket-that-is-no-token-at-all",
    ],
)
def test_values_that_are_none(value: str) -> None:
    assert not is_a_secret(value)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("flask db upgrade", False),
        ("DB_PASS=hunter2 flask db upgrade", True),
        ("DB_PASS=$DB_PASS flask db upgrade", False),
        ("export API_TOKEN='abc'; npm run build", True),
        ("NODE_ENV=production npm run build", False),
        ("mysql --password=hunter2 shop", True),
        ("mysql --password $MYSQL_PWD shop", False),
        ("vault login --token hunter2", True),
        ("deploy --token-file /run/token", False),
        ("npm config set //registry.npmjs.org/:_authToken=npm_" + LETTERS[:36], True),
        ("git clone https://x:hunter2@git.example/shop.git", True),
        ("python manage.py migrate --skip-checks", False),
    ],
)
def test_commands(command: str, expected: bool) -> None:
    assert command_has_a_secret(command) is expected


SECRET = "ghp_" + LETTERS[:36]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"services": {"api": {"environment": {"GREETING": SECRET}}}}, "services.api.environment.GREETING"),
        ({"services": {"api": {"environment": {"DB_PASS": SECRET}}}}, "services.api.environment.DB_PASS"),
        ({"services": {"api": {"build": f"curl -H {SECRET} x"}}}, "services.api.build"),
        ({"services": {"api": {"migrate": f"API_TOKEN={SECRET} x"}}}, "services.api.migrate"),
        ({"services": {"api": {"source": {"git": f"https://{SECRET}@git.example/x"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"git": f"https://me:{SECRET}@git.example/x"}}}}, "services.api.source.git"),
        ({"services": {"api": {"source": {"git": f"https://{LETTERS}@git.example/x"}}}}, "services.api.source.git"),
        ({"tags": {"note": SECRET}}, "tags.note"),
        ({"instances": {"app": {"user_data": f"#!/bin/sh\necho {SECRET}"}}}, "instances.app.user_data"),
    ],
)
def test_every_place_is_looked_at_and_no_value_is_repeated(change: Any, key: str) -> None:
    (error,) = errors_of({"change": change})
    assert error.startswith(f"{key}: ")
    assert error.endswith(") [from override 1]")
    assert SECRET not in error
    assert LETTERS not in error


@pytest.mark.parametrize(
    "address", ["git@git.example:shop.git", "ssh://git@git.example/shop", "https://me@dev.example/x"]
)
def test_addresses_of_git_may_have_users(address: str) -> None:
    assert errors_of({"change": {"services": {"api": {"source": {"git": address}}}}}) == []
