# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference tables of docs/topology.md, from the declarations."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .containers import Table
from .kinds import Kind
from .record import Derived, Field, Record
from .schema import DOCUMENT

BEGIN = "<!-- begin: written by `make schema` -->"
END = "<!-- end: written by `make schema` -->"


def reference() -> str:
    """Markdown tables: one of the keys at the top, then one for each section that has keys of its own."""
    seen: dict[int, str] = {}
    tables = [_table("At the top", list(DOCUMENT.fields.items()))]
    for key, field in DOCUMENT.fields.items():
        rows = list(_inside(field.kind, key, seen))
        if rows:
            tables.append(_table(f"`{key}`", rows))
    return "\n\n".join(tables)


def _inside(kind: Kind, place: str, seen: dict[int, str]) -> Iterator[tuple[str, Field | str]]:
    """The keys below a place, in order. A record that stands in two places is shown at the first."""
    if isinstance(kind, Table):
        yield from _inside(kind.value, f"{place}.{kind.label}", seen)
    if not isinstance(kind, Record):
        return
    if id(kind) in seen:
        yield f"{place}.…", f"The same keys as `{seen[id(kind)]}`."
        return
    seen[id(kind)] = place
    for key, field in kind.fields.items():
        yield f"{place}.{key}", field
        yield from _inside(field.kind, f"{place}.{key}", seen)


def _table(title: str, rows: list[tuple[str, Field | str]]) -> str:
    lines = [f"### {title}", "", "| key | takes | default | meaning |", "|---|---|---|---|"]
    for key, field in rows:
        cells = ("", "", field) if isinstance(field, str) else (field.kind.what, _default(field), field.description)
        lines.append("| " + " | ".join([f"`{key}`", *(cell.replace("|", "\\|") for cell in cells)]) + " |")
    return "\n".join(lines)


def _default(field: Field) -> str:
    if field.required:
        return "required"
    if isinstance(field.default, Derived):
        return field.default.text
    return "" if field.default is None else f"`{json.dumps(field.default)}`"


def with_reference(page: str) -> str:
    """The page with the tables between its markers renewed."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"
