# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWS's error codes mean to a run that may be repeated, and how an error is told to a person."""

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
# A quota is used up, in the services that this collection calls: ACM, CloudWatch, CloudWatch Logs and Secrets Manager
# say so in the errors of their API references. It is a rate elsewhere (DynamoDB), so that botocore repeats it.
QUOTA_EXCEEDED = "LimitExceededException"
# Answers with a 5xx status which nevertheless say for certain that nothing was made.
REFUSED = frozenset({"InsufficientInstanceCapacity", "InsufficientAddressCapacity", "InsufficientCapacity"})
# The credentials may not do this.
# (SNS has a word of its own, of which its API knows two spellings.)
FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "UnauthorizedOperation",
    }
)
# The words of most services, and of EC2 since 2023: "… is not authorized to perform: ec2:RunInstances on resource: …".
NOT_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:[A-Za-z0-9]+)(?:(?: on)? (?:the )?resource: (?P<resource>\S+))?"
)
# IAM user guide, Troubleshoot access denied error messages: the policy whose Deny statement decided.
EXPLICIT_DENY = re.compile(r"with an explicit deny in (?P<policy>(?:an? )?[a-z -]*(?:policy|boundary))")
_RENEW = "Renew the credentials (log in again, or get new session keys)"
# What to do about credentials that AWS does not take, by code.
CREDENTIAL_ADVICE = {
    "AuthFailure": "Check the access key and renew the credentials; check that the region is enabled for the account",
    "ExpiredToken": _RENEW,
    "ExpiredTokenException": _RENEW,
    "InvalidClientTokenId": "Check the access key and renew the credentials",
    "RequestExpired": f"{_RENEW}, or set the clock of this machine",
    "UnrecognizedClientException": "Check the access key and renew the credentials",
}
# EC2 has one code for credentials that it cannot validate and for objects of other accounts.
INVALID_CREDENTIALS = re.compile(r"validate the provided access credentials")
# The request may have reached AWS although no answer came back, or none that makes sense.
CUT_OFF = (sdk.ConnectionClosedError, sdk.ReadTimeoutError, sdk.HTTPClientError, sdk.ResponseParserError)
# The request never left: saying it again is always safe.
NEVER_SENT = (sdk.EndpointConnectionError, sdk.ConnectTimeoutError, sdk.ProxyConnectionError)


class StackError(Exception):
    """Something a person must know of, worded for them."""


class DeniedError(sdk.ClientError):
    """The credentials may not do what was asked; ``service`` is botocore's name of the service."""

    def __init__(self, answer: Any, operation: str, service: str) -> None:
        super().__init__(answer, operation)
        self.service = service


def denied(error: sdk.ClientError, service: str) -> DeniedError:
    """A refusal for lack of permission, with the service that said so."""
    return DeniedError(error.response, error.operation_name, service)


class LostResponseError(StackError):
    """A call was sent and not answered in a way that makes sense: whether it was obeyed is unknown."""

    def __init__(self, operation: str, cause: Exception) -> None:
        name = "".join(word.capitalize() for word in operation.split("_"))
        reason = str(cause).partition("\n")[0]
        super().__init__(f"{name}: no usable answer came back ({reason})")


def code_of(error: BaseException) -> str:
    """AWS's error code, or an empty string when AWS did not answer."""
    if isinstance(error, sdk.ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return ""


def message_of(error: BaseException) -> str:
    """AWS's own words, without botocore's frame around them."""
    if isinstance(error, sdk.ClientError):
        return str(error.response.get("Error", {}).get("Message", "")) or "(no message)"
    return str(error)


def status_of(error: sdk.ClientError) -> int:
    """The HTTP status of an answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_throttle(error: BaseException) -> bool:
    """AWS refused the call because of its rate: nothing was done."""
    return code_of(error) in THROTTLED


def is_uncertain(error: BaseException) -> bool:
    """The call may have been obeyed although it failed here."""
    if isinstance(error, sdk.ClientError):
        code = code_of(error)
        return status_of(error) >= 500 and code not in REFUSED and code not in THROTTLED
    return isinstance(error, CUT_OFF) and not isinstance(error, NEVER_SENT)


def is_not_found(error: BaseException) -> bool:
    """What the call was about does not exist (EC2 and IAM word this in their own ways)."""
    code = code_of(error)
    return code.endswith((".NotFound", "NotFound", "NotFoundException", "NotFoundFault")) or code == "NoSuchEntity"


def is_forbidden(error: BaseException) -> bool:
    """The credentials lack the permission for the call."""
    return code_of(error) in FORBIDDEN


def join_sentences(*texts: str) -> str:
    """Several texts in a row, AWS's and ours: each but the last ends with a full stop, or what it ends with."""
    given = [text.strip() for text in texts if text.strip()]
    ended = [text if text.endswith((".", "!", "?", ":")) else f"{text.rstrip(';,')}." for text in given[:-1]]
    return " ".join([*ended, *given[-1:]])


def tell(error: BaseException) -> str:
    """One line about a failed call: operation, AWS's code, AWS's message."""
    if isinstance(error, sdk.ClientError):
        return join_sentences(f"{error.operation_name}: {code_of(error)}: {message_of(error)}", _advise(error))
    if isinstance(error, sdk.NoCredentialsError | sdk.PartialCredentialsError):
        mend = "Set access_key and secret_key, a profile, or botocore's variables"
        return join_sentences(f"no AWS credentials: {error}", mend)
    if isinstance(error, sdk.EndpointConnectionError):
        return join_sentences(f"AWS cannot be reached: {error}", "Check endpoint_url, the region and the network")
    return str(error) or type(error).__name__


def _advise(error: sdk.ClientError) -> str:
    """What a person can do about a refused call that depends on the credentials; empty for any other."""
    if is_forbidden(error):
        deny = EXPLICIT_DENY.search(message_of(error))
        if deny:
            return permissions.advise_on_deny(*_action(error), policy=deny["policy"])
        return permissions.advice(*_action(error))
    if code_of(error) == "AuthFailure" and not INVALID_CREDENTIALS.search(message_of(error)):
        return ""
    return CREDENTIAL_ADVICE.get(code_of(error), "")


def _action(error: sdk.ClientError) -> tuple[str, str]:
    """The IAM action that was denied and the resource, as far as AWS says them: a call may need other actions too."""
    said = NOT_AUTHORIZED.search(message_of(error))
    if said:
        return said["action"], (said["resource"] or "").rstrip(".,")
    service = error.service if isinstance(error, DeniedError) else ""
    return permissions.action(service, str(error.operation_name)), ""


@contextmanager
def explaining(subject: str = "") -> Iterator[None]:
    """Say of a failure before which nothing was changed that it is so, and of what it is; once, whoever says it."""
    try:
        yield
    except (StackError, *sdk.FAILURES) as error:
        text = tell(error)
        if "Nothing was changed" in text:
            raise
        about = f"{subject}: " if subject else ""
        raise StackError(f"{about}{text.rstrip('.')}. Nothing was changed.") from error


@contextmanager
def taken_as_done(*codes: str) -> Iterator[None]:
    """Let the codes pass by which AWS says that it is so already; ``*.NotFound`` stands for all of that kind."""
    try:
        yield
    except sdk.ClientError as error:
        if code_of(error) not in codes and not ("*.NotFound" in codes and is_not_found(error)):
            raise
