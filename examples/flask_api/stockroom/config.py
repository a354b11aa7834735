# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configuration: from the environment, and from nowhere else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

# What platforms hand out, and the driver that SQLAlchemy should use for it.
DRIVERS = {
    "postgres://": "postgresql+psycopg://",
    "postgresql://": "postgresql+psycopg://",
    "mysql://": "mysql+pymysql://",
}


def from_environment(instance: Path) -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL") or default_database(instance)
    return {
        "RELEASE": os.environ.get("RELEASE", "development"),
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO").upper(),
        "TRUSTED_PROXIES": int(os.environ.get("TRUSTED_PROXIES", "1")),
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "SQLALCHEMY_DATABASE_URI": with_driver(url),
        # A connection that the server has closed meanwhile is noticed before a request fails on it.
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True},
    }


def default_database(instance: Path) -> str:
    """A SQLite file where systemd keeps the state of the service, else in Flask's instance folder."""
    directory = Path(os.environ.get("STATE_DIRECTORY") or instance)
    directory.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{directory / 'stockroom.db'}"


def with_driver(url: str) -> str:
    for plain, driver in DRIVERS.items():
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url
