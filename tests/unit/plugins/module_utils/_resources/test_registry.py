# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every resource type against its cases: the calls that it makes, literally, and the differences that it sees."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from support.oldest_botocore import unknown_parameters

from ansible_collections.groundwork.aws.plugins.module_utils import _resources as resources
from ansible_collections.groundwork.aws.plugins.module_utils._engine.resource_type import (
    Discovery,
    Lifecycle,
    ResolvedResource,
    ResourceType,
    ResourceUpdate,
    Schema,
)
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.module_utils._engine.tag_index import SERVICE_IN_ARNS
from ansible_collections.groundwork.aws.plugins.module_utils._resources import MODULES, REGISTRY
from ansible_collections.groundwork.aws.plugins.module_utils._resources.secretsmanager import passwords

DOCS = Path(__file__).parents[5] / "docs"
MANUAL, PERMISSIONS = DOCS / "resources.md", DOCS / "permissions.md"
CASES = Path(__file__).parent / "cases"
SCOPE = Scope("shop", "us-east-1")
PHASES_WITH_CALLS = ("create", "update", "detach", "delete")


@pytest.fixture(autouse=True)
def generate_fixed_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases state the whole call, so that no value in it may be random."""
    monkeypatch.setattr(passwords, "generate_value", lambda _options: "a random value")


class Recorder:
    """A client that records its calls, and answers or fails as the case says."""

    def __init__(self, answers: dict[str, Any], errors: dict[str, str]) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answers = answers
        self._errors = errors

    def pages(self, operation: str, arguments: dict[str, Any]) -> list[Any]:
        return [getattr(self, operation)(**arguments)]

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append({operation: arguments})
            if operation in self._errors:
                raise ClientError({"Error": {"Code": self._errors[operation], "Message": "no"}}, operation)
            return self._answers.get(operation, {})

        return call


def cases(phase: str) -> Iterator[Any]:
    for name in sorted(REGISTRY):
        for number, case in enumerate(load(name).get(phase, ())):
            yield pytest.param(REGISTRY[name], {**load(name), **case}, id=f"{name}-{number}")


@cache
def load(name: str) -> dict[str, Any]:
    """The cases of a type. They are read once, and by libyaml where there is one: YAML takes longer than the tests."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load((CASES / f"{name}.yml").read_text(encoding="utf-8"), loader)
    return found


def recorder(case: dict[str, Any]) -> Recorder:
    return Recorder(case.get("answers", {}), case.get("errors", {}))


def resolve(kind: ResourceType, case: dict[str, Any]) -> ResolvedResource:
    return ResolvedResource(
        f"{kind.name}/x",
        "shop-x",
        kind.schema.with_defaults(deepcopy(case["desired"])),
        {"Name": "shop-x"},
        SCOPE,
        "token",
        case.get("prepared", {}),
        clients=lambda _service: Recorder({"get_secret_value": case.get("secret", {})}, {}),
    )


def follow(client: Recorder, steps: Any) -> None:
    for wait in steps or ():
        client.calls.append({"wait": {wait.waiter.condition.name: wait.id}})


def compare(kind: ResourceType, case: dict[str, Any]) -> tuple[ResourceUpdate, frozenset[str]]:
    """The update of a case, and the properties that need a new object."""
    actual, desired = kind.to_actual(case["item"], "x"), resolve(kind, case)
    changed = kind.find_differences(desired.properties, actual.properties)
    update = ResourceUpdate(actual, desired, changed, case.get("concurrent", {}))
    return update, kind.find_replacing(changed, actual.properties)


def check_calls(kind: ResourceType, client: Recorder, case: dict[str, Any]) -> None:
    assert client.calls == case["calls"]
    for call in client.calls:
        for operation, arguments in call.items():
            if operation != "wait":
                assert unknown_parameters(kind.service, operation, arguments) == []


@pytest.mark.parametrize(("kind", "case"), cases("create"))
def test_a_creation_makes_one_call(kind: ResourceType, case: dict[str, Any]) -> None:
    client, desired = recorder(case), resolve(kind, case)
    created = kind.to_actual(kind.lifecycle.create(client, desired), "x")
    check_calls(kind, client, case)
    assert len(client.calls) == 1, "more than one call cannot be made safe against an interruption in between"
    if "left" in case:
        assert sorted(kind.find_differences(desired.properties, created.properties)) == case["left"]


@pytest.mark.parametrize(("kind", "case"), cases("no-op"))
def test_an_object_as_desired_does_not_differ(kind: ResourceType, case: dict[str, Any]) -> None:
    assert compare(kind, case)[0].changed == frozenset()


@pytest.mark.parametrize(("kind", "case"), cases("update"))
def test_an_update_makes_its_calls(kind: ResourceType, case: dict[str, Any]) -> None:
    update, replacing = compare(kind, case)
    assert sorted(update.changed) == case["changed"]
    assert not replacing
    client = recorder(case)
    functions = [function for name, function in kind.lifecycle.updates.items() if name in update.changed]
    for function in dict.fromkeys(functions):
        follow(client, function(client, update))
    check_calls(kind, client, case)


@pytest.mark.parametrize(("kind", "case"), cases("replace"))
def test_a_change_of_fixed_properties_replaces(kind: ResourceType, case: dict[str, Any]) -> None:
    update, replacing = compare(kind, case)
    assert sorted(update.changed) == case["changed"]
    assert replacing


@pytest.mark.parametrize(("kind", "case"), [*cases("delete")])
def test_a_deletion_makes_its_calls(kind: ResourceType, case: dict[str, Any]) -> None:
    client = recorder(case)
    follow(client, kind.lifecycle.delete(client, kind.to_actual(case["item"], "x")))
    check_calls(kind, client, case)


@pytest.mark.parametrize(("kind", "case"), [*cases("detach")])
def test_detaching_makes_its_calls(kind: ResourceType, case: dict[str, Any]) -> None:
    client = recorder(case)
    follow(client, kind.detach(client, kind.to_actual(case["item"], "x")))
    check_calls(kind, client, case)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_type_has_its_cases(name: str) -> None:
    kind, found = REGISTRY[name], load(name)
    needed = {"create", "no-op", "delete"}
    if kind.lifecycle.updates:
        needed.add("update")
    if kind.schema.create_only:
        needed.add("replace")
    if kind.deferred:
        needed.add("detach")
    phases = ("create", "no-op", "update", "replace", "detach", "delete")
    assert {phase for phase in phases if found.get(phase)} == needed


def find_cases_without_calls(types: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The cases that make calls and do not state them. A detachment, or a deletion that is going on, may
    make none; an update makes at least one."""
    return [
        f"cases/{name}.yml, {phase} {number}: state its calls, with their parameters, under calls"
        for name, found in types.items()
        for phase in PHASES_WITH_CALLS
        for number, case in enumerate(found.get(phase, ()))
        if "calls" not in case or (phase == "update" and not any(call.keys() - {"wait"} for call in case["calls"]))
    ]


def test_every_case_states_the_calls_that_it_makes() -> None:
    assert find_cases_without_calls({name: load(name) for name in REGISTRY}) == []


@pytest.mark.parametrize("calls", [{}, {"calls": []}, {"calls": [{"wait": {"available": "x"}}]}])
def test_a_case_without_calls_is_named(calls: dict[str, Any]) -> None:
    stated = {"changed": ["size"], "calls": [{"modify_volume": {"VolumeId": "vol-1", "Size": 2}}]}
    types = {"volume": {"no-op": [{}], "update": [stated, {"changed": ["size"], **calls}]}}
    assert find_cases_without_calls(types) == [
        "cases/volume.yml, update 1: state its calls, with their parameters, under calls"
    ]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_property_can_change(name: str) -> None:
    kind, found = REGISTRY[name], load(name)
    desired = kind.schema.with_defaults(deepcopy(found["desired"]))
    normalized = kind.schema.normalize(found["item"])
    assert desired.keys() <= kind.properties, "a difference in any other property could never be removed"
    assert normalized.keys() <= desired.keys()
    if kind.lifecycle.updates:
        updated = {item for case in found["update"] for item in case["changed"]}
        assert updated == set(kind.lifecycle.updates), "each property that changes in place has a case"


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_declaration_is_consistent(name: str) -> None:
    kind = REGISTRY[name]
    schema, lifecycle = kind.schema, kind.lifecycle
    assert kind.deferred <= lifecycle.updates.keys()
    assert kind.deferred.isdisjoint(schema.create_only)
    named = {*lifecycle.exclusive, *lifecycle.before_dependents, *kind.after_create, *schema.comparisons, *kind.hidden}
    single = {kind.unique_within, kind.name_property, kind.hosted_zone_property, kind.resize_property} - {""}
    assert named | single <= kind.properties
    assert {*schema.reference_attributes, *schema.name_attributes} <= schema.attributes.keys()
    assert "id" in schema.attributes
    assert schema.required <= load(name)["desired"].keys()
    assert kind.validate(load(name)["desired"]) is None
    if lifecycle.name_taken_codes:
        assert schema.name_attributes or lifecycle.create_before_destroy or lifecycle.exclusive


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_type_is_in_the_manual_with_all_that_it_has(name: str) -> None:
    kind = REGISTRY[name]
    (row,) = [line for line in MANUAL.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` ")]
    _, _, properties, attributes, _ = row.split("|")
    for item in kind.properties:
        whole, _, part = item.partition(".")
        assert f"`{whole}`" in properties
        assert part in properties
        assert (f"**`{whole}`**" in properties) == (whole in kind.schema.required)
    assert sorted(re.findall("`(.+?)`", attributes)) == sorted(kind.schema.attributes)


def declared_types() -> dict[str, ResourceType]:
    """The resource types by the names of the files that declare them."""
    declared: dict[str, ResourceType] = {}
    for found in pkgutil.walk_packages(resources.__path__, f"{resources.__name__}."):
        module = importlib.import_module(found.name)
        if hasattr(module, "TYPE"):
            declared[found.name.rpartition(".")[2]] = module.TYPE
    return declared


def missing_parts(name: str, declared: Collection[str], registered: Collection[str]) -> list[str]:
    """The parts of a resource type that are missing: docs/engine.md lists them."""
    missing: list[str] = []
    if name not in declared:
        missing.append(f"plugins/module_utils/_resources/<service>/{name}.py with TYPE = ResourceType(...)")
    if name not in registered:
        missing.append("an import and an entry in plugins/module_utils/_resources/__init__.py")
    if not (CASES / f"{name}.yml").is_file():
        missing.append(f"tests/unit/plugins/module_utils/_resources/cases/{name}.yml")
    if f"| `{name}` |" not in MANUAL.read_text(encoding="utf-8"):
        missing.append("a row in docs/resources.md")
    if name in REGISTRY and f'"{action_prefix(REGISTRY[name].service)}:' not in PERMISSIONS.read_text(encoding="utf-8"):
        missing.append("its actions in docs/permissions.md")
    return missing


def action_prefix(service: str) -> str:
    return SERVICE_IN_ARNS.get(service, service)


@pytest.mark.parametrize("name", sorted({*REGISTRY, *declared_types(), *(path.stem for path in CASES.glob("*.yml"))}))
def test_every_type_has_all_its_parts(name: str) -> None:
    assert missing_parts(name, declared_types(), REGISTRY) == []


def test_the_missing_parts_of_a_type_are_named() -> None:
    assert len(missing_parts("no_such_type", declared_types(), REGISTRY)) == 4
    (missing,) = missing_parts("vpc", declared_types(), ())
    assert missing == "an import and an entry in plugins/module_utils/_resources/__init__.py"


def test_every_type_is_registered_under_the_name_of_its_file() -> None:
    assert declared_types() == REGISTRY
    assert len(MODULES) == len(REGISTRY)


@pytest.mark.parametrize("declaration", [Schema, Discovery, Lifecycle], ids=lambda declaration: declaration.__name__)
def test_every_optional_field_serves_three_types(declaration: Any) -> None:
    """What fewer types need is a method of a subclass next to the type."""
    part = declaration.__name__.lower()
    for field in fields(declaration):
        if field.default is MISSING and field.default_factory is MISSING:
            continue
        default = field.default if field.default_factory is MISSING else field.default_factory()
        users = [kind.name for kind in REGISTRY.values() if getattr(getattr(kind, part), field.name) != default]
        assert len(users) >= 3, f"{field.name} serves only {users}"
