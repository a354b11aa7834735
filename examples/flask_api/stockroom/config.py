# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from . import tls

# What platforms hand out, and the driver that SQLAlchemy should use for it.
DRIVERS = {
    "postgres://": "postgresql+psycopg://",
    "postgresql://": "postgresql+psycopg://",
    "mysql://": "mysql+pymysql://",
    "mariadb://": "mariadb+pymysql://",
}
# What a bearer token may consist of (RFC 6750, section 2.1), and so long that it cannot be guessed.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{20,}=*")
# Seconds until a connection to a database server is given up.
CONNECT = 3


def from_environment(instance: Path) -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL") or default_database(instance)
    return {
        "RELEASE": os.environ.get("RELEASE", "development"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO").upper(),
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "1")),
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SQLALCHEMY_DATABASE_URI": with_driver(url),
        "DATABASE_CA": os.environ.get("DATABASE_CA", ""),
        "API_TOKEN": check_token(os.environ.get("API_TOKEN", "")),
        "CHANGES_PER_MINUTE": read_count("CHANGES_PER_MINUTE", "60"),
    }


def default_database(instance: Path) -> str:
    """A SQLite file where systemd keeps the state of the service, else in Flask's instance folder."""
    directory = Path(os.environ.get("STATE_DIRECTORY") or instance)
    directory.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{directory / 'stockroom.db'}"


def engine_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Options of SQLAlchemy's engine."""
    # A connection that the server has closed meanwhile is noticed before a request fails on it.
    options: dict[str, Any] = {"pool_pre_ping": True}
    url = make_url(settings["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() != "sqlite":
        options["connect_args"] = {"connect_timeout": CONNECT, **tls.driver_options(url, settings["DATABASE_CA"])}
    return options


def check_token(text: str) -> str:
    """The value is not part of the message, because it is a secret."""
    if text and not TOKEN.fullmatch(text):
        raise ValueError("API_TOKEN must be 20 or more letters and digits, such as `openssl rand -hex 32` prints")
    return text


def read_count(name: str, default: str) -> int:
    text = os.environ.get(name, default)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError(f"{name} must be a whole number above 0, not {text}")
    return int(text)


def with_driver(url: str) -> str:
    for plain, driver in DRIVERS.items():
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url
