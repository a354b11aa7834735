# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The request of a run is read variable by variable, so that a template that fails hides no other error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template

from ansible_collections.groundwork.aws.plugins.plugin_utils import request
from ansible_collections.groundwork.aws.plugins.plugin_utils.request import read_request

UNDEFINED = "its template refers to a variable that is not defined"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(request, "load_extra_vars", lambda _loader: {"services": "api", "mine": 1})
    monkeypatch.setattr(request, "find_extra_files", list)
    monkeypatch.delenv("GROUNDWORK_TOPOLOGY", raising=False)
    monkeypatch.chdir(tmp_path)


def template(text: str) -> Any:
    return trust_as_template(text)


def read(arguments: dict[str, Any], **variables: Any) -> dict[str, Any]:
    return read_request(arguments, variables, DataLoader())


def test_the_names_of_the_command_line_are_read() -> None:
    assert read({"topology": "a"})["extra_variables"] == ["mine", "services"]


def test_variables_are_rendered_one_by_one() -> None:
    found = read(
        {"topology": "a"},
        services=[template("{{ stage }}-api"), "web"],
        ref=template("{{ 1/0 }}"),
        to=template("{{ nope }}"),
        stage="test",
        other=template("{{ 1/0 }}"),
    )
    assert found["services"] == ["test-api", "web"]
    assert found["ref"] is found["to"] is None
    (ref, to) = found["variable_problems"]
    assert ref[0] == "ref"
    assert "division by zero" in ref[1]
    assert (to[0], to[1].partition(" (")[0]) == ("to", UNDEFINED)


def test_variables_that_are_not_given_are_not_set() -> None:
    assert read({"topology": "a"}, ref="") == {
        "extra_variables": ["mine", "services"],
        "ref": "",
        "variable_problems": [],
    }


@pytest.mark.parametrize(
    ("variable", "named", "expected"),
    [
        ("three_tier", "", "three_tier"),
        ("", "three-tier", "three-tier"),
        (None, "shop.yml", "{here}/shop.yml"),
        ("../shop.yml", "other", "{above}/shop.yml"),
        ("/a/b.yml", "", "/a/b.yml"),
        ({"name": "shop"}, "other", {"name": "shop"}),
        (None, "", ""),
    ],
)
def test_the_document_that_the_run_names(
    variable: Any, named: str, expected: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GROUNDWORK_TOPOLOGY", named)
    here = os.path.realpath(tmp_path)
    if isinstance(expected, str):
        expected = expected.format(here=here, above=os.path.dirname(here))
    assert read({}, topology=variable)["topology"] == expected


def test_a_document_whose_template_fails_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDWORK_TOPOLOGY", "other")
    found = read({}, topology=template("{{ nope }}"))
    assert found["topology"] == ""
    assert [name for name, _text in found["variable_problems"]] == ["topology"]


def test_the_document_and_layers_of_the_inventory_stay() -> None:
    found = read({"topology": "a", "layers": []}, topology=template("{{ 1/0 }}"), stack_overrides={"name": "b"})
    assert "topology" not in found
    assert "layers" not in found
    assert found["variable_problems"] == []


def test_overrides_are_a_layer_with_the_problems_of_their_templates() -> None:
    overrides = {
        "name": template("{{ 1/0 }}"),
        "region": template("{{ where }}"),
        "tags": {"a": template("{{ nope }}")},
    }
    (layer,) = read({"topology": "a"}, stack_overrides=overrides, where="eu-west-1")["layers"]
    assert (layer["name"], layer["directory"], layer["values"]) == (
        "stack_overrides",
        None,
        {"region": "eu-west-1", "tags": {}},
    )
    assert [path for path, _text in layer["problems"]] == [["name"], ["tags", "a"]]
    assert "division by zero" in layer["problems"][0][1]


@pytest.mark.parametrize("empty", [None, "", {}])
def test_no_overrides_are_no_layer(empty: Any) -> None:
    assert "layers" not in read({"topology": "a"}, stack_overrides=empty)
