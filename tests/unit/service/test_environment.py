# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a service is given: variables of what the stack has, or what is missing, and no value in any message."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._service import environment as module
from ansible_collections.groundwork.aws.plugins.module_utils._stack import asking
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Live

from .account import HELD, JWT, STACK, Account, cache, database, listed, refused, secret

MAIN = {"name": "main", "variable": "DATABASE_URL", "engine": "mysql"}
REDIS = {"name": "redis", "variable": "REDIS_URL"}
SIGNS = {"name": "jwt", "variable": "JWT_SECRET", "existing": None, "key": None}
PAYMENT = {"name": "payment", "variable": "PAYMENT_KEY", "existing": "payment-provider", "key": "api_key"}
ALL = {"databases": [MAIN], "caches": [REDIS], "secrets": [SIGNS, PAYMENT]}
THERE = (database(), secret("main-api"), cache(), secret("jwt"))


def given(
    monkeypatch: pytest.MonkeyPatch, alive: tuple[Live, ...] = THERE, account: Account | None = None, **options: Any
) -> dict[str, Any]:
    clients = account or Account()
    monkeypatch.setattr(asking, "Clients", lambda *_: clients)
    nothing: dict[str, Any] = {"databases": [], "caches": [], "secrets": []}
    listed(monkeypatch, alive)
    return module.environment({"region": "us-east-1", "stack": STACK, "service": "api", **nothing, **options})


def test_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_only_what_is_needed_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    monkeypatch.setattr(asking, "Clients", lambda *_: account)
    asked = listed(monkeypatch, THERE)
    base = {"region": "us-east-1", "stack": STACK, "service": "api", "databases": [], "caches": [], "secrets": []}
    module.environment({**base, "caches": [REDIS]})
    module.environment({**base, "secrets": [PAYMENT]})
    module.environment({**base, **ALL})
    assert asked == [["cache"], ["db_instance", "secret", "cache"]]
    assert sorted(account.calls) == sorted(["payment-provider", "arn:main-api", "arn:jwt", "payment-provider"])


def test_all_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_secret_of_this_minute_is_found_before_lists_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(late={"shop-jwt": tagged("shop")})
    assert given(monkeypatch, (), account, secrets=[SIGNS])["environment"] == {"JWT_SECRET": JWT}


@pytest.mark.parametrize("found", [tagged("other"), tagged("shop", DeletedDate="today")], ids=["another's", "deleted"])
def test_a_secret_of_that_name_that_is_not_the_stacks(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    result = given(monkeypatch, (), Account(late={"shop-jwt": found}), secrets=[SIGNS])
    assert "secret/jwt of stack shop does not exist" in result["msg"]


DENIED = refused("GetSecretValue", "AccessDeniedException", "User x is not authorized")
DELETED = refused("GetSecretValue", "InvalidRequestException", "it was marked for deletion")
WRONG = {
    "not there": ({**PAYMENT, "existing": "gone"}, {}, "gone (secrets.payment of the document) cannot be read"),
    "not there, the mend": ({**PAYMENT, "existing": "gone"}, {}, "make it there, or mend its name in the document"),
    "not ours to read": (PAYMENT, {"payment-provider": DENIED}, "docs/permissions.md"),
    "being deleted": (PAYMENT, {"payment-provider": DELETED}, "it was marked for deletion"),
    "bytes": ({**PAYMENT, "existing": "binary"}, {}, "holds no text"),
    "no JSON": ({**PAYMENT, "existing": "plain"}, {}, "api_key is wanted of it, and it is not JSON with keys"),
    "a JSON list": (PAYMENT, {"payment-provider": '["sk_plain"]'}, "is not JSON with keys"),
    "another key": ({**PAYMENT, "key": "apikey"}, {}, "apikey is wanted of it, and it has no such key with a text"),
    "a truth value": ({**PAYMENT, "key": "live"}, {}, "has no such key with a text"),
}


@pytest.mark.parametrize(("wanted", "held", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_an_existing_secret_and_no_value(
    monkeypatch: pytest.MonkeyPatch, wanted: Any, held: Any, message: str
) -> None:
    result = given(monkeypatch, account=Account(held={**HELD, **held}), secrets=[wanted])
    assert result["failed"]
    assert message in result["msg"]
    assert "Nothing was changed" in result["msg"]
    assert not [value for value in ("sk_live_1", "sk_plain", "4711") if value in str(result)]


def test_a_user_that_somebody_overwrote(monkeypatch: pytest.MonkeyPatch) -> None:
    result = given(monkeypatch, account=Account(held={**HELD, "arn:main-api": "p@ss/word"}), databases=[MAIN])
    assert "secret/main-api: username is wanted of it, and it is not JSON" in result["msg"]
    assert "p@ss" not in str(result)


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, region=None, **ALL)["msg"].startswith("region: missing")
