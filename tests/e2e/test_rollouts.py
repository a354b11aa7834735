# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rollouts over three hosts behind a load balancer, under load: they finish, or every host goes back.

The tests share one stack. Each begins with all hosts on one healthy release and leaves them so; which release that is
depends on the tests before.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from harness import CHECKOUT, Lab, Run, wait_for
from stacks import Stack

pytestmark = [pytest.mark.docker, pytest.mark.long]

HERE = Path(__file__).parent / "rollouts"
HOSTS = ["web-1", "web-2", "web-3"]
RETURNED = "Every host that was moved serves the release that it had before"
NOT_MOVED = "No host was moved: all serve as before"
# Installs version 1 of a package, of which a repository of the host has version 2.
OFFER_UPDATE = r"""sudo sh -euc '
for version in 1 2; do
    mkdir -p /opt/updates/$version/DEBIAN
    {
        printf "Package: rollouts-tool\nVersion: %s\nArchitecture: all\n" $version
        printf "Maintainer: tests <tests@example.org>\nDescription: a tool\n"
    } > /opt/updates/$version/DEBIAN/control
    dpkg-deb --build /opt/updates/$version /opt/updates/rollouts-tool_$version.deb
done
dpkg --install /opt/updates/rollouts-tool_1.deb
cd /opt/updates
{
    cat 2/DEBIAN/control
    printf "Filename: ./rollouts-tool_2.deb\nSize: %s\n" $(stat --format %s rollouts-tool_2.deb)
    printf "SHA256: %s\n" $(sha256sum rollouts-tool_2.deb | cut -d " " -f 1)
} > Packages
echo "deb [trusted=yes] file:/opt/updates ./" > /etc/apt/sources.list.d/rollouts.list
'"""
BOOTED = "systemctl show --property=UserspaceTimestampMonotonic --value"


@dataclass
class Load:
    """Requests to one URL in the background, bounded in number: new connections, one kept alive, and slow ones."""

    url: str
    versions: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    sent: int = 0

    LIMIT = 20000

    def __enter__(self) -> Load:
        self._end = threading.Event()
        kinds = [("/", False, 0.05), ("/", True, 0.05), ("/slow", False, 0.5)]
        self._threads = [threading.Thread(target=self._send, args=kind, daemon=True) for kind in kinds]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _send(self, path: str, keep_alive: bool, pause: float) -> None:
        connection = self._connect()
        for _ in range(self.LIMIT):
            if self._end.wait(pause):
                break
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read().decode().strip()
            except (OSError, http.client.HTTPException) as error:
                # A client may send a request on a connection that the balancer closes at the same moment.
                self._fail(path, repr(error))
                connection.close()
                connection = self._connect()
                continue
            self.sent += 1
            if answer.status != 200:
                self._fail(path, f"{answer.status} {body[:80]}")
            else:
                self.versions.add(body)
            if not keep_alive:
                connection.close()
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname
        return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=20)

    def _fail(self, path: str, reason: str) -> None:
        self.failures.append(f"{time.strftime('%H:%M:%S')} {path}: {reason}")


@pytest.fixture(scope="module")
def stack(lab: Lab) -> Stack:
    return Stack(lab, "tests/e2e/rollouts/topology.yml", "rollouts", stable_time=3)


@pytest.fixture
def release(tmp_path: Path) -> Any:
    """A function that makes a release, and returns the settings of the service that serves it."""

    def make(version: str, mode: str = "good", **more: Any) -> dict[str, dict[str, Any]]:
        source = tmp_path / version
        shutil.copytree(HERE / "source", source)
        (source / "version").write_text(version)
        (source / "mode").write_text(mode)
        return {"web": {"source": {"directory": str(source)}, **more}}

    return make


def served(load_or_url: str) -> set[str]:
    """The versions that twenty requests get."""
    with Load(load_or_url) as load:
        wait_for(lambda: load.sent > 20, 30, "twenty answers")
    assert load.failures == []
    return load.versions


def read_ledger(stack: Stack) -> Run:
    return stack.play("status.yml")


def locks(stack: Stack) -> list[str]:
    found = stack.client("ssm").get_parameters_by_path(Path="/groundwork/rollouts/lock", Recursive=True)["Parameters"]
    return [one["Name"] for one in found]


def batches(output: str) -> list[str]:
    return re.findall(r"batch \d of \d: (\S+)", output)


def assert_all_serve(stack: Stack, url: str, version: str) -> None:
    assert served(url) == {version}
    assert set(stack.health("web").values()) == {"healthy"}
    assert len(stack.health("web")) == 3
    assert locks(stack) == []


def test_hosts_move_in_batches_and_no_request_fails(stack: Stack, url: str, release: Any) -> None:
    with Load(url) as load:
        deploy = stack.play("deploy.yml", services=release("two"))
    assert deploy.code == 0, deploy.output
    assert load.failures == []
    assert load.sent > 100
    assert load.versions == {"one", "two"}
    assert len(batches(deploy.output)) == 3, deploy.output
    assert_all_serve(stack, url, "two")


def test_the_migration_ran_once_for_each_release(stack: Stack, machines: dict[str, Any], url: str) -> None:
    counts = [
        stack.shell(machines[name], "sudo cat /var/lib/groundwork/web/migrations 2>/dev/null | wc -l").stdout.strip()
        for name in HOSTS
    ]
    assert sum(int(count) for count in counts) == len({*"12"}), counts


@pytest.mark.parametrize("mode", ["crashes", "exits", "broken"])
def test_a_release_that_fails_its_trial_is_not_served_by_any_host(
    stack: Stack, url: str, release: Any, mode: str
) -> None:
    before = served(url)
    with Load(url) as load:
        deploy = stack.play("deploy.yml", services=release(f"bad-{mode}", mode))
    assert deploy.code != 0
    assert NOT_MOVED in " ".join(deploy.output.split()), deploy.output
    assert load.failures == []
    assert load.versions == before
    assert_all_serve(stack, url, *before)


def test_a_release_that_fails_in_the_third_batch_leaves_no_host(
    stack: Stack, url: str, machines: dict[str, Any], release: Any
) -> None:
    (before,) = served(url)
    services = release("third", "broken-on-one-host")
    planned = stack.play("deploy.yml", "--check", services=services)
    last = batches(planned.output)[-1].removeprefix("rollouts-")
    stack.shell(machines[last], "sudo touch /var/lib/groundwork/web/broken-host")
    with Load(url) as load:
        deploy = stack.play("deploy.yml", services=services)
    stack.shell(machines[last], "sudo rm /var/lib/groundwork/web/broken-host")
    assert deploy.code != 0
    said = " ".join(deploy.output.split())
    assert "aborted in batch 3" in said, deploy.output
    assert RETURNED in said
    assert load.failures == []
    assert load.versions == {before, "third"}
    assert_all_serve(stack, url, before)


def test_a_release_that_is_healthy_for_seconds_only_does_not_survive_the_bake_time(
    stack: Stack, url: str, release: Any
) -> None:
    (before,) = served(url)
    settings = release("short", "ten-seconds", rollout={"bake": 40})
    with Load(url) as load:
        deploy = stack.play("deploy.yml", services=settings)
    assert deploy.code != 0
    assert "target health: web:" in " ".join(deploy.output.split()), deploy.output
    # The load balancer needs two failed checks to notice, and the release answers with 500 meanwhile.
    assert {failure.split(": ", 1)[1][:3] for failure in load.failures} <= {"500"}
    assert_all_serve(stack, url, before)


# A service has the hooks of its hosts only; those of batches are of the whole stack.
@pytest.mark.parametrize(
    ("shared", "own", "reason"),
    [
        ({}, {"bake": 20, "gates": {"page": {"path": "/page", "interval": 5}}}, "page: GET"),
        (
            {"hooks": {"after_batch": [{"request": {"path": "/page"}, "timeout": 10}]}},
            {},
            "hook after_batch (GET /page)",
        ),
        (
            {},
            {"hooks": {"after_host": [{"request": {"path": "/page"}, "timeout": 5}]}},
            "/page has not given a good",
        ),
        (
            {},
            {"hooks": {"after_host": [{"command": ["/bin/sh", "-c", "exit $ROLLOUT_BATCH"]}]}},
            "hook after_host of web",
        ),
        ({}, {"hooks": {"before_host": [{"command": ["/bin/false"]}]}}, "hook before_host of web"),
    ],
    ids=["gate", "smoke test of a batch", "smoke test of a host", "command after a host", "command before a host"],
)
def test_a_release_that_only_a_gate_or_a_hook_rejects_is_rolled_back(
    stack: Stack, url: str, release: Any, shared: dict[str, Any], own: dict[str, Any], reason: str
) -> None:
    (before,) = served(url)
    # Requests to the load balancer may reach other hosts until the last batch has moved.
    services = release("page", "broken-page", rollout=own)
    with Load(url) as load:
        deploy = stack.play("deploy.yml", services=services, rollout=shared)
    assert deploy.code != 0
    said = " ".join(deploy.output.split())
    assert reason in said, deploy.output
    assert RETURNED in said
    assert load.failures == []
    assert load.versions <= {before, "page"}
    assert_all_serve(stack, url, before)


def test_check_mode_shows_the_batches_and_changes_nothing(stack: Stack, url: str, release: Any) -> None:
    before = served(url)
    planned = stack.play("deploy.yml", "--check", services=release("checked"))
    assert planned.code == 0, planned.output
    assert len(batches(planned.output)) == 3
    assert served(url) == before
    assert locks(stack) == []


@contextmanager
def deploying(stack: Stack, services: Mapping[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """A deploy in the background."""
    words = json.dumps({"stack_overrides": {"services": services}, "app_stable_time": 3})
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventories/lab", "playbooks/deploy.yml"]
    environment = {**os.environ, **stack.lab.environment, "GROUNDWORK_TOPOLOGY": stack.topology, "ANSIBLE_NOCOLOR": "1"}
    process = subprocess.Popen(
        [*command, "-e", words], cwd=CHECKOUT, env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)


def read_until(process: subprocess.Popen[str], text: str, seconds: float = 300) -> None:
    """Read the output of a playbook until a line has a text."""
    assert process.stdout
    end = time.monotonic() + seconds
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
        assert time.monotonic() < end, "".join(lines)
    raise AssertionError(f"{text!r} was not said:\n{''.join(lines)}")


def test_two_rollouts_at_once_do_not_meet(stack: Stack, url: str, release: Any) -> None:
    services = release("alone")
    with deploying(stack, services) as first:
        read_until(first, "TASK [groundwork.aws.app : Drain the target]")
        second = stack.play("deploy.yml", services=release("refused"))
        assert second.code != 0
        assert re.search(r"stack rollouts is locked by deploy \S+ by", " ".join(second.output.split())), second.output
        output, _nothing = first.communicate(timeout=600)
        assert first.returncode == 0, output
    assert_all_serve(stack, url, "alone")


@pytest.mark.parametrize("task", ["Judge the batch", "Set the target state: drained", "Check its health"])
def test_a_killed_rollout_is_rolled_back(stack: Stack, url: str, release: Any, task: str) -> None:
    (before,) = served(url)
    with Load(url) as load:
        with deploying(stack, release("killed")) as process:
            read_until(process, f"{task}]")
            time.sleep(2)
        status = read_ledger(stack)
        rollback = stack.play("rollback.yml")
    assert "abandoned" in status.output, status.output
    assert rollback.code == 0, rollback.output
    assert load.failures == []
    assert_all_serve(stack, url, before)


def test_a_killed_rollout_is_continued_by_the_next_deploy(stack: Stack, url: str, release: Any) -> None:
    services = release("continued")
    with Load(url) as load:
        with deploying(stack, services) as process:
            read_until(process, "Set the target state: drained]")
            time.sleep(2)
        deploy = stack.play("deploy.yml", services=services)
    assert deploy.code == 0, deploy.output
    assert "did not end" in deploy.output
    assert load.failures == []
    assert_all_serve(stack, url, "continued")


def test_updates_are_installed_in_batches_and_no_request_fails(stack: Stack, url: str) -> None:
    (before,) = served(url)
    machines = stack.machines()
    for machine in machines.values():
        offered = stack.shell(machine, OFFER_UPDATE)
        assert offered.returncode == 0, offered.stderr
    booted = {name: stack.shell(machine, BOOTED).stdout for name, machine in machines.items()}
    check = stack.play("patch.yml", "--check")
    assert check.code == 0, check.output
    assert check.output.count("rollouts-tool") == len(HOSTS)
    assert len(batches(check.output)) == len(HOSTS)
    with Load(url) as load:
        patch = stack.play("patch.yml")
    assert patch.code == 0, patch.output
    assert load.failures == []
    for name, machine in machines.items():
        assert stack.shell(machine, "dpkg-query --showformat '${Version}' --show rollouts-tool").stdout == "2"
        assert stack.shell(machine, BOOTED).stdout not in ("", booted[name])
        booted[name] = stack.shell(machine, BOOTED).stdout
    assert_all_serve(stack, url, before)
    assert re.search(r"patch by \S+ \(3 hosts of web\): finished", read_ledger(stack).output)

    again = stack.play("patch.yml")
    assert again.code == 0, again.output
    assert again.output.count("No updates.") == len(HOSTS)
    assert booted == {name: stack.shell(machine, BOOTED).stdout for name, machine in machines.items()}


def test_other_user_data_replaces_each_host_once_and_no_request_fails(stack: Stack, url: str, release: Any) -> None:
    """The last test, since the instances of the fixture are gone after it."""
    former = stack.machines()
    services = release("replaced", instances={"user_data": "#!/bin/sh\ntouch /var/tmp/other-user-data\n"})
    deploy = stack.play("deploy.yml", services=services)
    assert deploy.code == 0, deploy.output
    with Load(url) as load:
        replace = stack.play("replace.yml", services=services)
    assert replace.code == 0, replace.output
    assert load.failures == []
    now = stack.machines()
    assert now.keys() == former.keys()
    for name, machine in now.items():
        assert machine["InstanceId"] != former[name]["InstanceId"]
        assert machine["PrivateIpAddress"] == former[name]["PrivateIpAddress"]
        assert stack.shell(machine, "test -e /var/tmp/other-user-data").returncode == 0
    assert replace.output.count("TASK [Replace the instance]") == len(HOSTS)
    assert stack.health("web") == {machine["InstanceId"]: "healthy" for machine in now.values()}
    assert_all_serve(stack, url, "replaced")

    again = stack.play("replace.yml", services=services)
    assert again.code == 0, again.output
    assert "No instance has to be replaced" in again.output
    assert stack.machines() == now
