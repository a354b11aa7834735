# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rejected requests, with the code, the status and the form that clients of the service expect.

Sources: "Common errors" of the API references of IAM and RDS (query services) and of Systems Manager (JSON services),
"Error codes for the Amazon EC2 API", "Error responses" of the S3 API reference, and for the texts "Troubleshoot signed
requests for AWS APIs" in the IAM user guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from uuid import uuid4
from xml.sax.saxutils import escape


class Fault(Enum):
    """Why a request is rejected."""

    MALFORMED = "a request that is not what AWS clients write"
    FORBIDDEN = "it comes from where no AWS client sends requests from"
    UNSIGNED = "no signature"
    INCOMPLETE = "a signature without all of its parts"
    UNKNOWN_KEY = "an access key that does not exist"
    MISMATCH = "a wrong signature"
    OUT_OF_DATE = "a date too far from now"
    EXPIRED_TOKEN = "temporary credentials that have ended"


class Family(Enum):
    """How a service writes errors."""

    EC2 = "ec2"
    QUERY = "query"
    JSON = "json"
    S3 = "s3"


class RejectedError(Exception):
    """The request is not answered."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message


@dataclass(frozen=True)
class Answer:
    """What the client gets."""

    status: int
    content_type: str
    body: bytes
    error_type: str = ""


# EC2 has one code, and one text, for keys that it does not know and for wrong signatures.
_VALIDATION = "AWS was not able to validate the provided access credentials"
_CODES: dict[Family, dict[Fault, tuple[int, str]]] = {
    Family.EC2: {
        Fault.MALFORMED: (400, "MalformedHttpRequest"),
        Fault.FORBIDDEN: (403, "UnauthorizedOperation"),
        Fault.UNSIGNED: (403, "MissingAuthenticationToken"),
        Fault.INCOMPLETE: (400, "IncompleteSignature"),
        Fault.UNKNOWN_KEY: (401, "AuthFailure"),
        Fault.MISMATCH: (401, "AuthFailure"),
        Fault.OUT_OF_DATE: (400, "RequestExpired"),
        Fault.EXPIRED_TOKEN: (400, "RequestExpired"),
    },
    Family.QUERY: {
        Fault.MALFORMED: (400, "MalformedHttpRequest"),
        Fault.FORBIDDEN: (403, "AccessDenied"),
        Fault.UNSIGNED: (403, "MissingAuthenticationToken"),
        Fault.INCOMPLETE: (400, "IncompleteSignature"),
        Fault.UNKNOWN_KEY: (403, "InvalidClientTokenId"),
        Fault.MISMATCH: (403, "SignatureDoesNotMatch"),
        Fault.OUT_OF_DATE: (403, "SignatureDoesNotMatch"),
        Fault.EXPIRED_TOKEN: (403, "ExpiredToken"),
    },
    Family.JSON: {
        Fault.MALFORMED: (400, "MalformedHttpRequestException"),
        Fault.FORBIDDEN: (403, "AccessDeniedException"),
        Fault.UNSIGNED: (403, "MissingAuthenticationTokenException"),
        Fault.INCOMPLETE: (400, "IncompleteSignatureException"),
        Fault.UNKNOWN_KEY: (400, "UnrecognizedClientException"),
        Fault.MISMATCH: (400, "InvalidSignatureException"),
        Fault.OUT_OF_DATE: (400, "InvalidSignatureException"),
        Fault.EXPIRED_TOKEN: (400, "ExpiredTokenException"),
    },
    Family.S3: {
        Fault.MALFORMED: (400, "InvalidRequest"),
        Fault.FORBIDDEN: (403, "AccessDenied"),
        Fault.UNSIGNED: (403, "AccessDenied"),
        Fault.INCOMPLETE: (400, "AuthorizationHeaderMalformed"),
        Fault.UNKNOWN_KEY: (403, "InvalidAccessKeyId"),
        Fault.MISMATCH: (403, "SignatureDoesNotMatch"),
        Fault.OUT_OF_DATE: (403, "RequestTimeTooSkewed"),
        Fault.EXPIRED_TOKEN: (400, "ExpiredToken"),
    },
}
_S3 = ("s3", "s3express", "s3-outposts", "s3-object-lambda")
# Services that write XML, and have no parameter Action.
_XML = ("cloudfront", "route53")


def find_family(service: str, action: bool) -> Family:
    """How the client of a service reads errors; ``action`` says whether the request has AWS's parameter Action."""
    if service == "ec2":
        return Family.EC2
    if service in _S3:
        return Family.S3
    return Family.QUERY if action or service in _XML else Family.JSON


def render(error: RejectedError, family: Family) -> Answer:
    """The answer in the form of the service."""
    status, code = _CODES[family][error.fault]
    message = error.message
    if family is Family.EC2 and error.fault in (Fault.UNKNOWN_KEY, Fault.MISMATCH):
        message = f"{_VALIDATION} ({message})"
    if family is Family.JSON:
        return Answer(status, "application/x-amz-json-1.1", _json(code, message), code)
    return Answer(status, "text/xml;charset=UTF-8", _xml(family, code, message))


def _json(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message}).encode()


def _xml(family: Family, code: str, message: str) -> bytes:
    error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    request = str(uuid4())
    if family is Family.EC2:
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request}</RequestID></Response>"
    elif family is Family.QUERY:
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{request}</RequestId></ErrorResponse>"
        )
    else:
        text = f"<Error>{error}<RequestId>{request}</RequestId></Error>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()
