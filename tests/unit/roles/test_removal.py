# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What roles write for a service is removed with it. Whether a host is left so is tested in molecule/app."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
RUNTIMES = ("gunicorn", "pm2", "python")
# Its state and its logs, which become files of root.
KEPT = {"/var/lib/groundwork/web", "{{ pm2_log_directory }}/{{ log }}.log"}


def fill_in(role: str, path: str) -> str:
    """A path with the variables of a role and the name of the service; `{{ log }}` begins with that name."""
    variables = yaml.safe_load((ROLES / role / "vars/main.yml").read_text(encoding="utf-8"))
    known = {name: value for name, value in variables.items() if isinstance(value, str) and "{{" not in value}
    known.update({"service.name": "web", "app_service.name": "web"})
    return re.sub(r"\{\{ ([\w.]+) \}\}", lambda match: known.get(match[1], match[0]), path)


def list_written(role: str) -> set[str]:
    """The paths of the files that belong to one service."""
    text = (ROLES / role / "templates/files.yml.j2").read_text(encoding="utf-8")
    (block,) = re.findall(r"{% for service in .*{% endfor %}", text, re.DOTALL)
    return {fill_in(role, path) for path in re.findall(r"path: (.*?)(?:, .*)?$", block, re.MULTILINE)}


def list_removed(role: str) -> Iterator[str]:
    for owner, tasks in ((role, "withdraw.yml"), ("app", "remove_service.yml")):
        text = (ROLES / owner / "tasks" / tasks).read_text(encoding="utf-8")
        for path in re.findall(r'"(/[^"]*|\{\{[^"]*)"', text):
            yield fill_in(owner, path)


@pytest.mark.parametrize("role", RUNTIMES)
def test_every_file_of_a_service_is_removed_with_it(role: str) -> None:
    written = list_written(role)
    assert "/etc/systemd/system/groundwork-web.service" in written
    assert written - KEPT - set(list_removed(role)) == set()


def test_a_service_of_gunicorn_that_pm2_starts_leaves_no_settings() -> None:
    assert "/etc/groundwork/gunicorn/web.py" in set(list_removed("pm2"))
