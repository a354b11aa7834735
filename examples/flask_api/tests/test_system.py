# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from stockroom import create_app
from stockroom.config import from_environment, with_driver
from stockroom.database import db


def test_health_names_schema_and_release(client: FlaskClient) -> None:
    assert client.get("/api/health").json == {"status": "ok", "database": "up", "schema": "0001", "release": "r42"}


def test_health_is_503_without_a_database(tmp_path: Path) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/none/x.db"})
    answer = app.test_client().get("/api/health")
    assert (answer.status_code, answer.json["database"]) == (503, "down")
    assert str(tmp_path) not in answer.text


def test_health_is_503_until_the_database_is_migrated(tmp_path: Path) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/empty.db"})
    assert app.test_client().get("/api/health").status_code == 503


@pytest.mark.parametrize("path", ["/version", "/api/version"])
def test_version_is_the_release(client: FlaskClient, path: str) -> None:
    assert client.get(path).json == {"service": "api", "release": "r42"}


def test_a_defect_says_nothing_of_itself(app: Flask) -> None:
    app.config["TESTING"] = False

    @app.get("/api/broken")
    def broken() -> str:
        raise RuntimeError("the secret")

    answer = app.test_client().get("/api/broken")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_each_request_is_one_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/x.db"})
    headers = {"X-Request-ID": "abc-1", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    answer = app.test_client().get("/version", headers=headers)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    expected = {"path": "/version", "status": 200, "request_id": "abc-1", "client": "203.0.113.9"}
    assert line.items() >= expected.items()
    assert answer.headers["X-Request-ID"] == "abc-1"


def test_a_request_id_that_is_none_is_replaced(client: FlaskClient) -> None:
    assert " " not in client.get("/version", headers={"X-Request-ID": "a forged line"}).headers["X-Request-ID"]


def test_sqlite_is_set_up_for_a_server(app: Flask) -> None:
    with app.app_context():
        names = ("journal_mode", "busy_timeout", "foreign_keys")
        settings = [db.session.scalar(text(f"PRAGMA {name}")) for name in names]
    assert settings == ["wal", 5000, 1]


def test_migrations_make_what_the_models_say_and_take_it_back(app: Flask) -> None:
    with app.app_context():
        columns = {column["name"] for column in inspect(db.engine).get_columns("items")}
        assert columns == set(db.metadata.tables["items"].columns.keys())
        downgrade(revision="base")
        assert "items" not in inspect(db.engine).get_table_names()
        upgrade()


def test_the_environment_configures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "STATE_DIRECTORY", "RELEASE"):
        monkeypatch.delenv(name, raising=False)
    assert from_environment(tmp_path)["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/stockroom.db"
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    assert from_environment(tmp_path)["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/state/stockroom.db"
    monkeypatch.setenv("DATABASE_URL", "postgres://user@db/stock")
    assert from_environment(tmp_path)["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://user@db/stock"
    assert with_driver("mysql://db/x") == "mysql+pymysql://db/x"
