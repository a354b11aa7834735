# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names that the collection uses of botocore; without botocore a module can still report that it is missing."""

from __future__ import annotations

try:
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionClosedError,
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
        ProfileNotFound,
        ProxyConnectionError,
        ReadTimeoutError,
        SSLError,
    )
    from botocore.parsers import ResponseParserError
    from botocore.session import Session

    MISSING: ImportError | None = None
    # The exceptions that a call can raise.
    FAILURES = (BotoCoreError, ClientError, ResponseParserError)
except ImportError as error:
    MISSING = error
    FAILURES = ()  # type: ignore[assignment]

    class Absent(Exception):
        """Takes the place of every class of a library that is not installed. Nothing raises it."""

    class AbsentDetail(Absent):
        """The same for an error that botocore derives from BotoCoreError."""

    Config = Session = Absent  # type: ignore[assignment, misc]
    BotoCoreError = ClientError = ResponseParserError = Absent  # type: ignore[assignment, misc]
    ConnectionClosedError = ReadTimeoutError = HTTPClientError = Absent  # type: ignore[assignment, misc]
    ConnectTimeoutError = EndpointConnectionError = ProxyConnectionError = Absent  # type: ignore[assignment, misc]
    NoCredentialsError = PartialCredentialsError = AbsentDetail  # type: ignore[assignment, misc]
    ProfileNotFound = SSLError = AbsentDetail  # type: ignore[assignment, misc]

__all__ = [
    "FAILURES",
    "MISSING",
    "BotoCoreError",
    "ClientError",
    "Config",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "EndpointConnectionError",
    "HTTPClientError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseParserError",
    "SSLError",
    "Session",
]
