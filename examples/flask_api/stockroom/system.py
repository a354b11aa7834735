# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What load balancers, deployments and people ask of the service itself."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from .database import db
from .problems import ProblemError

blueprint = Blueprint("system", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/api/health")
def health() -> Response:
    """Report healthy if the database can be reached and is migrated. Otherwise the process should get no traffic."""
    try:
        revision = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError as error:
        # The message of a driver may name users and hosts: it belongs in the log, not in the answer.
        log.error("health check: database: %s", error.__cause__ or type(error).__name__)
        raise ProblemError(503, "Service Unavailable", "The database cannot be used.", database="down") from error
    return jsonify(status="ok", database="up", schema=revision, release=current_app.config["RELEASE"])


@blueprint.get("/version")
@blueprint.get("/api/version")
def version() -> Response:
    """Twice: a proxy in front usually passes on `/api/*` only."""
    return jsonify(service="api", release=current_app.config["RELEASE"])


@blueprint.after_app_request
def never_cached(answer: Response) -> Response:
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
