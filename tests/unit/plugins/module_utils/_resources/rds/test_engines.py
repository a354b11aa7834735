# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Instance classes and names that RDS accepts."""

from __future__ import annotations

import re

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._resources.rds.engines import (
    DATABASE_NAMES,
    find_class_problem,
    suggest_database_name,
)


@pytest.mark.parametrize(
    ("engine", "version", "name"),
    [
        ("mysql", "8.4", "db.t3.micro"),
        ("mysql", "8.0.23", "db.t4g.micro"),
        ("mysql", "5.7", "db.t2.micro"),
        ("mysql", "5.7.44", "db.m4.large"),
        ("mysql", None, "db.r6g.large"),
        ("mysql", "57.1", "db.t4g.micro"),
        ("postgres", "12.7", "db.t4g.micro"),
        ("postgres", "11", "db.r4.large"),
        ("postgres", "17", "db.m9g.metal-48xl"),
        ("postgres", "17", "db.x2iedn.32xlarge"),
    ],
)
def test_a_class_that_rds_may_have_is_left_to_it(engine: str, version: str | None, name: str) -> None:
    assert find_class_problem(engine, version, name) is None


@pytest.mark.parametrize(
    ("engine", "version", "name", "successor"),
    [
        ("mysql", "5.7", "db.t1.micro", "db.t3.micro"),
        ("mysql", None, "db.m1.small", "db.m5.large"),
        ("mysql", "8.0", "db.t2.2xlarge", "db.t3.2xlarge"),
        ("postgres", "13", "db.t2.micro", "db.t3.micro"),
        ("postgres", "17.4", "db.m4.10xlarge", "db.m5.8xlarge"),
        ("postgres", "17", "db.m4.16xlarge", "db.m5.16xlarge"),
        ("mysql", "8.4", "db.r3.8xlarge", "db.r5.8xlarge"),
        ("mysql", "8.4", "db.m2.4xlarge", "db.r5.4xlarge"),
        ("mysql", "8.4", "db.m3.medium", "db.m5.large"),
        ("mysql", "8.4", "db.t2.4xlarge", "db.t3.2xlarge"),
    ],
)
def test_a_withdrawn_class_has_a_successor(engine: str, version: str | None, name: str, successor: str) -> None:
    problem = find_class_problem(engine, version, name)
    assert problem is not None
    assert problem.endswith(f"(write {successor})")
    assert find_class_problem(engine, version, successor) is None


@pytest.mark.parametrize("engine", sorted(DATABASE_NAMES))
def test_the_suggested_name_of_a_database_is_always_valid(engine: str) -> None:
    for name in DATABASE_NAMES[engine]:
        other = suggest_database_name(engine, name)
        assert other not in DATABASE_NAMES[engine]
        assert re.fullmatch("[a-z][a-z0-9_]{0,62}", other)
