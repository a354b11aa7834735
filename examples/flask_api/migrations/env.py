# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the migrations on the database of the application, over the engine that the application uses."""

from __future__ import annotations

from alembic import context
from flask import current_app

database = current_app.extensions["migrate"].db
# SQLite cannot alter most of a table in place: there a changed table is copied ("batch").
options = {
    "target_metadata": database.metadata,
    "render_as_batch": database.engine.dialect.name == "sqlite",
    "compare_type": True,
}


def offline() -> None:
    """Print the SQL (`flask db upgrade --sql`) instead of running it."""
    url = database.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    with database.engine.connect() as connection:
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online()
