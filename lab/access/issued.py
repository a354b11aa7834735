# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Access keys that the API itself has issued: to IAM users (CreateAccessKey) and for roles (AssumeRole)."""

from __future__ import annotations

import hmac
from datetime import timezone

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from .keys import AccessKey


def find_issued(id: str, token: str) -> AccessKey | None:
    """The key with this id, if the session token is its own; None for any other. It may have expired."""
    return _find_of_role(id, token) if token else _find_of_user(id)


def _find_of_user(id: str) -> AccessKey | None:
    for account, backends in list(iam_backends.items()):
        for backend in list(backends.values()):
            for user in list(backend.users.values()):
                for key in list(user.access_keys):
                    if key.access_key_id == id and key.status == "Active":
                        return AccessKey(id, key.secret_access_key, account=account)
    return None


def _find_of_role(id: str, token: str) -> AccessKey | None:
    for account, backends in list(sts_backends.items()):
        for backend in list(backends.values()):
            role = backend.get_assumed_role_from_access_key(id)
            if role and hmac.compare_digest(role.session_token.encode(), token.encode()):
                expires = role.expiration.replace(tzinfo=timezone.utc)
                return AccessKey(id, role.secret_access_key, token, account, expires)
    return None
