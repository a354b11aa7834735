# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files generated from the declarations are up to date and correct."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.documents import CHECKOUT, EXAMPLES, HERE, TOPOLOGIES, read

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import Layer, Source
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import parse_text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.spelling import restore_spellings
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.containers import ListOf, MappingOf
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.document import (
    DOCUMENT,
    REFERABLE,
    json_schema,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.kinds import INVALID, Scalar, Text
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.record import Derived, Field, Record
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema.reference import (
    render_reference,
    replace_reference,
)

SCHEMA_FILE = CHECKOUT / "schema" / "topology.schema.json"
PAGE = CHECKOUT / "docs" / "topology.md"


def all_fields(kind: Any = DOCUMENT, path: str = "") -> Iterator[tuple[str, Field]]:
    """Every declared key, with its path."""
    inner = {MappingOf: lambda: kind.value, ListOf: lambda: kind.item}.get(type(kind))
    if inner is not None:
        yield from all_fields(inner(), f"{path}.*")
    for key, field in getattr(kind, "fields", {}).items():
        yield f"{path}.{key}".strip("."), field
        yield from all_fields(field.kind, f"{path}.{key}")


FIELDS = dict(all_fields())
EDITOR = jsonschema.Draft202012Validator(json_schema())


def test_the_schema_file_is_up_to_date() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == json_schema(), "run: make schema"


def test_the_reference_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == replace_reference(page), "run: make schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", [*TOPOLOGIES, *EXAMPLES], ids=lambda path: path.name)
def test_the_documents_of_the_collection_are_valid(path: Path) -> None:
    EDITOR.validate(read(path))
    assert load(path)["name"] == path.stem.replace("_", "-")


@pytest.mark.parametrize("path", [*TOPOLOGIES, *EXAMPLES], ids=lambda path: path.name)
def test_the_documents_lead_editors_to_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
    assert match
    assert (path.parent / match[1]).resolve() == SCHEMA_FILE


@pytest.mark.parametrize("path", FIELDS)
def test_every_key_has_a_description(path: str) -> None:
    field = FIELDS[path]
    assert re.fullmatch(r"[A-Z`n].*[.]", field.description), field.description
    assert f"`{path.rpartition('.')[2]}`" in render_reference() or f".{path.rpartition('.')[2]}`" in render_reference()


@pytest.mark.parametrize("path", [path for path, field in FIELDS.items() if field.default is not None])
def test_every_default_is_valid(path: str) -> None:
    field = FIELDS[path]
    assert not field.required
    if isinstance(field.default, Derived):
        return
    problems: list[Any] = []
    assert field.kind.check(field.default, (), lambda *problem: problems.append(problem)) is not INVALID
    assert problems == []


# What people write as values, in the spelling of a file.
WRITTEN = (
    *("0", "1", "5", "16", "7", "80", "0123", "-1", "65536", "500000", "012345678901", "123456789012"),
    *("1.10", "5.0", "7.2", "12.5", "0.5", ".5", "1e3", "-1.5", "5000.0"),
    *("true", "True", "false", "FALSE", "yes", "no", "on", "~", "null"),
    *(
        '"5"',
        '"0080"',
        '"-5"',
        '"1.10"',
        '"true"',
        '"False"',
        '"yes"',
        '""',
        '" "',
        '"012345678901"',
        '"65536"',
        '"7.2"',
    ),
    *(
        "app",
        "main",
        "App",
        "a b",
        "a.example",
        "'*.a.example'",
        "redis",
        "mysql",
        "none",
        "auto",
        "2026-06-30",
        "12:30",
    ),
    *("[]", "[a]", "[5]", "[1.10]", "[true]", "[~]", "{}", "{a: b}", "{A: 1.10}", "{A: true}", "{A: ~}", "{1: 5}"),
)


def leaves(kind: Any, path: str = "") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every kind of value without keys of its own, with its path and its part of the schema."""
    if isinstance(kind, MappingOf):
        yield from leaves(kind.value, f"{path}.*")
    elif isinstance(kind, Record):
        for key, field in kind.fields.items():
            if isinstance(field.kind, Record):
                yield from leaves(field.kind, f"{path}.{key}")
            else:
                yield f"{path}.{key}".strip("."), field, field.schema()
                yield from leaves(field.kind, f"{path}.{key}")
    else:
        yield f"{path}".strip("."), kind, kind.schema()


LEAVES = {path: (declared, schema) for path, declared, schema in leaves(DOCUMENT)}


def is_taken(declared: Any, text: str) -> bool:
    """Whether validation accepts a value at the path of a field or kind, in the spelling of a document."""
    problems: list[Any] = []
    kind = declared.kind if isinstance(declared, Field) else declared
    value, node = parsed(text)
    if isinstance(declared, Field) and value is None:
        return not declared.required
    restored = restored_at(kind, value, node)
    answer = kind.check(restored, (), lambda *problem: problems.append(problem))
    return answer is not INVALID and problems == []


def restored_at(kind: Any, value: Any, node: Any) -> Any:
    if isinstance(kind, (Text, Scalar)) and isinstance(value, (bool, int, float)):
        return node.value
    if isinstance(kind, ListOf) and isinstance(value, list):
        return [restored_at(kind.item, *pair) for pair in zip(value, node.value, strict=True)]
    if isinstance(kind, MappingOf) and isinstance(value, dict):
        pairs = zip(value.items(), node.value, strict=True)
        return {key: restored_at(kind.value, item, inner[1]) for (key, item), inner in pairs}
    return value


@lru_cache
def parsed(text: str) -> tuple[Any, Any]:
    """A value as a document spells it, and its node."""
    found = parse_text(f"key: {text}\n", lambda *problem: pytest.fail(str(problem)))
    return found.data["key"], found.node.value[0][1]


def other_spellings(value: Any) -> Iterator[str]:
    """Texts that YAML reads as the same number or boolean, which JSON Schema cannot distinguish."""
    if isinstance(value, list):
        yield from (f"[{text}]" for item in value for text in other_spellings(item))
    elif isinstance(value, bool):
        yield from (str(value), str(value).lower())
    elif isinstance(value, (int, float)):
        whole = [str(int(value))] if value == int(value) else []
        yield from [*whole, *(text.zfill(digits) for text in whole for digits in range(1, 19)), f"{float(value)}"]


@pytest.mark.parametrize("path", LEAVES)
def test_the_schema_accepts_the_values_that_validation_accepts(path: str) -> None:
    declared, schema = LEAVES[path]
    validator = jsonschema.Draft202012Validator(schema)
    differing = []
    for text in WRITTEN:
        value = parsed(text)[0]
        takes, taken = validator.is_valid(value), is_taken(declared, text)
        if takes != taken and not (takes and any(is_taken(declared, other) for other in other_spellings(value))):
            differing.append((text, "schema" if takes else "validation"))
    assert differing == [], "taken by one alone"


POSITIONS = {
    "environment": ("services", "api", "environment", "VALUE"),
    "secrets of a service": ("services", "api", "secrets", "VALUE"),
    "build": ("services", "api", "build"),
    "port": ("services", "api", "port"),
    "socket": ("services", "api", "socket"),
    "workers": ("services", "api", "workers"),
    "ref": ("services", "api", "source", "ref"),
    "on": ("services", "api", "on"),
    "tags": ("tags", "value"),
    "account": ("account",),
    "key of a secret": ("secrets", "token", "key"),
    "existing secret": ("secrets", "token", "existing"),
    "version of a database": ("databases", "main", "version"),
    "retention": ("monitoring", "logs", "retention"),
    "alarm": ("monitoring", "alarms", "services", "errors"),
    "proxy": ("proxy",),
}


@pytest.mark.parametrize("text", ["1.10", "5", "0", "012345678901", "true", "app", "token", '"5"', '"true"', "~", "[]"])
@pytest.mark.parametrize("name", POSITIONS)
def test_an_editor_and_validation_agree_about_a_document(name: str, text: str) -> None:
    path = POSITIONS[name]
    document = read(HERE / "small.yml")
    document["secrets"] = {"token": {"existing": "shop/token"}}
    document["databases"] = {"main": {"engine": "postgres", "subnets": "private"}}
    inner = document
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = "VALUE-TO-WRITE"
    problems: list[Any] = []

    def report(*problem: Any) -> None:
        problems.append(problem)

    found = parse_text(yaml.safe_dump(document).replace("VALUE-TO-WRITE", text), report)
    layer = Layer(found.data, sources=(Source("shop.yml", found.node),))
    restored = restore_spellings(found.data, [layer], report, report)
    DOCUMENT.check(restored, (), report)
    # An account of 5 is the same number as one of 000000000005.
    assert EDITOR.is_valid(found.data) == (problems == [] or (name == "account" and text in "50")), problems


def test_every_kind_of_reference_has_its_names() -> None:
    kinds = [field.kind for field in FIELDS.values()]
    kinds += [kind.item for kind in kinds if isinstance(kind, ListOf)]
    kinds += [kind.value for kind in kinds if isinstance(kind, MappingOf)]
    named = {kind.refers for kind in kinds if isinstance(kind, Text) and kind.refers}
    assert named == set(REFERABLE)


def test_keys_that_exclude_each_other_are_optional() -> None:
    for field in FIELDS.values():
        if isinstance(field.kind, Record):
            for keys in field.kind.one_of:
                assert not any(field.kind.fields[key].required for key in keys)
