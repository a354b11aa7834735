# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from typing import Any

import pytest
from guest import converge, wait_for

USERS = {"web": "app", "low": "app-low"}
EVERY_SERVICE = pytest.mark.parametrize("service", USERS)


def main_pid(host: Any, service: str) -> str:
    return str(host.check_output(f"systemctl show --property MainPID --value groundwork-{service}"))


def jlist(host: Any, service: str, prefix: str = "") -> Any:
    return json.loads(host.check_output(f"{prefix} pm2 jlist {service}"))


@EVERY_SERVICE
def test_each_service_has_a_daemon_that_starts_at_boot(host: Any, service: str) -> None:
    unit = host.service(f"groundwork-{service}")
    assert unit.is_running
    assert unit.is_enabled
    pid = main_pid(host, service)
    assert host.check_output(f"ps -o user:32=,args= -p {pid}").split()[:2] == [USERS[service], "PM2"]


@EVERY_SERVICE
def test_services_without_a_release_are_not_started(host: Any, service: str) -> None:
    assert jlist(host, service) == []


def test_an_administrator_needs_no_user_and_no_path_of_pm2(host: Any) -> None:
    listed = host.check_output("cd /root && HOME=/root SECRET=x pm2 jlist")
    assert json.loads(listed) == []
    # The PM2 of the units have answered: none was started for root.
    assert not host.file("/root/.pm2").exists
    assert host.run("pgrep -u root -f '[P]M2 v'").rc != 0


def test_the_user_of_a_service_reaches_its_pm2_only(host: Any) -> None:
    assert jlist(host, "", "runuser --user=app-low --") == []
    assert host.run("runuser --user=app-low -- pm2 jlist web").rc != 0


def test_without_the_unit_the_command_starts_no_pm2_of_its_own(host: Any) -> None:
    host.run_expect([0], "systemctl stop groundwork-web")
    try:
        done = host.run("pm2 status web")
        message = "PM2 of web does not run: start it with systemctl start groundwork-web.service"
        assert (done.rc, done.stderr.strip()) == (1, message)
        assert host.run("pgrep -u app -f 'PM2 v'").rc != 0
        # The others are still reached.
        done = host.run("pm2 jlist")
        assert (done.rc, done.stdout.strip().splitlines()[-1]) == (1, "[]")
    finally:
        host.run_expect([0], "systemctl start groundwork-web")


def test_output_and_errors_have_files_of_their_own(host: Any) -> None:
    process = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)["apps"][0]
    logs = "/var/log/groundwork/shop/web"
    assert (process["out_file"], process["error_file"]) == (f"{logs}.log", f"{logs}-err.log")
    for path in (process["out_file"], process["error_file"]):
        assert (host.file(path).user, host.file(path).mode) == ("app", 0o640)
    assert host.file("/var/log/groundwork/shop").user == "root"


@EVERY_SERVICE
def test_only_the_user_can_read_the_directory_of_pm2(host: Any, service: str) -> None:
    state = host.file(f"/var/lib/groundwork/{service}")
    assert (state.user, state.mode) == (USERS[service], 0o700)
    assert host.file(f"/var/lib/groundwork/{service}/.pm2").user == USERS[service]


def test_the_process_file_has_the_values_of_the_document(host: Any) -> None:
    process = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)["apps"][0]
    assert {key: process[key] for key in ("cwd", "script", "exec_mode", "instances", "max_memory_restart")} == {
        "cwd": "/srv/web/current",
        "script": "server.js",
        "exec_mode": "cluster",
        "instances": 2,
        "max_memory_restart": "300M",
    }


# CAP_NET_BIND_SERVICE is number 10.
@pytest.mark.parametrize(("service", "capabilities"), [("low", 1 << 10), ("web", 0)])
def test_only_a_service_with_a_low_port_has_the_capability_for_it(host: Any, service: str, capabilities: int) -> None:
    pid = main_pid(host, service)
    for name in ("CapAmb", "CapBnd"):
        assert int(host.check_output(f"awk '/^{name}:/ {{ print $2 }}' /proc/{pid}/status"), 16) == capabilities


def test_processes_get_as_long_as_their_service_may_take(host: Any) -> None:
    settings = {name: json.loads(host.file(f"/etc/groundwork/pm2/{name}.json").content_string) for name in USERS}
    assert {name: one["apps"][0]["kill_timeout"] for name, one in settings.items()} == {"web": 20000, "low": 90000}
    for service, seconds in (("web", 35), ("low", 105)):
        assert host.file(f"/etc/systemd/system/groundwork-{service}.service").contains(f"^TimeoutStopSec={seconds}$")


def test_systemd_verifies_the_units(host: Any) -> None:
    said = host.run("systemd-analyze verify /etc/systemd/system/groundwork-*.service 2>&1").stdout
    assert [line for line in said.splitlines() if "groundwork-" in line] == []


BUFFERUTIL = "/var/lib/groundwork/web/.node_modules/bufferutil"
# A dependency of PM2 loads this package where it finds it, also below HOME.
PLANTED = "require('fs').writeFileSync('/var/lib/groundwork/web/loaded', process.argv.join(' ')); module.exports = {};"


@pytest.mark.parametrize("command", ["pm2 ls", "pm2 jlist web", "pm2 ping web"])
def test_a_package_that_a_service_leaves_in_its_home_is_not_loaded(host: Any, command: str) -> None:
    host.run_expect([0], f"mkdir -p {BUFFERUTIL} && printf %s %s > {BUFFERUTIL}/index.js", "%s", PLANTED)
    host.run_expect([0], "chown -R app: /var/lib/groundwork/web/.node_modules")
    try:
        host.run_expect([0], command)
        assert not host.file("/var/lib/groundwork/web/loaded").exists
    finally:
        host.run("rm -rf /var/lib/groundwork/web/.node_modules /var/lib/groundwork/web/loaded")


def find_command(host: Any) -> str:
    """The process id of the command to PM2 that runs now; empty where there is none."""
    units = "systemctl list-units --plain --no-legend 'groundwork-web_pm2-*.service'"
    unit = (host.run(units).stdout.split() or [""])[0]
    pid = host.run("systemctl show --property MainPID --value %s", unit).stdout.strip() if unit else ""
    return "" if pid == "0" else pid


def test_a_command_of_an_administrator_has_no_more_rights_than_the_service(host: Any) -> None:
    host.run_expect([0], "setsid pm2 logs web > /tmp/logs 2>&1 < /dev/null & echo $! > /tmp/logs.pid")
    try:
        assert wait_for(lambda: find_command(host) != "")
        pid, daemon = find_command(host), main_pid(host, "web")
        for name in ("Uid", "NoNewPrivs", "CapBnd", "Seccomp"):
            line = f"grep ^{name}: /proc/{{}}/status"
            assert host.check_output(line.format(pid)) == host.check_output(line.format(daemon))
        # No terminal of the administrator, and not the file system outside of the unit of the service.
        assert host.check_output(f"ps -o tty= -p {pid}").strip() == "?"
        assert host.run(f"touch /proc/{pid}/root/srv/touched").rc != 0
        assert host.run(f"nsenter --target {pid} --mount touch /etc/touched").rc != 0
    finally:
        host.run("kill $(cat /tmp/logs.pid)")
    # What is interrupted does not go on.
    assert wait_for(lambda: find_command(host) == "")


def test_a_command_works_at_a_terminal(host: Any) -> None:
    spawn = "python3 -c \"import pty, sys; sys.exit(pty.spawn(['pm2', 'status', 'web']) >> 8)\""
    done = host.run(spawn)
    assert (done.rc, "status" in done.stdout) == (0, True), done.stdout


def test_a_service_listens_on_its_own_port_only(host: Any) -> None:
    """Guests of the lab have no BPF, so that only the rules can be looked at."""
    for service, port in (("web", 3000), ("low", 81)):
        unit = host.file(f"/etc/systemd/system/groundwork-{service}.service")
        assert unit.contains("^SocketBindDeny=tcp:1-65535$")
        assert unit.contains(f"^SocketBindAllow=tcp:{port}$")


def test_a_process_gets_the_home_of_its_service_and_not_that_of_the_command(host: Any) -> None:
    settings = json.loads(host.file("/etc/groundwork/pm2/web.json").content_string)
    assert settings["apps"][0]["env"]["HOME"] == "/var/lib/groundwork/web"


def test_a_killed_daemon_is_restarted(host: Any) -> None:
    before = main_pid(host, "web")
    host.run_expect([0], f"kill -9 {before}")
    assert wait_for(lambda: main_pid(host, "web") not in (before, "0"))
    assert wait_for(lambda: host.run("pm2 ping web").rc == 0)
    assert host.service("groundwork-web").is_running


def test_a_daemon_that_was_stopped_by_hand_runs_again(host: Any) -> None:
    host.check_output("systemctl disable --now groundwork-low")
    converge()
    assert host.service("groundwork-low").is_enabled
    assert host.service("groundwork-low").is_running
