# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the portfolio shows: `/api/projects`, `/api/skills` and `/api/stats`."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import func, select

from .database import db
from .models import Contact, Project, Skill

blueprint = Blueprint("content", __name__, url_prefix="/api")


@blueprint.get("/projects")
def projects() -> Response:
    """The newest first."""
    found = db.session.scalars(select(Project).order_by(Project.created_at.desc(), Project.id.desc()))
    return jsonify(projects=[project.as_json() for project in found])


@blueprint.get("/skills")
def skills() -> Response:
    found = db.session.scalars(select(Skill).order_by(*map(func.lower, (Skill.category, Skill.name)), Skill.id))
    return jsonify(skills=[skill.as_json() for skill in found])


@blueprint.get("/stats")
def stats() -> Response:
    """How much there is of everything, counted in one question to the database."""
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in (Project, Skill, Contact)]
    projects, skills, messages = db.session.execute(select(*counts)).one()
    return jsonify(projects=projects, skills=skills, messages=messages)
