# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks on hosts run as root, or as the user who connects.

To become another user, ansible-core needs `setfacl` on the host, of the package acl, unless it can pipeline the module
(Ansible documentation, "Risks of becoming an unprivileged user"). Debian's minimal images lack it, and the role common
does not install it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDERS = ("roles", "playbooks", "inventories", "molecule", "examples")
FILES = sorted(path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*.yml"))


def find_users(value: Any) -> Iterator[str]:
    """The users that tasks, plays and variables become."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("become_user", "ansible_become_user"):
                yield str(item)
            yield from find_users(item)
    elif isinstance(value, list):
        for item in value:
            yield from find_users(item)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_task_becomes_another_user_than_root(path: Path) -> None:
    for document in yaml.load_all(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader):
        assert set(find_users(document)) <= {"root"}


def test_the_check_sees_a_task_in_a_block() -> None:
    play = {"tasks": [{"block": [{"become_user": "app-api"}]}], "vars": {"ansible_become_user": "root"}}
    assert set(find_users(play)) == {"app-api", "root"}
