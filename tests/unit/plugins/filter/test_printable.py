# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter for text of hosts, and that the tasks that print such text use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.filter.printable import printable

ROOT = Path(__file__).resolve().parents[4]
# What commands and modules on hosts wrote, and what was recorded of it.
HOST_TEXT = re.compile(r"\.(?:stdout|stderr|module_stderr)\b|_last_lines\b|app_failure_lines\b|ansible_failed_result\b")


@pytest.mark.parametrize(
    ("value", "shown"), [("\x1b[31mred\n", "�[31mred\n"), (None, "None"), (3, "3"), (["\x1b"], r"['\x1b']")]
)
def test_each_value_is_shown_as_text(value: Any, shown: str) -> None:
    assert printable(value) == shown


def list_tasks(value: Any) -> Iterator[dict[str, Any]]:
    """All tasks of a file, also those of plays and blocks."""
    for task in value if isinstance(value, list) else ():
        yield task
        for part in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks"):
            yield from list_tasks(task.get(part))


def find_messages(path: Path) -> Iterator[str]:
    """The messages with which tasks of a file fail, with the variables of the task that are part of them."""
    for task in list_tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
        arguments = task.get("ansible.builtin.fail") or task.get("ansible.builtin.assert")
        if arguments:
            # `*alias` of YAML may name the variables of another task.
            own = [str(value) for value in task.get("vars", {}).values()]
            yield " ".join([str(arguments.get("msg", arguments.get("fail_msg"))), *own])


def test_every_message_with_text_of_a_host_is_printable() -> None:
    files = [*(ROOT / "roles").glob("*/tasks/*.yml"), *(ROOT / "playbooks").rglob("*.yml")]
    messages = [(path, text) for path in files for text in find_messages(path) if HOST_TEXT.search(text)]
    assert len(messages) >= 4
    assert [str(path) for path, text in messages if "groundwork.aws.printable" not in text] == []
