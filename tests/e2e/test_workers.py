# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ASGI application with workers of Celery and BullMQ, from an empty account to nothing.

The tests share one stack, so their order counts: a second run changes nothing only before another release is deployed,
and the last test destroys the stack. Any selection of them runs in this order.
"""

from __future__ import annotations

import json
import shlex
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT, Answer, Lab, Run, Traffic, request, wait_for
from stacks import Stack

pytestmark = [pytest.mark.docker, pytest.mark.long]

HOST = "workers-app-1"
LINES = [{"name": "Lamp", "quantity": 2, "price": "19.90"}]
# Long enough for some tasks to run at the moment when a deploy stops their worker.
LONG_TASKS = {"DELIVERY_SECONDS": "8"}
SLOW_API = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(4)
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"state": "queued"}')

http.server.ThreadingHTTPServer(("127.0.0.1", 9999), Handler).serve_forever()
"""
# Enqueues jobs until a file exists. Prints how often each was started, and the releases that finished them.
ENQUEUE_JOBS = """
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { connect, enqueueOrder, openQueue } from '/srv/orders/current/lib/queue.js';
import { readConfig } from '/srv/orders/current/lib/config.js';

const queue = openQueue(connect(readConfig(process.env).redis));
const ids = [];
while (!existsSync('/tmp/enough')) {
  ids.push((await enqueueOrder(queue, { number: `D-${ids.length}` })).id);
  await setTimeout(500);
}
const read = () => Promise.all(ids.map((id) => queue.getJob(id)));
let jobs = await read();
while (jobs.some((job) => !job.finishedOn)) {
  await setTimeout(500);
  jobs = await read();
}
const starts = jobs.map((job) => job.attemptsStarted);
console.log(JSON.stringify({ starts, releases: [...new Set(jobs.map((job) => job.returnvalue?.release))] }));
process.exit(0);
"""
# The header with the token of the API, once the stack has one.
TOKEN: dict[str, str] = {}


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Stack:
    # Celery takes some seconds to load an application, and a worker that fails after that is to be noticed.
    return Stack(lab, "examples/topologies/workers.yml", "workers", stable_time=15)


@pytest.fixture(scope="module")
def instance(stack: Stack, site: Run) -> dict[str, Any]:
    (found,) = stack.machines().values()
    return found


@pytest.fixture(scope="module")
def url(stack: Stack, instance: dict[str, Any]) -> str:
    held = stack.client("secretsmanager").get_secret_value(SecretId="workers-api-token")["SecretString"]
    TOKEN["Authorization"] = f"Bearer {held}"
    return f"http://{instance['PublicIpAddress']}"


@pytest.fixture(scope="module")
def run_on_host(stack: Stack, instance: dict[str, Any]) -> Callable[[str], str]:
    def run(command: str) -> str:
        result = stack.shell(instance, command)
        assert result.returncode == 0, f"{command}: {result.stdout} {result.stderr}"
        return result.stdout

    return run


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Copies of the example applications, to be changed at will."""
    ignore = shutil.ignore_patterns("node_modules", ".venv", "__pycache__", ".pytest_cache")
    for name in ("fastapi_api", "bullmq_worker"):
        shutil.copytree(CHECKOUT / "examples" / name, tmp_path / name, ignore=ignore)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def source(directory: Path) -> dict[str, Any]:
    return {"source": {"directory": str(directory)}}


def deploy(stack: Stack, service: str, values: Mapping[str, Any]) -> Run:
    """Deploy one service with these values in place of those of the document."""
    return stack.play("deploy.yml", "-e", f"services={service}", services={service: values})


def order(number: str) -> dict[str, Any]:
    return {"number": number, "email": "ada@example.org", "lines": LINES}


def confirm(url: str, number: str) -> None:
    answer = request(f"{url}/confirmations", "POST", order(number), **TOKEN)
    assert answer.status == 202, answer


def read(url: str, number: str) -> Any:
    return request(f"{url}/confirmations/{number}", **TOKEN).json


def wait_until(url: str, number: str, state: str, seconds: float = 60) -> Any:
    wait_for(lambda: read(url, number)["state"] == state, seconds, f"the confirmation {number} to be {state}")
    return read(url, number)


def enqueue_on_host(run_on_host: Callable[[str], str], number: str) -> dict[str, Any]:
    """Put an order into the queue of BullMQ, and return the result of its job."""
    script = f"enqueue.js {shlex.quote(json.dumps(order(number)))}"
    # Only root and the service can enter its release.
    enter = "sudo env --chdir=/srv/orders/current"
    printed = run_on_host(f"{enter} node --env-file=/etc/groundwork/orders.env {script}")
    result: dict[str, Any] = json.loads(printed)
    return result


def states(status: Run) -> dict[str, str]:
    """The health of each service in the table of status.yml."""
    rows = [line.split() for line in status.output.splitlines() if f"  {HOST}  " in line]
    return {row[-8]: row[-2] for row in rows}


def test_a_second_run_changes_nothing(stack: Stack, site: Run) -> None:
    again = stack.play("site.yml")
    assert again.code == 0, again.output
    assert set(again.changed) == {HOST, "localhost"}
    assert not any(again.changed.values()), again.output


def test_check_mode_of_a_deployed_stack_finds_nothing_to_do(stack: Stack, site: Run) -> None:
    check = stack.play("site.yml", "--check", "--diff")
    assert check.code == 0, check.output
    assert not any(check.changed.values()), check.output


def test_a_request_through_nginx_reaches_the_celery_worker_and_its_result_comes_back(url: str) -> None:
    assert request(f"{url}/health").json["redis"] == "up"
    confirm(url, "A-1")
    assert wait_until(url, "A-1", "sent")["total"] == "39.80"


def test_the_api_confirms_nothing_without_its_token(url: str) -> None:
    assert request(f"{url}/confirmations", "POST", order("A-2")).status == 401
    assert request(f"{url}/confirmations/A-2", **TOKEN).status == 404


def test_the_bullmq_worker_runs_a_job_that_calls_the_api(url: str, run_on_host: Callable[[str], str]) -> None:
    assert enqueue_on_host(run_on_host, "B-1")["state"] == "queued"
    wait_until(url, "B-1", "sent")


def test_status_shows_the_workers_as_running(stack: Stack, site: Run) -> None:
    status = stack.play("status.yml")
    assert status.code == 0, status.output
    assert not any(status.changed.values())
    assert states(status) == {"api": "healthy", "mailer": "running", "orders": "running"}


@pytest.mark.step
@pytest.mark.parametrize("pattern", ["celery", "/srv/orders"])
def test_a_killed_worker_comes_back(url: str, run_on_host: Callable[[str], str], pattern: str) -> None:
    # A bracket keeps the shell of this very command out.
    run_on_host(f"sudo pkill -9 -f '[{pattern[0]}]{pattern[1:]}'")
    number = f"K{len(pattern)}"
    assert enqueue_on_host(run_on_host, number)["state"] == "queued"
    wait_until(url, number, "sent")


@pytest.mark.step
def test_workers_are_back_after_a_reboot(stack: Stack, url: str, instance: dict[str, Any], run_on_host: Any) -> None:
    stack.client("ec2").reboot_instances(InstanceIds=[instance["InstanceId"]])
    wait_for(lambda: request(f"{url}/health", timeout=2).status != 200, 60, "the reboot")
    wait_for(lambda: request(f"{url}/health", timeout=2).status == 200, 120, "the API after the reboot")
    wait_for(lambda: stack.shell(instance, "true").returncode == 0, 60, "SSH after the reboot")
    enqueue_on_host(run_on_host, "B-2")
    wait_until(url, "B-2", "sent")


@pytest.mark.step
def test_tasks_that_run_during_a_deploy_are_finished_by_the_old_release(stack: Stack, url: str, sources: Path) -> None:
    slow = deploy(stack, "mailer", {"environment": LONG_TASKS})
    assert slow.code == 0, slow.output
    (sources / "fastapi_api" / "NOTES").write_text("A second release.\n")
    numbers: list[str] = []
    deployed = threading.Event()

    def confirm_until_deployed() -> None:
        while not deployed.wait(1):
            confirm(url, f"C-{len(numbers)}")
            numbers.append(f"C-{len(numbers)}")

    client = threading.Thread(target=confirm_until_deployed)
    client.start()
    quick = deploy(stack, "mailer", source(sources / "fastapi_api"))
    deployed.set()
    client.join()
    assert quick.code == 0, quick.output
    # A task that was broken off would run again after the visibility timeout of 200 s only.
    releases = {wait_until(url, number, "sent")["release"] for number in numbers}
    assert len(releases) == 2


@pytest.mark.step
def test_jobs_that_run_during_a_deploy_are_finished_by_the_old_release(
    stack: Stack, run_on_host: Callable[[str], str], sources: Path
) -> None:
    run_on_host(f"sudo systemd-run --unit slow-api /usr/bin/python3 -c {shlex.quote(SLOW_API)}")
    slow_api = {"calls": [], "environment": {"API_URLS": "http://127.0.0.1:9999"}}
    slow = deploy(stack, "orders", slow_api)
    assert slow.code == 0, slow.output
    node = "sudo node --env-file=/etc/groundwork/orders.env --input-type=module"
    script = f"{node} -e {shlex.quote(ENQUEUE_JOBS)} >/tmp/jobs.json 2>/tmp/jobs.err </dev/null"
    run_on_host(f"nohup {script} & sleep 2")
    (sources / "bullmq_worker" / "NOTES").write_text("A second release.\n")
    quick = deploy(stack, "orders", {**slow_api, **source(sources / "bullmq_worker")})
    run_on_host("touch /tmp/enough")
    assert quick.code == 0, quick.output
    wait_for(lambda: run_on_host("cat /tmp/jobs.json") != "", 60, "the end of all jobs")
    outcome = json.loads(run_on_host("cat /tmp/jobs.json"))
    assert len(outcome["starts"]) > 20
    # A job that was broken off would have been started again.
    assert set(outcome["starts"]) == {1}
    assert len(outcome["releases"]) == 2


@pytest.mark.step
def test_a_worker_that_crashes_is_rolled_back(stack: Stack, url: str, sources: Path) -> None:
    confirm(url, "E-1")
    before = wait_until(url, "E-1", "sent")["release"]
    change(
        sources / "fastapi_api/confirmations/tasks.py",
        "settings = read_config(os.environ)",
        "raise SystemExit('a broken task')",
    )
    with Traffic(f"{url}/version") as traffic:
        failed = deploy(stack, "mailer", source(sources / "fastapi_api"))
    assert failed.code != 0
    assert "its process did not stay up" in failed.output
    assert "a broken task" in failed.output
    confirm(url, "E-2")
    assert wait_until(url, "E-2", "sent")["release"] == before
    assert traffic.failures == []


@pytest.mark.step
def test_a_bullmq_worker_that_crashes_is_rolled_back(
    stack: Stack, run_on_host: Callable[[str], str], sources: Path
) -> None:
    before = enqueue_on_host(run_on_host, "F-1")["release"]
    change(sources / "bullmq_worker/worker.js", "const config = configure();", "throw new Error('a broken worker');")
    failed = deploy(stack, "orders", source(sources / "bullmq_worker"))
    assert failed.code != 0
    assert "a broken worker" in failed.output, failed.output
    assert enqueue_on_host(run_on_host, "F-2")["release"] == before


def test_status_shows_the_restored_releases_as_running(stack: Stack) -> None:
    assert states(stack.play("status.yml")) == {"api": "healthy", "mailer": "running", "orders": "running"}


@pytest.mark.step(needs=["test_tasks_that_run_during_a_deploy_are_finished_by_the_old_release"])
def test_rollback_restores_the_previous_release_of_a_worker(stack: Stack, url: str) -> None:
    confirm(url, "G-0")
    before = wait_until(url, "G-0", "sent")["release"]
    rollback = stack.play("rollback.yml", "-e", "services=mailer")
    assert rollback.code == 0, rollback.output
    confirm(url, "G-1")
    assert wait_until(url, "G-1", "sent")["release"] != before


@pytest.mark.step
def test_status_shows_a_worker_whose_process_does_not_run(stack: Stack, run_on_host: Callable[[str], str]) -> None:
    run_on_host("sudo systemctl stop groundwork-mailer")
    shown = states(stack.play("status.yml"))
    run_on_host("sudo systemctl start groundwork-mailer")
    assert shown["mailer"] != "running"
    assert shown["orders"] == "running"


@pytest.mark.step
def test_a_new_release_of_the_asgi_application_drops_no_request(stack: Stack, url: str, sources: Path) -> None:
    before = request(f"{url}/version").json["release"]
    (sources / "fastapi_api" / "NOTES").write_text("A new release of the API.\n")

    def confirm_once(address: str) -> Answer:
        """The orders are the same, so that the queue does not fill."""
        answer = request(address, "POST", order("H-1"), **TOKEN)
        return Answer(200, answer.body) if answer.status == 202 else answer

    with (
        Traffic(f"{url}/version", f"{url}/health") as traffic,
        Traffic(f"{url}/confirmations", ask=confirm_once) as posts,
    ):
        deployed = deploy(stack, "api", source(sources / "fastapi_api"))
    assert deployed.code == 0, deployed.output
    assert min(traffic.sent, posts.sent) > 100
    assert traffic.failures == []
    assert posts.failures == []
    assert request(f"{url}/version").json["release"] != before


@pytest.mark.step
def test_a_release_whose_lifespan_fails_is_rolled_back_without_a_failed_request(
    stack: Stack, url: str, sources: Path
) -> None:
    before = request(f"{url}/version").body
    change(
        sources / "fastapi_api/confirmations/api.py",
        "        app.state.redis = ",
        "        raise RuntimeError('a broken lifespan')\n        app.state.redis = ",
    )
    # The application does not log these requests: the play shows the last 100 lines of the log.
    with Traffic(f"{url}/health") as traffic:
        failed = deploy(stack, "api", source(sources / "fastapi_api"))
    assert failed.code != 0
    assert "a broken lifespan" in failed.output, failed.output
    assert traffic.sent > 100
    assert traffic.failures == []
    assert request(f"{url}/version").body == before


@pytest.mark.step
def test_destroy_leaves_nothing(stack: Stack, site: Run) -> None:
    destroyed = stack.play("destroy.yml", "-e", "confirm=workers")
    assert destroyed.code == 0, destroyed.output
    assert stack.find_remains() == {}
