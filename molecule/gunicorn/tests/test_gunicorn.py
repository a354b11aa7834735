# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest
from guest import converge


@pytest.mark.parametrize("name", ["groundwork-api", "groundwork-other"])
def test_units_are_enabled_and_not_started_without_a_release(host: Any, name: str) -> None:
    for unit in (f"{name}.socket", f"{name}.service"):
        assert host.service(unit).is_enabled
        assert not host.service(unit).is_running
    assert host.check_output(f"systemctl show --property LoadState --value {name}.service") == "loaded"


def test_systemd_verifies_the_units(host: Any) -> None:
    # The programs of a release do not exist yet.
    said = host.run("systemd-analyze verify /etc/systemd/system/groundwork-*.service 2>&1").stdout
    assert [line for line in said.splitlines() if "groundwork-" in line] == []


def test_an_entry_with_arguments_is_one_argument_of_the_launcher(host: Any) -> None:
    shown = host.check_output("systemctl show --property ExecStart --value groundwork-other.service")
    assert " run other wsgi:create_app('a b', debug=False) --control " in shown


def test_units_are_hardened(host: Any) -> None:
    properties = "NoNewPrivileges,ProtectSystem,PrivateTmp,PrivateIPC,CapabilityBoundingSet,MemoryMax"
    shown = host.check_output(f"systemctl show groundwork-api --property {properties}")
    assert set(shown.splitlines()) == {
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "PrivateIPC=yes",
        "CapabilityBoundingSet=",
        f"MemoryMax={2 * 200 * 1024 * 1024}",
    }


def test_automatic_workers_fit_into_the_memory(host: Any) -> None:
    assert host.file("/etc/groundwork/gunicorn/api.py").contains("^workers = 2$")
    assert host.file("/etc/groundwork/gunicorn/other.py").contains("^workers = 2$")
    assert host.run("python3 -m py_compile /etc/groundwork/gunicorn/api.py").rc == 0


def test_settings_behind_a_load_balancer(host: Any) -> None:
    names = "'forwarded_allow_ips', 'keepalive', 'graceful_timeout'"
    settings = f"map(runpy.run_path('/etc/groundwork/gunicorn/{{}}.py').get, ({names}))"
    program = f'python3 -B -c "import runpy; print(*{settings})"'
    said = [host.check_output(program.format(name)) for name in ("api", "other")]
    assert said == ["* 135 120", "127.0.0.1,::1 75 20"]


@pytest.mark.parametrize(("service", "seconds"), [("api", 130), ("other", 30)])
def test_systemd_waits_longer_than_gunicorn_does_for_its_requests(host: Any, service: str, seconds: int) -> None:
    unit = host.file(f"/etc/systemd/system/groundwork-{service}.service")
    assert unit.contains(f"^TimeoutStopSec={seconds}$")


def test_the_socket_has_the_path_of_the_service(host: Any) -> None:
    assert host.file("/etc/systemd/system/groundwork-api.socket").contains("^ListenStream=127.0.0.1:5000$")
    assert host.file("/etc/systemd/system/groundwork-other.socket").contains("^ListenStream=/run/other/other.sock$")


@pytest.mark.parametrize(("service", "user"), [("api", "app"), ("other", "app-other")])
def test_each_service_has_its_user(host: Any, service: str, user: str) -> None:
    shown = host.check_output(f"systemctl show --property User,Group groundwork-{service}.service")
    assert set(shown.splitlines()) == {f"User={user}", f"Group={user}"}
    assert host.user(user).shell == "/usr/sbin/nologin"
    assert host.run(f"getent shadow {user}").stdout.split(":")[1].startswith("!")
    state = host.file(f"/var/lib/groundwork/{service}")
    assert (state.user, state.mode) == (user, 0o700)


def test_services_cannot_reach_the_metadata_service(host: Any) -> None:
    unit = host.file("/etc/systemd/system/groundwork-api.service")
    assert unit.contains("^IPAddressDeny=169.254.169.254/32 fd00:ec2::254/128$")
    assert not host.file("/etc/systemd/system/groundwork-other.service").contains("^IPAddressDeny")


@pytest.mark.parametrize("service", ["api", "other"])
def test_a_service_whose_socket_systemd_opens_listens_on_no_port(host: Any, service: str) -> None:
    unit = host.file(f"/etc/systemd/system/groundwork-{service}.service")
    assert unit.contains("^SocketBindDeny=tcp:1-65535$")
    assert not unit.contains("^SocketBindAllow")


def test_uv_is_installed(host: Any) -> None:
    assert host.run("runuser -u app -- uv --version").stdout.startswith("uv 0.")


def test_units_and_users_that_were_changed_by_hand_are_corrected(host: Any) -> None:
    host.check_output(
        "systemctl disable groundwork-api.service groundwork-other.socket && usermod --shell /bin/sh app-other"
    )
    host.check_output("printf 'app-other:a-password' | chpasswd && usermod --unlock app-other && userdel app")
    # systemd has not read this yet.
    host.check_output("printf '\\n# by hand\\n' >> /etc/systemd/system/groundwork-api.socket")
    converge()
    for unit in ("groundwork-api.service", "groundwork-api.socket", "groundwork-other.socket"):
        assert host.service(unit).is_enabled
        assert host.check_output(f"systemctl show --property NeedDaemonReload --value {unit}") == "no"
    assert (host.user("app-other").shell, host.user("app-other").password) == ("/usr/sbin/nologin", "!")
    assert host.user("app").shell == "/usr/sbin/nologin"
