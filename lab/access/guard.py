# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decides which requests the API answers."""

from __future__ import annotations

import hmac
from datetime import datetime, timezone
from typing import Any

from .issued import find_issued
from .keys import AccessKey, RoleCredentials
from .request import read_request
from .signature import verify
from .source import check_source

Environ = dict[str, Any]


class Guard:
    """Knows the access key of a lab, and the hosts at which it answers.

    Without a key no signature is checked, and without hosts any port of loopback is right: that is for tests whose
    proxy stands between client and API.
    """

    def __init__(self, hosts: frozenset[str] | None = None, key: AccessKey | None = None) -> None:
        self._hosts = hosts
        self._key = key
        self._roles = RoleCredentials(key.secret) if key else None

    def check_source(self, environ: Environ) -> None:
        """Raise a RejectedError for a request that a web page sent."""
        request = read_request(environ)
        check_source(request.method, request.headers, self._hosts)

    def check_signature(self, environ: Environ, body: bytes) -> None:
        """Raise a RejectedError for a request without a right signature; temporary credentials get their account."""
        if self._key is None:
            return
        now = datetime.now(timezone.utc)
        key = verify(read_request(environ, body), lambda id, token: self._find(id, token), now)
        if key.account:
            # Without it moto would take the account that the request names.
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = key.account

    def _find(self, id: str, token: str) -> AccessKey | None:
        assert self._key is not None
        assert self._roles is not None
        if hmac.compare_digest(id.encode(), self._key.id.encode()):
            return None if token else self._key
        return (self._roles.find(id, token) if token else None) or find_issued(id, token)
