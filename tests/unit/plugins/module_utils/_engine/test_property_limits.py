# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Limits of properties: which values they accept, and what they say about the others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.model import Ref, Spread
from ansible_collections.groundwork.aws.plugins.module_utils._engine.property_limits import (
    EVERY,
    FLAG,
    PORT,
    Entries,
    Items,
    Limit,
    Matching,
    Network,
    Number,
    WholeNumber,
    find_limit_problems,
    format_property_path,
    keys,
    one_of,
    whole_number,
)

TEXT_PORT = whole_number("a port", 1, 65535, is_text=True)
TRAFFIC_PORT = WholeNumber("a port", low=1, high=65535, other=("traffic-port",), is_text=True)
VPC_NETWORK = Network(versions=(4,), shortest=16, longest=28)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        (PORT, 1),
        (PORT, 65535),
        (TEXT_PORT, "443"),
        (TRAFFIC_PORT, "traffic-port"),
        (TRAFFIC_PORT, "8080"),
        (FLAG, False),
        (one_of("a", 7), 7),
        (Number(), "-1.5"),
        (Number(), 0),
        (Matching("letters", pattern="[a-z]*", longest=3), "abc"),
        (Matching("letters", pattern="[a-z]*", longest=3), ""),
        (Network(), "10.0.0.9/8"),  # AWS removes the host bits
        (Network(), "10.0.0.1"),  # sent as a network of one address
        (Network(), "2001:db8::/32"),
        (VPC_NETWORK, "10.0.0.0/28"),
        (keys("a", "b"), {}),
        (keys("a", required=("a",)), {"a": 0}),
        (Items(least=1, most=2), [1, 2]),
        (Items(), []),
        (Entries(most=1), {"any name": 1}),
    ],
)
def test_a_value_that_aws_accepts_is_no_problem(limit: Limit, value: Any) -> None:
    assert list(limit.find_problems(value)) == []


@pytest.mark.parametrize(
    ("limit", "value", "problem"),
    [
        (PORT, 0, "0 is not a port (1-65535)"),
        (PORT, 65536, "65536 is not a port (1-65535)"),
        (PORT, True, "true is not a port (1-65535)"),
        (PORT, 80.0, "80.0 is not a port (1-65535)"),
        (PORT, "80", '"80" is text, not a number (write 80 without quotes)'),
        (PORT, "0", '"0" is not a port (1-65535)'),
        (TEXT_PORT, "70000", '"70000" is not a port (1-65535)'),
        (TRAFFIC_PORT, True, "true is not a port"),
        (FLAG, "true", '"true" is not true or false'),
        (FLAG, 1, "1 is not true or false"),
        (one_of("gp3", "io1"), "GP3", '"GP3" is not one of gp3, io1 (write gp3)'),
        (
            one_of("GreaterThan", "Less"),
            "GreatrThan",
            '"GreatrThan" is not one of GreaterThan, Less (did you mean "GreaterThan"?)',
        ),
        (one_of("a", "b"), "zzz", '"zzz" is not one of a, b'),
        (one_of(1, 3), True, "true is not one of 1, 3"),
        (one_of(1, 3), 2, "2 is not one of 1, 3"),
        (Number(), "high", '"high" is not a number'),
        (Number(), True, "true is not a number"),
        (Matching("letters", "a to z", pattern="[a-z]*"), "A", '"A" is not letters (a to z)'),
        (
            Matching("letters", pattern="[a-z]*", longest=3),
            "abcd",
            '"abcd" has 4 characters, and AWS allows 3 (shorten it)',
        ),
        (Matching("letters"), 7, "7 is not letters"),
        (Matching("letters", pattern="[a-z]", is_shown=False), "S3cret", "this is not letters"),
        (Network(), "10.0.0.0/33", '"10.0.0.0/33" is not a network like 10.0.0.0/16'),
        (Network(), 5, "5 is not a network like 10.0.0.0/16"),
        (VPC_NETWORK, "2001:db8::/32", '"2001:db8::/32" is not a network like 10.0.0.0/16'),
        (VPC_NETWORK, "10.0.0.0/8", "/8 is not a size that AWS allows (/16 to /28)"),
        (keys("a"), "S3cret", "this is not a mapping (its keys: a)"),
        (keys("a", "b", required=("a", "b")), {"a": None}, "lacks a and b (add them)"),
        (Items(), "a", '"a" is not a list (write the items in brackets: [a, b])'),
        (Items(least=2), ["a"], "has 1, and AWS requires 2 (add 1)"),
        (Items(most=1), ["a", "b", "c"], "has 3, and AWS allows 1 (remove 2)"),
        (Entries(), ["S3cret"], "this is not a mapping (write each as name: value)"),
        (Entries(most=1), {"a": 1, "b": 2}, "has 2, and AWS allows 1 (remove 1)"),
    ],
)
def test_a_value_that_aws_rejects_is_described(limit: Limit, value: Any, problem: str) -> None:
    assert list(limit.find_problems(value)) == [((), problem)]


def test_an_unknown_key_has_its_own_path_and_a_suggestion() -> None:
    found = list(keys("from_port", "to_port").find_problems({"form_port": 1}))
    assert found == [(("form_port",), 'unknown key; did you mean "from_port"?')]


LIMITS = {("rules", EVERY, "port"): PORT, ("names", EVERY): FLAG, ("nested", "port"): PORT}


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({}, []),
        ({"rules": [], "names": {}}, []),
        ({"rules": [{"port": 0}, {"port": 1}, {"port": -1}]}, ["rules[0].port", "rules[2].port"]),
        ({"names": {"a": 1, "b": True}}, ["names.a"]),
        ({"nested": {"port": 0}}, ["nested.port"]),
        # Of another form, which another limit reports.
        ({"rules": "all", "names": 7, "nested": [1]}, []),
        # A null is the same as a missing value, and a reference is not known.
        ({"rules": [{"port": None}], "nested": None}, []),
        ({"rules": [{"port": Ref("db_instance/a", "port")}], "nested": Ref("x/y")}, []),
        ({"rules": Spread("a", (Ref("x/y"),))}, []),
    ],
)
def test_a_limit_applies_to_every_value_of_its_path(properties: dict[str, Any], paths: list[str]) -> None:
    assert [format_property_path(path) for path, _text in find_limit_problems(LIMITS, properties)] == paths
