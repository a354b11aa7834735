# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The REST resource `/api/items`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from . import validation
from .database import db
from .models import Item
from .problems import ProblemError

blueprint = Blueprint("items", __name__, url_prefix="/api/items")


@blueprint.get("")
def index() -> Response:
    """One page of the items, by name; `?q=` keeps those whose name contains it."""
    number, size = validation.page(request.args)
    chosen = select(Item)
    if wanted := request.args.get("q", "").strip():
        chosen = chosen.where(Item.name.icontains(wanted, autoescape=True))
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    found = db.session.scalars(chosen.order_by(func.lower(Item.name), Item.id).offset((number - 1) * size).limit(size))
    pages = -(-total // size)
    return jsonify(items=[item.as_json() for item in found], page=number, per_page=size, total=total, pages=pages)


@blueprint.post("")
def create() -> Response:
    item = Item(**validation.item(request))
    db.session.add(item)
    save(item)
    answer = shown(item)
    answer.status_code, answer.headers["Location"] = 201, url_for("items.show", item_id=item.id)
    return answer


@blueprint.get("/<int:item_id>")
def show(item_id: int) -> Response:
    return shown(wanted(item_id))


@blueprint.put("/<int:item_id>")
def replace(item_id: int) -> Response:
    """Fields that are not sent go back to their defaults."""
    return changed(wanted(item_id), {"quantity": 1, "note": "", **validation.item(request)})


@blueprint.patch("/<int:item_id>")
def update(item_id: int) -> Response:
    return changed(wanted(item_id), validation.item(request, partial=True))


@blueprint.delete("/<int:item_id>")
def delete(item_id: int) -> tuple[str, int]:
    db.session.delete(wanted(item_id))
    db.session.commit()
    return "", 204


def wanted(item_id: int) -> Item:
    # Beyond what a database's integer holds there is nothing to look for.
    item = db.session.get(Item, item_id) if item_id < 2**31 else None
    if item is None:
        raise ProblemError(404, "Not Found", f"There is no item {item_id}.")
    return item


def changed(item: Item, values: dict[str, Any]) -> Response:
    for field, value in values.items():
        setattr(item, field, value)
    save(item)
    return shown(item)


def save(item: Item) -> None:
    """The database decides whether a name is taken: a check beforehand would lose the race."""
    name = item.name
    try:
        db.session.commit()
    except IntegrityError as error:
        db.session.rollback()
        raise ProblemError(409, "Conflict", f"There is another item named {name!r}.") from error


def shown(item: Item) -> Response:
    return jsonify(item.as_json())
