# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients that can be told twice.

botocore by itself says a call again after a lost connection or a 5xx. For a call that makes something and has no
idempotency token, that makes two. So every call which creates goes through a client without retries: throttling is
waited out here (the request was refused, nothing exists), and a lost answer is raised as `LostResponseError` for the
caller, who looks for what may have been made. All other calls get botocore's adaptive retries, and are said again after
an answer that makes no sense (the page of a proxy in front of AWS), which botocore takes for the end. Every call is
repeated after a refusal that ends by itself (retries.py).
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from .answer import as_answer
from .errors import (
    NEVER_SENT,
    QUOTA_EXCEEDED,
    LostResponseError,
    StackError,
    denied,
    is_forbidden,
    is_throttle,
    is_uncertain,
)
from .identity import AssumedRole, require_account
from .options import Connection
from .retries import RecentResources, backoff, retry_seconds
from .sdk import FAILURES, BotoCoreError, ClientError, Config, ResponseParserError, Session

Sleep = Callable[[float], None]
Page = dict[str, Any]
T = TypeVar("T")

CREATES = re.compile(r"(allocate|copy|create|import|purchase|request|restore|run)_")
SAFE_CREATES = frozenset({"create_tags"})
TOKENS = frozenset({"ClientToken", "ClientRequestToken", "IdempotencyToken"})
THROTTLE_TRIES = 10
GARBLED_TRIES = 4


# The most that one answer may hold, for the lists that grow with a stack: without it the API chooses, often 100.
# From the reference of each operation (MaxResults, MaxItems, MaxRecords).
PAGE_SIZES = {
    "describe_alarms": 100,
    "describe_instances": 1000,
    "describe_volumes": 500,
    "list_certificates": 1000,
    "list_instance_profiles": 1000,
    "list_roles": 1000,
}


class Client:
    """One service: its operations as methods, each said as often as is safe and no more."""

    def __init__(
        self, service: str, make: Callable[[bool], Any], recent: RecentResources, sleep: Sleep = time.sleep
    ) -> None:
        self._service = service
        self._make = make
        self._recent = recent
        self._sleep = sleep

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return partial(self._say, operation)

    def pages(
        self, operation: str, arguments: Mapping[str, Any], keep: Callable[[Page], Any] = lambda page: page
    ) -> list[Any]:
        """All pages of a list call, or its one answer when AWS does not page it; of each, what `keep` makes of it."""
        client = self._make(True)

        def listed() -> list[Any]:
            return [keep(_answer(client, operation, page)) for page in _paged(client, operation, arguments)]

        with _naming_action(client):
            return self._sensibly(operation, listed)

    def _say(self, operation: str, **arguments: Any) -> Any:
        safe = not CREATES.match(operation) or operation in SAFE_CREATES or not TOKENS.isdisjoint(arguments)
        attempt = self._repeat if safe else self._once
        slept = 0.0
        for pause in backoff():
            try:
                return attempt(operation, arguments)
            except ClientError as error:
                limit = retry_seconds(self._service, operation, arguments, error, self._recent)
                if slept >= limit:
                    raise
            self._sleep(pause)
            slept += pause
        raise AssertionError("unreachable: the pauses have no end")

    def _repeat(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        client = self._make(True)
        with _naming_action(client):
            parsed = self._sensibly(operation, lambda: getattr(client, operation)(**arguments))
        return _answer(client, operation, parsed)

    def _sensibly(self, operation: str, call: Callable[[], T]) -> T:
        """Say a call that may be said twice until its answer is one of the API's."""
        for attempt in range(1, GARBLED_TRIES + 1):
            try:
                return call()
            except ResponseParserError as error:
                if attempt == GARBLED_TRIES:
                    raise LostResponseError(operation, error) from error
            self._sleep(0.5 * 2**attempt * random.uniform(0.5, 1.0))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        client = self._make(False)
        for attempt in range(1, THROTTLE_TRIES + 1):
            try:
                with _naming_action(client):
                    parsed = getattr(client, operation)(**arguments)
                return _answer(client, operation, parsed)
            except FAILURES as error:
                if is_uncertain(error):
                    raise LostResponseError(operation, error) from error
                if attempt == THROTTLE_TRIES or not (is_throttle(error) or isinstance(error, NEVER_SENT)):
                    raise
                self._sleep(min(20.0, 0.5 * 2**attempt) * random.uniform(0.5, 1.0))
        raise AssertionError("unreachable: the last attempt returns or raises")


def _answer(client: Any, operation: str, parsed: Page) -> Page:
    return as_answer(parsed, client.meta.method_to_api_mapping.get(operation, operation))


def _report_used_up_quota(response: Any, operation: Any, **_event: Any) -> None:
    """End the attempts of botocore, which takes the code for throttling: no retry makes room in a quota."""
    parsed: Any = response[1] if response else {}
    if parsed.get("Error", {}).get("Code") == QUOTA_EXCEEDED:
        raise ClientError(parsed, operation.name)


@contextmanager
def _naming_action(client: Any) -> Iterator[None]:
    """Raise a refusal for lack of permission as one that knows its service: operations of two may have one name."""
    try:
        yield
    except ClientError as error:
        if not is_forbidden(error):
            raise
        raise denied(error, client.meta.service_model.service_name) from error


def _paged(client: Any, operation: str, arguments: Mapping[str, Any]) -> Iterable[Page]:
    if not client.can_paginate(operation):
        return [getattr(client, operation)(**arguments)]
    size = {"PageSize": PAGE_SIZES[operation]} if operation in PAGE_SIZES else {}
    return client.get_paginator(operation).paginate(**arguments, PaginationConfig=size)  # type: ignore[no-any-return]


class Clients:
    """The clients of a run, made when first asked for: making one costs more than most calls."""

    def __init__(self, connection: Connection, region: str, pool: int = 20) -> None:
        self._connection = connection
        self._region = region
        self._pool = pool
        self._session: Session | None = None
        self._made: dict[tuple[str, bool], Any] = {}
        self._role = AssumedRole(connection.assume_role_arn) if connection.assume_role_arn else None
        self._account_is_checked = False
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self.recent = RecentResources()
        self.calls: dict[str, int] = {}

    def __call__(self, service: str) -> Client:
        return Client(service, partial(self._get, service), self.recent)

    def _get(self, service: str, retries: bool) -> Any:
        with self._lock:
            self._prepare()
            key = (service, retries)
            if key not in self._made:
                self._made[key] = self._create(service, retries)
            return self._made[key]

    def check_caller(self) -> None:
        """Assume the role and compare the account, where either is named, before the first call.

        Every call does so; here it is done once, so that one clear `StackError` comes instead of one from each thread.
        """
        with self._lock:
            self._prepare()

    def _prepare(self) -> None:
        if self._role is not None and self._role.is_due():
            self._role.assume(self._create("sts", True, self._own_keys()))
            self._made.clear()
        if not self._account_is_checked and self._connection.account:
            require_account(self._create("sts", True), self._connection.account)
        self._account_is_checked = True

    def _keys(self) -> Mapping[str, Any]:
        return self._role.keys if self._role is not None else self._own_keys()

    def _own_keys(self) -> Mapping[str, Any]:
        """The keys of the options; where they are None botocore finds those of the environment or the profile."""
        return {
            "aws_access_key_id": self._connection.access_key,
            "aws_secret_access_key": self._connection.secret_key,
            "aws_session_token": self._connection.session_token,
        }

    def _create(self, service: str, retries: bool, keys: Mapping[str, Any] | None = None) -> Any:
        client = self._open().create_client(
            service,
            region_name=self._region,
            endpoint_url=self._connection.endpoint_url,
            verify=self._verify(),
            config=self._config(retries),
            **(self._keys() if keys is None else keys),
        )
        client.meta.events.register("before-call", self._count)
        client.meta.events.register("needs-retry", _report_used_up_quota)
        return client

    def _open(self) -> Session:
        if self._session is None:
            self._session = Session(profile=self._connection.profile)
        return self._session

    def _verify(self) -> bool | str | None:
        """What botocore checks certificates with; None leaves that to its own configuration."""
        if not self._connection.validate_certs:
            return False
        bundle = self._connection.aws_ca_bundle
        if bundle is not None and not os.path.exists(bundle):
            raise StackError(f"aws_ca_bundle: {bundle} does not exist on the machine that runs the module")
        return bundle

    def _config(self, retries: bool) -> Config:
        policy: Any = {"mode": "adaptive", "total_max_attempts": 7} if retries else {"total_max_attempts": 1}
        ours = Config(retries=policy, max_pool_connections=self._pool, connect_timeout=10, read_timeout=60)
        given = dict(self._connection.aws_config or {})
        if not retries:
            # A call that creates something is never repeated by botocore, whatever the options say.
            given.pop("retries", None)
        try:
            return ours.merge(Config(**given))
        except (TypeError, BotoCoreError) as error:
            raise StackError(f"aws_config: botocore refuses it: {error}. Correct or remove the key") from error

    def _count(self, model: Any, **_event: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        with self._counting:
            self.calls[name] = self.calls.get(name, 0) + 1
