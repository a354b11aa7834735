# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""AUTH tokens of caches, as the ElastiCache user guide has them under "Authenticating with the Valkey and Redis OSS
AUTH command". moto stores one when a group is made, and changes none.

What a group accepts is noted as digests, the newest last; an empty one stands for connections without a token.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from moto.core.utils import utcnow
from moto.elasticache.exceptions import InvalidParameterCombinationException, InvalidParameterValueException

from .lifecycle import note, read_note

# CreateReplicationGroup of the API reference.
FORM = re.compile(r"[A-Za-z0-9!&#$^<>-]{16,128}")
NO_TOKEN = ""
STATUS = {"ROTATE": "ROTATING", "SET": "SETTING"}


def digest(token: str) -> str:
    """What Redis keeps of a password."""
    return hashlib.sha256(token.encode()).hexdigest()


def accepted(group: Any) -> tuple[str, ...]:
    """The digests of the tokens that a group accepts."""
    return tuple(read_note(group, "tokens", (NO_TOKEN,)))


def check_new(given: dict[str, Any]) -> None:
    """Refuse a group that AWS does not make. The message about encryption is in aws/aws-cli#5007."""
    token = given.get("auth_token")
    if token is None:
        return
    if not given.get("transit_encryption_enabled"):
        raise InvalidParameterValueException("The AUTH token is only supported when encryption-in-transit is enabled.")
    if given.get("user_group_ids"):
        raise InvalidParameterCombinationException("User group can't be associated with auth token enabled.")
    _check_form(token)


def begin(group: Any, token: str | None) -> None:
    """Note what a new group accepts. Without a token it may get one while it exists, and then accept both."""
    note(group, "tokens", (digest(token),) if token else (NO_TOKEN,))
    note(group, "fronted", bool(group.transit_encryption_enabled) and not token)


def change(group: Any, token: str | None, strategy: str | None) -> None:
    """Rotate the token of a group, or set it, if a modification asks for that."""
    if token is None:
        if strategy is not None:
            raise InvalidParameterCombinationException("AuthTokenUpdateStrategy must be specified with AuthToken.")
        return
    if not group.transit_encryption_enabled or getattr(group, "transit_encryption_mode", None) == "preferred":
        text = "The AUTH token modification is only supported when encryption-in-transit is enabled."
        raise InvalidParameterValueException(text)
    if group.user_group_ids:
        raise InvalidParameterCombinationException("User group can't be associated with auth token enabled.")
    _check_form(token)
    now, strategy = accepted(group), strategy or "ROTATE"
    if strategy not in STATUS:
        raise InvalidParameterCombinationException(f"AuthTokenUpdateStrategy {strategy} needs a user group.")
    if strategy == "SET" and (len(now) < 2 or now[-1] != digest(token)):
        raise InvalidParameterValueException("SET is allowed only after ROTATE, with the token that was rotated last.")
    # The two newest are accepted, be it the same token twice.
    note(group, "tokens", (*now, digest(token))[-2:] if strategy == "ROTATE" else (digest(token),))
    group.auth_token_enabled = True
    group.auth_token_last_modified_date = utcnow()
    group.pending_modified_values = {"auth_token_status": STATUS[strategy]}


def end(group: Any) -> None:
    """The change is made."""
    if getattr(group, "pending_modified_values", None):
        group.pending_modified_values = {}


def _check_form(token: str) -> None:
    if not FORM.fullmatch(token):
        raise InvalidParameterValueException(
            "Invalid AuthToken provided: it must have 16 to 128 printable characters, and of those that are no letters "
            "and digits only !, &, #, $, ^, <, > and -."
        )
