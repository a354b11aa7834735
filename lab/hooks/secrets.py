# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets: a name is taken until the end of the time in which its secret can be called back."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend

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
