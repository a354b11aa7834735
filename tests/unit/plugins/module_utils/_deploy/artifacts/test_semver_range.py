# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ranges of npm: the semantics of node-semver's README, "Ranges", "Advanced Range Syntax" and "Prerelease Tags"."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.semver_range import (
    is_in_range,
    parse_range,
    parse_version,
)


def satisfies(version: str, text: str) -> bool:
    found, wanted = parse_version(version), parse_range(text)
    assert found is not None
    assert wanted is not None
    return is_in_range(found, wanted)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        # Exact versions and comparators.
        ("4.2.1", "4.2.1", "4.2.0 4.2.2 4.3.1 5.2.1"),
        ("=4.2.1", "4.2.1", "4.2.2"),
        ("v4.2.1", "4.2.1", "4.2.2"),
        ("= v4.2.1", "4.2.1", "4.2.2"),
        (">4.2.1", "4.2.2 4.10.0 10.0.0", "4.2.1 4.2.0 3.9.9"),
        (">=4.2.1", "4.2.1 4.10.0", "4.2.0"),
        ("<4.2.1", "4.2.0 4.1.9 0.0.0", "4.2.1 4.10.0"),
        ("<=4.2.1", "4.2.1 0.1.0", "4.2.2"),
        (">= 4.2.1  <  5", "4.2.1 4.99.0", "5.0.0 4.2.0"),
        (">=1.0.0 <2.0.0 || >=3.1.0", "1.5.0 3.1.0 4.0.0", "2.0.0 3.0.9 0.9.9"),
        ("1.0.0||2.0.0", "1.0.0 2.0.0", "1.0.1"),
        # Caret: the first number that is not zero stays.
        ("^1.2.3", "1.2.3 1.3.0 1.99.99", "1.2.2 2.0.0 0.2.3"),
        ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.2.3"),
        ("^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"),
        ("^0.0.0", "0.0.0", "0.0.1"),
        ("^1.2", "1.2.0 1.9.0", "1.1.9 2.0.0"),
        ("^1.2.x", "1.2.0 1.9.0", "1.1.9 2.0.0"),
        ("^0.0.x", "0.0.0 0.0.9", "0.1.0"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("^0.1", "0.1.0 0.1.9", "0.2.0 0.0.9"),
        ("^1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        ("^0", "0.0.0 0.9.9", "1.0.0"),
        ("^0.x", "0.0.0 0.9.9", "1.0.0"),
        ("^ 1.2.3", "1.2.3 1.9.0", "2.0.0"),
        # Tilde: the last number may grow.
        ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
        ("~1", "1.0.0 1.9.9", "2.0.0 0.9.9"),
        ("~0.2.3", "0.2.3 0.2.9", "0.3.0"),
        ("~>1.2.3", "1.2.3", "1.3.0"),
        ("~> 1.2", "1.2.9", "1.3.0"),
        # Parts that may be anything.
        ("", "0.0.0 7.7.7", ""),
        ("*", "0.0.0 7.7.7", ""),
        ("x", "7.7.7", ""),
        ("1", "1.0.0 1.9.9", "2.0.0 0.9.9"),
        ("1.x", "1.0.0 1.9.9", "2.0.0"),
        ("1.*.*", "1.9.9", "2.0.0"),
        ("1.2", "1.2.0 1.2.9", "1.3.0"),
        ("1.2.X", "1.2.9", "1.3.0"),
        (">1", "2.0.0 3.1.0", "1.0.0 1.9.9"),
        (">1.2", "1.3.0 2.0.0", "1.2.9"),
        (">=1", "1.0.0 2.0.0", "0.9.9"),
        ("<1", "0.9.9", "1.0.0"),
        ("<1.2", "1.1.9", "1.2.0"),
        ("<=1", "1.9.9 0.1.0", "2.0.0"),
        ("<=1.2", "1.2.9", "1.3.0"),
        (">=*", "1.0.0", ""),
        ("<*", "", "0.0.0 1.0.0"),
        # Hyphens: both ends count.
        ("1.2.3 - 2.3.4", "1.2.3 2.0.0 2.3.4", "1.2.2 2.3.5"),
        ("1.2 - 2.3.4", "1.2.0 2.3.4", "1.1.9 2.3.5"),
        ("1.2.3 - 2.3", "1.2.3 2.3.9", "2.4.0"),
        ("1.2.3 - 2", "2.9.9", "3.0.0 1.2.2"),
        ("1 - 2 || 4 - 5", "1.0.0 2.9.9 4.0.0 5.9.9", "3.0.0 6.0.0"),
        ("* - 2", "0.0.1 2.9.9", "3.0.0"),
        # Prereleases belong to a range only where it names one of the same numbers.
        ("1.2.3", "", "1.2.3-beta"),
        (">1.2.3-alpha.3", "1.2.3-alpha.7 1.2.3-beta 1.2.3 3.4.5", "3.4.5-alpha.9 1.2.3-alpha.3 1.2.3-alpha.1"),
        ("^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.3.0", "1.2.3-beta.1 1.2.4-beta.2 2.0.0-alpha 2.0.0"),
        ("^0.0.3-beta", "0.0.3-beta 0.0.3-pr.2 0.0.3", "0.0.4-beta 0.0.3-alpha 0.0.4"),
        ("~1.2.3-beta.2", "1.2.3-beta.4 1.2.3 1.2.4", "1.2.4-beta.2 1.3.0"),
        ("1.2.3-beta", "1.2.3-beta", "1.2.3-beta.1 1.2.3"),
        ("<=2.0.0-rc.1", "2.0.0-rc.1 2.0.0-beta 1.9.9", "2.0.0-rc.2 2.0.0 1.9.9-beta"),
        ("<2.0.0", "1.9.9", "2.0.0-alpha 1.9.9-alpha"),
        ("*", "1.0.0", "1.0.0-rc.1"),
        (">=1.0.0-rc || >=2.0.0", "1.0.0-rc.1 2.0.0", "2.0.0-rc"),
        ("1.2.3-a - 2.3.4-b", "1.2.3-b 2.3.4-a 2.0.0", "2.0.0-a 2.3.4-c"),
        # The order of prereleases: numbers before text, by number, a longer one after its beginning.
        (
            ">=1.0.0-alpha.2 <1.0.0",
            "1.0.0-alpha.10 1.0.0-alpha.beta 1.0.0-alpha.2.1 1.0.0-beta",
            "1.0.0-alpha.1 1.0.0-1",
        ),
        # Builds do not count.
        ("1.2.3+build.5", "1.2.3 1.2.3+other", "1.2.4"),
        # Read loosely, as npm does.
        (" >=1.2.3 ", "1.2.3", "1.2.2"),
        ("1.2.3beta", "1.2.3-beta", "1.2.3"),
    ],
)
def test_a_range_has_the_versions_that_node_semver_says(text: str, inside: str, outside: str) -> None:
    assert [version for version in inside.split() if not satisfies(version, text)] == []
    assert [version for version in outside.split() if satisfies(version, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "latest",
            "next",
            "beta-1",
            "1.2.3.4",
            "^",
            "~ ",
            ">",
            "1.2.3 -",
            "- 1.2.3",
            "^1.2 - 2",
            "1.x.3",
            "a || 1.0.0",
            "1.0.0 || b",
        ),
        *("npm:other@^1.0.0", "git+https://example.org/a.git#v1.0.0", "github:a/b", "a/b", "a/b#semver:^1"),
        *("https://example.org/a-1.0.0.tgz", "file:../a", "./a", "link:a", "workspace:*", "1." + "0" * 300),
    ],
)
def test_what_is_no_range_is_not_read(text: str) -> None:
    assert parse_range(text) is None


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.x", "latest", "file:a", "1.2.3.4", "https://example.org/a.tgz"])
def test_what_is_no_version_is_not_read(text: str) -> None:
    assert parse_version(text) is None
