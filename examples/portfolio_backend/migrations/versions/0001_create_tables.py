"""Create the tables of projects, skills and contacts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Should this be broken off, MySQL keeps the tables that it has made so far, and the next run makes the others.
OPTIONS = {"if_not_exists": True, "mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}


def identity() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), autoincrement=True, nullable=False)


def created() -> sa.Column[sa.TIMESTAMP]:
    return sa.Column("created_at", sa.TIMESTAMP(), server_default=sa.func.current_timestamp(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "projects",
        identity(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("technologies", sa.String(255)),
        created(),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        **OPTIONS,
    )
    op.create_table(
        "skills",
        identity(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("category", sa.String(100)),
        created(),
        sa.PrimaryKeyConstraint("id", name="pk_skills"),
        **OPTIONS,
    )
    op.create_table(
        "contacts",
        identity(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("email", sa.String(255), nullable=False),
        sa.Column("message", sa.Text()),
        created(),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        **OPTIONS,
    )


def downgrade() -> None:
    for table in ("contacts", "skills", "projects"):
        op.drop_table(table)
