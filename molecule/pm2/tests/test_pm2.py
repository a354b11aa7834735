# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from typing import Any

from guest import wait_for

AS_APP = "runuser -u app -- env HOME=/home/app PATH=/usr/local/bin:/usr/bin:/bin"


def test_it_runs_and_starts_at_boot(host: Any) -> None:
    assert host.service("pm2").is_running
    assert host.service("pm2").is_enabled
    assert host.process.filter(user="app", comm="PM2 v7.0.4: God") or host.run("pgrep -u app -f 'PM2 v7.0.4'").rc == 0


def test_nothing_runs_that_has_no_release_yet(host: Any) -> None:
    assert json.loads(host.check_output(f"{AS_APP} pm2 jlist").splitlines()[-1]) == []


def test_its_directory_is_closed_to_others(host: Any) -> None:
    assert host.file("/home/app/.pm2").mode == 0o700


def test_the_process_file_says_what_the_document_says(host: Any) -> None:
    process = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)["apps"][0]
    assert {key: process[key] for key in ("cwd", "script", "exec_mode", "instances", "max_memory_restart")} == {
        "cwd": "/srv/web/current",
        "script": "server.js",
        "exec_mode": "cluster",
        "instances": 2,
        "max_memory_restart": "300M",
    }


def test_it_may_listen_on_low_ports_where_a_service_does_and_do_nothing_else(host: Any) -> None:
    pid = host.check_output("systemctl show --property MainPID --value pm2")
    for capabilities in ("CapAmb", "CapBnd"):
        # CAP_NET_BIND_SERVICE is number 10.
        assert int(host.check_output(f"awk '/^{capabilities}:/ {{ print $2 }}' /proc/{pid}/status"), 16) == 1 << 10


def test_it_comes_back_after_a_kill(host: Any) -> None:
    before = host.check_output("systemctl show --property MainPID --value pm2")
    host.run_expect([0], f"kill -9 {before}")
    assert wait_for(lambda: host.check_output("systemctl show --property MainPID --value pm2") not in (before, "0"))
    assert wait_for(lambda: host.run(f"{AS_APP} pm2 ping").rc == 0)
    assert host.service("pm2").is_running
