# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who asks AWS: the role that is assumed for a run, and the account that the credentials must belong to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from .errors import StackError, tell
from .process import user
from .sdk import FAILURES

# Credentials of a role last for an hour by default. New ones are asked for this long before they expire, so that no
# call, nor the pages of a list, is under way when they do.
RENEW_BEFORE = timedelta(minutes=10)


def _now() -> datetime:
    return datetime.now(timezone.utc)


class AssumedRole:
    """A role that a run assumes, and assumes again before its credentials expire.

    botocore renews such credentials by itself only for profiles of its configuration files; the classes that do it are
    not part of its documented interface (boto3 issue 443). AssumeRole is.
    """

    def __init__(self, arn: str, now: Callable[[], datetime] = _now) -> None:
        self._arn = arn
        self._now = now
        self._expires: datetime | None = None
        self.keys: Mapping[str, str] = {}

    def is_due(self) -> bool:
        """Whether the role has to be assumed (again) before the next call."""
        return self._expires is None or self._now() > self._expires - RENEW_BEFORE

    def assume(self, sts: Any) -> None:
        """Assume the role by a client of STS. Raises `StackError`."""
        # The name shows in CloudTrail: it says which person has run the playbook.
        session = re.sub(r"[^\w+=,.@-]", "-", f"groundwork-{user()}", flags=re.ASCII)[:64]
        try:
            given = sts.assume_role(RoleArn=self._arn, RoleSessionName=session)["Credentials"]
        except FAILURES as error:
            raise StackError(
                f"assume_role_arn: {self._arn} cannot be assumed{' again' if self._expires else ''}: {tell(error)}. "
                "The policy of the credentials has to allow sts:AssumeRole on the role, and the trust policy of the "
                "role has to name them"
            ) from error
        self.keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        self._expires = given["Expiration"]


def require_account(sts: Any, expected: str) -> None:
    """Raise `StackError` unless the credentials of a client of STS belong to an account (12 digits)."""
    try:
        caller = sts.get_caller_identity()
    except FAILURES as error:
        raise StackError(
            f"account: AWS does not say whether the credentials belong to {expected}: {tell(error)}. "
            "Nothing was read or changed"
        ) from error
    if caller.get("Account") != expected:
        raise StackError(
            f"account: the stack belongs to account {expected}, and the credentials ({caller.get('Arn')}) to "
            f"{caller.get('Account')}. Nothing was read or changed. Use credentials of {expected}, or correct `account`"
        )
