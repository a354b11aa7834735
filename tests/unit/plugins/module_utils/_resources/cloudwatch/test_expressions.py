# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is certainly wrong with expressions of metric math and PromQL."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._resources.cloudwatch.expressions import (
    find_metric_math_problem,
    find_promql_problem,
)


@pytest.mark.parametrize(
    "expression",
    [
        "100 * FILL(errors, 0) / requests",
        "IF(a > 1 && b <= 2, a, b)",
        "SEARCH('{AWS/EC2,InstanceId} (MetricName=\"CPU', 'Average', 300)",
        'SELECT COUNT(*) FROM SCHEMA("AWS/EC2", InstanceId) LIMIT 10',
        "ANOMALY_DETECTION_BAND(m1, 2)",
        "m1\n  * 2\n",
        # A backslash may be an escape, or be itself.
        "SEARCH('a\\', 'Sum'",
    ],
)
def test_metric_math_that_may_be_valid(expression: str) -> None:
    assert find_metric_math_problem(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        'sum by (le) (rate(a{b=~"(x"}[5m])) / 2',
        "a{b='it\\'s'} > bool 1",
        "a{b=`\\`} # (",
        '{__name__="up"}',
        "max_over_time(a[5m:1m] offset -5m)",
        "1 - -a",
        "# errors (of five minutes\nsum(\n\trate(a[5m])\n)\n",
        "sum( # of all (hosts\n  rate(a[5m])) # it's all\n",
    ],
)
def test_promql_that_may_be_valid(expression: str) -> None:
    assert find_promql_problem(expression) is None


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("(a", "has a ( without its ) (close it)"),
        ("{", "has a { without its } (close it)"),
        ("a)", "has a ) without the bracket that it closes (remove it, or add the other one)"),
        ("SUM([a)]", "has a ) without the bracket that it closes (remove it, or add the other one)"),
        ("a+", "ends with +, after which a value is missing (add it, or remove +)"),
        ("1 >= ", "ends with >=, after which a value is missing (add it, or remove >=)"),
        ('a{b="c}', 'has a " that begins a text without an end (add the second ")'),
    ],
)
def test_brackets_quotes_and_values_that_are_missing(expression: str, problem: str) -> None:
    assert find_metric_math_problem(expression) == problem
    assert find_promql_problem(expression) == problem
