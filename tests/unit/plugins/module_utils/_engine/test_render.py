# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans as text."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.groundwork.aws.plugins.module_utils._engine.planner import Change, Plan
from ansible_collections.groundwork.aws.plugins.module_utils._engine.render import describe_diffs

WORDS = ("on", "off", "yes", "no", "true", "null", "1.10", "2026-06-30", "22:30")


@pytest.mark.parametrize("word", WORDS)
def test_words_that_yaml_1_1_reads_as_something_else_are_in_quotes(word: str) -> None:
    """A person copies a diff into a file that ansible reads."""
    change = Change("alarm/cpu", "create", "missing", after={"dimensions": {word: word}})
    (diff,) = describe_diffs(Plan((change,), {}))
    assert yaml.safe_load(diff["after"]) == {"dimensions": {word: word}}
    assert f"'{word}': '{word}'" in diff["after"]
