"""Add a first portfolio, to be replaced by your own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

projects = sa.table("projects", *map(sa.column, ("name", "description", "technologies")))
skills = sa.table("skills", *map(sa.column, ("name", "category")))

PROJECTS = [
    (
        "Tide tables",
        "A forecast of high and low water for forty harbours that loads in one second on a slow phone, "
        "and keeps working without a network.",
        "Python, Flask, MySQL",
    ),
    (
        "Parcel desk",
        "The counter of a courier service: labels, receipts and a queue that three branches share.",
        "JavaScript, Express, PostgreSQL, Redis",
    ),
    (
        "Quiet deploys",
        "Releases that go out host by host behind a load balancer, and take themselves back when they do not get well.",
        "Ansible, AWS, HAProxy",
    ),
]
SKILLS = {
    "Languages": ("Python", "JavaScript", "SQL"),
    "Back end": ("Flask", "Express", "MySQL", "Redis"),
    "Front end": ("HTML", "CSS", "Accessibility"),
    "Operations": ("AWS", "Ansible", "Linux"),
}


def upgrade() -> None:
    op.bulk_insert(projects, [dict(zip(("name", "description", "technologies"), row, strict=True)) for row in PROJECTS])
    op.bulk_insert(skills, [{"name": name, "category": kind} for kind, names in SKILLS.items() for name in names])


def downgrade() -> None:
    """Delete the rows of this migration and keep all later ones."""
    op.execute(projects.delete().where(projects.c.name.in_([row[0] for row in PROJECTS])))
    for kind, names in SKILLS.items():
        op.execute(skills.delete().where(skills.c.category == kind, skills.c.name.in_(names)))
