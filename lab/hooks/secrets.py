# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets: a name is taken until the end of the time in which its secret can be called back, and those of databases
are rotated by RDS itself."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import Any

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

from .databases import is_driven, of_secret
from .patch import Hook, around


@around(SecretsManagerBackend, "create_secret")
def create_secret(original: Hook, backend: Any, name: str, *args: Any, **kwargs: Any) -> str:
    """moto says that it exists, or gives out the deleted one as new."""
    there = backend.secrets.get(name)
    if there is not None and there.is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    return str(original(backend, name, *args, **kwargs))


@around(SecretsManagerBackend, "update_secret")
def update_secret(original: Hook, backend: Any, secret_id: str, *args: Any, **kwargs: Any) -> str:
    """A description alone makes no version; moto takes an empty one for none."""
    answer: str = original(backend, secret_id, *args, **kwargs)
    if kwargs.get("description") == "":
        backend.secrets[secret_id].description = ""
    return answer


@around(SecretsManagerBackend, "rotate_secret")
def rotate_secret(
    original: Hook, backend: Any, secret_id: str, client_request_token: str | None = None, *args: Any, **kwargs: Any
) -> str:
    """A password of a database is current once the database has it; moto makes an empty one current."""
    secret = backend.secrets.get(secret_id)
    now = kwargs.get("rotate_immediately", True)
    if secret is None or secret.is_deleted() or secret.owning_service != "rds" or not now:
        return str(original(backend, secret_id, client_request_token, *args, **kwargs))
    if read_pending(secret):
        raise InvalidRequestException("Previous rotation request is still in progress.")
    version = client_request_token or str(uuid.uuid4())
    held = json.loads(secret.versions[secret.default_version_id]["secret_string"])
    secret.versions[version] = {
        "createdate": int(time.time()),
        "version_id": version,
        "version_stages": ["AWSPENDING"],
        "secret_string": json.dumps({**held, "password": secrets.token_urlsafe(24)}),
    }
    database = of_secret(secret)
    if database is None or not is_driven(database):
        finish_rotation(secret)
    return str(secret.to_short_dict(version_id=version))


def read_pending(secret: Any) -> dict[str, Any] | None:
    """The version that a rotation has made and not yet finished."""
    found = (one for one in secret.versions.values() if one["version_stages"] == ["AWSPENDING"])
    return next(found, None)


def finish_rotation(secret: Any) -> None:
    """The new version is current, if there is one."""
    version = read_pending(secret)
    if version:
        secret.reset_default_version(version, version["version_id"])
        version["version_stages"] = ["AWSCURRENT"]
        secret.last_rotation_date = int(time.time())
