# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from . import tls

# What platforms hand out, and the driver that SQLAlchemy should use for it.
DRIVERS = {"mysql://": "mysql+pymysql://", "mariadb://": "mariadb+pymysql://"}
# Seconds. A health check has to be answered before the load balancer stops waiting for it, which is after five.
CONNECT, ANSWER, PROBE = 3, 10, 2


def from_environment(instance: Path) -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL") or default_database(instance)
    return {
        "RELEASE": os.environ.get("RELEASE", "development"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO").upper(),
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "1")),
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SQLALCHEMY_DATABASE_URI": with_driver(url),
        "DATABASE_CA": os.environ.get("DATABASE_CA", ""),
        "CORS_ORIGINS": listed(os.environ.get("CORS_ORIGINS", "")),
        "CONTACTS_PER_HOUR": int(os.environ.get("CONTACTS_PER_HOUR", "5")),
    }


def default_database(instance: Path) -> str:
    """A SQLite file where systemd keeps the state of the service, else in Flask's instance folder."""
    directory = Path(os.environ.get("STATE_DIRECTORY") or instance)
    directory.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{directory / 'portfolio.db'}"


def with_driver(url: str) -> str:
    for plain, driver in DRIVERS.items():
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url


def listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def engine_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The pool of one worker."""
    # A connection that the server has closed meanwhile is noticed before a request fails on it.
    options: dict[str, Any] = {"pool_pre_ping": True}
    if is_server(settings):
        # Below the eight hours after which MySQL closes an idle connection, and what NAT forgets long before.
        options |= {"pool_size": 5, "max_overflow": 5, "pool_timeout": CONNECT, "pool_recycle": 280}
        options["connect_args"] = connect_args(settings, CONNECT, ANSWER)
    return options


def connect_args(settings: Mapping[str, Any], connect: int, answer: int | None) -> dict[str, Any]:
    """Options of the driver: seconds to wait (None: no limit), UTC, and verified TLS."""
    if not is_server(settings):
        return {}
    arguments: dict[str, Any] = {"connect_timeout": connect, "init_command": "SET time_zone = '+00:00'"}
    arguments |= {"read_timeout": answer, "write_timeout": answer}
    return arguments | tls.driver_options(make_url(settings["SQLALCHEMY_DATABASE_URI"]), settings["DATABASE_CA"])


def is_server(settings: Mapping[str, Any]) -> bool:
    return not settings["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
