# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that the collection takes from botocore, in one place: where it is missing, a module can still say so."""

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
        ProxyConnectionError,
        ReadTimeoutError,
    )
    from botocore.parsers import ResponseParserError
    from botocore.session import Session

    MISSING: ImportError | None = None
    # All that a call can raise.
    FAILURES = (BotoCoreError, ClientError, ResponseParserError)
except ImportError as error:
    MISSING = error
    FAILURES = ()  # type: ignore[assignment]

    class Absent(Exception):
        """Stands for everything of a library that is not there; nothing ever raises it."""

    Config = Session = Absent  # type: ignore[assignment, misc]
    BotoCoreError = ClientError = ResponseParserError = Absent  # type: ignore[assignment, misc]
    ConnectionClosedError = ReadTimeoutError = HTTPClientError = Absent  # type: ignore[assignment, misc]
    ConnectTimeoutError = EndpointConnectionError = ProxyConnectionError = Absent  # type: ignore[assignment, misc]
    NoCredentialsError = PartialCredentialsError = Absent  # type: ignore[assignment, misc]

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
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseParserError",
    "Session",
]
