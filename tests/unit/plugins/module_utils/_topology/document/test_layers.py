# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Layers over a document are merged by key and named in errors."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from support.documents import base_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import read_layer
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError

SMALL = base_of({})


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": None}}, {"a": {"y": 2}}),
        ({}, {"a": {"x": None, "y": 1}}, {"a": {"y": 1}}),
        ({}, {"a": None}, {}),
    ],
)
def test_merge(base: Any, over: Any, merged: Any) -> None:
    before = repr((base, over))
    assert merge(base, over) == merged
    assert repr((base, over)) == before


def test_later_layers_win() -> None:
    document = load(SMALL, [{"services": {"api": {"port": 5001, "workers": 2}}}, {"services": {"api": {"port": 5002}}}])
    assert (document["services"]["api"]["port"], document["services"]["api"]["workers"]) == (5002, 2)


def test_a_null_restores_a_default() -> None:
    changed = load(SMALL, [{"services": {"api": {"timeout": 90}}}])
    assert load(changed, [{"services": {"api": {"timeout": None}}}])["services"]["api"]["timeout"] == 30


def test_a_null_removes_a_service() -> None:
    assert load(SMALL, [{"services": {"api": None}}])["services"] == {}


def test_the_key_on_that_yaml_1_1_reads_as_true_is_restored() -> None:
    """Ansible's own YAML reads `on:` as true."""
    document = load(SMALL, [{"instances": {"other": {"subnets": "private"}}, "services": {"api": {True: "other"}}}])
    assert document["services"]["api"]["on"] == "other"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"tags": {True: "x"}}, "tags: the key true"),
        ({"services": {"api": {"environment": {True: "x"}}}}, "services.api.environment: the key true"),
        ({"services": {"api": {False: "x"}}}, "services.api: the key false"),
        ({"resources": {"alarm/a": {"dimensions": {True: "x"}}}}, "resources.alarm/a.dimensions: the key true"),
    ],
)
def test_a_key_that_yaml_1_1_reads_as_a_boolean_is_rejected_elsewhere(change: Any, path: str) -> None:
    with pytest.raises(TopologyError) as raised:
        load(SMALL, [change])
    fix = "(put it in quotes: yes, no, on and off are booleans to ansible)"
    assert f"{path} is not text {fix} [from override 1]" in raised.value.errors


def test_a_key_has_the_spelling_of_the_file_that_sets_it(tmp_path: Path) -> None:
    """YAML 1.1 reads on, yes and no as booleans, and 12 as a number."""
    file = tmp_path / "all.yml"
    file.write_text(
        "stack_overrides:\n  tags: {yes: a, no: b, 12: c}\n  services: {api: {on: app}}\n", encoding="utf-8"
    )
    values = {"tags": {True: "a", False: "b", 12: "c"}, "services": {"api": {True: "app"}}}
    document = load(SMALL, [read_layer({"name": "stack_overrides", "values": values, "files": [str(file)]})])
    assert document["tags"] == {"yes": "a", "no": "b", "12": "c"}
    assert document["services"]["api"]["on"] == "app"


def test_text_from_templates_is_read_as_numbers_and_booleans() -> None:
    change = {"services": {"api": {"port": "5001", "websocket": "True", "workers": "3"}}}
    api = load(SMALL, [change])["services"]["api"]
    assert (api["port"], api["websocket"], api["workers"]) == (5001, True, 3)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("203.0.113.7/32, 198.51.100.0/24", ["203.0.113.7/32", "198.51.100.0/24"]),
        ("203.0.113.7/32\n198.51.100.0/24\n", ["203.0.113.7/32", "198.51.100.0/24"]),
        ("203.0.113.7/32", ["203.0.113.7/32"]),
        (" , ", []),
    ],
)
def test_a_list_in_an_override_may_be_text(text: str, networks: list[str]) -> None:
    assert load(SMALL, [{"access": {"ssh_from": text}}])["access"]["ssh_from"] == networks


def test_a_number_with_spaces_in_an_override_is_one() -> None:
    assert load(SMALL, [{"instances": {"app": {"count": " 3 "}}}])["instances"]["app"]["count"] == 3


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("a number", {"instances": {"app": {"count": ""}}}),
        ("a list", {"services": {"api": {"calls": " "}}}),
        ("a truth value", {"services": {"api": {"websocket": ""}}}),
        ("a choice", {"access": {"connect": ""}}),
        ("a text", {"region": ""}),
    ],
)
def test_a_question_without_an_answer_changes_nothing(path: str, layer: Any) -> None:
    base = load(SMALL, [{"instances": {"app": {"count": 2}}}])
    assert load(base, [layer]) == base


def test_a_whole_override_may_be_text() -> None:
    expected = load(SMALL, [{"services": {"api": {"port": 5001}}}])
    assert load(SMALL, ["services:\n  api: {port: 5001}\n"]) == expected
    assert load(SMALL, ['{"services": {"api": {"port": "5001"}}}']) == expected
    assert load(SMALL, [" "]) == load(SMALL)


def test_an_override_that_is_broken_text_names_its_line() -> None:
    (error,) = errors(["services:\n\tapi: {}\n"])
    assert error.startswith("override 1.line 2: a tab")
    (error,) = errors(["production"])
    assert error.startswith('override 1: "production" is not a mapping')


def test_lists_of_a_document_stay_lists() -> None:
    with pytest.raises(TopologyError, match="is not a list"):
        load({**SMALL, "access": {"ssh_from": "203.0.113.7/32"}})


def test_environment_values_become_the_text_that_a_process_sees() -> None:
    values = {"PORTS": 3, "RATIO": "0.5", "DEBUG": False, "DAY": datetime.date(2026, 6, 30), "EMPTY": ""}
    environment = load(SMALL, [{"services": {"api": {"environment": values}}}])["services"]["api"]["environment"]
    assert environment == {"PORTS": "3", "RATIO": "0.5", "DEBUG": "false", "DAY": "2026-06-30", "EMPTY": ""}


class Marked(str):
    """Text with something attached, as ansible has it."""


def test_a_document_has_no_types_of_ansible() -> None:
    document = load(SMALL, [{Marked("name"): Marked("other")}])
    assert document["name"] == "other"
    assert not isinstance(document["name"], Marked)
    assert not any(isinstance(key, Marked) for key in document)


def errors(overrides: list[Any]) -> list[str]:
    with pytest.raises(TopologyError) as raised:
        load(SMALL, overrides)
    return raised.value.errors


def test_an_error_names_the_layer_that_set_the_value() -> None:
    assert errors([{"services": {"api": {"port": 5001}}}, {"services": {"api": {"port": 0}}}]) == [
        "services.api.port: 0 is not a port (1-65535) [from override 2]"
    ]
    assert errors([{"services": {"api": {"port": 0}}}, {"region": "us-east-1"}])[0] == (
        "services.api.port: 0 is not a port (1-65535) [from override 1]"
    )


def test_a_layer_that_is_no_mapping() -> None:
    (error,) = errors([["port"]])
    assert error.startswith("override 1: a list is not a mapping (its keys: name, region, ")


def test_keys_that_are_not_text() -> None:
    assert errors([{"services": {3: {}}, False: 1}]) == [
        "services: the key 3 is not text (put it in quotes) [from override 1]",
        "document: the key false is not text (put it in quotes: yes, no, on and off are booleans to ansible)",
    ]


def test_data_that_contains_itself() -> None:
    loop: dict[str, Any] = {}
    loop["tags"] = loop["other"] = loop
    assert any("is nested too deeply, or too large (write it with" in error for error in errors([loop]))


def test_many_values_of_few_shared_objects_are_rejected() -> None:
    bomb: list[Any] = ["x"] * 10
    for _level in range(20):
        bomb = [bomb] * 10
    assert any("is nested too deeply, or too large" in error for error in errors([{"tags": {"a": bomb}}]))
