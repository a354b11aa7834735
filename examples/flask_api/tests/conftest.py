# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each test has an application with a database of its own, made by the migrations."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from stockroom import create_app

TOKEN = "a-token-of-the-tests"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    settings = {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/test.db", "RELEASE": "r42", "API_TOKEN": TOKEN}
    app = create_app({**settings, "TESTING": True})
    with app.app_context():
        upgrade()
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that has the token."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    return client
