# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the values of secrets. No message contains a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .._aws.errors import StackError, describe_error, is_not_found, join_sentences
from .._aws.sdk import ClientError

ClientOf = Callable[[str], Any]


def read_text(clients: ClientOf, identifier: str, name: str, version: str = "") -> str:
    """The text of a secret, by its name or ARN; ``name`` is its name in messages.

    ``version`` is the id of a version, without which it is the current text.
    """
    chosen = {"VersionId": version} if version else {}
    try:
        answer = clients("secretsmanager").get_secret_value(SecretId=identifier, **chosen)
    except ClientError as error:
        raise StackError(
            join_sentences(f"{name} cannot be read. Nothing was changed", _describe_failure(error, version))
        ) from None
    if not answer.get("SecretString"):
        raise StackError(f"{name} holds no text. Nothing was changed. Give it a value in AWS Secrets Manager")
    return str(answer["SecretString"])


def _describe_failure(error: ClientError, version: str) -> str:
    if is_not_found(error) and version:
        return (
            f"It has no version {version} any more. Run the playbook provision.yml, which puts its current one to use; "
            "with require_auth where it warns about the cache"
        )
    if is_not_found(error):
        return (
            "There is no such secret in this region and account: create it there, or correct its name in the document"
        )
    return describe_error(error)


def select_key(value: str, key: str, name: str) -> str:
    """The value of a key in a secret that is JSON."""
    try:
        content = json.loads(value)
    except RecursionError:
        raise StackError(
            f"{name}: the secret cannot be read, because its JSON is nested too deeply. Nothing was changed. "
            "Correct the secret"
        ) from None
    except ValueError:
        # The parser's message would contain a part of the secret.
        content = None
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, str | int | float) or isinstance(found, bool):
        problem = f"has no text under {key}" if isinstance(content, dict) else "is not a JSON object"
        raise StackError(
            f"{name}: the value of {key} is required, but the secret {problem}. Nothing was changed. "
            "Correct the secret, or the key in the document"
        )
    return str(found)


def read_user(clients: ClientOf, identifier: str, name: str) -> dict[str, str]:
    """The name and password of a database user."""
    text = read_text(clients, identifier, name)
    return {key: select_key(text, key, name) for key in ("username", "password")}
