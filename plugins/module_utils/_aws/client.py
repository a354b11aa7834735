# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients that can be told twice.

botocore by itself says a call again after a lost connection or a 5xx. For a call that makes something and has no
idempotency token, that makes two. So every call which creates goes through a client without retries: throttling is
waited out here (the request was refused, nothing exists), and a lost answer is raised as `LostResponseError` for the
caller, who looks for what may have been made. All other calls get botocore's adaptive retries, and are said again after
an answer that makes no sense (the page of a proxy in front of AWS), which botocore takes for the end.
"""

from __future__ import annotations

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
    LostResponseError,
    code_of,
    denied,
    is_forbidden,
    is_not_found,
    is_throttle,
    is_uncertain,
    message_of,
)
from .models import Models
from .options import Connection
from .sdk import FAILURES, ClientError, Config, ResponseParserError, Session
from .trust import Trust

Sleep = Callable[[float], None]
Page = dict[str, Any]
T = TypeVar("T")

CREATES = re.compile(r"(allocate|copy|create|import|purchase|request|restore|run)_")
SAFE_CREATES = frozenset({"create_tags"})
TOKENS = frozenset({"ClientToken", "ClientRequestToken", "IdempotencyToken"})
THROTTLE_TRIES = 10
GARBLED_TRIES = 4
FRESH_SECONDS = 60.0


class Fresh:
    """The ids which this run made: AWS's other servers may not have heard of them yet."""

    def __init__(self) -> None:
        self._made: dict[str, float] = {}

    def add(self, identifier: str) -> None:
        self._made[identifier] = time.monotonic()

    def explains(self, error: ClientError, arguments: Mapping[str, Any]) -> bool:
        """Whether AWS misses something that was made less than a minute ago.

        IAM says NoSuchEntity of many things (a policy that was misspelt, say), so there its message must name it.
        """
        text = message_of(error) if code_of(error) == "NoSuchEntity" else repr(arguments)
        since = time.monotonic() - FRESH_SECONDS
        return any(made > since and identifier in text for identifier, made in list(self._made.items()))


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

    def __init__(self, make: Callable[[bool], Any], fresh: Fresh, sleep: Sleep = time.sleep) -> None:
        self._make = make
        self._fresh = fresh
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
        for pause in _pauses(FRESH_SECONDS):
            try:
                return attempt(operation, arguments)
            except ClientError as error:
                if pause is None or not is_not_found(error) or not self._fresh.explains(error, arguments):
                    raise
                self._sleep(pause)
        raise AssertionError("unreachable: the last pause is None")

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


def _pauses(total: float) -> Iterator[float | None]:
    """Growing pauses that add up to about `total` seconds, then None."""
    pause, spent = 0.3, 0.0
    while spent < total:
        yield pause
        spent += pause
        pause = min(pause * 1.6, 8.0)
    yield None


class Clients:
    """The clients of a run, made when first asked for: making one costs more than most calls."""

    def __init__(self, connection: Connection, region: str, pool: int = 20) -> None:
        self._connection = connection
        self._region = region
        self._pool = pool
        self._session: Session | None = None
        self._trust = Trust()
        self._made: dict[tuple[str, bool], Any] = {}
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self.fresh = Fresh()
        self.calls: dict[str, int] = {}

    def __call__(self, service: str) -> Client:
        return Client(partial(self._get, service), self.fresh)

    def _get(self, service: str, retries: bool) -> Any:
        with self._lock:
            key = (service, retries)
            if key not in self._made:
                self._made[key] = self._create(service, retries)
            return self._made[key]

    def _create(self, service: str, retries: bool) -> Any:
        client = self._open().create_client(
            service,
            region_name=self._region,
            endpoint_url=self._connection.endpoint_url,
            verify=None if self._connection.validate_certs else False,
            aws_access_key_id=self._connection.access_key,
            aws_secret_access_key=self._connection.secret_key,
            aws_session_token=self._connection.session_token,
            config=self._config(retries),
        )
        client.meta.events.register("before-call", self._count)
        self._trust.share(client)
        return client

    def _open(self) -> Session:
        if self._session is None:
            self._session = Session(profile=self._connection.profile)
            loader = self._session.get_component("data_loader")
            self._session.register_component("data_loader", Models(loader))
        return self._session

    def _config(self, retries: bool) -> Config:
        policy: Any = {"mode": "adaptive", "total_max_attempts": 7} if retries else {"total_max_attempts": 1}
        return Config(retries=policy, max_pool_connections=self._pool, connect_timeout=10, read_timeout=60)

    def _count(self, model: Any, **_event: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        with self._counting:
            self.calls[name] = self.calls.get(name, 0) + 1
