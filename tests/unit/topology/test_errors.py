# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a document is told all at once, by place, with the mend; and editors are told as much."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document import MOST_ERRORS, TopologyError, load
from ansible_collections.groundwork.aws.plugins.module_utils._topology.merge import merge
from ansible_collections.groundwork.aws.plugins.module_utils._topology.schema import json_schema

from .support import base_of, cases, errors_of

CASES = cases("errors")
EDITOR = jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_errors(case: Any) -> None:
    assert errors_of(case) == case["errors"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_json_schema_can_say_it_says(case: Any) -> None:
    accepted = EDITOR.is_valid(merge(base_of(case), case["change"]))
    assert accepted is (case.get("editor") is False)


def test_the_document_that_the_cases_change_is_good() -> None:
    assert errors_of({}) == []
    assert EDITOR.is_valid(base_of({}))


def test_the_message_lists_the_errors_under_the_name_of_the_document() -> None:
    with pytest.raises(TopologyError) as raised:
        load(base_of({}), [{"name": 1, "region": 2}])
    assert str(raised.value).splitlines() == [
        "the topology cannot be used:",
        "- name: 1 is not a name of lower-case letters, digits and single dashes, at most 32 [from override 1]",
        "- region: 2 is not a region like us-east-1 [from override 1]",
    ]


def test_a_message_has_an_end() -> None:
    with pytest.raises(TopologyError) as raised:
        load({f"key{number}": number for number in range(1000)})
    assert len(raised.value.errors) > 1000
    assert len(str(raised.value).splitlines()) == MOST_ERRORS + 2


def test_long_values_are_cut() -> None:
    (error,) = errors_of({"change": {"tags": {"note": "x" * 257}}})
    assert error == (
        f'tags.note: "{"x" * 56}… is not a tag value (letters, digits, spaces and + - = . _ : / @) '
        "of at most 256 characters [from override 1]"
    )


def test_there_is_an_end_to_tags() -> None:
    (error,) = errors_of({"change": {"tags": {f"tag{number}": number for number in range(41)}}})
    assert error == "tags: has 41 entries, which is more than 40 (remove some) [from override 1]"


def test_secrets_are_not_repeated() -> None:
    secret = "correct-horse-battery-staple"
    change = {
        "access": {"public_key": secret},
        "instances": {"app": {"user_data": secret * 2000}},
        "services": {
            "api": {"environment": {"API_TOKEN": secret, "LIST": [secret], "URL": f"redis://:{secret}@cache/0"}}
        },
    }
    errors = errors_of({"change": change})
    assert len(errors) == 5
    assert secret not in "\n".join(errors)
