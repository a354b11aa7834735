# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is stored."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import TIMESTAMP, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from .database import Base


def iso(moment: datetime) -> str:
    """The databases keep UTC and give it back without saying so."""
    return moment.replace(tzinfo=timezone.utc).isoformat()


class Row:
    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP, server_default=func.current_timestamp())


class Project(Row, Base):
    __tablename__ = "projects"

    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    technologies: Mapped[str | None] = mapped_column(String(255))

    def as_json(self) -> dict[str, Any]:
        named = [part.strip() for part in (self.technologies or "").split(",")]
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description or "",
            "technologies": [part for part in named if part],
            "created_at": iso(self.created_at),
        }


class Skill(Row, Base):
    __tablename__ = "skills"

    name: Mapped[str] = mapped_column(String(100))
    category: Mapped[str | None] = mapped_column(String(100))

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "category": self.category or "", "created_at": iso(self.created_at)}


class Contact(Row, Base):
    __tablename__ = "contacts"

    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str] = mapped_column(String(255))
    message: Mapped[str | None] = mapped_column(Text)
