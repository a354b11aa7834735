# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host of version 0.1.0, on which all services shared one user and one PM2, after its configuration.

Nothing was deployed: the releases are those of the earlier layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deploys import Source, current, deploy_each, pm2_processes
from guest import answer

pytestmark = pytest.mark.long

PATHS = {"api": "/api/x", "web": "/", "mail": "/mail/x"}
EVERY_SERVICE = pytest.mark.parametrize("service", PATHS)


def says(host: Any, service: str) -> dict[str, Any]:
    return answer(host, f"http://127.0.0.1{PATHS[service]}")


@EVERY_SERVICE
def test_the_release_of_the_earlier_layout_serves_as_the_user_of_the_service(host: Any, service: str) -> None:
    assert says(host, service) == {"text": "one", "user": f"app-{service}", "token": f"earlier-{service}"}
    assert current(host, service) == 1


def test_the_shared_user_and_its_pm2_are_gone(host: Any) -> None:
    assert not host.user("app").exists
    assert not host.group("app").exists
    for path in ("/home/app", "/etc/systemd/system/pm2.service", "/etc/groundwork/service_roles"):
        assert not host.file(path).exists, path
    assert host.run("systemctl status pm2.service").rc == 4  # there is no such unit
    daemons = host.check_output("ps -e -o user:32=,args= | grep '[P]M2 v' | cut -d ' ' -f 1").split()
    assert sorted(daemons) == ["app-mail", "app-web"]


def test_no_file_belongs_to_a_user_that_does_not_exist(host: Any) -> None:
    """The next user that is created may get the number of the one that was removed."""
    assert host.check_output("find / -xdev '(' -nouser -o -nogroup ')' -print") == ""


@EVERY_SERVICE
def test_what_belongs_to_a_service_belongs_to_its_user(host: Any, service: str) -> None:
    user = f"app-{service}"
    paths = [
        f"/srv/{service}/releases/1",
        f"/srv/{service}/shared/kept",
        f"/var/lib/groundwork/{service}/kept",
        f"/etc/groundwork/{service}.env",
    ]
    assert [host.file(path).user for path in paths] == [user] * len(paths)
    others = [f"/srv/{other}/shared/kept" for other in PATHS if other != service]
    assert host.run(f"runuser --user={user} -- cat {' '.join(others)}").stdout == ""


@pytest.mark.parametrize("service", ["web", "mail"])
def test_rotated_logs_belong_to_root(host: Any, service: str) -> None:
    logs = f"/var/log/groundwork/shop/{service}"
    assert (host.file(f"{logs}.log").user, host.file(f"{logs}.log.1").user) == (f"app-{service}", "root")


def test_every_service_has_as_many_processes_as_before(host: Any) -> None:
    assert {name: len(pm2_processes(host, name)) for name in ("web", "mail")} == {"web": 2, "mail": 1}


@pytest.mark.step
def test_a_rollback_restores_the_release_of_the_earlier_layout(host: Any, tmp_path: Path) -> None:
    source = Source(tmp_path)
    source.change("web/server.js", "'one'", "'two'")
    source.change("api/wsgi.py", '"one"', '"two"')
    for service, run in deploy_each(source, PATHS).items():
        assert run.returncode == 0, run.stdout
        assert says(host, service) == {"text": "two", "user": f"app-{service}", "token": None}
    run = source.play("rollback.yml")
    assert run.returncode == 0, run.stdout
    for service in PATHS:
        assert says(host, service) == {"text": "one", "user": f"app-{service}", "token": f"earlier-{service}"}
        assert current(host, service) == 1


@pytest.mark.step
def test_the_services_start_at_boot(host: Any) -> None:
    units = " ".join(f"groundwork-{service}.service" for service in PATHS)
    host.run_expect([0], f"systemctl stop {units} groundwork-api.socket")
    host.run_expect([0], "systemctl start sockets.target multi-user.target")
    for service in PATHS:
        assert host.service(f"groundwork-{service}.service").is_enabled
        assert says(host, service)["text"] == "one"
