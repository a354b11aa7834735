# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from guest import converge


@pytest.mark.parametrize(
    ("path", "owner", "mode"),
    [
        ("/srv", "root", 0o755),
        ("/var/lib/groundwork", "root", 0o755),
        ("/var/log/groundwork", "root", 0o755),
        ("/var/log/groundwork/shop", "root", 0o755),
    ],
)
def test_directories_have_owner_and_mode(host: Any, path: str, owner: str, mode: int) -> None:
    found = host.file(path)
    assert (found.is_directory, found.user, found.mode) == (True, owner, mode)


def test_logs_are_linked_by_the_name_of_the_stack(host: Any) -> None:
    assert host.check_output("readlink /var/log/shop") == "groundwork/shop"


def test_the_time_zone_is_utc(host: Any) -> None:
    assert host.check_output("date +%Z") == "UTC"
    assert host.service("chrony").is_enabled


def test_the_sizes_of_logs_are_looked_at_every_hour(host: Any) -> None:
    shown = host.check_output("systemctl show --property TimersCalendar --value logrotate.timer")
    assert shown.count("OnCalendar=") == 1
    assert "OnCalendar=*-*-* *:00:00" in shown


def test_logs_are_rotated_by_copying(host: Any) -> None:
    assert host.service("logrotate.timer").is_running
    host.run_expect([0], "printf 'a line\\n' > /var/log/shop/web.log; chown daemon:daemon /var/log/shop/web.log")
    before = host.check_output("stat --format %i /var/log/shop/web.log")
    host.run_expect([0], "logrotate --force /etc/logrotate.d/groundwork-shop")
    assert host.file("/var/log/shop/web.log").size == 0
    assert host.check_output("cat /var/log/shop/web.log.1") == "a line"
    assert [host.file(f"/var/log/shop/{name}").user for name in ("web.log", "web.log.1")] == ["daemon", "daemon"]
    assert host.check_output("stat --format %i /var/log/shop/web.log") == before


def test_the_journal_has_a_limit(host: Any) -> None:
    assert host.file("/etc/systemd/journald.conf.d/50-groundwork.conf").contains("SystemMaxUse=200M")


def test_packages_and_units_that_were_removed_by_hand_come_back(host: Any) -> None:
    host.check_output("systemctl disable --now logrotate.timer && systemctl disable chrony && dpkg --remove nftables")
    converge()
    assert host.package("nftables").is_installed
    assert host.service("chrony").is_enabled
    assert host.service("logrotate.timer").is_enabled
    assert host.service("logrotate.timer").is_running
