# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from typing import Any

from guest import wait_for

AS_APP = "runuser -u app -- env HOME=/home/app PATH=/usr/local/bin:/usr/bin:/bin"


def test_the_unit_runs_and_starts_at_boot(host: Any) -> None:
    assert host.service("pm2").is_running
    assert host.service("pm2").is_enabled
    assert host.process.filter(user="app", comm="PM2 v7.0.4: God") or host.run("pgrep -u app -f 'PM2 v7.0.4'").rc == 0


def test_services_without_a_release_are_not_started(host: Any) -> None:
    assert json.loads(host.check_output(f"{AS_APP} pm2 jlist").splitlines()[-1]) == []


def test_an_administrator_needs_no_user_and_no_path_of_pm2(host: Any) -> None:
    listed = host.check_output("cd /root && HOME=/root SECRET=x pm2 jlist")
    assert json.loads(listed.splitlines()[-1]) == []
    # The PM2 of the unit has answered: none was started for root.
    assert not host.file("/root/.pm2").exists
    assert host.run("pgrep -u root -f '[P]M2 v'").rc != 0


def test_without_the_unit_the_command_starts_no_pm2_of_its_own(host: Any) -> None:
    host.run_expect([0], "systemctl stop pm2")
    try:
        done = host.run("pm2 status")
        assert (done.rc, done.stderr.strip()) == (1, "PM2 does not run: start it with systemctl start pm2.service")
        assert host.run("pgrep -u app -f 'PM2 v'").rc != 0
    finally:
        host.run_expect([0], "systemctl start pm2")


def test_output_and_errors_have_files_of_their_own(host: Any) -> None:
    process = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)["apps"][0]
    logs = "/var/log/groundwork/shop/web"
    assert (process["out_file"], process["error_file"]) == (f"{logs}.log", f"{logs}-err.log")


def test_only_the_user_can_read_the_directory_of_pm2(host: Any) -> None:
    assert host.file("/home/app/.pm2").mode == 0o700


def test_the_process_file_has_the_values_of_the_document(host: Any) -> None:
    process = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)["apps"][0]
    assert {key: process[key] for key in ("cwd", "script", "exec_mode", "instances", "max_memory_restart")} == {
        "cwd": "/srv/web/current",
        "script": "server.js",
        "exec_mode": "cluster",
        "instances": 2,
        "max_memory_restart": "300M",
    }


def test_the_unit_has_only_the_capability_for_low_ports(host: Any) -> None:
    pid = host.check_output("systemctl show --property MainPID --value pm2")
    for capabilities in ("CapAmb", "CapBnd"):
        # CAP_NET_BIND_SERVICE is number 10.
        assert int(host.check_output(f"awk '/^{capabilities}:/ {{ print $2 }}' /proc/{pid}/status"), 16) == 1 << 10


def test_processes_get_as_long_as_their_service_may_take(host: Any) -> None:
    settings = {
        name: json.loads(host.file(f"/etc/groundwork/pm2/{name}.json").content_string) for name in ("web", "low")
    }
    assert {name: one["apps"][0]["kill_timeout"] for name, one in settings.items()} == {"web": 20000, "low": 90000}
    assert host.file("/etc/systemd/system/pm2.service").contains("^TimeoutStopSec=105$")


def test_a_killed_daemon_is_restarted(host: Any) -> None:
    before = host.check_output("systemctl show --property MainPID --value pm2")
    host.run_expect([0], f"kill -9 {before}")
    assert wait_for(lambda: host.check_output("systemctl show --property MainPID --value pm2") not in (before, "0"))
    assert wait_for(lambda: host.run(f"{AS_APP} pm2 ping").rc == 0)
    assert host.service("pm2").is_running
