# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Numbers that should be text keep the digits that were written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment
from support.documents import HERE, base_of

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import examine, load
from ansible_collections.groundwork.aws.plugins.module_utils._compile.stack import compile_stack
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import (
    Layer,
    read_layer,
    read_sources,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import TopologyError

SMALL = (HERE / "small.yml").read_text(encoding="utf-8")
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
def test_a_document_keeps_the_spelling_of_text(spelling: str, tmp_path: Path) -> None:
    text = SMALL.replace("port: 5000", f"port: 5000\n    environment: {{VALUE: {spelling}}}")
    document = loaded(text + f"tags: {{value: {spelling.replace('+', '')}}}\n", tmp_path)
    assert document["services"]["api"]["environment"]["VALUE"] == spelling
    assert document["tags"]["value"] == spelling.replace("+", "")


@pytest.mark.parametrize(
    ("old", "new", "path", "value"),
    [
        (
            'git: "https://git.example/shop.git"',
            "git: git@x:shop, ref: 1.10",
            ("services", "api", "source", "ref"),
            "1.10",
        ),
        ("port: 5000", "port: 5000\n    build: 0123", ("services", "api", "build"), "0123"),
        ("port: 5000", "port: 0123", ("services", "api", "port"), 123),
        ("port: 5000", "port: 0x1388", ("services", "api", "port"), 5000),
        ("port: 5000", "port: 0o11610", ("services", "api", "port"), 5000),
        ("port: 5000", "port: 5000\n    build: 0x1388", ("services", "api", "build"), "0x1388"),
    ],
)
def test_all_keys_with_text_keep_the_spelling(old: str, new: str, path: Any, value: Any, tmp_path: Path) -> None:
    found = loaded(SMALL.replace(old, new), tmp_path)
    for step in path:
        found = found[step]
    assert found == value


def test_versions_and_keys_of_secrets_keep_the_spelling(tmp_path: Path) -> None:
    text = SMALL + (
        "secrets: {token: {existing: 0123, key: 1.10}}\n"
        "databases: {main: {engine: postgres, subnets: private, version: 16.10}}\n"
    )
    document = loaded(text, tmp_path)
    assert (document["secrets"]["token"]["existing"], document["secrets"]["token"]["key"]) == ("0123", "1.10")
    assert document["databases"]["main"]["version"] == "16.10"


def test_a_value_from_an_anchor_keeps_the_spelling(tmp_path: Path) -> None:
    extra = "port: 5000\n    environment: {<<: &common {VERSION: 1.10}}"
    text = SMALL.replace("port: 5000", extra) + "tags: *common\n"
    document = loaded(text, tmp_path)
    assert document["services"]["api"]["environment"] == document["tags"] == {"VERSION": "1.10"}


def test_tags_of_raw_resources_keep_the_spelling(tmp_path: Path) -> None:
    text = SMALL + "resources: {security_group/extra: {description: x, vpc: {ref: vpc/main}, tags: {cost: 1.10}}}\n"
    stack = compile_stack(loaded(text, tmp_path))
    assert stack.resources[-1].tags == {"cost": "1.10"}


@pytest.mark.parametrize(("spelling", "number"), [("0123", 123), ("0x10", 16), ("0o17", 15)])
def test_a_raw_property_whose_digits_would_be_lost_is_rejected(spelling: str, number: int, tmp_path: Path) -> None:
    text = SMALL + f"resources:\n  security_group/extra:\n    vpc: {{ref: vpc/main}}\n    description: {spelling}\n"
    with pytest.raises(TopologyError) as raised:
        loaded(text, tmp_path)
    (problem,) = raised.value.problems
    assert problem.key == "resources.security_group/extra.description"
    assert f"{spelling} is read as the number {number}" in problem.text


@pytest.mark.parametrize(
    ("spelling", "number"), [("0.50", 0.5), ("0.00001", 1e-05), (".5", 0.5), ("5.", 5), ("1e3", 1000), ("0x10", 16)]
)
def test_a_raw_property_that_is_a_number_may_have_any_spelling(spelling: str, number: float, tmp_path: Path) -> None:
    alarm = f"{{metric: A, namespace: N, comparison: GreaterThanThreshold, threshold: {spelling}}}"
    document = loaded(f"{SMALL}resources: {{alarm/a: {alarm}}}\n", tmp_path)
    assert document["resources"]["alarm/a"]["threshold"] == number


def test_a_number_of_an_override_of_a_raw_resource_keeps_its_digits(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    text = "stack_overrides: {resources: {target_group/a: {vpc: {ref: vpc/main}, port: 012}}}\n"
    file.write_text(text, encoding="utf-8")
    sources = read_sources([str(file)], "stack_overrides")
    layer = Layer(yaml.safe_load(text)["stack_overrides"], "group_vars", sources=sources)
    (problem,) = examine(base_of({}), [layer]).errors
    assert "012 is read as the number 10" in problem.text


@pytest.mark.parametrize("key", ["kubernetes.io/role/elb", "cost center", "kostenträger"])
def test_tags_of_raw_resources_may_have_keys_that_instance_metadata_has_not(key: str, tmp_path: Path) -> None:
    group = f"{{description: x, vpc: {{ref: vpc/main}}, tags: {{{key}: web}}}}"
    document = loaded(f"{SMALL}resources: {{security_group/extra: {group}}}\n", tmp_path)
    assert compile_stack(document).resources[-1].tags == {key: "web"}
    with pytest.raises(TopologyError, match="is not a tag key"):
        loaded(f"{SMALL}tags: {{{key}: web}}\n", tmp_path)


def test_the_digits_of_a_password_in_the_wrong_place_are_not_shown(tmp_path: Path) -> None:
    text = SMALL + "resources: {security_group/extra: {vpc: {ref: vpc/main}, description: x, password: 012345678}}\n"
    with pytest.raises(TopologyError) as raised:
        loaded(text, tmp_path)
    assert "12345678" not in str(raised.value)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_override_keeps_the_spelling_of_its_file(spelling: str, tmp_path: Path) -> None:
    """Ansible reads YAML 1.1, in which more of these are numbers and booleans."""
    file = tmp_path / "all.yml"
    text = f"stack_overrides: {{services: {{api: {{environment: {{VALUE: {spelling}}}}}}}}}\n"
    file.write_text(text, encoding="utf-8")
    sources = read_sources([str(file)], "stack_overrides")
    layer = Layer(yaml.safe_load(text)["stack_overrides"], "group_vars", sources=sources)
    found = load(base_of({}), [layer])["services"]["api"]["environment"]["VALUE"]
    assert found == spelling


def read_count(spelling: str, folder: Path) -> Any:
    """Examine an override in a file, in which a number is spelled like this, and which ansible has read."""
    file = folder / "all.yml"
    text = f"stack_overrides: {{services: {{api: {{timeout: {spelling}}}}}}}\n"
    file.write_text(text, encoding="utf-8")
    layer = Layer(
        yaml.safe_load(text)["stack_overrides"], "group_vars", sources=read_sources([str(file)], "stack_overrides")
    )
    return examine(base_of({}), [layer])


@pytest.mark.parametrize(("spelling", "number"), [("012", 10), ("0b101", 5), ("1:30", 90)])
def test_a_number_of_an_override_that_yaml_1_2_reads_otherwise_is_rejected(
    spelling: str, number: int, tmp_path: Path
) -> None:
    (problem,) = read_count(spelling, tmp_path).errors
    assert problem.key == "services.api.timeout"
    assert f"{spelling} is read as the number {number}" in problem.text


@pytest.mark.parametrize("spelling", ["60", "+60", "6_0", "0x3C"])
def test_a_number_of_an_override_that_is_read_the_same_is_taken(spelling: str, tmp_path: Path) -> None:
    found = read_count(spelling, tmp_path)
    assert found.errors == []
    assert found.document["services"]["api"]["timeout"] == 60


def read_template(value: Any, change: Any, folder: Path) -> Any:
    """Examine an override in which `change` has a template that ansible rendered to a value."""
    file = folder / "all.yml"
    file.write_text(yaml.safe_dump({"stack_overrides": change("{{ x }}")}), encoding="utf-8")
    layer = Layer(change(value), "group_vars", sources=read_sources([str(file)], "stack_overrides"))
    return examine(base_of({}), [layer])


@pytest.mark.parametrize(("value", "text"), [("1.10", "1.10"), (16, "16"), (True, "true")])
def test_a_template_without_a_fraction_has_the_spelling_of_its_result(value: Any, text: str, tmp_path: Path) -> None:
    found = read_template(value, lambda value: {"tags": {"b": value}}, tmp_path)
    assert (found.document["tags"]["b"], found.errors) == (text, [])


@pytest.mark.parametrize("value", [1.1, 0.5, 5.0, 1e30])
@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda value: {"tags": {"b": value}}, "tags.b"),
        (lambda value: {"services": {"api": {"environment": {"A": value}}}}, "services.api.environment.A"),
        (lambda value: {"services": {"api": {"source": {"ref": value}}}}, "services.api.source.ref"),
    ],
)
def test_a_fraction_from_a_template_is_rejected(value: float, change: Any, key: str, tmp_path: Path) -> None:
    found = read_template(value, change, tmp_path)
    assert [problem.key for problem in found.errors] == [key]
    assert "in quotes" in found.errors[0].text


def test_a_fraction_of_unknown_spelling_is_rejected() -> None:
    with pytest.raises(TopologyError) as raised:
        load(base_of({}), [{"services": {"api": {"environment": {"VERSION": 1.1}}}}])
    (problem,) = raised.value.problems
    assert problem.key == "services.api.environment.VERSION"
    assert "put it in quotes" in problem.text


@pytest.mark.parametrize(("value", "text"), [(83, "83"), (True, "true")])
def test_other_values_of_unknown_spelling_are_warnings(value: Any, text: str) -> None:
    found = examine(base_of({}), [{"services": {"api": {"environment": {"VALUE": value}}}}])
    assert found.document["services"]["api"]["environment"]["VALUE"] == text
    (warning,) = found.warnings
    assert warning.key == "services.api.environment.VALUE"
    assert found.errors == []


def test_text_of_unknown_spelling_is_accepted() -> None:
    assert examine(base_of({}), [{"tags": {"version": "1.10"}}]).warnings == []


def load_template(change: str, variables: str, folder: Path) -> Any:
    """Examine an override whose templates use variables of another file; ansible has rendered it."""
    own, other = folder / "all.yml", folder / "other.yml"
    own.write_text(f"stack_overrides: {change}\n", encoding="utf-8")
    other.write_text(variables, encoding="utf-8")

    def render(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: render(item) for key, item in value.items()}
        return Environment().compile_expression(value.strip("{} "))(**found) if isinstance(value, str) else value

    found = {}
    for name, value in yaml.safe_load(variables).items():
        found[name] = value
    found = {name: render(value) if "{{" in str(value) else value for name, value in found.items()}
    described = {
        "name": "stack_overrides of x",
        "values": render(yaml.safe_load(change)),
        "files": [str(own), str(other)],
    }
    return examine(base_of({}), [read_layer(described)])


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("012345", "012345"),
        ("1.10", "1.10"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30:00", "12:30:00"),
        ("yes", "yes"),
        ("2026-06-30T12:30:00Z", "2026-06-30T12:30:00Z"),
        ("5000", "5000"),
        ("'012345'", "012345"),
    ],
)
@pytest.mark.parametrize(
    ("change", "variables"),
    [
        ('{services: {api: {environment: {PIN: "{{ pin }}"}}}}', "pin: VALUE\n"),
        ('{services: {api: {environment: {PIN: "{{ code }}"}}}}', "code: '{{ pin }}'\npin: VALUE\n"),
        ('{services: {api: {environment: "{{ all }}"}}}', "all: {PIN: VALUE}\n"),
    ],
)
def test_a_variable_of_a_template_keeps_its_spelling(
    change: str, variables: str, spelling: str, expected: str, tmp_path: Path
) -> None:
    found = load_template(change, variables.replace("VALUE", spelling), tmp_path)
    assert found.errors == []
    assert found.document["services"]["api"]["environment"] == {"PIN": expected}


def test_digits_that_a_longer_template_loses_are_an_error(tmp_path: Path) -> None:
    change = '{services: {api: {environment: {PIN: "{{ pin if true else 1 }}"}}}}'
    (error,) = load_template(change, "pin: 012345\n", tmp_path).errors
    assert error.key == "services.api.environment.PIN"
    assert (
        error.text
        == "a variable of its template is not read with the digits that it has in its file (put it in quotes there)"
    )
    assert load_template(change, "pin: 5000\n", tmp_path).errors == []
    assert load_template(change, "pin: '012345'\n", tmp_path).errors == []


def test_a_variable_that_no_known_file_sets_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    file.write_text("stack_overrides: {tags: {pin: '{{ pin }}'}}\n", encoding="utf-8")
    described = {"name": "stack_overrides of x", "values": {"tags": {"pin": 5349}}, "files": [str(file)]}
    found = examine(base_of({}), [read_layer(described)])
    assert found.errors == []
    assert "a whole number, and how it was written is not known" in found.warnings[0].text
