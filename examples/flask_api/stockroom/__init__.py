# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stockroom: a small REST API over one table, built the way it should run in production."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from . import changes, config, items, logs, problems, system
from .database import db

# Next to the package, so that `flask db upgrade` works from any directory.
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config.from_mapping(config.from_environment(Path(app.instance_path)))
    app.config.from_mapping(overrides or {})
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", config.engine_options(app.config))
    logs.configure(app)
    problems.register(app)
    changes.protect(app)
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS))
    app.register_blueprint(system.blueprint)
    app.register_blueprint(items.blueprint)
    trust_proxies(app)
    return app


def trust_proxies(app: Flask) -> None:
    """Believe the X-Forwarded-* headers of as many proxies as stand in front, and of no more."""
    if hops := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
