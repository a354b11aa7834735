# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pages about the code name paths, modules, roles and playbooks that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = ("docs/architecture", "docs/architecture-decisions", "docs/glossary", "CONTRIBUTING")
ROOTS = tuple(f"{path.name}/" for path in CHECKOUT.iterdir() if path.is_dir() and not path.name.startswith("."))
ARCHITECTURE = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")


def named_paths(text: str) -> list[str]:
    """The paths between backquotes; `<name>` matches any one name."""
    return [re.sub(r"<\w+>", "*", name) for name in re.findall(r"`([^`\s]+)`", text) if name.startswith(ROOTS)]


def find_missing(text: str) -> list[str]:
    return [path for path in named_paths(text) if not list(CHECKOUT.glob(path.rstrip("/")))]


def section(title: str) -> str:
    return ARCHITECTURE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("page", PAGES)
def test_named_paths_exist(page: str) -> None:
    text = (CHECKOUT / f"{page}.md").read_text(encoding="utf-8")
    assert find_missing(text) == []


def test_a_path_that_does_not_exist_is_found() -> None:
    assert find_missing("see `plugins/modules/stack.py` and `plugins/modules/gone.py`") == ["plugins/modules/gone.py"]
    assert find_missing("see `molecule/<role>/molecule.yml` and `molecule/<role>/gone.yml`") == ["molecule/*/gone.yml"]


def test_every_layer_of_module_utils_is_described() -> None:
    folders = {path.name for path in (CHECKOUT / "plugins/module_utils").glob("_*") if (path / "__init__.py").is_file()}
    assert set(re.findall(r"^\| `plugins/module_utils/(_\w+)` \|", ARCHITECTURE, re.MULTILINE)) == folders


def test_modules_of_managed_hosts_are_those_without_an_action_plugin() -> None:
    actions = {path.stem for path in (CHECKOUT / "plugins/action").glob("*.py")}
    modules = {path.stem for path in (CHECKOUT / "plugins/modules").glob("*.py")}
    (row,) = re.findall(r"^\| managed host \| (.*?);", section("What runs where"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == modules - actions


def test_the_steps_of_site_are_those_of_the_playbook() -> None:
    playbook = (CHECKOUT / "playbooks/site.yml").read_text(encoding="utf-8")
    imported = re.findall(r"import_playbook: (\w+)\.yml", playbook)
    assert re.findall(r"^\| `(\w+)` \|", section("One run of site"), re.MULTILINE) == imported


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    file = CHECKOUT / f"{page}.md"
    text = file.read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)#:]+(?:#[^)]*)?)\)", text)]
    assert [target for target in targets if not (file.parent / target).exists()] == []
