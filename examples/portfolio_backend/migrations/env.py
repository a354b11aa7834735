# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the migrations on the database of the application, over a connection that waits as long as they take."""

from __future__ import annotations

from alembic import context
from flask import current_app
from portfolio.config import CONNECT
from portfolio.database import unpooled
from sqlalchemy import Connection, text

database = current_app.extensions["migrate"].db
server = database.engine.dialect.name != "sqlite"
# SQLite cannot alter most of a table in place: there a changed table is copied ("batch").
options = {"target_metadata": database.metadata, "render_as_batch": not server, "compare_type": True}


def offline() -> None:
    """Print the SQL (`flask db upgrade --sql`) instead of running it."""
    url = database.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, literal_binds=True, **options)
    with context.begin_transaction():
        context.run_migrations()


def online() -> None:
    with unpooled(CONNECT, None).connect() as connection:
        if server:
            alone(connection)
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()


def alone(connection: Connection) -> None:
    """MySQL changes tables outside of transactions: two runs at once would step on each other. The lock is the
    connection's, and goes when it does, however this ends."""
    if not connection.scalar(text("SELECT GET_LOCK('portfolio_migrations', 300)")):
        raise TimeoutError("another migration has been running for five minutes")
    connection.commit()


if context.is_offline_mode():
    offline()
else:
    online()
