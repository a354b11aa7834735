# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What load balancers, deployments and people ask of the service itself."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

blueprint = Blueprint("system", __name__)


@blueprint.get("/health")
def health() -> Response:
    """The health of this process and of nothing else: a back end that is down is no reason to take the page away."""
    return jsonify(status="ok", release=current_app.config["RELEASE"])


@blueprint.get("/version")
def version() -> Response:
    return jsonify(service="frontend", release=current_app.config["RELEASE"])
