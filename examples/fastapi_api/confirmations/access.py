# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may request and read confirmations: clients that have the token of the API."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

BEARER = HTTPBearer(auto_error=False, description="API_TOKEN of the environment")
REALM = 'Bearer realm="confirmations"'


async def check_token(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> None:
    """A dependency of FastAPI. Bearer tokens: RFC 6750, section 3."""
    expected = request.app.state.config.api_token
    if not expected:
        raise HTTPException(
            403,
            "This API confirms nothing, because it has no token. Set API_TOKEN in its environment to 20 or more "
            "letters and digits, and restart it.",
        )
    if given is None or not given.credentials:
        raise HTTPException(
            401, "The header `Authorization: Bearer <API_TOKEN>` is missing.", {"WWW-Authenticate": REALM}
        )
    # Takes the same time wherever the two differ. It compares bytes, because a client may send any text.
    if not hmac.compare_digest(given.credentials.encode(), expected.encode()):
        raise HTTPException(
            401, "The token is not that of this API.", {"WWW-Authenticate": f'{REALM}, error="invalid_token"'}
        )
