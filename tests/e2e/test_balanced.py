# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two instances behind a load balancer, from nothing to nothing again. The tests tell one story, in this order."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT, Lab, Run, Traffic, request, wait_for

pytestmark = pytest.mark.docker

TOPOLOGY = "tests/e2e/documents/balanced.yml"
HOSTS = {"balanced-api-1", "balanced-api-2"}


@pytest.fixture(scope="module")
def site(lab: Lab) -> Run:
    run = lab.play("site.yml", topology=TOPOLOGY)
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def url(lab: Lab, site: Run) -> str:
    (balancer,) = lab.client("elbv2").describe_load_balancers(Names=["balanced-alb"])["LoadBalancers"]
    return f"http://{balancer['DNSName']}"


@pytest.fixture(scope="module")
def machines(lab: Lab, site: Run) -> dict[str, Any]:
    """The instances, by name."""
    running = {"Name": "instance-state-name", "Values": ["running"]}
    named = {"Name": "tag:Name", "Values": sorted(HOSTS)}
    found = lab.client("ec2").describe_instances(Filters=[running, named])["Reservations"]
    instances = [instance for reservation in found for instance in reservation["Instances"]]
    return {tag["Value"]: one for one in instances for tag in one["Tags"] if tag["Key"] == "Name"}


def health(lab: Lab) -> dict[str, str]:
    """What the load balancer says of its targets."""
    elb = lab.client("elbv2")
    (group,) = elb.describe_target_groups(Names=["balanced-api"])["TargetGroups"]
    told = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return {one["Target"]["Id"]: one["TargetHealth"]["State"] for one in told}


def test_site_ends_with_the_address_of_the_load_balancer(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_every_instance_serves_and_the_rest_is_not_found(lab: Lab, url: str, machines: dict[str, Any]) -> None:
    assert {one["Placement"]["AvailabilityZone"] for one in machines.values()} == {"us-east-1a", "us-east-1b"}
    assert health(lab) == {one["InstanceId"]: "healthy" for one in machines.values()}
    # Each has a database of its own, which tells them apart.
    assert request(f"{url}/api/items", "POST", {"name": "Runbook", "quantity": 1}).status == 201
    listed = {"Runbook" in request(f"{url}/api/items").body for _ in range(8)}
    assert listed == {True, False}
    assert request(f"{url}/elsewhere").status == 404


def test_only_the_load_balancer_reaches_the_port_of_the_service(machines: dict[str, Any]) -> None:
    for one in machines.values():
        with socket.socket() as probe:
            probe.settimeout(2)
            assert probe.connect_ex((one["PublicIpAddress"], 5000)) != 0


def test_a_new_release_drops_no_request(lab: Lab, url: str, tmp_path: Path) -> None:
    ignore = shutil.ignore_patterns(".venv", "__pycache__", "instance", ".pytest_cache")
    source = tmp_path / "flask_api"
    shutil.copytree(CHECKOUT / "examples" / "flask_api", source, ignore=ignore)
    (source / "NOTES").write_text("A second release.\n")
    changed = {"stack_overrides": {"services": {"api": {"source": {"directory": str(source)}}}}}
    before = request(f"{url}/api/version").body
    with Traffic(f"{url}/api/health", f"{url}/api/items") as traffic:
        deploy = lab.play("deploy.yml", "-e", json.dumps(changed), topology=TOPOLOGY)
    assert deploy.code == 0, deploy.output
    assert "Take the host out of the load balancer" in deploy.output
    assert traffic.sent > 200
    assert traffic.failures == []
    assert {request(f"{url}/api/version").body for _ in range(4)}.isdisjoint({before})
    assert set(health(lab).values()) == {"healthy"}


def test_an_instance_that_is_gone_is_left_out(lab: Lab, url: str, machines: dict[str, Any]) -> None:
    lost, kept = (machines[name]["InstanceId"] for name in sorted(HOSTS))
    lab.client("ec2").stop_instances(InstanceIds=[lost])
    wait_for(lambda: health(lab)[lost] != "healthy", 60, "the load balancer's notice")
    with Traffic(f"{url}/api/health") as traffic:
        wait_for(lambda: traffic.sent > 100, 60, "a hundred answers")
    assert traffic.failures == []
    assert health(lab)[kept] == "healthy"


def test_destroy_leaves_nothing(lab: Lab, site: Run, url: str) -> None:
    destroyed = lab.play("destroy.yml", topology=TOPOLOGY)
    assert destroyed.code == 0, destroyed.output
    elb, ec2 = lab.client("elbv2"), lab.client("ec2")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []
    owned = [{"Name": "tag:groundwork:stack", "Values": ["balanced"]}]
    assert ec2.describe_vpcs(Filters=owned)["Vpcs"] == []
    assert ec2.describe_security_groups(Filters=owned)["SecurityGroups"] == []
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [one for one in interfaces if one.get("RequesterManaged")] == []
    assert request(f"{url}/api/health").status == 0
