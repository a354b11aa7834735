# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any


def test_the_host_has_the_requested_version(host: Any) -> None:
    assert host.check_output("node --version").startswith("v24.")


def test_npm_and_npx_run_on_it(host: Any) -> None:
    assert host.run("npm --version").rc == 0
    assert host.run("npx --version").rc == 0


def test_npm_reads_the_settings_of_the_host(host: Any) -> None:
    assert host.check_output("npm config get prefix") == "/usr/local"
    assert host.check_output("npm config get update-notifier") == "false"
    assert host.file("/usr/local/etc/npmrc").contains("cache=")


def test_users_can_run_node(host: Any) -> None:
    assert host.check_output("runuser -u nobody -- node -p 6*7") == "42"
