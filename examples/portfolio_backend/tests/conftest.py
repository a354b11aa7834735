# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each test has an application with a database of its own, made by the migrations.

That is SQLite in memory, or the MySQL or MariaDB that DATABASE_URL_TEST names, with the authority of its certificate in
the file DATABASE_CA_TEST: everything in it is dropped, so give it one that is for tests only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from portfolio import create_app
from portfolio.config import with_driver
from portfolio.database import db
from sqlalchemy import text


@pytest.fixture
def database() -> str:
    return with_driver(os.environ.get("DATABASE_URL_TEST") or "sqlite://")


@pytest.fixture(autouse=True)
def authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_CA", os.environ.get("DATABASE_CA_TEST", ""))


@pytest.fixture
def app(database: str) -> Iterator[Flask]:
    app = create_app({"SQLALCHEMY_DATABASE_URI": database, "RELEASE": "r42", "TESTING": True})
    with app.app_context():
        empty()
        upgrade()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def empty() -> None:
    db.drop_all()
    db.session.execute(text("DROP TABLE IF EXISTS alembic_version"))
    db.session.commit()
    db.session.remove()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
