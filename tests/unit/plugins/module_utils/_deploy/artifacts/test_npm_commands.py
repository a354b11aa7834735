# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The scripts of package.json that a command certainly runs."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.artifacts.npm_commands import find_npm_scripts


@pytest.mark.parametrize(
    ("command", "scripts"),
    [
        ("npm run nope -- --x", ["nope"]),
        ("npm  run  nope", ["nope"]),
        ("npm run -s nope", ["nope"]),
        ("npm ci && npm run nope", ["nope"]),
        ("NODE_ENV=production npm run nope", ["nope"]),
        ("FOO='a b' npm run x && npm run y # npm run z", ["x"]),
        ("npm run a; npm run b", ["a", "b"]),
        ("npm test", ["test"]),
        ("npm run a && test -f b", ["a"]),
        # npm has these itself, or does not mind that they are missing.
        ("npm start", []),
        ("npm run env", []),
        ("npm run", []),
        ("npm run a --if-present", []),
        # In another directory, or of another package.
        ("npm run a -w web", []),
        ("npm --prefix web run a", []),
        ("cd web && npm run a", []),
        # What may not run, or may fail.
        ("npm run a || true", []),
        ("test -f x && npm run a", []),
        ("make && npm run a", []),
        ("if true; then npm run a; fi", []),
        ("(npm run a)", []),
        ("! npm run a", []),
        ("npm run a &", []),
        # Another package.json, or an option in a variable.
        ("cp package.prod.json package.json && npm run a", []),
        ("npm pkg set scripts.a=true && npm run a", []),
        ("npm_config_if_present=true npm run a", []),
        ("export NPM_CONFIG_IF_PRESENT=true; npm run a", []),
        ("mkdir -p x && npm run a", ["a"]),
        # What is not known.
        ("npm run $X", []),
        ("echo 'npm run a'", []),
        ("npm run 'a", []),
        ("", []),
        (" ", []),
    ],
)
def test_scripts_are_found_that_certainly_run(command: str, scripts: list[str]) -> None:
    assert find_npm_scripts(command) == scripts
