# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from portfolio import create_app
from portfolio.config import from_environment, with_driver
from portfolio.database import db
from sqlalchemy import inspect


def test_health_names_the_state_of_the_database(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "database": "ok"})


def test_health_is_503_without_a_database_and_recovers_by_itself(tmp_path: Path) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/later/x.db"})
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.json) == (503, {"status": "unavailable", "database": "down"})
    assert str(tmp_path) not in answer.text
    (tmp_path / "later").mkdir()
    with app.app_context():
        upgrade()
    assert app.test_client().get("/health").status_code == 200


def test_health_is_503_within_a_few_seconds_when_the_database_is_silent() -> None:
    # It takes the connection and never says a word, as a server that hangs does.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql+pymysql://app:secret@127.0.0.1:{silent.getsockname()[1]}/appdb"
        app = create_app({"SQLALCHEMY_DATABASE_URI": url})
        started = time.monotonic()
        answer = app.test_client().get("/health")
        assert (answer.status_code, answer.json["database"]) == (503, "down")
        assert time.monotonic() - started < 4
        assert "secret" not in answer.text


def test_health_is_503_until_the_database_is_migrated(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        downgrade(revision="base")
    assert (client.get("/health").status_code, client.get("/health").json["database"]) == (503, "not migrated")
    with app.app_context():
        db.metadata.tables["contacts"].drop(db.engine, checkfirst=True)
        db.session.execute(db.text("DROP TABLE alembic_version"))
        db.session.commit()
    assert (client.get("/health").status_code, client.get("/health").json["database"]) == (503, "not migrated")


@pytest.mark.parametrize("path", ["/api/projects", "/api/skills", "/api/stats"])
def test_the_api_says_that_the_database_is_away(tmp_path: Path, path: str) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/none/x.db"})
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"
    assert str(tmp_path) not in answer.text


def test_version_is_the_release(client: FlaskClient) -> None:
    assert client.get("/version").json == {"service": "backend", "release": "r42"}


@pytest.mark.parametrize("path", ["/api/nothing", "/"])
def test_what_is_not_there_is_a_problem(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_defect_says_nothing_of_itself(app: Flask) -> None:
    app.config["TESTING"] = False

    @app.get("/api/broken")
    def broken() -> str:
        raise RuntimeError("the secret")

    answer = app.test_client().get("/api/broken")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_each_request_is_one_line_of_json(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app({"SQLALCHEMY_DATABASE_URI": database})
    headers = {"X-Request-ID": "abc-1", "X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    answer = app.test_client().get("/version", headers=headers)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    expected = {"path": "/version", "status": 200, "request_id": "abc-1", "client": "203.0.113.9"}
    assert line.items() >= expected.items()
    assert answer.headers["X-Request-ID"] == "abc-1"


def test_other_origins_read_only_when_they_are_named(database: str) -> None:
    page = {"Origin": "https://portfolio.example"}
    closed = create_app({"SQLALCHEMY_DATABASE_URI": database}).test_client()
    assert "Access-Control-Allow-Origin" not in closed.get("/version", headers=page).headers
    named = {"SQLALCHEMY_DATABASE_URI": database, "CORS_ORIGINS": ["https://portfolio.example"]}
    shared = create_app(named).test_client()
    asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    granted = shared.options("/api/contact", headers=asked).headers
    assert granted["Access-Control-Allow-Origin"] == "https://portfolio.example"
    assert "content-type" in granted["Access-Control-Allow-Headers"].lower()
    refused = shared.options("/api/contact", headers={**asked, "Origin": "https://other.example"})
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_migrations_make_what_the_models_say_and_take_it_back(app: Flask) -> None:
    with app.app_context():
        for name, table in db.metadata.tables.items():
            assert {column["name"] for column in inspect(db.engine).get_columns(name)} == set(table.columns.keys())
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
        upgrade()


def test_the_environment_configures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "STATE_DIRECTORY", "CORS_ORIGINS"):
        monkeypatch.delenv(name, raising=False)
    assert from_environment(tmp_path)["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/portfolio.db"
    assert from_environment(tmp_path)["CORS_ORIGINS"] == []
    monkeypatch.setenv("DATABASE_URL", "mysql://app:secret@db:3306/appdb")
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    settings = from_environment(tmp_path)
    assert settings["SQLALCHEMY_DATABASE_URI"] == "mysql+pymysql://app:secret@db:3306/appdb"
    assert settings["CORS_ORIGINS"] == ["https://a.example", "https://b.example"]
    assert with_driver("sqlite://") == "sqlite://"
