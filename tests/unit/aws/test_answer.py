# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that know their call: what is missing in them is said with its name."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import (
    MissingMemberError,
    UnexpectedAnswerError,
    as_answer,
    first,
    only,
    reading,
    selected,
)

PARSED = {
    "Groups": [{"Name": "a", "Zone": {"Id": "1"}}],
    "None": [],
    "ResponseMetadata": {"RequestId": "abc", "HTTPHeaders": {}},
}


def answer() -> Any:
    return as_answer(PARSED, "DescribeGroups")


def test_an_answer_is_what_was_parsed() -> None:
    assert answer() == PARSED
    assert copy.deepcopy(answer()) == PARSED


@pytest.mark.parametrize(
    "inside", [lambda told: told, lambda told: told["Groups"][0], lambda told: told["Groups"][0]["Zone"]]
)
def test_a_missing_member_is_named_with_its_call_however_deep(inside: Any) -> None:
    with pytest.raises(MissingMemberError, match=r"^AWS did not return Arn \(DescribeGroups, request abc\)$"):
        inside(answer())["Arn"]
    assert inside(answer()).get("Arn") is None


def test_an_item_with_more_members_names_both_calls() -> None:
    item = answer()["Groups"][0] | {"More": 1}
    with pytest.raises(MissingMemberError, match=r"\(DescribeGroups, request abc\)"):
        item["Arn"]
    tags = as_answer({"Tags": [], "ResponseMetadata": {"RequestId": "def"}}, "ListTags")
    with pytest.raises(MissingMemberError, match=r"\(DescribeGroups, request abc; ListTags, request def\)"):
        (item | only(tags, "Tags"))["Arn"]


def test_a_selection_stays_an_answer() -> None:
    chosen = selected(answer(), lambda name: name == "Groups")
    assert list(chosen) == ["Groups"]
    with pytest.raises(MissingMemberError, match="DescribeGroups"):
        chosen["None"]
    assert selected({"a": 1, "b": 2}, lambda name: name == "a") == {"a": 1}


def test_an_empty_list_has_no_first() -> None:
    assert first(answer(), "Groups")["Name"] == "a"
    for member in ("None", "Absent"):
        with pytest.raises(MissingMemberError, match=f"AWS did not return {member}"):
            first(answer(), member)


def test_the_innermost_subject_is_told() -> None:
    innermost = pytest.raises(UnexpectedAnswerError, match=r"^reading cache/redis: AWS did not return Arn")
    with innermost, reading("cache"), reading("cache/redis"):
        answer()["Arn"]


@pytest.mark.parametrize("wrong", [lambda: {}["a"], lambda: [][0], lambda: int("x"), lambda: None + 1, lambda: None.x])
def test_any_other_unexpected_shape_is_one_error_that_says_where(wrong: Any) -> None:
    with (
        pytest.raises(
            UnexpectedAnswerError, match=r"^reading vpc: AWS answered in a shape .* at test_answer\.py:\d+\)$"
        ),
        reading("vpc"),
    ):
        wrong()
