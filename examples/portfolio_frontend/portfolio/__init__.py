# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a portfolio. What it shows and what visitors write goes through here to the back ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from . import config, logs, pages, problems, proxy, system
from .backends import Backends


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(config.from_environment())
    app.config.from_mapping(overrides or {})
    logs.configure(app)
    problems.register(app)
    timeouts = (app.config["CONNECT_TIMEOUT"], app.config["BACKEND_TIMEOUT"])
    app.extensions["backends"] = Backends(app.config["BACKEND_URLS"], timeouts, app.config["BACKEND_REST"])
    for blueprint in (system.blueprint, pages.blueprint, proxy.blueprint):
        app.register_blueprint(blueprint)
    trust_proxies(app)
    return app


def trust_proxies(app: Flask) -> None:
    """Believe the X-Forwarded-* headers of as many proxies as stand in front, and of no more."""
    if hops := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
