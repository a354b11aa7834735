# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

# What a bearer token may consist of (RFC 6750, section 2.1), and so long that it cannot be guessed.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{20,}=*")


@dataclass(frozen=True)
class Config:
    """``delivery_seconds`` is the time that the pretended mail provider takes for a message; without ``api_token`` the
    API confirms nothing."""

    redis_url: str
    redis_ca: str | None
    api_token: str
    release: str
    log_level: str
    delivery_seconds: float

    @property
    def tls_options(self) -> dict[str, Any]:
        """Options of a connection that verify certificate and name of Redis, for a URL with `rediss://`."""
        if not self.redis_url.startswith("rediss://"):
            return {}
        options: dict[str, Any] = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
        if self.redis_ca:
            options["ssl_ca_certs"] = self.redis_ca
        return options


def read_config(environment: Mapping[str, str]) -> Config:
    url = environment.get("REDIS_URL") or "redis://127.0.0.1:6379"
    check_redis_url(url)
    return Config(
        redis_url=url,
        redis_ca=environment.get("REDIS_CA") or None,
        api_token=read_token(environment.get("API_TOKEN", "")),
        release=environment.get("RELEASE", "development"),
        log_level=environment.get("LOG_LEVEL", "INFO").upper(),
        delivery_seconds=float(environment.get("DELIVERY_SECONDS", "0.2")),
    )


def read_token(text: str) -> str:
    """The value is not part of the message, because it is a secret."""
    if text and not TOKEN.fullmatch(text):
        raise ValueError("API_TOKEN must be 20 or more letters and digits, such as `openssl rand -hex 32` prints")
    return text


def check_redis_url(url: str) -> None:
    """Raise ValueError unless connections are verified or stay on this host. The URL may contain a password, so no
    message repeats it."""
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("REDIS_URL must be like rediss://host:6379")
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    if options := sorted(name for name in query if name.startswith("ssl")):
        # They would replace the options of the application.
        raise ValueError(f"REDIS_URL must not have {', '.join(options)}: rediss:// is always verified (REDIS_CA)")
    hosts = [parts.hostname or "localhost", *query.get("host", [])]
    if parts.scheme == "redis" and not all(is_local_host(host) for host in hosts):
        raise ValueError("REDIS_URL must begin with rediss:// (TLS), unless Redis is on this host")


def is_local_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
