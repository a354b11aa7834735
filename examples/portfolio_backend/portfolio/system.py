# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What load balancers, deployments and people ask of the service itself."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from .config import PROBE
from .database import unpooled

blueprint = Blueprint("system", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/health")
def health() -> tuple[Response, int]:
    """Report healthy if the database can be reached and is migrated. Otherwise the process should get no traffic."""
    database = database_status()
    healthy = database == "ok"
    return jsonify(status="ok" if healthy else "unavailable", database=database), 200 if healthy else 503


def database_status() -> str:
    """Asked over a connection of its own: one of the pool could hang on a server that is gone for longer than a
    health check may take, and the pool being busy is no reason to be taken out of service."""
    try:
        with unpooled(PROBE, PROBE).connect() as connection:
            return "ok" if connection.scalar(text("SELECT version_num FROM alembic_version")) else "not migrated"
    except SQLAlchemyError as error:
        # The message of a driver may name users and hosts: it belongs in the log, not in the answer.
        log.error("health check: database: %s", error.__cause__ or type(error).__name__)
        return "not migrated" if without_tables(error) else "down"


def without_tables(error: SQLAlchemyError) -> bool:
    """Whether the database answered that it does not know the table of migrations."""
    missing = isinstance(error, OperationalError) and "no such table" in str(error.orig)  # SQLite
    return missing or (isinstance(error, ProgrammingError) and error.orig is not None and error.orig.args[0] == 1146)


@blueprint.get("/version")
def version() -> Response:
    return jsonify(service="backend", release=current_app.config["RELEASE"])


@blueprint.after_app_request
def never_cached(answer: Response) -> Response:
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
