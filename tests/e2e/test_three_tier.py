# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The three-tier architecture from an empty account to nothing again.

The tests share one stack, so their order counts: a second run changes nothing only before another release is deployed,
and the last test destroys the stack. Any selection of them runs in this order.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT, Lab, Run, Traffic, request, wait_for
from stacks import Stack, assert_serves

pytestmark = pytest.mark.docker

FRONT = ["frontend-1", "frontend-2"]
BACK = ["backend-1", "backend-2"]
MESSAGE = {"name": "Ada", "email": "ada@example.org", "message": "It weaves algebraic patterns."}
# The document with shorter times, so that the tests wait less for the load balancer.
QUICK = {"services": {"frontend": {"drain": 5, "health": {"interval": 5, "timeout": 4}}}}


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Stack:
    return Stack(lab, "three_tier", "three-tier", overrides=QUICK)


@pytest.fixture(scope="module")
def database(stack: Stack, site: Run) -> dict[str, Any]:
    (found,) = stack.client("rds").describe_db_instances()["DBInstances"]
    return dict(found)


def test_site_ends_with_the_address_of_the_load_balancer(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_the_passwords_are_not_printed(stack: Stack, site: Run) -> None:
    passwords = stack.passwords()
    assert len(passwords) == 2
    assert not [one for one in passwords if one in site.output]


def test_a_second_run_changes_nothing(stack: Stack, site: Run) -> None:
    again = stack.play("site.yml")
    assert again.code == 0, again.output
    assert set(again.changed) == {*(f"three-tier-{name}" for name in FRONT + BACK), "localhost"}
    assert not any(again.changed.values()), again.output


def test_each_tier_runs_in_two_zones(stack: Stack, machines: dict[str, Any]) -> None:
    for tier in (FRONT, BACK):
        assert {machines[name]["Placement"]["AvailabilityZone"] for name in tier} == {"us-east-1a", "us-east-1b"}
    assert stack.health("frontend") == {machines[name]["InstanceId"]: "healthy" for name in FRONT}
    assert not [name for name in BACK if "PublicIpAddress" in machines[name]]


def test_every_part_has_alarms_and_a_dashboard(stack: Stack, site: Run) -> None:
    alarms = stack.client("cloudwatch").describe_alarms(AlarmNamePrefix="groundwork/three-tier/")["MetricAlarms"]
    assert len(alarms) == 17
    (board,) = stack.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert board["DashboardName"] == "groundwork_three-tier_us-east-1_overview"


def test_the_page_shows_rows_of_the_database(url: str) -> None:
    page = request(f"{url}/")
    assert page.status == 200
    assert "text/html" in page.headers["content-type"]
    assert len(request(f"{url}/api/projects").json) > 0
    before = request(f"{url}/api/stats").json
    assert request(f"{url}/api/contact", "POST", MESSAGE).status == 201
    assert request(f"{url}/api/contact", "POST", {**MESSAGE, "email": "invalid"}).status == 422
    assert request(f"{url}/api/stats").json == {**before, "messages": before["messages"] + 1}


def test_each_tier_accepts_only_connections_of_the_tier_before_it(
    stack: Stack, machines: dict[str, Any], database: dict[str, Any]
) -> None:
    endpoint, back = database["Endpoint"], machines[BACK[0]]["PrivateIpAddress"]
    assert stack.reaches(machines[BACK[0]], endpoint["Address"], endpoint["Port"])
    assert not stack.reaches(machines[FRONT[0]], endpoint["Address"], endpoint["Port"])
    assert stack.reaches(machines[FRONT[1]], back, 5001)
    assert not stack.reaches(machines[BACK[1]], back, 5001)
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex((machines[FRONT[0]]["PublicIpAddress"], 5000)) != 0


@pytest.mark.step
def test_the_database_restarts_and_the_application_recovers_by_itself(
    stack: Stack, url: str, database: dict[str, Any]
) -> None:
    stack.client("rds").reboot_db_instance(DBInstanceIdentifier=database["DBInstanceIdentifier"])
    wait_for(lambda: request(f"{url}/api/projects").status != 200, 60, "the restart of the database")
    wait_for(lambda: request(f"{url}/api/projects").status == 200, 60, "the application after it")
    assert_serves(f"{url}/", f"{url}/api/projects")


DESTROY = """
import pymysql
authorities = {{"ca": "/etc/groundwork/databases.pem"}}
there = pymysql.connect(host={host!r}, user={user!r}, password={password!r}, database="appdb", ssl=authorities)
there.cursor().execute("drop table {table}")
"""


def destroy_table(stack: Stack, machine: dict[str, Any], host: str, table: str) -> None:
    """Drop a table as the user of the service."""
    held = stack.client("secretsmanager").get_secret_value(SecretId="three-tier-main-backend")["SecretString"]
    login = json.loads(held)
    script = DESTROY.format(host=host, user=login["username"], password=login["password"], table=table)
    done = stack.shell(machine, f"sudo /opt/groundwork/databases/*/bin/python - <<'END'\n{script}\nEND")
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.step
def test_the_drill_restores_a_dropped_table(
    stack: Stack, url: str, machines: dict[str, Any], database: dict[str, Any]
) -> None:
    """The application serves the rows of the backup again; the time that took is printed."""
    assert request(f"{url}/api/contact", "POST", {**MESSAGE, "name": "Grace"}).status == 201
    before = request(f"{url}/api/stats").json
    backup = stack.play("backup.yml")
    assert backup.code == 0, backup.output
    destroy_table(stack, machines[BACK[0]], database["Endpoint"]["Address"], "contacts")
    assert request(f"{url}/api/stats").status != 200
    began = time.monotonic()
    restore = stack.play("restore.yml", "-e", "restore_snapshot=newest", "-e", '{"restore_expects": ["contacts"]}')
    assert restore.code == 0, restore.output
    assert request(f"{url}/api/stats").json == before
    print(f"drill: served again after {time.monotonic() - began:.0f} s")
    print("\n".join(re.findall(r"\br[pt]o: '[^']+'", restore.output)))
    assert "MISSED" not in restore.output
    assert not [one for one in stack.passwords() if one in restore.output]
    assert_serves(f"{url}/", f"{url}/api/projects")
    again = stack.play("provision.yml")
    assert again.code == 0, again.output
    assert not any(again.changed.values()), again.output


@pytest.mark.long
@pytest.mark.step
def test_scaling_out_and_up_and_in_drops_no_request(stack: Stack, url: str, machines: dict[str, Any]) -> None:
    # A low rate, because the requests use the same processors for minutes.
    with Traffic(f"{url}/", f"{url}/api/projects", every=0.1) as traffic:
        grown = stack.play("scale.yml", services={"frontend": {"instances": {"count": 3}}})
        assert grown.code == 0, grown.output
        three = stack.machines()
        assert set(three) == {*FRONT, *BACK, "frontend-3"}
        assert stack.health("frontend") == {three[name]["InstanceId"]: "healthy" for name in [*FRONT, "frontend-3"]}
        shrunk = stack.play("scale.yml", services={"frontend": {"instances": {"type": "t3.small"}}})
        assert shrunk.code == 0, shrunk.output
    # Each was back before the next one stopped.
    assert shrunk.output.count("TASK [Record that the host has its new type]") == 2, shrunk.output
    assert traffic.sent > 200
    assert traffic.failures == []
    two = stack.machines()
    assert {name: one["InstanceId"] for name, one in two.items()} == {
        name: one["InstanceId"] for name, one in machines.items()
    }
    assert {name: two[name]["InstanceType"] for name in FRONT} == dict.fromkeys(FRONT, "t3.small")
    assert stack.health("frontend") == {two[name]["InstanceId"]: "healthy" for name in FRONT}


@pytest.mark.step
def test_new_releases_of_both_tiers_drop_no_request(stack: Stack, url: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(".venv", "__pycache__", "instance", ".pytest_cache")
    services = {}
    for service in ("frontend", "backend"):
        source = tmp_path / service
        shutil.copytree(CHECKOUT / "examples" / f"portfolio_{service}", source, ignore=ignore)
        (source / "NOTES").write_text("A second release.\n")
        services[service] = {"source": {"directory": str(source)}}
    before = request(f"{url}/version").body
    with Traffic(f"{url}/", f"{url}/api/projects") as traffic:
        deploy = stack.play("deploy.yml", services=services)
    assert deploy.code == 0, deploy.output
    assert "TASK [groundwork.aws.app : Set the target state: drained]" in deploy.output
    assert traffic.sent > 200
    assert traffic.failures == []
    assert {request(f"{url}/version").body for _ in range(4)}.isdisjoint({before})
    assert set(stack.health("frontend").values()) == {"healthy"}


@pytest.mark.long
@pytest.mark.step
def test_a_deploy_of_one_service_does_not_touch_the_hosts_of_the_others(stack: Stack, url: str, tmp_path: Path) -> None:
    source = tmp_path / "backend"
    ignore = shutil.ignore_patterns(".venv", "__pycache__", "instance", ".pytest_cache")
    shutil.copytree(CHECKOUT / "examples" / "portfolio_backend", source, ignore=ignore)
    (source / "NOTES").write_text("A third release.\n")
    changed = {"backend": {"source": {"directory": str(source)}}}
    deploy = stack.play("deploy.yml", "-e", "services=backend", services=changed)
    assert deploy.code == 0, deploy.output
    assert set(deploy.changed) == {"localhost", *(f"three-tier-{name}" for name in BACK)}
    assert f"{url}/" in "\n".join(deploy.output.splitlines()[-8:])
    status = stack.play("status.yml", "-e", "services=backend", services=changed)
    rows = [line.split() for line in status.output.splitlines() if "backend  three-tier-" in line]
    assert len(rows) == len(BACK), status.output
    assert {row[-2] for row in rows} == {"healthy"}
    back = stack.play("rollback.yml", "-e", "services=backend", services=changed)
    assert back.code == 0, back.output
    assert set(back.changed) == {"localhost", *(f"three-tier-{name}" for name in BACK)}


FAILURES = {
    "ends at start": "import os\nos._exit(3)\n",
    "ends after four seconds": "import os, threading\nthreading.Timer(4, lambda: os._exit(3)).start()\n",
    "hangs before it listens": "import time\ntime.sleep(3600)\n",
    "answers 500": "app.before_request(lambda: ('no', 500))\n",
    # As the kernel kills a worker that uses too much memory.
    "leaks memory": "import os, threading\nthreading.Timer(2, lambda: os.kill(os.getpid(), 9)).start()\n",
}


@pytest.mark.parametrize(
    "failure",
    [pytest.param(name, marks=[] if name == "answers 500" else [pytest.mark.long], id=name) for name in FAILURES],
)
@pytest.mark.step
def test_a_release_that_fails_is_replaced_by_the_previous_one_and_no_request_fails(
    stack: Stack, url: str, tmp_path: Path, failure: str
) -> None:
    source = tmp_path / "frontend"
    ignore = shutil.ignore_patterns(".venv", "__pycache__", "instance", ".pytest_cache")
    shutil.copytree(CHECKOUT / "examples" / "portfolio_frontend", source, ignore=ignore)
    with (source / "wsgi.py").open("a") as entry:
        entry.write(FAILURES[failure])
    before = request(f"{url}/version").body
    with Traffic(f"{url}/", f"{url}/api/projects", every=0.1) as traffic:
        failed = stack.play(
            "deploy.yml", "-e", "services=frontend", services={"frontend": {"source": {"directory": str(source)}}}
        )
    assert failed.code != 0
    assert "of frontend did not become healthy on three-tier-frontend-1: " in failed.output, failed.output
    assert "serves again on three-tier-frontend-1, and the load balancer calls it healthy" in failed.output
    assert traffic.sent > 100
    assert traffic.failures == []
    assert {request(f"{url}/version").body for _ in range(4)} == {before}
    assert list(stack.health("frontend").values()) == ["healthy", "healthy"]


@pytest.mark.step
def test_a_zone_is_lost_and_traffic_goes_on(stack: Stack, url: str, machines: dict[str, Any]) -> None:
    lost = [machines[tier[0]]["InstanceId"] for tier in (FRONT, BACK)]
    stack.stop(*lost)
    wait_for(lambda: stack.health("frontend")[lost[0]] != "healthy", 60, "the load balancer's notice")
    assert_serves(f"{url}/", f"{url}/api/projects")
    stack.start(*lost)
    wait_for(lambda: set(stack.health("frontend").values()) == {"healthy"}, 120, "both front ends")
    # The other zone now serves alone, with a back end that has restarted by itself.
    stack.stop(machines[BACK[1]]["InstanceId"])
    wait_for(lambda: request(f"{url}/api/projects").status == 200, 60, "the back end that came back")
    assert_serves(f"{url}/", f"{url}/api/projects")


@pytest.mark.long
@pytest.mark.step(needs=["test_the_drill_restores_a_dropped_table"])
def test_destroy_refuses_while_the_database_before_the_drill_is_kept(stack: Stack, url: str) -> None:
    held = stack.play("destroy.yml", "-e", "confirm=three-tier", "-e", '{"allow_destroy": ["db_instance/main"]}')
    assert held.code != 0
    (kept,) = set(re.findall(r"three-tier-main-before-\d{8}-\d{6}", held.output))
    discarded = stack.play("discard.yml", "-e", f"discard_instance={kept}")
    assert discarded.code == 0, discarded.output
    assert request(f"{url}/").status == 200


@pytest.mark.step
def test_destroy_keeps_data_unless_it_is_named(stack: Stack, site: Run, url: str) -> None:
    def snapshots() -> int:
        return len(stack.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"])

    refused = stack.play("destroy.yml", "-e", "confirm=three-tier")
    assert refused.code != 0
    assert "db_instance/main" in refused.output
    assert request(f"{url}/").status == 200
    before = snapshots()
    destroyed = stack.play("destroy.yml", "-e", "confirm=three-tier", "-e", '{"allow_destroy": ["db_instance/main"]}')
    assert destroyed.code == 0, destroyed.output
    assert stack.find_remains() == {}
    assert snapshots() == before + 1
    assert request(f"{url}/").status == 0
