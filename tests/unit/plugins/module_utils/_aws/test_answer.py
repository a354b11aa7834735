# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that know their call: what is missing in them is said with its name."""

from __future__ import annotations

import copy
from typing import Any

import botocore.session
import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.answer import (
    MissingMemberError,
    UnexpectedAnswerError,
    answers_about,
    as_answer,
    first_item,
    select_members,
    single_item,
)

PARSED = {
    "Groups": [{"Name": "a", "Zone": {"Id": "1"}}],
    "None": [],
    "ResponseMetadata": {"RequestId": "abc", "HTTPHeaders": {}},
}


def answer() -> Any:
    return as_answer(PARSED, "DescribeGroups")


def test_an_answer_equals_the_parsed_one() -> None:
    assert answer() == PARSED
    assert copy.deepcopy(answer()) == PARSED


@pytest.mark.parametrize(
    "inside", [lambda parsed: parsed, lambda parsed: parsed["Groups"][0], lambda parsed: parsed["Groups"][0]["Zone"]]
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
        (item | single_item(tags, "Tags"))["Arn"]


def test_a_selection_stays_an_answer() -> None:
    chosen = select_members(answer(), lambda name: name == "Groups")
    assert list(chosen) == ["Groups"]
    with pytest.raises(MissingMemberError, match="DescribeGroups"):
        chosen["None"]
    assert select_members({"a": 1, "b": 2}, lambda name: name == "a") == {"a": 1}


def test_an_empty_list_has_no_first() -> None:
    assert first_item(answer(), "Groups")["Name"] == "a"
    for member in ("None", "Absent"):
        with pytest.raises(MissingMemberError, match=f"AWS did not return {member}"):
            first_item(answer(), member)


def test_the_innermost_subject_is_reported() -> None:
    innermost = pytest.raises(UnexpectedAnswerError, match=r"^reading cache/redis: AWS did not return Arn")
    with innermost, answers_about("cache"), answers_about("cache/redis"):
        answer()["Arn"]


@pytest.mark.parametrize("wrong", [lambda: {}["a"], lambda: [][0], lambda: int("x"), lambda: None + 1, lambda: None.x])
def test_any_other_unexpected_shape_is_an_error_with_its_location(wrong: Any) -> None:
    with (
        pytest.raises(
            UnexpectedAnswerError, match=r"^reading vpc: AWS answered in a shape .* at test_answer\.py:\d+\)$"
        ),
        answers_about("vpc"),
    ):
        wrong()


def of_model(service: str, operation: str, **parsed: Any) -> Any:
    """An answer that is read with botocore's model of its operation."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    return as_answer({**parsed, "ResponseMetadata": {"RequestId": "abc"}}, operation, model.output_shape)


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_member_counts_as_not_returned(blank: str | None) -> None:
    parsed = of_model("sts", "GetCallerIdentity", Account="1", Arn=blank)
    assert parsed.get("Arn", "none") == "none"
    with pytest.raises(MissingMemberError, match=r"^AWS did not return Arn \(GetCallerIdentity, request abc\)$"):
        parsed["Arn"]


@pytest.mark.parametrize("blank", ["", None])
def test_a_list_with_a_blank_item_counts_as_not_returned(blank: str | None) -> None:
    parsed = of_model("elbv2", "DescribeTargetGroups", TargetGroups=[{"LoadBalancerArns": ["arn:a", blank]}])
    with pytest.raises(MissingMemberError, match="LoadBalancerArns"):
        parsed["TargetGroups"][0]["LoadBalancerArns"]


def test_an_empty_list_and_zero_are_values() -> None:
    parsed = of_model("logs", "DescribeLogGroups", logGroups=[{"storedBytes": 0}])
    assert (
        parsed["logGroups"][0]["storedBytes"],
        of_model("logs", "DescribeLogGroups", logGroups=[])["logGroups"],
    ) == (
        0,
        [],
    )


def test_values_of_tags_attributes_and_maps_may_be_empty() -> None:
    listed = of_model("ec2", "DescribeVpcs", Vpcs=[{"Tags": [{"Key": "a", "Value": ""}]}])
    assert listed["Vpcs"][0]["Tags"] == [{"Key": "a", "Value": ""}]
    mapped = of_model("logs", "ListTagsForResource", tags={"a": ""})
    assert mapped["tags"] == {"a": ""}


def test_a_decoded_policy_is_not_changed() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow"}]}
    parsed = of_model("iam", "GetRole", Role={"AssumeRolePolicyDocument": policy})
    assert parsed["Role"]["AssumeRolePolicyDocument"] == policy
