# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verifies AWS Signature Version 4 with botocore's own signer.

Only the form with the header Authorization is taken: nothing here uses the one with query parameters (presigned URLs).
Sources: "Create a signed AWS API request" and "Troubleshoot signed requests for AWS APIs" in the IAM user guide, and
"Common errors" of the API references for the 15 minutes.
"""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .keys import AccessKey
from .rejection import Fault, RejectedError
from .request import Request

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w{16,128})/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[a-z0-9_;-]+), ?Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
FORMAT = "%Y%m%dT%H%M%SZ"
TOLERANCE = timedelta(minutes=15)
# Services whose path is signed as it was sent: "Create a signed AWS API request", canonical URI.
RAW_PATH = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
# S3 has values other than a digest for a body that is not signed, or signed by parts: S3 API reference, "Common request
# headers", x-amz-content-sha256.
UNSIGNED_BODY = re.compile(r"UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+")
# Headers that decide what a request does: without their signature they could be exchanged. The first is AWS's rule; in
# the second moto takes the account.
MUST_BE_SIGNED = ("x-amz-", "x-moto-")

FindKey = Callable[[str, str], AccessKey | None]


def verify(request: Request, find_key: FindKey, now: datetime) -> AccessKey:
    """The access key that signed the request; raises a RejectedError when it is not signed as it must be.

    ``find_key`` gets the id of a key and the session token of the request, empty where it has none.
    """
    headers = request.headers
    if "authorization" not in headers:
        raise RejectedError(
            Fault.UNSIGNED,
            "The request is not signed. Sign it with the access key that `lab env` prints (SigV4, in a header).",
        )
    given = AUTHORIZATION.fullmatch(headers["authorization"])
    if given is None:
        raise RejectedError(
            Fault.INCOMPLETE,
            "The header Authorization is not AWS4-HMAC-SHA256 with Credential, SignedHeaders and Signature, in this "
            "order.",
        )
    signed = given["headers"].split(";")
    _check_signed_headers(headers, signed)
    date = _read_date(headers, signed)
    if date.strftime(FORMAT)[:8] != given["date"]:
        raise RejectedError(
            Fault.MISMATCH, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )
    key = find_key(given["key"], headers.get("x-amz-security-token", ""))
    if key is None:
        raise RejectedError(
            Fault.UNKNOWN_KEY,
            "The security token included in the request is invalid: this lab has not issued the access key "
            f"{given['key']}, or the session token is not that of the key. `lab env` prints the key of the lab.",
        )
    expected = _compute(request, signed, date, key, given["region"], given["service"])
    if not hmac.compare_digest(expected, given["signature"]):
        raise RejectedError(
            Fault.MISMATCH,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method.",
        )
    _check_dates(date, key, now)
    return key


def _check_signed_headers(headers: Mapping[str, str], signed: list[str]) -> None:
    unsigned = [name for name in headers if name.startswith(MUST_BE_SIGNED) and name not in signed]
    if "host" not in signed or unsigned:
        names = ", ".join(["host"] if "host" not in signed else sorted(unsigned))
        raise RejectedError(
            Fault.INCOMPLETE, f"SignedHeaders must name every x-amz-* header and host; missing: {names}."
        )
    absent = [name for name in signed if name not in headers]
    if absent:
        raise RejectedError(
            Fault.INCOMPLETE, f"SignedHeaders names headers that the request does not have: {', '.join(absent)}."
        )


def _read_date(headers: Mapping[str, str], signed: list[str]) -> datetime:
    """The date of the signature: X-Amz-Date, or Date where that is missing."""
    if "x-amz-date" in headers:
        try:
            return datetime.strptime(headers["x-amz-date"], FORMAT).replace(tzinfo=timezone.utc)
        except ValueError:
            raise RejectedError(Fault.INCOMPLETE, "X-Amz-Date is not of the form YYYYMMDD'T'HHMMSS'Z'.") from None
    parsed = parsedate(headers["date"]) if "date" in signed else None
    if parsed is None:
        raise RejectedError(Fault.INCOMPLETE, "The request has neither X-Amz-Date nor a signed Date.")
    return datetime.fromtimestamp(calendar.timegm(parsed), timezone.utc)


def _check_dates(date: datetime, key: AccessKey, now: datetime) -> None:
    if date < now - TOLERANCE:
        raise RejectedError(
            Fault.OUT_OF_DATE, f"Signature expired: {_show(date)} is now earlier than {_show(now - TOLERANCE)}."
        )
    if date > now + TOLERANCE:
        raise RejectedError(
            Fault.OUT_OF_DATE, f"Signature not yet current: {_show(date)} is still later than {_show(now + TOLERANCE)}."
        )
    if key.expires and key.expires <= now:
        raise RejectedError(Fault.EXPIRED_TOKEN, "The security token included in the request is expired.")


def _show(date: datetime) -> str:
    return date.astimezone(timezone.utc).strftime(FORMAT)


def _compute(request: Request, signed: list[str], date: datetime, key: AccessKey, region: str, service: str) -> str:
    """The signature that the request has to have."""
    base: type[SigV4Auth] = S3SigV4Auth if service in RAW_PATH else SigV4Auth
    signer = _repeating(base, _read_digest(request, service))(Credentials(key.id, key.secret), service, region)
    url = f"http://{request.headers['host']}{request.target}"
    repeated = AWSRequest(request.method, url, headers={name: request.headers[name] for name in signed})
    repeated.context["timestamp"] = _show(date)
    return str(signer.signature(signer.string_to_sign(repeated, signer.canonical_request(repeated)), repeated))


def _read_digest(request: Request, service: str) -> str:
    """The digest of the body that goes into the signature; what the client says of it must be true."""
    actual = hashlib.sha256(request.body).hexdigest()
    given = request.headers.get("x-amz-content-sha256", actual)
    if given != actual and not (service in RAW_PATH and UNSIGNED_BODY.fullmatch(given)):
        raise RejectedError(Fault.MISMATCH, "X-Amz-Content-SHA256 is not the digest of the body that was received.")
    return given


def _repeating(base: type[SigV4Auth], digest: str) -> type[SigV4Auth]:
    """A signer that signs what the client has signed: botocore leaves headers out that other clients may sign."""

    class Repeating(base):  # type: ignore[misc,valid-type]
        def headers_to_sign(self, request: Any) -> HTTPHeaders:
            found = HTTPHeaders()
            for name, value in request.headers.items():
                found[name] = value
            return found

        def payload(self, request: Any) -> str:
            return digest

    return Repeating
