# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("name", ["groundwork-api", "groundwork-other"])
def test_units_are_enabled_and_wait_for_a_release(host: Any, name: str) -> None:
    for unit in (f"{name}.socket", f"{name}.service"):
        assert host.service(unit).is_enabled
        assert not host.service(unit).is_running
    assert host.check_output(f"systemctl show --property LoadState --value {name}.service") == "loaded"


def test_systemd_finds_nothing_wrong_with_the_units(host: Any) -> None:
    # What does not exist yet are the programs of a release.
    said = host.run("systemd-analyze verify /etc/systemd/system/groundwork-*.service 2>&1").stdout
    assert [line for line in said.splitlines() if "groundwork-" in line] == []


def test_an_entry_with_arguments_is_one_argument_of_the_launcher(host: Any) -> None:
    shown = host.check_output("systemctl show --property ExecStart --value groundwork-other.service")
    assert " run other wsgi:create_app('a b', debug=False) --control " in shown


def test_a_service_may_do_little(host: Any) -> None:
    wanted = "NoNewPrivileges,ProtectSystem,PrivateTmp,CapabilityBoundingSet,MemoryMax"
    shown = host.check_output(f"systemctl show groundwork-api --property {wanted}")
    assert set(shown.splitlines()) == {
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        f"MemoryMax={2 * 200 * 1024 * 1024}",
    }


def test_automatic_workers_fit_into_the_memory(host: Any) -> None:
    assert host.file("/etc/groundwork/gunicorn/api.py").contains("^workers = 2$")
    assert host.file("/etc/groundwork/gunicorn/other.py").contains("^workers = 2$")
    assert host.run("python3 -m py_compile /etc/groundwork/gunicorn/api.py").rc == 0


def test_a_load_balancer_is_believed_and_never_hung_up_on(host: Any) -> None:
    settings = "map(runpy.run_path('/etc/groundwork/gunicorn/{}.py').get, ('forwarded_allow_ips', 'keepalive'))"
    program = f'python3 -B -c "import runpy; print(*{settings})"'
    said = [host.check_output(program.format(name)) for name in ("api", "other")]
    assert said == ["* 75", "127.0.0.1,::1 75"]


def test_the_socket_is_where_the_document_says(host: Any) -> None:
    assert host.file("/etc/systemd/system/groundwork-api.socket").contains("^ListenStream=127.0.0.1:5000$")
    assert host.file("/etc/systemd/system/groundwork-other.socket").contains("^ListenStream=/run/other/other.sock$")


def test_uv_is_there_to_build_releases(host: Any) -> None:
    assert host.run("runuser -u app -- uv --version").stdout.startswith("uv 0.")
