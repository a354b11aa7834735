# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of secrets. None of them is ever part of a message."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .._aws.errors import StackError, is_not_found, join_sentences, tell
from .._aws.sdk import ClientError

ClientOf = Callable[[str], Any]


def text(clients: ClientOf, identifier: str, name: str) -> str:
    """The text of a secret, by its name or ARN; ``name`` is what people know it by."""
    try:
        held = clients("secretsmanager").get_secret_value(SecretId=identifier)
    except ClientError as error:
        raise StackError(join_sentences(f"{name} cannot be read. Nothing was changed", _why(error))) from None
    if not held.get("SecretString"):
        raise StackError(f"{name} holds no text. Nothing was changed. Give it a value in AWS Secrets Manager")
    return str(held["SecretString"])


def _why(error: ClientError) -> str:
    if is_not_found(error):
        return "There is no such secret in this region and account: make it there, or mend its name in the document"
    return tell(error)


def part(value: str, key: str, name: str) -> str:
    """What a secret that is JSON holds under a key."""
    try:
        whole = json.loads(value)
    except ValueError:
        # What was read is part of what the parser says.
        whole = None
    found = whole.get(key) if isinstance(whole, dict) else None
    if not isinstance(found, str | int | float) or isinstance(found, bool):
        kind = "has no such key with a text" if isinstance(whole, dict) else "is not JSON with keys"
        raise StackError(f"{name}: {key} is wanted of it, and it {kind}. Nothing was changed. Mend one of the two")
    return str(found)


def user(clients: ClientOf, identifier: str, name: str) -> dict[str, str]:
    """The name and password of a user of a database."""
    held = text(clients, identifier, name)
    return {key: part(held, key, name) for key in ("username", "password")}
