# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Client tokens, which moto takes no notice of: a call that is made again with the same one makes nothing again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from .errors import ec2_error


@dataclass(frozen=True)
class Spent:
    """What a client token stands for: the parameters that came with it, and the id of what was made."""

    digest: str
    made: str


def once(response: Any, there: Container[str], make: Callable[[], str]) -> str:
    """The id of what the call makes, or made before; ``there`` has the ids that are not forgotten yet."""
    token = response._get_param("ClientToken")
    if not token:
        return make()
    tokens: dict[tuple[str, str], Spent] = response.ec2_backend.__dict__.setdefault("lab_client_tokens", {})
    key = (response._get_action(), token)
    digest, spent = _digest(response.data), tokens.get(key)
    if spent is None or spent.made not in there:
        tokens[key] = spent = Spent(digest, make())
    elif spent.digest != digest:
        raise ec2_error(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        )
    return spent.made


def _digest(data: dict[str, Any]) -> str:
    kept = {key: value for key, value in data.items() if key not in ("ClientToken", "Action", "Version")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
