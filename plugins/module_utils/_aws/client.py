# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of AWS's services that repeat a call as often as is safe.

botocore repeats a call after a lost connection or a 5xx status. A call that creates an object, without an idempotency
token, would then create two; a few changes are not repeatable either. So such calls use a client of botocore without
retries: `Client` repeats them after throttling, when nothing was done, and raises `LostResponseError` for a lost
answer; the caller looks for what was done. All other calls get botocore's adaptive retries, and more attempts after a
malformed answer (the page of a proxy in front of AWS), which botocore does not repeat. Every call is repeated after a
temporary error (`retries.py`).
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from .access import check_access, describe_credentials, explain_unknown_region, list_known_regions
from .answer import as_answer
from .backoff import SYSTEM_CLOCK, Backoff, Clock, call_with_retries
from .errors import (
    NEVER_SENT,
    QUOTA_EXCEEDED,
    LostResponseError,
    StackError,
    is_forbidden,
    is_rejected,
    is_throttle,
    is_uncertain,
    with_denied_action,
    with_origin,
)
from .identity import AssumedRole, require_account
from .options import Connection
from .retries import RecentResources, find_retry_seconds
from .sdk import FAILURES, BotoCoreError, ClientError, Config, ResponseParserError, Session

Page = dict[str, Any]
T = TypeVar("T")

CREATES = re.compile(r"(allocate|copy|create|import|purchase|request|restore|run)_")
SAFE_CREATES = frozenset({"create_tags"})
TOKENS = frozenset({"ClientToken", "ClientRequestToken", "IdempotencyToken"})
# Arguments of calls that change more when they are repeated, although they create nothing: a second ROTATE of an AUTH
# token may end what the first one left valid (`_resources/elasticache/auth_token.py`).
NOT_REPEATABLE = frozenset({"AuthTokenUpdateStrategy"})
# A creation that AWS throttled, or that never reached it.
THROTTLED = Backoff(attempts=10, first=1.0, factor=2.0, longest=20.0)
WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)
WEB_PAGE_IN_TEXT = re.compile(r"\nb['\"].*<(!doctype\s+html|html)\b", re.IGNORECASE)
MALFORMED = Backoff(attempts=4, first=1.0, factor=2.0)

# The largest page of the lists that grow with a stack: without it the API chooses, often 100.
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
    """One service: its operations as methods, each called again as often as is safe."""

    def __init__(
        self,
        service: str,
        make: Callable[[bool], Any],
        recent: RecentResources,
        clock: Clock = SYSTEM_CLOCK,
        describe_credentials: Callable[[], str] = lambda: "",
        task: str = "",
    ) -> None:
        self._service = service
        self._make = make
        self._recent = recent
        self._clock = clock
        self._describe_credentials = describe_credentials
        self._task = task
        # The name in the API reference of each operation that was called.
        self._names: dict[str, str] = {}

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return partial(self._call, operation)

    def pages(
        self, operation: str, arguments: Mapping[str, Any], convert: Callable[[Page], Any] = lambda page: page
    ) -> list[Any]:
        """All pages of a list call, or its one answer when AWS does not page it, each after ``convert``."""

        def read_pages() -> list[Any]:
            client, name = self._find_operation(operation, True)
            with _explain_refusals(client, self._describe_credentials, self._task):
                pages = _paginate(client, operation, arguments)
                return [convert(_to_answer(client, name, page)) for page in pages]

        # A list that does not show a new object yet is the caller's to read again.
        return self._call_with_retries(operation, read_pages, True, _choose_backoff_for_malformed)

    def _call(self, operation: str, **arguments: Any) -> Any:
        is_creation = CREATES.match(operation) and operation not in SAFE_CREATES
        is_repeatable = not is_creation or not TOKENS.isdisjoint(arguments)
        is_repeatable = is_repeatable and NOT_REPEATABLE.isdisjoint(arguments)

        def call_once() -> Any:
            client, name = self._find_operation(operation, is_repeatable)
            with _explain_refusals(client, self._describe_credentials, self._task):
                call = getattr(client, operation)
                with _explain_unknown_shape():
                    parsed = call(**arguments)
            return _to_answer(client, name, parsed)

        choose_backoff = partial(self._choose_backoff, operation, arguments, is_repeatable)
        return self._call_with_retries(operation, call_once, is_repeatable, choose_backoff)

    def _find_operation(self, operation: str, retries: bool) -> tuple[Any, str]:
        """The client of botocore, and the name of an operation in the API reference."""
        client = self._make(retries)
        self._names[operation] = name = client.meta.method_to_api_mapping.get(operation, operation)
        return client, name

    def _call_with_retries(
        self,
        operation: str,
        call: Callable[[], T],
        is_repeatable: bool,
        choose_backoff: Callable[[Exception], Backoff | None],
    ) -> T:
        try:
            return call_with_retries(call, choose_backoff, self._clock)
        except FAILURES as error:
            is_lost = is_uncertain(error) and not is_repeatable
            if is_lost or isinstance(error, ResponseParserError):
                raise LostResponseError(self._names.get(operation, operation), error) from error
            raise

    def _choose_backoff(
        self, operation: str, arguments: Mapping[str, Any], is_repeatable: bool, error: Exception
    ) -> Backoff | None:
        """How a failed call is repeated; None for a final error."""
        if is_repeatable and isinstance(error, ResponseParserError):
            return MALFORMED
        if not is_repeatable and is_uncertain(error):
            return None
        if not is_repeatable and (is_throttle(error) or isinstance(error, NEVER_SENT)):
            return THROTTLED
        if not isinstance(error, ClientError):
            return None
        seconds = find_retry_seconds(self._service, operation, arguments, error, self._recent)
        return Backoff(seconds) if seconds else None


def _choose_backoff_for_malformed(error: Exception) -> Backoff | None:
    return MALFORMED if isinstance(error, ResponseParserError) else None


def _to_answer(client: Any, name: str, parsed: Page) -> Page:
    return as_answer(parsed, name, client.meta.service_model.operation_model(name).output_shape)


def _report_used_up_quota(response: Any, operation: Any, **_event: Any) -> None:
    """End botocore's retries, which take this code for throttling: no retry makes room in a quota."""
    parsed: Any = response[1] if response else {}
    if parsed.get("Error", {}).get("Code") == QUOTA_EXCEEDED:
        raise ClientError(parsed, operation.name)


def _reject_foreign_answer(http_response: Any, model: Any, **_event: Any) -> None:
    """Reject an answer that is not AWS's: botocore parses a web page, and no text, as an answer without members."""
    if http_response.status_code >= 300:
        return
    body = http_response.content or b""
    headers = http_response.headers
    request = headers.get("x-amzn-RequestId") or headers.get("x-amz-request-id")
    origin = f", request {request}" if request else ""
    if WEB_PAGE.match(body):
        raise ResponseParserError(_describe_web_page(origin))
    if not body.strip() and _has_body(model):
        raise ResponseParserError(f"an empty text instead of AWS's answer{origin}; is a proxy in between?")


def _describe_web_page(request: str = "") -> str:
    return f"a web page instead of AWS's answer{request}; is a proxy in between?"


def _has_body(model: Any) -> bool:
    """Whether the answer of an operation always has a text: members outside of the headers, even if all are optional.

    Some operations without any answer only have their status (CreateLogGroup, by the CloudWatch Logs API reference).
    """
    shape = model.output_shape
    return shape is not None and any("location" not in member.serialization for member in shape.members.values())


@contextmanager
def _explain_refusals(client: Any, describe_credentials: Callable[[], str], task: str) -> Iterator[None]:
    """Add what a message needs to an error about access.

    A missing permission gets the service, because two services may have an operation of one name, and the policy of the
    task; rejected credentials get where they come from.
    """
    try:
        yield
    except ClientError as error:
        if is_rejected(error):
            raise with_origin(error, describe_credentials()) from error
        if not is_forbidden(error):
            raise
        raise with_denied_action(error, client.meta.service_model.service_name, task) from error


@contextmanager
def _explain_unknown_shape() -> Iterator[None]:
    """Explain an answer that is not AWS's, where botocore cannot parse it.

    botocore's error about malformed XML has the answer in its text; it raises KeyError for XML without result element.
    """
    try:
        yield
    except ResponseParserError as error:
        if not WEB_PAGE_IN_TEXT.search(str(error)):
            raise
        raise ResponseParserError(_describe_web_page()) from error
    except LookupError as error:
        raise ResponseParserError(f"the answer has no {error}; is a proxy in between?") from error


def _paginate(client: Any, operation: str, arguments: Mapping[str, Any]) -> Iterator[Page]:
    size = {"PageSize": PAGE_SIZES[operation]} if operation in PAGE_SIZES else {}
    with _explain_unknown_shape():
        if client.can_paginate(operation):
            yield from client.get_paginator(operation).paginate(**arguments, PaginationConfig=size)
        else:
            yield getattr(client, operation)(**arguments)


class Clients:
    """The clients of a run, each made when first used: making one costs more than most calls."""

    def __init__(
        self, connection: Connection, region: str, pool: int = 20, clock: Clock = SYSTEM_CLOCK, task: str = ""
    ) -> None:
        self._connection = connection
        self._region = region
        self._pool = pool
        self._session: Session | None = None
        self._made: dict[tuple[str, bool], Any] = {}
        self._role = AssumedRole(connection.assume_role_arn, clock) if connection.assume_role_arn else None
        self._account_is_checked = False
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._clock = clock
        self._task = task
        self.recent = RecentResources(clock)
        self.calls: dict[str, int] = {}

    def __call__(self, service: str) -> Client:
        make = partial(self._get, service)
        return Client(service, make, self.recent, self._clock, self._describe_credentials, self._task)

    def _get(self, service: str, retries: bool) -> Any:
        with self._lock:
            self._prepare()
            key = (service, retries)
            if key not in self._made:
                self._made[key] = self._create(service, retries)
            return self._made[key]

    def check_caller(self) -> None:
        """Check profile, credentials, endpoint and region before the first call. Raises `StackError`.

        Where a role or an account is given, assume the role and compare the account: every call does so, but here one
        error is raised instead of one in each thread.
        """
        with self._lock:
            session = Session(profile=self._connection.profile)
            check_access(self._connection, session, self._region)
            self._session = self._session or session
            self._prepare()
            self._check_region()

    def _check_region(self) -> None:
        """Call AWS in a region that botocore does not know: it may be newer, or mistyped, and then nothing answers."""
        has_endpoint = self._connection.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        if has_endpoint or self._region in list_known_regions(self._open()):
            return
        try:
            self._create("sts", False).get_caller_identity()
        except FAILURES as error:
            if isinstance(error, NEVER_SENT):
                raise explain_unknown_region(self._open(), self._region) from error
            # AWS answered: the first call of the run reports what is wrong.

    def _describe_credentials(self) -> str:
        if self._role is not None:
            return f"the role {self._connection.assume_role_arn}"
        return describe_credentials(self._connection, self._open())

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
        client.meta.events.register("after-call", _reject_foreign_answer)
        return client

    def _open(self) -> Session:
        if self._session is None:
            self._session = Session(profile=self._connection.profile)
        return self._session

    def _verify(self) -> bool | str | None:
        """How botocore verifies certificates; None leaves that to its own configuration."""
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
            raise StackError(f"aws_config: botocore rejects it: {error}. Correct or remove the key") from error

    def _count(self, model: Any, **_event: Any) -> None:
        name = f"{model.service_model.service_name}:{model.name}"
        with self._counting:
            self.calls[name] = self.calls.get(name, 0) + 1
