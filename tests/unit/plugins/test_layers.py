# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layers of plugins/module_utils: each folder imports only from itself and from those below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._resources import REGISTRY

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
MODULE_UTILS = PLUGINS / "module_utils"
COLLECTION = "ansible_collections.groundwork.aws.plugins.module_utils"
# From the top; docs/architecture.md describes each.
LAYERS = ("_provision", "_deploy", "_backup", "_compile", "_topology", "_resources", "_engine", "_aws", "_host")
# The folders of _topology, in the same order; its own files are below all of them.
TOPOLOGY = ("document", "rules", "schema")
FILES = sorted(MODULE_UTILS.rglob("*.py"))


def imports(file: Path, source: str) -> Iterator[tuple[str, ...]]:
    """The imports of a file from module_utils, each as the parts of a path below it."""
    package = file.relative_to(MODULE_UTILS).parts[:-1] if file.is_relative_to(MODULE_UTILS) else ()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(f"{COLLECTION}."):
                    yield tuple(alias.name.removeprefix(f"{COLLECTION}.").split("."))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                base = package[: len(package) - (node.level - 1)]
                found = (*base, *module.split(".")) if module else base
            elif module == COLLECTION or module.startswith(f"{COLLECTION}."):
                found = tuple(module.removeprefix(COLLECTION).strip(".").split(".")) if module != COLLECTION else ()
            else:
                continue
            for alias in node.names:
                yield (*found, alias.name)


def breaches(file: Path, source: str) -> list[str]:
    """The imports of a file that go up."""
    own = file.relative_to(MODULE_UTILS).parts
    found = []
    for target in imports(file, source):
        upward = LAYERS.index(target[0]) < LAYERS.index(own[0])
        if own[0] == target[0] == "_topology":
            folders = (*TOPOLOGY, "")
            mine, others = (part if part in TOPOLOGY else "" for part in (own[1], target[1]))
            upward = folders.index(others) < folders.index(mine)
        if upward:
            found.append(f"{'/'.join(own)} imports {'.'.join(target)}")
    return found


def test_every_folder_has_a_layer() -> None:
    folders = {file.relative_to(MODULE_UTILS).parts[0] for file in FILES}
    assert folders == set(LAYERS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(MODULE_UTILS)))
def test_imports_go_down(file: Path) -> None:
    assert breaches(file, file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("_aws/client.py", "from .._engine.run import Engine"),
        ("_host/files.py", "from .. import _aws"),
        ("_engine/run.py", "from .._resources import REGISTRY"),
        ("_engine/run.py", f"import {COLLECTION}._resources.ec2.vpc"),
        ("_topology/rules/names.py", f"from {COLLECTION}._compile.stack import compile_stack"),
        ("_topology/schema/kinds.py", "from ..rules.names import INTERNAL"),
        ("_topology/view.py", "from .schema.kinds import Text"),
    ],
)
def test_an_import_that_goes_up_is_found(file: str, source: str) -> None:
    assert breaches(MODULE_UTILS / file, source)


def host_modules() -> list[Path]:
    """The modules that run on managed hosts: those that import from _host."""
    modules = sorted((PLUGINS / "modules").glob("*.py"))
    return [file for file in modules if "_host" in imported_layers(file)]


def imported_layers(file: Path) -> set[str]:
    return {target[0] for target in imports(file, file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("file", host_modules(), ids=lambda file: file.stem)
def test_a_module_of_managed_hosts_imports_only_host_code(file: Path) -> None:
    assert imported_layers(file) == {"_host"}


def test_every_other_module_runs_on_the_controller() -> None:
    others = {file.stem for file in (PLUGINS / "modules").glob("*.py")} - {file.stem for file in host_modules()}
    assert others == {file.stem for file in (PLUGINS / "action").glob("*.py")}


def test_host_code_imports_only_host_code() -> None:
    for file in (MODULE_UTILS / "_host").rglob("*.py"):
        assert imported_layers(file) <= {"_host"}, file


# Where a call to AWS can come from.
CLIENT_MODULES = {"_aws.client", "_aws.sdk", "_aws.retries", "_aws.lock", "_engine.discovery", "_engine.object_lookup"}
PURE = ("planner", "graph", "selection", "verification", "drift", "render", "references", "model")


def names_of_types(source: str) -> list[str]:
    """The resource types that string constants of a source name, alone or as the start of an address."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            name = node.value.partition("/")[0]
            if name in REGISTRY:
                found.append(node.value)
    return found


def client_uses(file: Path, source: str) -> list[str]:
    """The modules with clients that a source imports, and the parameters and variables that hold one."""
    found = [".".join(target) for target in imports(file, source) if ".".join(target[:2]) in CLIENT_MODULES]
    for node in ast.walk(ast.parse(source)):
        name = node.arg if isinstance(node, ast.arg) else node.id if isinstance(node, ast.Name) else ""
        if name.lstrip("_") in ("client", "clients"):
            found.append(name)
    return found


@pytest.mark.parametrize("file", sorted((MODULE_UTILS / "_engine").glob("*.py")), ids=lambda file: file.stem)
def test_no_engine_module_names_a_resource_type(file: Path) -> None:
    assert names_of_types(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", PURE)
def test_pure_engine_modules_use_no_client(name: str) -> None:
    file = MODULE_UTILS / "_engine" / f"{name}.py"
    assert client_uses(file, file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", sorted((MODULE_UTILS / "_resources").rglob("*.py")), ids=lambda file: file.stem)
def test_no_resource_type_knows_the_topology(file: Path) -> None:
    known = {target[0] for target in imports(file, file.read_text(encoding="utf-8"))}
    assert known <= {"_resources", "_engine", "_aws"}
    models = {
        target for target in imports(file, file.read_text(encoding="utf-8")) if target[:2] == ("_engine", "model")
    }
    # Checks before planning see what is declared: a resource, and the one that it refers to.
    declared = {("_engine", "model", name) for name in ("DesiredResource", "Ref")}
    assert models <= declared, "a type gets resolved properties, not the desired stack"


def test_the_name_of_a_type_and_the_use_of_a_client_are_found() -> None:
    assert names_of_types('"""vpc"""\nif kind == "vpc" or address.startswith("target_group/"): pass') == [
        "vpc",
        "target_group/",
    ]
    planner = MODULE_UTILS / "_engine" / "planner.py"
    assert client_uses(planner, "from .._aws.client import Clients") == ["_aws.client.Clients"]
    assert client_uses(planner, "def plan(client): ...") == ["client"]
