# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options that modules share: how to reach AWS, what is wanted, and how to wait for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ARGUMENTS: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "profile": {"type": "str"},
    "endpoint_url": {"type": "str"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
}
TOPOLOGY: dict[str, dict[str, Any]] = {
    "topology": {"type": "raw", "required": True},
    "overrides": {"type": "dict"},
}
LOCK: dict[str, dict[str, Any]] = {
    "lock_wait": {"type": "int", "default": 120},
    "lock_ttl": {"type": "int", "default": 60},
}


@dataclass(frozen=True)
class Connection:
    """Where AWS is and who asks. What is None is left to botocore: environment, profile, instance role."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    validate_certs: bool = True

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Connection:
        return cls(**{name: options[name] for name in ARGUMENTS if options.get(name) is not None})
