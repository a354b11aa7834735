# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS's error codes mean for a retry, and the messages about errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import permissions, sdk

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# A quota is exhausted (API references of ACM, CloudWatch, CloudWatch Logs and Secrets Manager). In other services
# (DynamoDB) it is a rate, so botocore retries it.
QUOTA_EXCEEDED = "LimitExceededException"
# Errors with a 5xx status after which certainly nothing was created.
NOT_CREATED = frozenset({"InsufficientInstanceCapacity", "InsufficientAddressCapacity", "InsufficientCapacity"})
# The credentials lack a permission. SNS has its own code, in two spellings.
FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    }
)
# Most services, and EC2 since 2023, say "… is not authorized to perform: ec2:RunInstances on resource: …".
NOT_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)(?:(?: on)? (?:the )?resource: (?P<resource>\S+))?"
)
# IAM user guide, Troubleshoot access denied error messages: the policy with the Deny statement.
EXPLICIT_DENY = re.compile(r"with an explicit deny in (?P<policy>(?:an? )?[a-z -]*(?:policy|boundary))")
_RENEW = "Renew the credentials (log in again, or get new session keys)"
# What to do about credentials that AWS rejects, by error code.
CREDENTIAL_ADVICE = {
    "AuthFailure": "Check the access key and renew the credentials; check that the region is enabled for the account",
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "InvalidClientTokenId": "Check the access key and renew the credentials",
    "RequestExpired": f"{_RENEW}, or set the clock of this machine",
    "UnrecognizedClientException": "Check the access key and renew the credentials",
}
# EC2 has the same code for credentials that it cannot validate and for objects of other accounts.
INVALID_CREDENTIALS = re.compile(r"validate the provided access credentials")
# The request may have reached AWS although no usable answer came back.
CUT_OFF = (sdk.ConnectionClosedError, sdk.ReadTimeoutError, sdk.HTTPClientError, sdk.ResponseParserError)
# The request was not sent: repeating it is always safe.
NEVER_SENT = (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError)
# Every call of the run would fail.
ACCESS_FAILURES = (
    sdk.EndpointConnectionError,
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.ProfileNotFound,
    sdk.ProxyConnectionError,
    sdk.SSLError,
)


class StackError(Exception):
    """An error with a message for a person."""


class DeniedError(sdk.ClientError):
    """The credentials lack the permission for a call.

    ``service`` is botocore's name of the service; ``task`` is the policy of the task (permissions.py), if it has one.
    """

    def __init__(self, answer: Any, operation: str, service: str, task: str = "") -> None:
        super().__init__(answer, operation)
        self.service = service
        self.task = task


class RejectedCredentialsError(sdk.ClientError):
    """AWS rejects the credentials; ``origin`` is their source."""

    def __init__(self, answer: Any, operation: str, origin: str) -> None:
        super().__init__(answer, operation)
        self.origin = origin


def with_origin(error: sdk.ClientError, origin: str) -> RejectedCredentialsError:
    """The error about rejected credentials, with their source."""
    return RejectedCredentialsError(error.response, error.operation_name, origin)


def with_denied_action(error: sdk.ClientError, service: str, task: str = "") -> DeniedError:
    """The error about a missing permission, with the service and the policy of the task."""
    return DeniedError(error.response, error.operation_name, service, task)


class LostResponseError(StackError):
    """A call was sent, and no usable answer came back: whether AWS carried it out is unknown."""

    def __init__(self, operation: str, cause: Exception) -> None:
        # botocore's text about an answer that it cannot parse ends with that answer.
        reason = str(cause).partition("\n")[0].partition(". Further retries may succeed")[0].rstrip(" :")
        super().__init__(f"{operation}: no usable answer came back ({reason or type(cause).__name__})")


def error_code(error: BaseException) -> str:
    """AWS's error code, or an empty string when AWS did not answer."""
    if isinstance(error, sdk.ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def error_message(error: BaseException) -> str:
    """AWS's message, without the text that botocore adds."""
    if isinstance(error, sdk.ClientError):
        return str(error.response.get("Error", {}).get("Message", "")) or "(no message)"
    return str(error)


def http_status(error: sdk.ClientError) -> int:
    """The HTTP status of an answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_throttle(error: BaseException) -> bool:
    """Whether AWS rejected the call because of its rate: nothing was done."""
    return error_code(error) in THROTTLED


def is_uncertain(error: BaseException) -> bool:
    """Whether AWS may have carried out the call although it failed here."""
    if isinstance(error, sdk.ClientError):
        code = error_code(error)
        return http_status(error) >= 500 and code not in NOT_CREATED and code not in THROTTLED
    return isinstance(error, CUT_OFF) and not isinstance(error, NEVER_SENT)


def is_not_found(error: BaseException) -> bool:
    """Whether the object of the call does not exist (EC2 and IAM have their own codes)."""
    code = error_code(error)
    return code.endswith((".NotFound", "NotFound", "NotFoundException", "NotFoundFault")) or code == "NoSuchEntity"


def is_forbidden(error: BaseException) -> bool:
    """Whether the credentials lack the permission for the call."""
    return error_code(error) in FORBIDDEN


def is_rejected(error: BaseException) -> bool:
    """Whether AWS rejects the credentials themselves, for any call."""
    code = error_code(error)
    return code in CREDENTIAL_ADVICE and (
        code != "AuthFailure" or bool(INVALID_CREDENTIALS.search(error_message(error)))
    )


def is_of_every_call(error: BaseException) -> bool:
    """Whether the cause of a failure is the credentials or the connection, and not the call."""
    return is_rejected(error) or isinstance(error, ACCESS_FAILURES)


def join_sentences(*texts: str) -> str:
    """Join texts, AWS's and ours: each but the last ends with a full stop or its own punctuation."""
    stripped = [text.strip() for text in texts if text.strip()]
    ended = [text if text.endswith((".", "!", "?", ":")) else f"{text.rstrip(';,')}." for text in stripped[:-1]]
    return " ".join([*ended, *stripped[-1:]])


def describe_error(error: BaseException) -> str:
    """One line about a failed call: operation, AWS's code and message, and what to do."""
    if isinstance(error, RejectedCredentialsError) and error.origin:
        text = f"{error.operation_name}: {error_code(error)}: {error_message(error)}"
        return join_sentences(f"AWS rejects the credentials from {error.origin}", text, _advise(error))
    if isinstance(error, sdk.ClientError):
        return join_sentences(f"{error.operation_name}: {error_code(error)}: {error_message(error)}", _advise(error))
    if isinstance(error, sdk.NoCredentialsError | sdk.PartialCredentialsError):
        advice = "Set access_key and secret_key, a profile, or botocore's variables"
        return join_sentences(f"no AWS credentials: {error}", advice)
    if isinstance(error, sdk.EndpointConnectionError):
        return join_sentences(f"AWS cannot be reached: {error}", "Check endpoint_url, the region and the network")
    if isinstance(error, sdk.SSLError):
        advice = "Name the authorities in aws_ca_bundle (or AWS_CA_BUNDLE), and check endpoint_url"
        return join_sentences(f"the certificate of AWS's API cannot be verified: {error}", advice)
    return str(error) or type(error).__name__


def _advise(error: sdk.ClientError) -> str:
    """What a person can do about an error that depends on the credentials or the rate of calls; empty for any other."""
    if is_forbidden(error):
        deny = EXPLICIT_DENY.search(error_message(error))
        if deny:
            return permissions.advise_on_deny(*_find_action(error), policy=deny["policy"])
        task = error.task if isinstance(error, DeniedError) else ""
        return permissions.advise_on_permission(*_find_action(error), task=task)
    if is_throttle(error):
        return "AWS throttles this account: run again later"
    if error_code(error) == "AuthFailure" and not INVALID_CREDENTIALS.search(error_message(error)):
        return ""
    return CREDENTIAL_ADVICE.get(error_code(error), "")


def _find_action(error: sdk.ClientError) -> tuple[str, str]:
    """The denied IAM action and the resource, as far as AWS names them: a call may need several actions."""
    match = NOT_AUTHORIZED.search(error_message(error))
    if match:
        return match["action"], (match["resource"] or "").rstrip(".,")
    service = error.service if isinstance(error, DeniedError) else ""
    return permissions.name_action(service, str(error.operation_name)), ""


@contextmanager
def error_context(subject: str = "") -> Iterator[None]:
    """Add to an error the subject, and once that nothing was changed."""
    try:
        yield
    except (StackError, *sdk.FAILURES) as error:
        text = describe_error(error)
        if "Nothing was changed" in text:
            raise
        prefix = f"{subject}: " if subject else ""
        raise StackError(f"{prefix}{text.rstrip('.')}. Nothing was changed.") from error


@contextmanager
def ignore_errors(*codes: str) -> Iterator[None]:
    """Ignore errors with these codes, which mean that nothing is left to do; ``*.NotFound`` means all of that kind."""
    try:
        yield
    except sdk.ClientError as error:
        if error_code(error) not in codes and not ("*.NotFound" in codes and is_not_found(error)):
            raise
