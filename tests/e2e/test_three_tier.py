# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The three-tier architecture from an empty account to nothing again. The tests tell one story, in this order."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT, Lab, Run, Traffic, request, wait_for

pytestmark = pytest.mark.docker

TOPOLOGY = "three_tier"
FRONT = ["three-tier-frontend-1", "three-tier-frontend-2"]
BACK = ["three-tier-backend-1", "three-tier-backend-2"]
MESSAGE = {"name": "Ada", "email": "ada@example.org", "message": "It weaves algebraic patterns."}


# The document as it is, but that nobody has to wait so long for the load balancer.
QUICK = {"services": {"frontend": {"drain": 5, "health": {"interval": 5, "timeout": 4}}}}


def play(lab: Lab, playbook: str, *options: str, overrides: Mapping[str, Any] = QUICK) -> Run:
    return lab.play(playbook, "-e", json.dumps({"stack_overrides": overrides}), *options, topology=TOPOLOGY)


@pytest.fixture(scope="module")
def site(lab: Lab) -> Run:
    run = play(lab, "site.yml")
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def url(lab: Lab, site: Run) -> str:
    (balancer,) = lab.client("elbv2").describe_load_balancers(Names=["three-tier-alb"])["LoadBalancers"]
    return f"http://{balancer['DNSName']}"


@pytest.fixture(scope="module")
def machines(lab: Lab, site: Run) -> dict[str, Any]:
    """The instances, by name."""
    running = {"Name": "instance-state-name", "Values": ["running"]}
    named = {"Name": "tag:Name", "Values": FRONT + BACK}
    found = lab.client("ec2").describe_instances(Filters=[running, named])["Reservations"]
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    return {tag["Value"]: one for one in instances for tag in one["Tags"] if tag["Key"] == "Name"}


@pytest.fixture(scope="module")
def database(lab: Lab, site: Run) -> dict[str, Any]:
    (found,) = lab.client("rds").describe_db_instances()["DBInstances"]
    return dict(found)


@pytest.fixture(scope="module")
def run_on(lab: Lab, machines: dict[str, Any]) -> Callable[[str, str], subprocess.CompletedProcess[str]]:
    """Run a shell command on an instance, by the way that the inventory takes."""

    def run(name: str, command: str) -> subprocess.CompletedProcess[str]:
        machine = machines[name]
        ssh = ["ssh", "-i", lab.environment["GROUNDWORK_LAB_SSH_KEY"], "-o", "StrictHostKeyChecking=no"]
        ssh += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        if "PublicIpAddress" not in machine:
            proxy = f"{lab.environment['GROUNDWORK_LAB_SSH_PROXY']} {shlex.quote(machine['InstanceId'])}"
            ssh += ["-o", f"ProxyCommand={proxy}"]
        address = machine.get("PublicIpAddress", machine["PrivateIpAddress"])
        return subprocess.run(
            [*ssh, f"admin@{address}", command], capture_output=True, text=True, timeout=60, check=False
        )

    return run


def health(lab: Lab) -> dict[str, str]:
    """What the load balancer says of its targets."""
    elb = lab.client("elbv2")
    (group,) = elb.describe_target_groups(Names=["three-tier-frontend"])["TargetGroups"]
    told = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in told}


def stop(lab: Lab, *ids: str) -> None:
    ec2 = lab.client("ec2")
    ec2.stop_instances(InstanceIds=[*ids])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[*ids], WaiterConfig={"Delay": 1})


def start(lab: Lab, *ids: str) -> None:
    ec2 = lab.client("ec2")
    ec2.start_instances(InstanceIds=[*ids])
    ec2.get_waiter("instance_running").wait(InstanceIds=[*ids], WaiterConfig={"Delay": 1})


def assert_serves(url: str) -> None:
    with Traffic(f"{url}/", f"{url}/api/projects") as traffic:
        wait_for(lambda: traffic.sent > 100, 60, "a hundred answers")
    assert traffic.failures == []


def test_site_ends_with_the_address_of_the_load_balancer(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_the_password_of_a_service_is_not_printed(lab: Lab, site: Run) -> None:
    secrets = lab.client("secretsmanager")
    values = [
        secrets.get_secret_value(SecretId=one["ARN"])["SecretString"] for one in secrets.list_secrets()["SecretList"]
    ]
    passwords = [json.loads(value)["password"] for value in values]
    assert len(passwords) == 2
    assert not [one for one in passwords if one in site.output]


def test_a_second_run_changes_nothing(lab: Lab, site: Run) -> None:
    again = play(lab, "site.yml")
    assert again.code == 0, again.output
    assert set(again.changed) == {*FRONT, *BACK, "localhost"}
    assert not any(again.changed.values()), again.output


def test_the_tiers_stand_in_two_zones(lab: Lab, machines: dict[str, Any]) -> None:
    for tier in (FRONT, BACK):
        assert {machines[name]["Placement"]["AvailabilityZone"] for name in tier} == {"us-east-1a", "us-east-1b"}
    assert health(lab) == {machines[name]["InstanceId"]: "healthy" for name in FRONT}
    assert not [name for name in BACK if "PublicIpAddress" in machines[name]]


def test_a_page_and_what_it_shows_from_the_database(url: str) -> None:
    page = request(f"{url}/")
    assert page.status == 200
    assert "text/html" in page.headers["content-type"]
    assert len(request(f"{url}/api/projects").json) > 0
    before = request(f"{url}/api/stats").json
    assert request(f"{url}/api/contact", "POST", MESSAGE).status == 201
    assert request(f"{url}/api/contact", "POST", {**MESSAGE, "email": "nobody"}).status in (400, 422)
    assert request(f"{url}/api/stats").json != before


def test_each_tier_lets_in_only_the_one_before_it(
    machines: dict[str, Any],
    database: dict[str, Any],
    run_on: Callable[[str, str], subprocess.CompletedProcess[str]],
) -> None:
    def reaches(name: str, host: str, port: int) -> bool:
        return run_on(name, f"timeout 3 bash -c '</dev/tcp/{host}/{port}'").returncode == 0

    endpoint, back = database["Endpoint"], machines[BACK[0]]["PrivateIpAddress"]
    assert reaches(BACK[0], endpoint["Address"], endpoint["Port"])
    assert not reaches(FRONT[0], endpoint["Address"], endpoint["Port"])
    assert reaches(FRONT[1], back, 5001)
    assert not reaches(BACK[1], back, 5001)
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex((machines[FRONT[0]]["PublicIpAddress"], 5000)) != 0


def test_the_database_restarts_and_the_application_recovers_by_itself(
    lab: Lab, url: str, database: dict[str, Any]
) -> None:
    rds = lab.client("rds")
    rds.reboot_db_instance(DBInstanceIdentifier=database["DBInstanceIdentifier"])
    wait_for(lambda: request(f"{url}/api/projects").status != 200, 60, "the restart of the database")
    wait_for(lambda: request(f"{url}/api/projects").status == 200, 60, "the application after it")
    assert_serves(url)


def test_new_releases_of_both_tiers_drop_no_request(lab: Lab, url: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(".venv", "__pycache__", "instance", ".pytest_cache")
    changed: dict[str, Any] = {"services": {"frontend": dict(QUICK["services"]["frontend"]), "backend": {}}}
    for service, said in changed["services"].items():
        source = tmp_path / service
        shutil.copytree(CHECKOUT / "examples" / f"portfolio_{service}", source, ignore=ignore)
        (source / "NOTES").write_text("A second release.\n")
        said["source"] = {"directory": str(source)}
    before = request(f"{url}/version").body
    with Traffic(f"{url}/", f"{url}/api/projects") as traffic:
        deploy = play(lab, "deploy.yml", overrides=changed)
    assert deploy.code == 0, deploy.output
    assert traffic.sent > 200
    assert traffic.failures == []
    assert {request(f"{url}/version").body for _ in range(4)}.isdisjoint({before})
    assert set(health(lab).values()) == {"healthy"}


def test_a_zone_is_lost_and_traffic_goes_on(lab: Lab, url: str, machines: dict[str, Any]) -> None:
    lost = [machines[tier[0]]["InstanceId"] for tier in (FRONT, BACK)]
    stop(lab, *lost)
    wait_for(lambda: health(lab)[lost[0]] != "healthy", 60, "the load balancer's notice")
    assert_serves(url)
    start(lab, *lost)
    wait_for(lambda: set(health(lab).values()) == {"healthy"}, 120, "both front ends")
    # What is left of the other zone now has to serve alone, with a back end that has come back by itself.
    stop(lab, machines[BACK[1]]["InstanceId"])
    wait_for(lambda: request(f"{url}/api/projects").status == 200, 60, "the back end that came back")
    assert_serves(url)


def test_destroy_keeps_data_that_nobody_named_and_then_leaves_nothing(lab: Lab, site: Run, url: str) -> None:
    refused = play(lab, "destroy.yml")
    assert refused.code != 0
    assert "db_instance/main" in refused.output
    assert request(f"{url}/").status == 200
    destroyed = play(lab, "destroy.yml", "-e", '{"allow_destroy": ["db_instance/main"]}')
    assert destroyed.code == 0, destroyed.output
    elb, ec2, rds, secrets = (lab.client(name) for name in ("elbv2", "ec2", "rds", "secretsmanager"))
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []
    assert rds.describe_db_instances()["DBInstances"] == []
    assert rds.describe_db_subnet_groups()["DBSubnetGroups"] == []
    assert len(rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]) == 1
    assert secrets.list_secrets()["SecretList"] == []
    owned = [{"Name": "tag:groundwork:stack", "Values": ["three-tier"]}]
    assert ec2.describe_vpcs(Filters=owned)["Vpcs"] == []
    assert ec2.describe_security_groups(Filters=owned)["SecurityGroups"] == []
    assert ec2.describe_addresses(Filters=owned)["Addresses"] == []
    assert [one for one in ec2.describe_network_interfaces()["NetworkInterfaces"] if one.get("RequesterManaged")] == []
    assert request(f"{url}/").status == 0
