# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The environment of a service, what is missing for it, and no value in any message."""

from __future__ import annotations

from typing import Any

import pytest
from support.secrets_account import HELD, JWT, STACK, Account, cache, database, listed, refused, secret

from ansible_collections.groundwork.aws.plugins.module_utils._deploy import service_environment as module
from ansible_collections.groundwork.aws.plugins.module_utils._deploy import stack_options
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import ActualResource

MAIN = {"name": "main", "variable": "DATABASE_URL", "engine": "mysql"}
REDIS = {"name": "redis", "variable": "REDIS_URL"}
SIGNS = {"name": "jwt", "variable": "JWT_SECRET", "existing": None, "key": None}
PAYMENT = {"name": "payment", "variable": "PAYMENT_KEY", "existing": "payment-provider", "key": "api_key"}
ALL = {"databases": [MAIN], "caches": [REDIS], "secrets": [SIGNS, PAYMENT]}
THERE = (database(), secret("main-api"), cache(), secret("jwt"))


def given(
    monkeypatch: pytest.MonkeyPatch,
    alive: tuple[ActualResource, ...] = THERE,
    account: Account | None = None,
    **options: Any,
) -> dict[str, Any]:
    clients = account or Account()
    monkeypatch.setattr(stack_options, "Clients", lambda *_, **_task: clients)
    nothing: dict[str, Any] = {"databases": [], "caches": [], "secrets": []}
    listed(monkeypatch, alive)
    return module.read_service_environment(
        {"region": "us-east-1", "stack": STACK, "service": "api", **nothing, **options}
    )


def test_all_variables_of_a_service_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, **ALL) == {
        "changed": False,
        "environment": {
            "DATABASE_URL": "mysql://api:p%40ss%2Fword@main.example:3306/appdb",
            "REDIS_URL": "rediss://redis.example:6379/0",
            "JWT_SECRET": JWT,
            "PAYMENT_KEY": "sk_live_1",
        },
    }


def test_several_databases_under_variables_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = {"name": "stock", "variable": "STOCK_DATABASE_URL"}
    both = {"databases": [{**MAIN, "variable": "MAIN_DATABASE_URL"}, stock]}
    more = (*THERE, database("stock", "postgres", "stock.example"), secret("stock-api"))
    assert given(monkeypatch, more, **both)["environment"] == {
        "MAIN_DATABASE_URL": "mysql://api:p%40ss%2Fword@main.example:3306/appdb",
        "STOCK_DATABASE_URL": "postgresql://api:another@stock.example:3306/appdb",
    }


@pytest.mark.parametrize(
    ("key", "value"), [("api_key", "sk_live_1"), ("pin", "4711"), (None, HELD["payment-provider"])]
)
def test_an_existing_secret_whole_or_in_part(monkeypatch: pytest.MonkeyPatch, key: str | None, value: str) -> None:
    assert given(monkeypatch, secrets=[{**PAYMENT, "key": key}])["environment"] == {"PAYMENT_KEY": value}


def test_only_required_resources_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    monkeypatch.setattr(stack_options, "Clients", lambda *_, **_task: account)
    asked = listed(monkeypatch, THERE)
    base = {"region": "us-east-1", "stack": STACK, "service": "api", "databases": [], "caches": [], "secrets": []}
    module.read_service_environment({**base, "caches": [REDIS]})
    module.read_service_environment({**base, "secrets": [PAYMENT]})
    module.read_service_environment({**base, **ALL})
    assert asked == [["cache", "secret"], ["db_instance", "secret", "cache"]]
    assert sorted(account.calls) == sorted(["payment-provider", "arn:main-api", "arn:jwt", "payment-provider"])


TOKEN = secret("cache-redis")
URL = "rediss://:the-token%2Bof%20a%25cache@redis.example:6379/0"
CURRENT_URL = "rediss://:the-newest-token-of-the-secret@redis.example:6379/0"
BARE_URL = "rediss://redis.example:6379/0"
CACHES: dict[str, tuple[tuple[ActualResource, ...], str]] = {
    "no token, and no secret": ((cache(),), BARE_URL),
    "no token yet": ((cache(), TOKEN), BARE_URL),
    "a token": ((cache(token={"version": "v1"}), TOKEN), URL),
    "a token, and none": ((cache(token={"version": "v1", "also": "none"}), TOKEN), URL),
    "a rotation that may not be done": ((cache(token={"version": "v2", "also": "v1", "call": "ROTATE"}), TOKEN), URL),
    "a first one that may not be done": (
        (cache(token={"version": "v1", "also": "none", "call": "ROTATE"}), TOKEN),
        BARE_URL,
    ),
    "no tags are shown": ((cache(TagsUnknown=True, AuthTokenEnabled=True), TOKEN), CURRENT_URL),
    "no tags are shown, and there is no token": ((cache(TagsUnknown=True, AuthTokenEnabled=False), TOKEN), BARE_URL),
}


@pytest.mark.parametrize(("alive", "url"), CACHES.values(), ids=CACHES)
def test_the_url_of_a_cache_has_the_token_that_it_accepts(
    monkeypatch: pytest.MonkeyPatch, alive: tuple[ActualResource, ...], url: str
) -> None:
    """Not that which is current in the secret: it may be newer than what the cache has."""
    assert given(monkeypatch, alive, caches=[REDIS])["environment"] == {"REDIS_URL": url}


def test_several_caches_have_a_token_each(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = (cache(token={"version": "v1"}), TOKEN, cache("sessions", "sessions.example"))
    both = [{"name": "redis", "variable": "REDIS_REDIS_URL"}, {"name": "sessions", "variable": "SESSIONS_REDIS_URL"}]
    assert given(monkeypatch, alive, caches=both)["environment"] == {
        "REDIS_REDIS_URL": URL,
        "SESSIONS_REDIS_URL": "rediss://sessions.example:6379/0",
    }


def test_a_token_whose_secret_no_list_shows_yet_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tags = [{"Key": "groundwork:stack", "Value": "shop"}, {"Key": "groundwork:resource", "Value": "secret/cache-redis"}]
    late = {"shop-cache-redis-value": {"ARN": "arn:cache-redis", "Name": "shop-cache-redis", "Tags": tags}}
    late["shop-cache-redis"] = late["shop-cache-redis-value"]
    result = given(monkeypatch, (cache(token={"version": "v1"}),), Account(late=late), caches=[REDIS])
    assert result["environment"] == {"REDIS_URL": URL}


def test_a_token_that_is_lost_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = given(monkeypatch, (cache(token={"version": "v1"}),), caches=[REDIS])
    assert gone["msg"] == (
        "secret/cache-redis does not exist, and cache/redis requires the AUTH token that was in it. Nothing was "
        "changed. Run the playbook provision.yml, which gives the cache another token"
    )
    other = given(monkeypatch, (cache(token={"version": "v0"}), TOKEN), caches=[REDIS])
    assert "secret/cache-redis cannot be read. Nothing was changed. It has no version v0 any more" in other["msg"]
    unknown = given(monkeypatch, (cache(TagsUnknown=True), TOKEN), caches=[REDIS])
    assert "AWS did not return AuthTokenEnabled of cache/redis" in unknown["msg"]


def test_all_missing_resources_are_in_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    result = given(monkeypatch, (database(endpoint=None), cache(endpoint=None)), account, **ALL)
    assert result["failed"]
    assert result["msg"] == (
        "db_instance/main of stack shop is not up yet; secret/main-api of stack shop does not exist; "
        "cache/redis of stack shop is not up yet; secret/jwt of stack shop does not exist. "
        "Nothing was changed. Run the playbook provision.yml"
    )
    assert account.calls == []


def tagged(stack: str, **more: Any) -> dict[str, Any]:
    tags = {"groundwork:stack": stack, "groundwork:resource": "secret/jwt"}
    listed_tags = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ARN": "arn:jwt", "Name": "shop-jwt", "Tags": listed_tags, **more}


def test_a_new_secret_is_found_before_lists_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(late={"shop-jwt": tagged("shop")})
    assert given(monkeypatch, (), account, secrets=[SIGNS])["environment"] == {"JWT_SECRET": JWT}


@pytest.mark.parametrize("found", [tagged("other"), tagged("shop", DeletedDate="today")], ids=["foreign", "deleted"])
def test_a_foreign_secret_of_that_name_is_not_used(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    result = given(monkeypatch, (), Account(late={"shop-jwt": found}), secrets=[SIGNS])
    assert "secret/jwt of stack shop does not exist" in result["msg"]


DENIED = refused("GetSecretValue", "AccessDeniedException", "User x is not authorized")
DELETED = refused("GetSecretValue", "InvalidRequestException", "it was marked for deletion")
WRONG = {
    "missing": ({**PAYMENT, "existing": "gone"}, {}, "gone (secrets.payment of the document) cannot be read"),
    "missing, with advice": (
        {**PAYMENT, "existing": "gone"},
        {},
        "correct its name in the document",
    ),
    "denied": (PAYMENT, {"payment-provider": DENIED}, "docs/permissions.md"),
    "being deleted": (PAYMENT, {"payment-provider": DELETED}, "it was marked for deletion"),
    "bytes": ({**PAYMENT, "existing": "binary"}, {}, "holds no text"),
    "no JSON": (
        {**PAYMENT, "existing": "plain"},
        {},
        "api_key is required, but the secret is not a JSON object",
    ),
    "a JSON list": (PAYMENT, {"payment-provider": '["sk_plain"]'}, "is not a JSON object"),
    "another key": (
        {**PAYMENT, "key": "apikey"},
        {},
        "apikey is required, but the secret has no text under apikey",
    ),
    "a truth value": ({**PAYMENT, "key": "live"}, {}, "has no text under live"),
}


@pytest.mark.parametrize(("record", "held", "message"), WRONG.values(), ids=WRONG)
def test_a_problem_of_an_existing_secret_is_an_error_without_its_value(
    monkeypatch: pytest.MonkeyPatch, record: Any, held: Any, message: str
) -> None:
    result = given(monkeypatch, account=Account(held={**HELD, **held}), secrets=[record])
    assert result["failed"]
    assert message in result["msg"]
    assert "Nothing was changed" in result["msg"]
    assert not [value for value in ("sk_live_1", "sk_plain", "4711") if value in str(result)]


def test_an_overwritten_user_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    result = given(monkeypatch, account=Account(held={**HELD, "arn:main-api": "p@ss/word"}), databases=[MAIN])
    assert "secret/main-api: the value of username is required, but the secret is not a JSON object" in result["msg"]
    assert "p@ss" not in str(result)


def test_a_missing_region_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, region=None, **ALL)["msg"].startswith("region: missing")
