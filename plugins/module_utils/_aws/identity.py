# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role that a run assumes, and the account that the credentials must belong to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from .backoff import SYSTEM_CLOCK, Clock
from .errors import StackError, describe_error
from .process import current_user
from .sdk import FAILURES

# Credentials of a role expire after an hour by default. A run renews them earlier, so that no call and no list with
# several pages is in progress when they expire.
RENEW_BEFORE = timedelta(minutes=10)


class AssumedRole:
    """A role that a run assumes, and assumes again before its credentials expire.

    botocore renews credentials only for profiles of its configuration files; its classes for this are not part of its
    documented interface (boto3 issue 443).
    """

    def __init__(self, arn: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._arn = arn
        self._clock = clock
        self._expires: datetime | None = None
        self.keys: Mapping[str, str] = {}

    def is_due(self) -> bool:
        """Whether the role has to be assumed (again) before the next call."""
        now = datetime.fromtimestamp(self._clock.time(), timezone.utc)
        return self._expires is None or now > self._expires - RENEW_BEFORE

    def assume(self, sts: Any) -> None:
        """Assume the role by a client of STS. Raises `StackError`."""
        # CloudTrail shows this name: it identifies the person who ran the playbook.
        session = re.sub(r"[^\w+=,.@-]", "-", f"groundwork-{current_user()}", flags=re.ASCII)[:64]
        try:
            credentials = sts.assume_role(RoleArn=self._arn, RoleSessionName=session)["Credentials"]
        except FAILURES as error:
            raise StackError(
                f"assume_role_arn: {self._arn} cannot be assumed{' again' if self._expires else ''}: "
                f"{describe_error(error)}. "
                "The policy of the credentials has to allow sts:AssumeRole on the role, and the trust policy of the "
                "role has to name them"
            ) from error
        self.keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }
        self._expires = credentials["Expiration"]


def require_account(sts: Any, expected: str) -> None:
    """Raise `StackError` unless the credentials of a client of STS belong to an account (12 digits)."""
    try:
        caller = sts.get_caller_identity()
    except FAILURES as error:
        raise StackError(
            f"account: the account of the credentials cannot be read, and {expected} is required: "
            f"{describe_error(error)}. Nothing was read or changed"
        ) from error
    if caller.get("Account") != expected:
        raise StackError(
            f"account: the stack belongs to account {expected}, and the credentials ({caller.get('Arn')}) to "
            f"{caller.get('Account')}. Nothing was read or changed. Use credentials of {expected}, or correct `account`"
        )
