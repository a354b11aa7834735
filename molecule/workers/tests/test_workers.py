# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An ASGI application (web), and services without a port: a command of Python under systemd (jobs), and two processes
of Node.js under PM2 (queue).

What changes the host is a step (tests/unit/support/steps.py): it begins with a good release that runs, and leaves one.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from deploys import Source, current, pm2_processes
from guest import answer, wait_for
from load import Load

pytestmark = pytest.mark.long

URL = "http://127.0.0.1:5000/"
FILES = {"web": "web/app.py", "jobs": "jobs/jobs.py", "queue": "queue/queue.js"}
QUICK = ("--extra-vars", '{"app_stable_time": 7, "app_health_timeout": 5}')
# Code that makes a release fail.
FAILURES = {
    "jobs-ends-at-start": ("jobs", "import json\n", "import json\nraise SystemExit(3)\n"),
    "jobs-ends-after-a-while": ("jobs", "    time.sleep(3)\n", "    time.sleep(2)\n    os._exit(3)\n"),
    "queue-ends-at-start": ("queue", "let ending = false;\n", "process.exit(3);\n"),
    "queue-ends-after-a-while": ("queue", "let ending = false;\n", "setTimeout(() => process.exit(3), 2000);\n"),
    "web-fails-to-start": ("web", "    await asyncio.sleep(0.2)\n", "    raise RuntimeError('no database')\n"),
    "web-never-starts": ("web", "    await asyncio.sleep(0.2)\n", "    await asyncio.sleep(3600)\n"),
}


def read_log(host: Any, service: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in host.check_output(f"cat /var/lib/groundwork/{service}/log").splitlines()]


def runs(host: Any, service: str, text: str) -> bool:
    """Whether the newest entry of a worker's log is of a release with this text."""
    return bool(read_log(host, service)[-1]["text"] == text)


def set_text(source: Source, service: str, text: str) -> None:
    before, after = ("'one'", f"'{text}'") if service == "queue" else ('"one"', f'"{text}"')
    source.change(FILES[service], before, after)


def show_unit(host: Any, *properties: str) -> dict[str, str]:
    shown = host.check_output(f"systemctl show groundwork-jobs.service --property {','.join(properties)}")
    return dict(line.split("=", 1) for line in shown.splitlines())


def test_an_asgi_application_answers_when_it_has_started(host: Any) -> None:
    said = answer(host, URL)
    assert (said["text"], said["started"], said["GREETING"]) == ("one", ["one"], "hello world")
    assert (said["TOKEN"], said["APP_ENV"], said["PORT"]) == ("it's a #secret", "production", "5000")
    assert said["STATE_DIRECTORY"] == "/var/lib/groundwork/web"


def test_a_worker_gets_its_arguments_and_its_environment(host: Any) -> None:
    said = read_log(host, "jobs")[-1]
    assert said["arguments"] == ["it's 100%", "$HOME", '\\"']
    assert (said["GREETING"], said["TOKEN"]) == ("hello world", "it's a #secret")
    assert said["HOME"] == "/var/lib/groundwork/jobs"
    release = f"/srv/jobs/releases/{current(host, 'jobs')}"
    assert said["cwd"] == release
    assert said["PATH"].startswith(f"{release}/.venv/bin:")


def test_a_worker_has_its_limits(host: Any) -> None:
    shown = show_unit(host, "MemoryMax", "TimeoutStopUSec", "User", "NoNewPrivileges", "ProtectSystem")
    assert shown == {
        "MemoryMax": str(200 * 1024 * 1024),
        "TimeoutStopUSec": "18s",
        "User": "app-jobs",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
    }


def test_workers_of_node_run_outside_the_cluster_of_pm2(host: Any) -> None:
    processes = pm2_processes(host, "queue")
    assert [process["pm2_env"]["exec_mode"] for process in processes] == ["fork_mode", "fork_mode"]
    assert {process["pm2_env"]["kill_timeout"] for process in processes} == {20000}
    assert read_log(host, "queue")[-1]["token"] == "it's a #secret"


@pytest.mark.step
def test_a_deploy_loses_no_request_and_interrupts_no_task(host: Any, source: Source, address: str) -> None:
    for service in FILES:
        set_text(source, service, "two")
    with Load(f"{address}:5000", "/") as load:
        run = source.deploy(*QUICK)
    assert run.returncode == 0, run.stdout
    assert load.answers.keys() == {"200"}
    assert {json.loads(body)["text"] for body in load.bodies} == {"one", "two"}
    for service in ("jobs", "queue"):
        assert wait_for(lambda name=service: runs(host, name, "two"))
        events = [entry for entry in read_log(host, service) if entry["text"] == "one"]
        begun = sum(entry["event"] == "began" for entry in events)
        assert begun == sum(entry["event"] == "finished" for entry in events), events[-4:]


@pytest.mark.step(needs=["test_a_deploy_loses_no_request_and_interrupts_no_task"])
def test_an_unchanged_source_restarts_nothing(host: Any, source: Source) -> None:
    before = show_unit(host, "MainPID"), [process["pid"] for process in pm2_processes(host, "queue")]
    run = source.deploy(*QUICK)
    assert run.returncode == 0, run.stdout
    assert (show_unit(host, "MainPID"), [process["pid"] for process in pm2_processes(host, "queue")]) == before


@pytest.mark.step(needs=["test_a_deploy_loses_no_request_and_interrupts_no_task"])
@pytest.mark.parametrize("failure", FAILURES)
def test_a_release_that_fails_is_rolled_back(
    host: Any, tmp_path_factory: pytest.TempPathFactory, address: str, source: Source, failure: str
) -> None:
    service, before, after = FAILURES[failure]
    bad = Source(tmp_path_factory.mktemp("bad"))
    for name in FILES:
        set_text(bad, name, "bad" if name == service else "two")
    bad.change(FILES[service], before, after)
    good = current(host, service)
    options = ("--extra-vars", f"app_only={service}")
    with Load(f"{address}:5000", "/") as load:
        run = bad.deploy(*QUICK, *options)
    assert run.returncode != 0
    assert f"of {service} did not become healthy on" in run.stdout
    assert f"Release {good} serves again" in run.stdout
    assert current(host, service) == good
    # The launcher changes to a release only when its application has started.
    assert load.answers.keys() == {"200"}
    assert {json.loads(body)["text"] for body in load.bodies} == {"two"}
    if service != "web":
        assert wait_for(lambda: runs(host, service, "two"))


@pytest.mark.step(needs=["test_a_deploy_loses_no_request_and_interrupts_no_task"])
def test_a_rollback_of_a_worker_needs_no_health_check(host: Any, source: Source) -> None:
    source.change(FILES["jobs"], '"two"', '"three"')
    assert source.deploy(*QUICK, "--extra-vars", "app_only=jobs").returncode == 0
    assert wait_for(lambda: runs(host, "jobs", "three"))
    run = source.play("rollback.yml", *QUICK, "--extra-vars", "app_only=jobs")
    assert run.returncode == 0, run.stdout
    assert wait_for(lambda: runs(host, "jobs", "two"))


@pytest.mark.step
def test_a_worker_that_ends_is_started_again(host: Any) -> None:
    before = show_unit(host, "MainPID")
    host.check_output(f"kill -9 {before['MainPID']}")
    assert wait_for(lambda: show_unit(host, "ActiveState")["ActiveState"] == "active")
    assert wait_for(lambda: show_unit(host, "MainPID") != before)
