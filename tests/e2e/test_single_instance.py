# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The single-instance architecture from an empty account to nothing again.

The tests share one stack, so their order counts: a second run changes nothing only before another release is deployed,
and the last tests destroy the stack. Any selection of them runs in this order.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import CHECKOUT, Lab, Run, Traffic, request, wait_for
from stacks import Stack

pytestmark = pytest.mark.docker

HOST = "single-instance-app-1"


@pytest.fixture(scope="module")
def site(lab: Lab) -> Run:
    run = lab.play("site.yml")
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Stack:
    return Stack(lab, "single_instance", "single-instance")


@pytest.fixture(scope="module")
def instance(stack: Stack, site: Run) -> dict:
    (found,) = stack.machines().values()
    return found


@pytest.fixture(scope="module")
def url(instance: dict) -> str:
    return f"http://{instance['PublicIpAddress']}"


@pytest.fixture(scope="module")
def token(stack: Stack, site: Run) -> str:
    """The token for changes, read as an operator reads it (examples/flask_api/README.md)."""
    return stack.client("secretsmanager").get_secret_value(SecretId="single-instance-api-token")["SecretString"]


@pytest.fixture(scope="module")
def item(url: str, token: str) -> str:
    """The name of an item that the API has stored."""
    made = request(f"{url}/api/items", "POST", {"name": "Runbook", "quantity": 1}, Authorization=f"Bearer {token}")
    assert made.status == 201, made
    return "Runbook"


@pytest.fixture(scope="module")
def run_on_host(stack: Stack, instance: dict) -> Callable[[str], str]:
    """Run a shell command on the instance, the way an operator would: over SSH, with the key pair."""

    def run(command: str) -> str:
        result = stack.shell(instance, command)
        assert result.returncode == 0, f"{command}: {result.stderr}"
        return result.stdout

    return run


def overrides(**services: object) -> tuple[str, str]:
    return "-e", json.dumps({"stack_overrides": {"services": services}})


def both_answer(url: str) -> bool:
    return request(f"{url}/health").status == 200 and request(f"{url}/api/health").status == 200


def test_site_ends_with_the_address_to_open(site: Run, url: str) -> None:
    assert f"{url}/" in "\n".join(site.output.splitlines()[-8:])


def test_a_second_run_changes_nothing(lab: Lab, site: Run) -> None:
    again = lab.play("site.yml")
    assert again.code == 0, again.output
    assert set(again.changed) == {HOST, "localhost"}
    assert not any(again.changed.values()), again.output


@pytest.mark.long
def test_check_mode_of_a_deployed_stack_finds_nothing_to_do(lab: Lab, site: Run) -> None:
    check = lab.play("site.yml", "--check", "--diff")
    assert check.code == 0, check.output
    assert not any(check.changed.values()), check.output


def test_nginx_routes_to_both_applications(url: str) -> None:
    page = request(f"{url}/")
    assert page.status == 200
    assert "text/html" in page.headers["content-type"]
    assert request(f"{url}/api/health").json["status"] == "ok"
    assert request(f"{url}/health").status == 200
    front_end_route = request(f"{url}/some/front-end/route")
    assert (front_end_route.status, front_end_route.body) == (200, page.body)


def test_nginx_serves_static_files_itself(url: str, run_on_host: Callable[[str], str]) -> None:
    names = run_on_host("cd /srv/web/current/public && find . -type f").split()
    assert names
    answer = request(f"{url}/static/{names[0].removeprefix('./')}")
    assert answer.status == 200
    assert "cache-control" in answer.headers
    assert "x-powered-by" not in answer.headers


def test_the_api_stores_an_item_and_rejects_an_invalid_one(url: str, item: str, token: str) -> None:
    assert item in request(f"{url}/api/items").body
    invalid = request(f"{url}/api/items", "POST", {"name": "", "quantity": -1}, Authorization=f"Bearer {token}")
    assert invalid.status == 422


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a-token-that-is-wrong"}])
def test_the_api_accepts_no_change_without_its_token(url: str, headers: dict[str, str]) -> None:
    assert request(f"{url}/api/items", "POST", {"name": "Graffiti"}, **headers).status == 401
    assert "Graffiti" not in request(f"{url}/api/items").body


def test_the_token_is_not_printed_and_only_root_reads_it_on_the_host(
    site: Run, token: str, run_on_host: Callable[[str], str]
) -> None:
    assert token not in site.output
    assert run_on_host("sudo grep '^API_TOKEN=' /etc/groundwork/api.env").strip() == f"API_TOKEN={token}"
    assert run_on_host("cat /etc/groundwork/api.env 2>&1 || true").strip().endswith("Permission denied")


def test_only_the_ports_of_the_page_are_open(instance: dict) -> None:
    def is_open(port: int) -> bool:
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex((instance["PublicIpAddress"], port)) == 0

    assert {port: is_open(port) for port in (22, 80, 3000, 5000)} == {22: True, 80: True, 3000: False, 5000: False}


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("gunicorn", "/api/health"), ("/srv/web", "/health"), ("nginx: worker", "/health"), ("God Daemon", "/health")],
)
@pytest.mark.step
def test_a_killed_process_comes_back(url: str, run_on_host: Callable[[str], str], pattern: str, path: str) -> None:
    before = set(run_on_host(f"pgrep -f '{pattern}' | sort").split())
    assert before, f"no process matches {pattern}"
    # The shell of this very command would match the pattern; a bracket keeps it out.
    run_on_host(f"sudo pkill -9 -f '[{pattern[0]}]{pattern[1:]}'")
    wait_for(lambda: request(url + path).status == 200, 60, f"{path} after {pattern} was killed")


@pytest.mark.step
def test_everything_is_back_after_a_reboot(lab: Lab, url: str, instance: dict, item: str) -> None:
    boot = lab.client("ec2")
    boot.reboot_instances(InstanceIds=[instance["InstanceId"]])
    wait_for(lambda: not both_answer(url), 60, "the reboot")
    wait_for(lambda: both_answer(url), 120, "the applications after the reboot")
    assert item in request(f"{url}/api/items").body


@pytest.mark.step
def test_everything_is_back_after_stop_and_start(lab: Lab, url: str, instance: dict) -> None:
    ec2 = lab.client("ec2")
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance["InstanceId"]], WaiterConfig={"Delay": 1})
    assert request(f"{url}/health", timeout=2).status == 0
    ec2.start_instances(InstanceIds=[instance["InstanceId"]])
    wait_for(lambda: both_answer(url), 120, "the applications after the start, at the same elastic address")


@pytest.mark.step
def test_the_stack_survives_the_end_of_the_labs_process(lab: Lab, url: str, instance: dict) -> None:
    os.kill(lab.process, signal.SIGKILL)
    assert both_answer(url), "the instance must go on without the API"
    lab.up()
    check = lab.play("provision.yml", "--check")
    assert check.code == 0, check.output
    assert not any(check.changed.values()), check.output


@pytest.mark.long
@pytest.mark.step
def test_gunicorn_under_the_other_process_manager_and_back(
    lab: Lab, url: str, run_on_host: Callable[[str], str], item: str
) -> None:
    def configure(manager: str) -> None:
        before = request(f"{url}/api/version").body
        configured = lab.play("configure.yml", *overrides(api={"process_manager": manager}))
        assert configured.code == 0, configured.output
        # What served goes on serving, before anything is built.
        wait_for(lambda: both_answer(url), 15, f"the API under {manager}")
        assert request(f"{url}/api/version").body == before

    def parent() -> str:
        return run_on_host("ps -o args= -p $(ps -o ppid= -p $(pgrep -f '^/.*[g]unicorn_launcher' | head -1))")

    configure("pm2")
    deployed = lab.play("deploy.yml", *overrides(api={"process_manager": "pm2"}))
    assert deployed.code == 0, deployed.output
    assert "God Daemon" in parent()
    assert item in request(f"{url}/api/items").body
    run_on_host("sudo pkill -9 -f '[g]unicorn'")
    wait_for(lambda: request(f"{url}/api/health").status == 200, 60, "the API after gunicorn was killed")
    configure("systemd")
    assert "init" in parent()


def copy_example(name: str, to: Path) -> Path:
    """Return a copy of an example application that a test may change."""
    ignore = shutil.ignore_patterns("node_modules", ".venv", "__pycache__", "instance", ".pytest_cache")
    shutil.copytree(CHECKOUT / "examples" / name, to / name, ignore=ignore)
    return to / name


def versions(url: str) -> dict[str, str]:
    """Return the version that each service reports."""
    return {"web": request(f"{url}/version").body, "api": request(f"{url}/api/version").body}


@dataclass(frozen=True)
class Deployment:
    """A deployed release of both services: the versions before and after it, and the requests meanwhile."""

    before: dict[str, str]
    after: dict[str, str]
    traffic: Traffic


@pytest.fixture(scope="module")
def second_release(lab: Lab, url: str, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A second release of both services, deployed while clients send requests."""
    sources = {}
    before = versions(url)
    for service, name in (("api", "flask_api"), ("web", "express_web")):
        source = copy_example(name, tmp_path_factory.mktemp(service))
        (source / "NOTES").write_text("A second release.\n")
        sources[service] = {"source": {"directory": str(source)}}
    with Traffic(f"{url}/api/health", f"{url}/version", f"{url}/") as traffic:
        deploy = lab.play("deploy.yml", *overrides(**sources))
    assert deploy.code == 0, deploy.output
    return Deployment(before, versions(url), traffic)


@pytest.mark.step
def test_a_new_release_drops_no_request(second_release: Deployment) -> None:
    assert second_release.traffic.sent > 200
    assert second_release.traffic.failures == []
    for service, before in second_release.before.items():
        assert second_release.after[service] != before


@pytest.mark.long
@pytest.mark.step
def test_a_release_that_does_not_start_fails_no_request(lab: Lab, url: str, tmp_path: Path) -> None:
    before = request(f"{url}/version").body
    source = copy_example("express_web", tmp_path)
    (source / "server.js").write_text("throw new Error('this release is broken');\n")
    with Traffic(f"{url}/version", f"{url}/") as traffic:
        deploy = lab.play("deploy.yml", *overrides(web={"source": {"directory": str(source)}}))
    assert deploy.code != 0
    assert "this release is broken" in deploy.output, deploy.output
    assert traffic.sent > 100
    assert traffic.failures == []
    assert request(f"{url}/version").body == before


@pytest.mark.step
def test_rollback_needs_no_version(lab: Lab, url: str, second_release: Deployment) -> None:
    before = versions(url)
    rollback = lab.play("rollback.yml")
    assert rollback.code == 0, rollback.output
    wait_for(lambda: both_answer(url), 30, "both applications after the rollback")
    for service, version in versions(url).items():
        assert version != before[service]


def test_status_shows_releases_and_no_drift(lab: Lab, site: Run) -> None:
    status = lab.play("status.yml")
    assert status.code == 0, status.output
    assert not any(status.changed.values())
    rows = [line.split() for line in status.output.splitlines() if f"  {HOST}  " in line]
    assert [(row[-8], row[-2], row[-1]) for row in rows] == [("api", "healthy", "-"), ("web", "healthy", "-")]
    assert "missing: []" in status.output


def test_destroy_keeps_data_that_is_not_named(lab: Lab, url: str) -> None:
    refused = lab.play("destroy.yml", "-e", "confirm=single-instance")
    assert refused.code != 0
    assert "allow_destroy" in refused.output
    assert "instance/app-1" in refused.output
    assert both_answer(url)


@pytest.mark.step
def test_destroy_leaves_nothing(lab: Lab, site: Run) -> None:
    destroyed = lab.play("destroy.yml", "-e", "confirm=single-instance", "-e", '{"allow_destroy": ["instance/app-1"]}')
    assert destroyed.code == 0, destroyed.output
    ec2, iam, ssm = lab.client("ec2"), lab.client("iam"), lab.client("ssm")
    owned = [{"Name": "tag:groundwork:stack", "Values": ["single-instance"]}]
    alive = [
        instance["State"]["Name"]
        for reservation in ec2.describe_instances(Filters=owned)["Reservations"]
        for instance in reservation["Instances"]
    ]
    assert set(alive) <= {"terminated"}
    assert ec2.describe_vpcs(Filters=owned)["Vpcs"] == []
    assert ec2.describe_subnets(Filters=owned)["Subnets"] == []
    assert ec2.describe_security_groups(Filters=owned)["SecurityGroups"] == []
    assert ec2.describe_route_tables(Filters=owned)["RouteTables"] == []
    assert ec2.describe_internet_gateways(Filters=owned)["InternetGateways"] == []
    assert ec2.describe_key_pairs(Filters=owned)["KeyPairs"] == []
    assert ec2.describe_addresses(Filters=owned)["Addresses"] == []
    assert ec2.describe_volumes()["Volumes"] == []
    # It outlives the stack, so it does not carry the tags of its resources.
    snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    last = [one for one in snapshots if any(t["Key"] == "groundwork:final-snapshot-of" for t in one.get("Tags", []))]
    assert len(last) == 1
    assert [role["RoleName"] for role in iam.list_roles()["Roles"] if "single-instance" in role["RoleName"]] == []
    assert [
        p for p in iam.list_instance_profiles()["InstanceProfiles"] if "single-instance" in p["InstanceProfileName"]
    ] == []
    assert ssm.get_parameters_by_path(Path="/groundwork", Recursive=True)["Parameters"] == []
    assert lab.client("secretsmanager").list_secrets()["SecretList"] == []
