# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names inside database servers: the databases, and the users with which services log in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def database_name(name: str, database: Mapping[str, Any]) -> str:
    """The name of the database inside its instance."""
    return str(database["name"] or name.replace("-", "_"))


def user_secret(database: str, service: str) -> str:
    """The name of the secret with user and password of a service in a database."""
    return f"{database}-{service}"


def database_user(service: str) -> str:
    """The user of a service. MySQL allows 32 characters."""
    return service.replace("-", "_")[:32]
