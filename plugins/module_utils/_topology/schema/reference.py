# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Render the reference tables of docs/topology.md from the declarations."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .containers import ListOf, MappingOf
from .document import DOCUMENT
from .kinds import Kind
from .record import Derived, Field, Record

BEGIN = "<!-- begin: written by `make schema` -->"
END = "<!-- end: written by `make schema` -->"


def render_reference() -> str:
    """Markdown tables: one of the top-level keys, then one for each section with keys of its own."""
    seen: dict[int, str] = {}
    tables = [_render_table("At the top", list(DOCUMENT.fields.items()))]
    for key, field in DOCUMENT.fields.items():
        rows = list(_list_keys(field.kind, key, seen))
        if rows:
            tables.append(_render_table(f"`{key}`", rows))
    return "\n\n".join(tables)


def _list_keys(kind: Kind, path: str, seen: dict[int, str]) -> Iterator[tuple[str, Field | str]]:
    """The keys below a path, in order. A record that is used at two paths is shown at the first."""
    if isinstance(kind, MappingOf):
        yield from _list_keys(kind.value, f"{path}.{kind.label}", seen)
    if isinstance(kind, ListOf):
        yield from _list_keys(kind.item, f"{path}[]", seen)
    if not isinstance(kind, Record):
        return
    if id(kind) in seen:
        yield f"{path}.…", f"The same keys as `{seen[id(kind)]}`."
        return
    seen[id(kind)] = path
    for key, field in kind.fields.items():
        yield f"{path}.{key}", field
        yield from _list_keys(field.kind, f"{path}.{key}", seen)


def _render_table(title: str, rows: list[tuple[str, Field | str]]) -> str:
    lines = [f"### {title}", "", "| key | value | default | description |", "|---|---|---|---|"]
    for key, field in rows:
        cells = (
            ("", "", field) if isinstance(field, str) else (field.kind.what, _render_default(field), field.description)
        )
        lines.append("| " + " | ".join([f"`{key}`", *(cell.replace("|", "\\|") for cell in cells)]) + " |")
    return "\n".join(lines)


def _render_default(field: Field) -> str:
    if field.required:
        return "required"
    if isinstance(field.default, Derived):
        return field.default.text
    return "" if field.default is None else f"`{json.dumps(field.default)}`"


def replace_reference(page: str) -> str:
    """The page with new tables between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{render_reference()}\n\n{END}{after}"
