# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The examples of docs/rollouts.md can be copied into a document."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from support.documents import CHECKOUT, HERE, read

from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load

PAGE = (CHECKOUT / "docs" / "rollouts.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = [
    pytest.param(yaml.safe_load(text), id=f"{name} {number}")
    for name, section in SECTIONS.items()
    for number, text in enumerate(re.findall(r"```yaml\n(rollout:.*?)```", section, re.DOTALL), 1)
]


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_valid(example: dict[str, Any]) -> None:
    balanced = {"load_balancer": {"subnets": "public"}, "services": {"api": {"routes": ["/*"]}}}
    document = load(read(HERE / "small.yml"), [balanced, example])
    for key in example["rollout"]:
        assert document["rollout"][key]
