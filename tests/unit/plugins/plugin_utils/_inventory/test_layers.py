# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The overrides of an inventory keep the spelling of their files, and everything that is lost in them is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from support.documents import base_of

from ansible_collections.groundwork.aws.plugins.module_utils._provision.validate import validate
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.layers import describe_layers


class Templar:
    """Renders the templates of these tests."""

    available_variables: Any = None

    def template(self, value: Any) -> Any:
        if value == "{{ broken }}":
            raise AnsibleError("'broken' is undefined")
        if value == "{{ cyclic }}":
            raise RecursionError
        return value


def describe(folder: Path, text: str) -> list[dict[str, Any]]:
    file = folder / "group_vars" / "all.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    loader = DataLoader()
    found = loader.load_from_file(str(file))
    return describe_layers(Templar(), loader, found, {}, str(folder / "ec2_services.yml"))


def check(folder: Path, text: str) -> list[tuple[int, str, str]]:
    """The errors of the small document with these variables: line, path, message and fix."""
    layers = describe(folder, text)
    outcome = validate({"topology": base_of({}), "layers": layers})
    return [(item["line"], item["path"], f"{item['message']} ({item['fix']})") for item in outcome["errors"]]


def test_nested_keys_have_the_spelling_of_their_file(tmp_path: Path) -> None:
    """Ansible passes variables as JSON, where a boolean key would become text like "false"."""
    text = "stack_overrides:\n  services: {api: {on: app, environment: {off: x, 012: x, plain: x}}}\n"
    (layer,) = describe(tmp_path, text)
    api = layer["values"]["services"]["api"]
    assert api == {"on": "app", "environment": {"off": "x", "012": "x", "plain": "x"}}


def test_a_template_under_such_a_key_is_reported_with_its_spelling(tmp_path: Path) -> None:
    text = "stack_overrides:\n  services:\n    api:\n      environment:\n        off: '{{ broken }}'\n"
    (error,) = check(tmp_path, text)
    assert error[:2] == (5, "services.api.environment.off")


def test_an_alias_to_something_around_it_is_reported(tmp_path: Path) -> None:
    text = "aws_access: {}\nstack_overrides: &a\n  tags: *a\n  services: {api: {routes: &b [*b]}}\n"
    alias = "an alias to something that contains it (write it out)"
    assert check(tmp_path, text) == [(3, "tags", alias), (4, "services.api.routes[0]", alias)]


def test_an_alias_to_the_same_value_is_none(tmp_path: Path) -> None:
    text = "stack_overrides:\n  tags: &a {x: y}\n  services: {api: {environment: *a}}\n"
    assert check(tmp_path, text) == []


def test_a_template_that_leads_to_a_cycle_is_reported(tmp_path: Path) -> None:
    (error,) = check(tmp_path, "stack_overrides:\n  tags: '{{ cyclic }}'\n")
    assert error == (2, "tags", "its template leads to something that contains itself (write that out)")


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        (
            "stack_overrides:\n  tags:\n    a: x\n    b: x\n    a: y\n",
            [(5, 'the key "a" is in line 3 already (remove one)')],
        ),
        (
            "stack_overrides: {}\nstack_overrides: {tags: {a: x, a: x}}\n",
            [
                (2, 'the key "stack_overrides" is in line 1 already (remove one)'),
                (2, 'the key "a" is in line 2 already (remove one)'),
            ],
        ),
        (
            "stack_overrides:\n  tags:\n    no: x\n    off: y\n",
            [(4, 'the key "off" is the same to ansible as "no" in line 3 (put both in quotes)')],
        ),
        ("stack_overrides:\n  tags: {'no': x, 'off': y}\n", []),
        ("stack_overrides:\n  tags: &a {x: y}\n  services: {api: {environment: {<<: *a, x: z}}}\n", []),
        # Of other variables ansible warns.
        ("other: {a: 1, a: 2}\nstack_overrides: {}\n", []),
    ],
)
def test_duplicate_keys_of_overrides_are_reported(text: str, errors: list[Any], tmp_path: Path) -> None:
    assert [(line, message) for line, _path, message in check(tmp_path, text)] == errors
