# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lock of a stack says of the rollout that holds it."""

from __future__ import annotations

from collections.abc import Callable

from ..._aws.lock import Holder, LockToken, describe_user
from .ledger import name_rollout


def describe_rollout(action: str, pid: int, rollout: str = "") -> Callable[[LockToken], Holder]:
    """The holder of a `TokenLock` for a rollout; its ``subject`` is the id of the rollout.

    ``pid`` is the process of ansible-playbook. Without ``rollout``, one that is resumed, the rollout is new: its id
    follows from the token, whose number is AWS's time and is not used again, so that ids are in the order of the locks.
    """

    def describe(token: LockToken) -> Holder:
        identifier = rollout or name_rollout(token.number, token.nonce)
        return Holder(f"{action} {identifier} by {describe_user()}", pid, identifier)

    return describe
