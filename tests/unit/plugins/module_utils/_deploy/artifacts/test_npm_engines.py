# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Engines of npm that no host has."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.npm_engines import (
    find_excluded_engines,
    is_engine_strict,
    is_node_excluded,
)


@pytest.mark.parametrize(
    ("text", "is_excluded"),
    [
        (">=99", True),
        ("^99.1.0 || 100.x", True),
        ("<10", True),
        ("8.0.0 - 9.9.9", True),
        (">=22", False),
        (">22.5.3 <22.5.5", False),
        ("^24.1.0", False),
        ("22.x", False),
        ("<23 || >=99", False),
        ("*", False),
        ("", False),
        ("lts", False),
        (None, False),
        (22, False),
    ],
)
def test_a_range_that_no_host_has_is_excluded(text: Any, is_excluded: bool) -> None:
    assert is_node_excluded(text) is is_excluded


@pytest.mark.parametrize(
    ("text", "is_strict"),
    [
        ("engine-strict=true\n", True),
        ("a=b\n engine-strict = true \n", True),
        ("engine-strict", True),
        ("engine-strict=true\nengine-strict=false\n", False),
        ("engine-strict=false\n", False),
        ("engine-strict=\n", False),
        ("; engine-strict=true\n#engine-strict=true\n", False),
        ("engine-stricter=true\n", False),
        ("", False),
    ],
)
def test_strict_engines_are_a_setting_of_npmrc(text: str, is_strict: bool) -> None:
    assert is_engine_strict(text) is is_strict


NEWER = {"engines": {"node": ">=99"}}


@pytest.mark.parametrize(
    ("package", "packages", "is_strict", "found"),
    [
        (NEWER, {}, True, ["package.json (engines: node >=99)"]),
        (NEWER, {}, False, []),
        ({"engines": ["node >= 99"]}, {}, True, []),
        ({}, {"node_modules/a": NEWER}, True, ["a (engines: node >=99)"]),
        ({}, {"node_modules/a": {**NEWER, "optional": True}, "node_modules/b": {**NEWER, "dev": True}}, True, []),
        (
            {"devEngines": {"runtime": {"name": "node", "version": ">=99"}}},
            {},
            False,
            ["package.json (devEngines.runtime: node >=99)"],
        ),
        ({"devEngines": {"runtime": {"name": "node", "version": ">=99", "onFail": "warn"}}}, {}, False, []),
        (
            {"devEngines": {"runtime": {"name": "node", "version": ">=99", "onFail": "download"}}},
            {},
            False,
            ["package.json (devEngines.runtime: node >=99)"],
        ),
        ({"devEngines": {"runtime": [{"name": "bun"}, {"name": "node", "version": ">=20"}]}}, {}, False, []),
        (
            {"devEngines": {"runtime": [{"name": "bun"}, {"name": "deno"}]}},
            {},
            False,
            ["package.json (devEngines.runtime: bun or deno)"],
        ),
        ({"devEngines": {"runtime": []}}, {}, False, []),
        (
            {"devEngines": {"packageManager": {"name": "pnpm"}}},
            {},
            False,
            ["package.json (devEngines.packageManager: pnpm)"],
        ),
        ({"devEngines": {"packageManager": {"name": "npm", "version": ">=99"}}}, {}, False, []),
        ({"devEngines": {"os": {"name": "linux"}, "cpu": [{"name": "arm64"}, {"name": "x64"}]}}, {}, False, []),
        ({"devEngines": "node"}, {}, False, []),
        # npm ignores the engines of a project that has devEngines.
        ({**NEWER, "devEngines": {}}, {}, True, []),
    ],
)
def test_engines_that_no_host_has_are_listed(
    package: dict[str, Any], packages: dict[str, Any], is_strict: bool, found: list[str]
) -> None:
    assert list(find_excluded_engines(package, {"packages": packages}, is_strict)) == found
