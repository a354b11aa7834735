# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long services may take to stop, in the roles of all process managers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.filter.stop_timeout import stop_timeout

ROLES = Path(__file__).resolve().parents[4] / "roles"


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        ({"stop_timeout": 90, "timeout": 30, "drain": 90}, 90),
        ({"stop_timeout": 40, "timeout": 60}, 40),
        ({"timeout": 60}, 60),
        ({"timeout": 60, "stop_timeout": None}, 60),
        ({"timeout": 60, "stop_timeout": 0}, 60),
        ({"timeout": None, "stop_timeout": None}, 0),
        ({}, 0),
        ({"timeout": "60"}, 60),
        ({"stop_timeout": "90"}, 90),
    ],
)
def test_the_stop_timeout_comes_before_the_timeout(service: dict[str, Any], seconds: int) -> None:
    assert stop_timeout({"name": "api", **service}) == seconds


def test_no_template_of_a_process_manager_has_a_rule_of_its_own() -> None:
    """nginx also reads it: how long its old workers live depends on the longest request of all services."""
    templates = {path for role in ("gunicorn", "pm2", "python") for path in (ROLES / role / "templates").iterdir()}
    texts = {path.relative_to(ROLES).as_posix(): path.read_text(encoding="utf-8") for path in templates}
    own = re.compile(r"service\.(stop_timeout|drain)\b")
    assert [path for path, text in texts.items() if own.search(text)] == []
    assert {path for path, text in texts.items() if "groundwork.aws.stop_timeout" in text} == {
        "gunicorn/templates/gunicorn.py.j2",
        "gunicorn/templates/gunicorn.service.j2",
        "pm2/templates/pm2.service.j2",
        "pm2/templates/process.json.j2",
        "python/templates/python.service.j2",
    }
