# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from datetime import datetime, timedelta, timezone

from flask import Flask
from flask.testing import FlaskClient
from portfolio.database import db
from portfolio.models import Project
from sqlalchemy import delete


def test_the_migrations_bring_something_to_show(client: FlaskClient) -> None:
    projects = client.get("/api/projects").json["projects"]
    assert len(projects) == 3
    assert projects[0].keys() == {"id", "name", "description", "technologies", "created_at"}
    assert {"Python", "Flask", "MySQL"} <= {name for project in projects for name in project["technologies"]}


def test_skills_come_by_category_and_name(client: FlaskClient) -> None:
    skills = client.get("/api/skills").json["skills"]
    order = [(skill["category"].lower(), skill["name"].lower()) for skill in skills]
    assert order == sorted(order)
    assert ("languages", "python") in order


def test_the_newest_project_is_first(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.session.add(Project(name="Naïve ☕", description=None, technologies=" Go,, "))
        db.session.commit()
    first = client.get("/api/projects").json["projects"][0]
    assert (first["name"], first["description"], first["technologies"]) == ("Naïve ☕", "", ["Go"])
    assert abs(datetime.fromisoformat(first["created_at"]) - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_stats_count_what_there_is(app: Flask, client: FlaskClient) -> None:
    assert client.get("/api/stats").json == {"projects": 3, "skills": 13, "messages": 0}
    client.post("/api/contact", json={"name": "Ada", "email": "ada@example.com", "message": "Hello"})
    with app.app_context():
        db.session.execute(delete(Project))
        db.session.commit()
    assert client.get("/api/stats").json == {"projects": 0, "skills": 13, "messages": 1}
    assert client.get("/api/projects").json == {"projects": []}
