# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Templates say line ends so that ansible-core takes them for line ends, and lists keep their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
FILES = sorted(path for folder in ("roles", "playbooks", "inventories") for path in (CHECKOUT / folder).rglob("*.yml"))
ESCAPE = re.compile(r"\{\{(?:(?!\}\}).)*\\n(?:(?!\}\}).)*\}\}", re.DOTALL)


# Ansible's filters for sets put strings into another order in each run.
UNORDERED = re.compile(r"\|\s*(difference|intersect|symmetric_difference|union)\b")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_message_has_a_backslash_and_an_n(path: Path) -> None:
    """In a template ansible-core doubles the backslash of an escape that YAML has left alone."""
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert [text for text in texts(document) if ESCAPE.search(text)] == []


def test_the_check_sees_one() -> None:
    assert ESCAPE.search(r"It said: {{ lines | join('\n') }}")
    assert not ESCAPE.search("It said: {{ lines | join('\n') }}")


@pytest.mark.parametrize(
    "path",
    [*FILES, *sorted((CHECKOUT / "roles").rglob("*.j2"))],
    ids=lambda path: str(path.relative_to(CHECKOUT)),
)
def test_lists_have_the_same_order_in_each_run(path: Path) -> None:
    """Use `select('in', …)`, `reject('in', …)` and `unique`, which keep the order."""
    assert UNORDERED.findall(path.read_text(encoding="utf-8")) == []
