# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Config:
    """``delivery_seconds`` is the time that the pretended mail provider takes for a message."""

    redis_url: str
    redis_ca: str | None
    release: str
    log_level: str
    delivery_seconds: float

    @property
    def tls_options(self) -> dict[str, Any]:
        """Options of a connection that verify the certificate of Redis, for a URL with `rediss://`."""
        if not self.redis_url.startswith("rediss://"):
            return {}
        options: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
        if self.redis_ca:
            options["ssl_ca_certs"] = self.redis_ca
        return options


def read_config(environment: Mapping[str, str]) -> Config:
    url = environment.get("REDIS_URL") or "redis://127.0.0.1:6379"
    if not url.startswith(("redis://", "rediss://")):
        # The URL may contain a password, so it is not part of the message.
        raise ValueError("REDIS_URL must be like rediss://host:6379")
    return Config(
        redis_url=url,
        redis_ca=environment.get("REDIS_CA") or None,
        release=environment.get("RELEASE", "development"),
        log_level=environment.get("LOG_LEVEL", "INFO").upper(),
        delivery_seconds=float(environment.get("DELIVERY_SECONDS", "0.2")),
    )
