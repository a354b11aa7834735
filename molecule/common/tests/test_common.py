# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest


def test_services_have_a_user_that_nobody_logs_in_as(host: Any) -> None:
    assert host.user("app").home == "/home/app"
    assert host.run("getent shadow app").stdout.split(":")[1].startswith("!")


@pytest.mark.parametrize(
    ("path", "owner", "mode"),
    [
        ("/srv", "root", 0o755),
        ("/var/lib/groundwork", "root", 0o755),
        ("/var/lib/groundwork/api", "app", 0o700),
        ("/var/lib/groundwork/dpkg", "app", 0o700),
        ("/var/lib/dpkg", "root", 0o755),
        ("/var/log/groundwork", "root", 0o755),
        ("/var/log/groundwork/shop", "app", 0o750),
    ],
)
def test_directories(host: Any, path: str, owner: str, mode: int) -> None:
    found = host.file(path)
    assert (found.is_directory, found.user, found.mode) == (True, owner, mode)


def test_logs_have_a_second_path_by_the_name_of_the_stack(host: Any) -> None:
    assert host.check_output("readlink /var/log/shop") == "groundwork/shop"
    assert not host.file("/var/lib/api").exists


def test_the_clock_shows_universal_time(host: Any) -> None:
    assert host.check_output("date +%Z") == "UTC"
    assert host.service("chrony").is_enabled


def test_logs_are_rotated_every_day_and_without_renaming_what_is_open(host: Any) -> None:
    assert host.service("logrotate.timer").is_running
    host.run_expect([0], "printf 'a line\\n' > /var/log/shop/web.log; chown app:app /var/log/shop/web.log")
    before = host.check_output("stat --format %i /var/log/shop/web.log")
    host.run_expect([0], "logrotate --force /etc/logrotate.d/groundwork-shop")
    assert host.file("/var/log/shop/web.log").size == 0
    assert host.check_output("cat /var/log/shop/web.log.1") == "a line"
    assert host.check_output("stat --format %i /var/log/shop/web.log") == before


def test_the_journal_has_a_limit(host: Any) -> None:
    assert host.file("/etc/systemd/journald.conf.d/50-groundwork.conf").contains("SystemMaxUse=200M")
