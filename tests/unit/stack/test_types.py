# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every resource type against its cases: the calls that it makes, literally, and the differences that it sees."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws.oldest import unknown_parameters
from botocore.exceptions import ClientError

from ansible_collections.groundwork.aws.plugins.module_utils._stack import live, resources
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resource import Edit, Order, ResourceType, Scope
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import MODULES, REGISTRY

MANUAL = Path(__file__).parents[3] / "docs" / "resources.md"
CASES = Path(__file__).parent / "cases"
SCOPE = Scope("shop", "us-east-1")


class Recorder:
    """A client that writes down what it is told, and answers or fails as the case says."""

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


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def recorder(case: dict[str, Any]) -> Recorder:
    return Recorder(case.get("answers", {}), case.get("errors", {}))


def order(kind: ResourceType, case: dict[str, Any]) -> Order:
    return Order(
        f"{kind.name}/x",
        "shop-x",
        kind.desired(case["wanted"]),
        {"Name": "shop-x"},
        SCOPE,
        "token",
        case.get("prepared", {}),
    )


def follow(client: Recorder, steps: Any) -> None:
    for wait in steps or ():
        client.calls.append({"wait": {wait.waiter.what: wait.id}})


def difference(kind: ResourceType, case: dict[str, Any]) -> tuple[Edit, frozenset[str]]:
    now = live.to_live(kind, case["item"], "x")
    wanted = order(kind, case)
    changed = kind.different(wanted.properties, now.properties)
    return Edit(now, wanted, changed, case.get("beside", {})), kind.replaces(changed, now.properties)


def check_calls(kind: ResourceType, client: Recorder, case: dict[str, Any]) -> None:
    if "calls" in case:
        assert client.calls == case["calls"]
    for call in client.calls:
        for operation, arguments in call.items():
            if operation != "wait":
                assert unknown_parameters(kind.service, operation, arguments) == []


@pytest.mark.parametrize(("kind", "case"), cases("create"))
def test_create(kind: ResourceType, case: dict[str, Any]) -> None:
    client, wanted = recorder(case), order(kind, case)
    made = live.to_live(kind, kind.create(client, wanted), "x")
    check_calls(kind, client, case)
    assert len(client.calls) == 1, "more than one call cannot be made safe against a crash in between"
    if "left" in case:
        assert sorted(kind.different(wanted.properties, made.properties)) == case["left"]


@pytest.mark.parametrize(("kind", "case"), cases("no-op"))
def test_nothing_to_do(kind: ResourceType, case: dict[str, Any]) -> None:
    assert difference(kind, case)[0].changed == frozenset()


@pytest.mark.parametrize(("kind", "case"), cases("update"))
def test_update(kind: ResourceType, case: dict[str, Any]) -> None:
    edit, replaces = difference(kind, case)
    assert sorted(edit.changed) == case["changed"]
    assert not replaces
    client = recorder(case)
    for update in dict.fromkeys(update for name, update in kind.updates.items() if name in edit.changed):
        follow(client, update(client, edit))
    check_calls(kind, client, case)
    assert client.calls


@pytest.mark.parametrize(("kind", "case"), cases("replace"))
def test_replace(kind: ResourceType, case: dict[str, Any]) -> None:
    edit, replaces = difference(kind, case)
    assert sorted(edit.changed) == case["changed"]
    assert replaces


@pytest.mark.parametrize(("kind", "case"), [*cases("delete")])
def test_delete(kind: ResourceType, case: dict[str, Any]) -> None:
    client = recorder(case)
    follow(client, kind.delete(client, live.to_live(kind, case["item"], "x")))
    check_calls(kind, client, case)


@pytest.mark.parametrize(("kind", "case"), [*cases("release")])
def test_release(kind: ResourceType, case: dict[str, Any]) -> None:
    client = recorder(case)
    assert kind.release
    follow(client, kind.release(client, live.to_live(kind, case["item"], "x")))
    check_calls(kind, client, case)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_type_has_its_cases(name: str) -> None:
    kind, found = REGISTRY[name], load(name)
    needed = {"create", "no-op", "delete"}
    needed |= {"update"} if kind.updates else set()
    needed |= {"replace"} if kind.create_only else set()
    needed |= {"release"} if kind.release else set()
    assert {
        phase for phase in ("create", "no-op", "update", "replace", "release", "delete") if found.get(phase)
    } == needed


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_property_can_change(name: str) -> None:
    kind, found = REGISTRY[name], load(name)
    desired = kind.desired(found["wanted"])
    told = kind.normalize(found["item"])
    changeable = kind.create_only | kind.updates.keys()
    assert desired.keys() <= changeable, "a difference in any other property could never be mended"
    assert told.keys() <= desired.keys()
    if kind.updates:
        updated = {item for case in found["update"] for item in case["changed"]}
        assert updated == set(kind.updates), "each property that changes in place has a case"


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_declaration_fits_together(name: str) -> None:
    kind = REGISTRY[name]
    properties = kind.create_only | kind.updates.keys()
    assert kind.late <= kind.updates.keys()
    assert kind.late.isdisjoint(kind.create_only)
    assert set(kind.exclusive) | set(kind.serves) | set(kind.same) | kind.hidden <= properties
    assert set(kind.mentioned_by) | kind.named <= kind.attributes.keys()
    assert "id" in kind.attributes
    assert kind.required <= load(name)["wanted"].keys()
    assert kind.misfit(load(name)["wanted"]) is None
    assert not kind.exists or kind.named or kind.create_first or kind.exclusive


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_type_is_in_the_manual_with_all_that_it_has(name: str) -> None:
    kind = REGISTRY[name]
    (row,) = [line for line in MANUAL.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` ")]
    _, _, properties, attributes, _ = row.split("|")
    for item in kind.create_only | kind.updates.keys():
        whole, _, part = item.partition(".")
        assert f"`{whole}`" in properties
        assert part in properties
        assert (f"**`{whole}`**" in properties) == (whole in kind.required)
    assert sorted(re.findall("`(.+?)`", attributes)) == sorted(kind.attributes)


def test_every_file_is_imported_and_named_like_its_type() -> None:
    files = {module.name for module in pkgutil.iter_modules(resources.__path__)}
    assert files == set(REGISTRY)
    assert len(MODULES) == len(REGISTRY)
    for name in files:
        module = importlib.import_module(f"{resources.__name__}.{name}")
        assert module.TYPE is REGISTRY[name]


def test_no_type_sleeps_or_reads_the_module() -> None:
    for path in Path(resources.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import time" not in text, path
        assert "AnsibleModule" not in text, path
