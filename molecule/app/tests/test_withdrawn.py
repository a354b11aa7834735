# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services that the host no longer has. They are the last tests, because only two services are left afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from deploys import Source
from guest import curl, wait_for
from services import PATHS

pytestmark = [pytest.mark.step]
GONE = ("api", "old")


def test_services_that_are_gone_leave_nothing_but_their_data(
    host: Any, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = source.play("reconfigure.yml")
    assert recorded.returncode == 0, recorded.stdout
    host.run_expect([0], "install -o app-old -g app-old -m 0644 /dev/null /srv/old/shared/upload")
    host.run_expect([0], "chmod 0777 /srv/old/shared")
    # A name that is no text, which Ansible does not accept of a module.
    host.run_expect([0], r"runuser --user=app-api -- sh -c 'touch /var/lib/groundwork/api/bad$(printf \\377)'")
    host.run_expect([0], "runuser --user=app-api -- ln -s /etc/shadow /var/lib/groundwork/api/shadow")
    before = host.check_output("stat --format '%U %a' /etc/shadow")
    monkeypatch.setenv("MOLECULE_WITHOUT", ",".join(GONE))
    run = source.play("reconfigure.yml")
    assert run.returncode == 0, run.stdout
    said = " ".join(run.stdout.split())
    for service in GONE:
        assert f"{service} is no longer on" in said
        assert host.run(f"systemctl cat groundwork-{service}.service").rc != 0
        for path in (f"/etc/groundwork/{service}.env", f"/srv/{service}/current", f"/srv/{service}/releases"):
            assert not host.file(path).exists, path
        assert host.run(f"getent passwd app-{service} || getent group app-{service}").rc != 0
        assert curl(host, f"http://127.0.0.1{PATHS[service]}")[0] in (200, 404)
    assert host.run("pgrep --full '/srv/(api|old)/'").rc != 0
    for name in ("pm2/old.json", "pm2/old.sandbox", "gunicorn/old.py", "gunicorn/api.py"):
        assert not host.file(f"/etc/groundwork/{name}").exists
    assert "/srv/old/shared" in said
    assert host.file("/srv/old/shared/upload").user == "root"
    assert host.file("/srv/old/shared").mode == 0o700
    assert host.file("/var/lib/groundwork/api/migrations").user == "root"
    assert host.file("/var/lib/groundwork/api").mode == 0o700
    assert host.check_output("stat --format '%U %a' /etc/shadow") == before
    for service in PATHS.keys() - set(GONE):
        assert wait_for(lambda path=PATHS[service]: curl(host, f"http://127.0.0.1{path}")[0] == 200, 30), service


def test_a_second_run_changes_nothing(host: Any, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLECULE_WITHOUT", ",".join(GONE))
    again = source.play("reconfigure.yml")
    assert again.returncode == 0, again.stdout
    assert "changed=0" in again.stdout, again.stdout
