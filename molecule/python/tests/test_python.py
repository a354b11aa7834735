# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["groundwork-mailer", "groundwork-reports"])
def test_units_are_enabled_and_not_started_without_a_release(host: Any, name: str) -> None:
    assert host.service(f"{name}.service").is_enabled
    assert not host.service(f"{name}.service").is_running
    assert host.run(f"systemctl start {name}.service").rc == 0
    assert not host.service(f"{name}.service").is_running


def test_systemd_verifies_the_units(host: Any) -> None:
    said = host.run("systemd-analyze verify /etc/systemd/system/groundwork-*.service 2>&1").stdout
    assert [line for line in said.splitlines() if "groundwork-" in line] == []


def test_the_command_is_one_argument_of_the_shell(host: Any) -> None:
    shown = host.check_output("systemctl show --property ExecStart --value groundwork-reports.service")
    assert ' && exec python -m reports "every day" ; ' in shown


def test_units_have_their_limits(host: Any) -> None:
    names = "MemoryMax,TimeoutStopUSec,KillMode,NoNewPrivileges,ProtectSystem"
    shown = host.check_output(f"systemctl show groundwork-mailer --property {names}")
    assert set(shown.splitlines()) == {
        f"MemoryMax={300 * 1024 * 1024}",
        "TimeoutStopUSec=1min 10s",
        "KillMode=mixed",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
    }
    assert "TimeoutStopUSec=40s" in host.check_output("systemctl show groundwork-reports --property TimeoutStopUSec")


def test_uv_is_installed(host: Any) -> None:
    assert host.run("runuser -u app -- uv --version").stdout.startswith("uv 0.")
