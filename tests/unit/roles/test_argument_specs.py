# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every role: what it documents is what it takes, with the defaults that it really has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.parent.parent.name for path in CHECKOUT.glob("roles/*/defaults/main.yml"))
# `rollout` is a sequence of calls of the role app, and installs nothing itself.
HOST_ROLES = [role for role in ROLES if role != "rollout"]


def load(role: str, name: str) -> Any:
    return yaml.safe_load((CHECKOUT / "roles" / role / name).read_text(encoding="utf-8"))


def documented(role: str) -> dict[str, dict[str, Any]]:
    return load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_the_roles_are_there() -> None:
    assert {"app", "common", "gunicorn", "nginx", "nodejs", "pm2", "python"} <= set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_documented_and_no_other(role: str) -> None:
    assert set(load(role, "defaults/main.yml")) == set(documented(role))


@pytest.mark.parametrize("role", ROLES)
def test_public_variables_carry_the_name_of_the_role(role: str) -> None:
    assert [name for name in load(role, "defaults/main.yml") if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    defaults = load(role, "defaults/main.yml")
    derived = {name for name, value in defaults.items() if isinstance(value, str) and "{{" in value}
    fixed = {name: option["default"] for name, option in documented(role).items() if "default" in option}
    assert fixed == {name: value for name, value in defaults.items() if name not in derived}


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable(role: str) -> None:
    readme = (CHECKOUT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)) == set(documented(role))


@pytest.mark.parametrize("role", HOST_ROLES)
def test_every_role_has_the_same_parts(role: str) -> None:
    parts = [
        "README.md",
        "meta/main.yml",
        "tasks/main.yml",
        "tasks/preflight.yml",
        "tasks/install.yml",
        "tasks/configure.yml",
    ]
    assert [part for part in parts if not (CHECKOUT / "roles" / role / part).is_file()] == []


@pytest.mark.parametrize("role", HOST_ROLES)
def test_every_role_refuses_hosts_that_it_was_not_made_for(role: str) -> None:
    first = load(role, "tasks/preflight.yml")[0]
    how = first.get("ansible.builtin.import_role", {}).get("tasks_from") or first.get("ansible.builtin.import_tasks")
    assert how.removesuffix(".yml") == "supported"


def test_which_systems_are_supported() -> None:
    """The pattern, tried on what Ansible reports for each."""
    supported = re.compile(load("common", "vars/main.yml")["common_supported"])
    known = ("Amazon 2023", "Amazon 2023.9", "Debian 12", "Ubuntu 22.04", "Ubuntu 24.04")
    assert all(supported.match(name) for name in known)
    others = ("Amazon 2", "Debian 11", "Debian 13", "Ubuntu 20.04", "Fedora 42")
    assert not any(supported.match(name) for name in others)
