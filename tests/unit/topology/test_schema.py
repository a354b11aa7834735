# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is generated from the declarations is up to date, and true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._topology.containers import ListOf, Table
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.kinds import BAD, Text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.record import Derived, Field, Record
from ansible_collections.groundwork.aws.plugins.module_utils._topology.reference import reference, with_reference
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema import DOCUMENT, REFERABLE, json_schema

from .support import CHECKOUT, TOPOLOGIES, read

SCHEMA_FILE = CHECKOUT / "schema" / "topology.schema.json"
PAGE = CHECKOUT / "docs" / "topology.md"


def all_fields(kind: Any = DOCUMENT, place: str = "") -> Iterator[tuple[str, Field]]:
    """Every declared key, with its place."""
    inner = {Table: lambda: kind.value, ListOf: lambda: kind.item}.get(type(kind))
    if inner is not None:
        yield from all_fields(inner(), f"{place}.*")
    for key, field in getattr(kind, "fields", {}).items():
        yield f"{place}.{key}".strip("."), field
        yield from all_fields(field.kind, f"{place}.{key}")


FIELDS = dict(all_fields())


def test_the_schema_file_is_up_to_date() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema(), "run: make schema"


def test_the_reference_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_reference(page), "run: make schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.name)
def test_the_documents_of_the_collection_are_good(path: Path) -> None:
    jsonschema.validate(read(path), json_schema())
    assert load(path)["name"] == path.stem.replace("_", "-")


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.name)
def test_the_documents_lead_editors_to_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
    assert match
    assert (path.parent / match[1]).resolve() == SCHEMA_FILE


@pytest.mark.parametrize("place", FIELDS)
def test_every_key_says_what_it_means(place: str) -> None:
    field = FIELDS[place]
    assert re.fullmatch(r"[A-Z`n].*[.]", field.description), field.description
    assert f"`{place.rpartition('.')[2]}`" in reference() or f".{place.rpartition('.')[2]}`" in reference()


@pytest.mark.parametrize("place", [place for place, field in FIELDS.items() if field.default is not None])
def test_every_default_is_a_good_value(place: str) -> None:
    field = FIELDS[place]
    assert not field.required
    if isinstance(field.default, Derived):
        return
    problems: list[Any] = []
    assert field.kind.check(field.default, (), lambda *problem: problems.append(problem)) is not BAD
    assert problems == []


def test_what_texts_refer_to_exists() -> None:
    kinds = [field.kind for field in FIELDS.values()]
    kinds += [kind.item for kind in kinds if isinstance(kind, ListOf)]
    kinds += [kind.value for kind in kinds if isinstance(kind, Table)]
    named = {kind.refers for kind in kinds if isinstance(kind, Text) and kind.refers}
    assert named == set(REFERABLE)


def test_what_excludes_each_other_is_optional() -> None:
    for field in FIELDS.values():
        if isinstance(field.kind, Record):
            for keys in field.kind.one_of:
                assert not any(field.kind.fields[key].required for key in keys)
