# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers that should be text keep the digits that were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._topology.compile import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import TopologyError, examine, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.layers import Layer, read_sources

from .support import base_of

SMALL = Path(__file__).with_name("small.yml").read_text(encoding="utf-8")
SPELLINGS = [
    "012345678901",
    "1.10",
    "12345e7",
    "0x1F",
    "0o17",
    "0123",
    "1_000",
    "1_000.50",
    "12:30:00",
    "2026-06-30",
    "2026-06-30T12:30:00Z",
    "1e3",
    "1E+3",
    "+5",
    "-0",
    ".5",
    "5.",
    ".inf",
    ".nan",
    "yes",
    "no",
    "on",
    "off",
    "True",
    "FALSE",
    "9" * 30,
    "1.0000000000000000001",
]


def loaded(text: str, folder: Path, layers: Any = ()) -> Any:
    path = folder / "shop.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, layers)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_document_keeps_what_was_written_where_text_is_expected(spelling: str, tmp_path: Path) -> None:
    text = SMALL.replace("port: 5000", f"port: 5000\n    environment: {{VALUE: {spelling}}}")
    document = loaded(text + f"tags: {{value: {spelling.replace('+', '')}}}\n", tmp_path)
    assert document["services"]["api"]["environment"]["VALUE"] == spelling
    assert document["tags"]["value"] == spelling.replace("+", "")


@pytest.mark.parametrize(
    ("old", "new", "place", "value"),
    [
        (
            'git: "https://git.example/shop.git"',
            "git: git@x:shop, ref: 1.10",
            ("services", "api", "source", "ref"),
            "1.10",
        ),
        ("port: 5000", "port: 5000\n    build: 0123", ("services", "api", "build"), "0123"),
        ("port: 5000", "port: 0123", ("services", "api", "port"), 123),
    ],
)
def test_other_places_for_text_do_so_too(old: str, new: str, place: Any, value: Any, tmp_path: Path) -> None:
    found = loaded(SMALL.replace(old, new), tmp_path)
    for step in place:
        found = found[step]
    assert found == value


def test_versions_and_keys_of_secrets_keep_theirs(tmp_path: Path) -> None:
    text = SMALL + (
        "secrets: {token: {existing: 0123, key: 1.10}}\n"
        "caches: {redis: {engine: redis, subnets: private, version: 7.10}}\n"
    )
    document = loaded(text, tmp_path)
    assert (document["secrets"]["token"]["existing"], document["secrets"]["token"]["key"]) == ("0123", "1.10")
    assert document["caches"]["redis"]["version"] == "7.10"


def test_what_an_anchor_brings_in_keeps_it_too(tmp_path: Path) -> None:
    extra = "port: 5000\n    environment: {<<: &common {VERSION: 1.10}}"
    text = SMALL.replace("port: 5000", extra) + "tags: *common\n"
    document = loaded(text, tmp_path)
    assert document["services"]["api"]["environment"] == document["tags"] == {"VERSION": "1.10"}


def test_tags_of_raw_resources_keep_theirs(tmp_path: Path) -> None:
    text = SMALL + "resources: {security_group/extra: {description: x, vpc: {ref: vpc/main}, tags: {cost: 1.10}}}\n"
    stack = compile_stack(loaded(text, tmp_path))
    assert stack.resources[-1].tags == {"cost": "1.10"}


def test_a_raw_property_whose_digits_would_be_lost_is_refused(tmp_path: Path) -> None:
    text = SMALL + "resources:\n  security_group/extra:\n    vpc: {ref: vpc/main}\n    description: 0123\n"
    with pytest.raises(TopologyError) as raised:
        loaded(text, tmp_path)
    (problem,) = raised.value.problems
    assert problem.key == "resources.security_group/extra.description"
    assert "0123 is read as the number 123" in problem.text


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_override_keeps_what_its_file_has(spelling: str, tmp_path: Path) -> None:
    """Ansible reads YAML 1.1, in which more of these are numbers and truth values."""
    file = tmp_path / "all.yml"
    text = f"stack_overrides: {{services: {{api: {{environment: {{VALUE: {spelling}}}}}}}}}\n"
    file.write_text(text, encoding="utf-8")
    sources = read_sources([str(file)], "stack_overrides")
    layer = Layer(yaml.safe_load(text)["stack_overrides"], "group_vars", sources=sources)
    found = load(base_of({}), [layer])["services"]["api"]["environment"]["VALUE"]
    assert found == spelling


def test_an_override_from_a_template_is_what_the_template_made(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    file.write_text("stack_overrides: {services: {api: {environment: {VALUE: '{{ x }}'}}}}\n", encoding="utf-8")
    sources = read_sources([str(file)], "stack_overrides")
    layer = Layer({"services": {"api": {"environment": {"VALUE": 0.5}}}}, "group_vars", sources=sources)
    assert load(base_of({}), [layer])["services"]["api"]["environment"]["VALUE"] == "0.5"


def test_a_fraction_of_unknown_spelling_is_refused() -> None:
    with pytest.raises(TopologyError) as raised:
        load(base_of({}), [{"services": {"api": {"environment": {"VERSION": 1.1}}}}])
    (problem,) = raised.value.problems
    assert problem.key == "services.api.environment.VERSION"
    assert "put it in quotes" in problem.text


@pytest.mark.parametrize(("value", "text"), [(83, "83"), (True, "true")])
def test_other_values_of_unknown_spelling_are_warned_of(value: Any, text: str) -> None:
    found = examine(base_of({}), [{"services": {"api": {"environment": {"VALUE": value}}}}])
    assert found.document["services"]["api"]["environment"]["VALUE"] == text
    (warning,) = found.warnings
    assert warning.key == "services.api.environment.VALUE"
    assert found.errors == []


def test_text_of_unknown_spelling_is_no_matter() -> None:
    assert examine(base_of({}), [{"tags": {"version": "1.10"}}]).warnings == []
