# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plugins use only public interfaces of ansible-core and botocore: private ones change between their releases."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
LIBRARIES = ("ansible", "boto3", "botocore", "urllib3")
# Members of ansible-core's plugin base classes with a leading underscore that its developer guide tells plugins to use:
# docs.ansible.com, "Developing plugins" (action plugins) and "Developing dynamic inventory". `_loader` and `_vars` (the
# extra variables) are not described there; ansible-core's own plugins and amazon.aws depend on them.
FOR_SUBCLASSES = {
    "_loader",
    "_vars",
    "_cache",
    "_connection",
    "_execute_module",
    "_read_config_data",
    "_set_composite_vars",
    "_add_host_to_composed_groups",
    "_add_host_to_keyed_groups",
    "_supports_check_mode",
    "_task",
}


def files() -> list[Path]:
    return sorted(PLUGINS.rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def private_imports(source: str) -> list[str]:
    """The private names that a source imports from one of the libraries."""
    names = (name.split(".") for name in imported(ast.parse(source)))
    return [".".join(parts) for parts in names if parts[0] in LIBRARIES and any(_is_private(part) for part in parts)]


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def foreign_members(sources: list[str]) -> set[str]:
    """The members with a leading underscore that methods use on `self` and that no class in the sources defines."""
    used, defined = set(), set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            (defined if isinstance(node.ctx, ast.Store) else used).add(node.attr)
    return {name for name in used - defined if _is_private(name)}


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(PLUGINS)))
def test_no_private_name_is_imported(file: Path) -> None:
    assert private_imports(file.read_text(encoding="utf-8")) == []


def test_plugins_use_only_documented_members_of_their_bases() -> None:
    folders = ("action", "inventory", "plugin_utils")
    sources = [file.read_text(encoding="utf-8") for folder in folders for file in (PLUGINS / folder).rglob("*.py")]
    assert foreign_members(sources) - FOR_SUBCLASSES == set()


def test_private_names_are_found() -> None:
    source = "from ansible._internal import x\nfrom botocore.loaders import _y\nimport ansible.errors"
    assert private_imports(source) == ["ansible._internal.x", "botocore.loaders._y"]
    assert foreign_members(["class A(B):\n    def run(self):\n        self._mine = self._parse_returned_data()"]) == {
        "_parse_returned_data"
    }
