# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook that replaces instances: one host after the other, and on after every interruption.

The machines are only names, so the roles that configure them do nothing here. A file for each instance says that it has
a release; what drains, replaces and registers hosts is the collection's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rig.faults import Do, Fail, named
from rig.runs import CHECKOUT
from rig.stacks import Stack, Stacks, base_of
from test_playbook_runs import LOCAL, UNREACHABLE, Controller, Healthy, Played

SCALED = base_of("scaled")
HOSTS = ("scaled-web-1", "scaled-web-2")
OTHER = {"user_data": "#!/bin/sh\necho other"}
# The entries of roles that need a machine.
NOTHING = {
    "common": ("main", "firewall"),
    "gunicorn": ("main",),
    "app": ("withdraw_moved", "start_moved", "remove_services", "prepare"),
}
RELEASE = "played_in ~ '/release-' ~ ec2_instance_id"
CHECK_SOURCES = f"""
- ansible.builtin.set_fact:
    app_serves: "{{{{ ({RELEASE}) is exists }}}}"
"""
SERVE = f"""
- ansible.builtin.file: {{path: "{{{{ {RELEASE} }}}}", state: touch, mode: "0644"}}
"""


@pytest.fixture
def answering() -> Iterator[int]:
    """The port at which the service of every host answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def make_collection(directory: Path) -> Path:
    """A copy of the collection whose roles do nothing on machines; the path for ansible."""
    root = directory / "collections" / "ansible_collections" / "groundwork" / "aws"
    root.mkdir(parents=True)
    for name in ("plugins", "playbooks", "meta", "galaxy.yml"):
        (root / name).symlink_to(CHECKOUT / name)
    shutil.copytree(CHECKOUT / "roles", root / "roles")
    for role, entries in NOTHING.items():
        shutil.rmtree(root / "roles" / role / "meta")
        for entry in entries:
            (root / "roles" / role / "tasks" / f"{entry}.yml").write_text("[]\n")
    (root / "roles" / "app" / "tasks" / "check_sources.yml").write_text(CHECK_SOURCES)
    (root / "roles" / "app" / "tasks" / "serve.yml").write_text(SERVE)
    return directory / "collections"


class Hosts:
    """The hosts of a stack, as a controller and a load balancer see them."""

    def __init__(self, stack: Stack, directory: Path, port: int) -> None:
        self.stack = stack
        self.directory = directory
        self.controller = Controller(stack, directory, SCALED.topology)
        self.collections = make_collection(directory)
        self.port = port
        self.former: dict[str, str] = {}
        # Further settings of the document.
        self.settings: dict[str, Any] = {}

    def make(self, count: int = 2, **instances: Any) -> None:
        """Create the stack; every instance has a release."""
        self.configure(count=count, **instances)
        self.stack.made(self.overrides)
        self.former = self.read_ids()
        for identifier in self.former.values():
            (self.directory / f"release-{identifier}").touch()

    def configure(self, **instances: Any) -> None:
        web = {"port": self.port, "instances": instances}
        self.overrides: dict[str, Any] = {**self.settings, "services": {"web": web}}
        self.controller.configure(
            plugin="groundwork.aws.ec2_services",
            topology=SCALED.topology,
            connection=LOCAL,
            overrides=self.overrides,
        )

    def command(self, playbook: str, *words: str) -> list[str]:
        more = ["-e", "app_health_timeout=2", "-e", "wait_timeout=5", "-e", f"played_in={self.directory}"]
        return self.controller.command(f"groundwork.aws.{playbook}", *more, *words)

    def environment(self) -> dict[str, str]:
        return self.controller.environment(ANSIBLE_COLLECTIONS_PATH=str(self.collections))

    def play(self, playbook: str, *words: str) -> Played:
        done = subprocess.run(
            self.command(playbook, *words), cwd=self.directory, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )  # fmt: skip
        return Played(done.returncode, done.stdout)

    def play_and_kill(self, operation: str, after: bool, playbook: str = "replace") -> None:
        """Start the playbook, and kill it when it makes a call for the first time."""
        run = subprocess.Popen(
            self.command(playbook), cwd=self.directory, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.stack.proxy.faults.add(
            named(operation), Do(lambda _call: kill_with_children(run.pid), after=after, cut=True), times=1
        )
        assert run.wait(timeout=300) == -signal.SIGKILL
        self.stack.proxy.faults.clear()

    def read_ids(self) -> dict[str, str]:
        """The instances that run, by address."""
        pages = self.stack.account.client("ec2").describe_instances()["Reservations"]
        found = {}
        for item in (item for page in pages for item in page["Instances"]):
            if item["State"]["Name"] == "running":
                tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
                assert tags["groundwork:resource"] not in found, "there are two instances of one address"
                found[tags["groundwork:resource"]] = item["InstanceId"]
        return found

    def list_healthy(self) -> set[str]:
        elb = self.stack.account.client("elbv2")
        answer = elb.describe_target_health(TargetGroupArn=self.stack.id_of("target_group/web"))
        return {one["Target"]["Id"] for one in answer["TargetHealthDescriptions"]}

    def assert_replaced(self, *members: str) -> None:
        """These have new instances, the others their former ones; all have a release and are registered."""
        now = self.read_ids()
        assert now.keys() == self.former.keys()
        changed = {address for address in now if now[address] != self.former[address]}
        assert changed == {f"instance/{member}" for member in members}
        assert self.list_healthy() == set(now.values())
        for identifier in now.values():
            assert (self.directory / f"release-{identifier}").exists()

    def count_creations(self) -> int:
        return sum(call.name == "RunInstances" and call.status == 200 for call in self.stack.proxy.calls)


def kill_with_children(parent: int) -> None:
    """Kill a process of this test and all that it has started."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    pending, found = [parent], []
    while pending:
        found.append(pending.pop())
        pending += children.get(found[-1], [])
    for process in found:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
def hosts(stacks: Stacks, tmp_path: Path, answering: int) -> Hosts:
    """Two hosts behind a load balancer whose user data changes."""
    found = Hosts(stacks(SCALED), tmp_path, answering)
    found.make()
    found.configure(count=2, **OTHER)
    return found


def moves_of(stack: Stack) -> list[str]:
    """The calls that move traffic or hosts, in their order."""
    names = ("DeregisterTargets", "TerminateInstances", "RunInstances", "RegisterTargets")
    return [call.name for call in stack.proxy.calls if call.name in names]


def test_provision_leaves_replacements_and_reports_them(hosts: Hosts) -> None:
    left = hosts.play("provision")
    assert left.code == 0, left.output
    assert "instance/web-1: replace" in left.said
    assert moves_of(hosts.stack) == []
    hosts.assert_replaced()


def test_hosts_are_replaced_one_after_the_other(hosts: Hosts) -> None:
    shown = hosts.play("replace", "--check")
    assert shown.code == 0, shown.output
    assert "instance/web-1: user_data cannot change in place; the data on its root volume is lost" in shown.said
    assert hosts.stack.proxy.mutations == []

    addresses = read_addresses(hosts.stack)
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    assert moves_of(hosts.stack) == ["DeregisterTargets", "TerminateInstances", "RunInstances", "RegisterTargets"] * 2
    assert read_addresses(hosts.stack) == addresses, "private addresses stay, since callers know them"
    hosts.stack.assert_quiet(hosts.overrides)

    again = hosts.play("replace")
    assert again.code == 0, again.output
    assert "No instance has to be replaced" in again.said
    assert "changed=0" in again.output.partition("PLAY RECAP")[2].partition("localhost")[2]
    assert hosts.stack.proxy.mutations == []


def read_addresses(stack: Stack) -> Mapping[str, str]:
    resources = stack.info().result["resources"]
    return {address: item["private_ip"] for address, item in resources.items() if address.startswith("instance/")}


@pytest.mark.long
def test_the_only_host_is_not_replaced_unless_an_interruption_is_accepted(
    stacks: Stacks, tmp_path: Path, answering: int
) -> None:
    alone = Hosts(stacks(SCALED), tmp_path, answering)
    alone.make(count=1)
    alone.configure(count=1, **OTHER)
    refused = alone.play("replace")
    assert refused.code == 2, refused.output
    assert "of the other targets 0 are healthy and 1 have to be" in refused.said
    assert "Its instance is still there, serves as before and is healthy" in refused.said
    assert "To accept an interruption of its services: -e interrupt=true" in refused.said
    alone.assert_replaced()
    accepted = alone.play("replace", "-e", "interrupt=true")
    assert accepted.code == 0, accepted.output
    alone.assert_replaced("web-1")


@pytest.mark.long
def test_a_failure_ends_the_run_and_reports_the_state_of_every_host(hosts: Hosts) -> None:
    hosts.stack.proxy.faults.add(
        named("RegisterTargets"), Fail(status=400, code="TooManyTargets", message="There are too many.")
    )
    failed = hosts.play("replace")
    assert failed.code == 2, failed.output
    assert "scaled-web-1 does not serve: " in failed.said
    assert "There are too many" in failed.said
    assert f"Its former instance {hosts.former['instance/web-1']} is gone. It has the instance i-" in failed.said
    assert "It is out of the load balancer until its services are healthy" in failed.said
    assert "Not touched, and serving as before: scaled-web-2" in failed.said
    assert "it continues with this host" in failed.said
    assert hosts.list_healthy() == {hosts.former["instance/web-2"]}
    hosts.stack.proxy.faults.clear()
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    assert hosts.count_creations() == 2


@pytest.mark.long
def test_an_instance_that_cannot_be_terminated_serves_again(hosts: Hosts) -> None:
    hosts.stack.proxy.faults.add(
        named("TerminateInstances"), Fail(status=400, code="OperationNotPermitted", message="It may not go.")
    )
    failed = hosts.play("replace")
    assert failed.code == 2, failed.output
    assert f"scaled-web-1 ({hosts.former['instance/web-1']}) was not replaced" in failed.said
    assert "It may not go" in failed.said
    assert "Its instance is still there, serves as before and is healthy" in failed.said
    hosts.assert_replaced()


@pytest.mark.long
def test_an_instance_that_cannot_be_created_is_created_by_the_next_run(hosts: Hosts) -> None:
    hosts.stack.proxy.faults.add(
        named("RunInstances"), Fail(status=400, code="InsufficientInstanceCapacity", message="There is none.")
    )
    failed = hosts.play("replace")
    assert failed.code == 2, failed.output
    assert "is gone. There may be no new one yet" in failed.said
    hosts.stack.proxy.faults.clear()
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")


@pytest.mark.long
def test_a_target_that_is_not_healthy_is_replaced_too(hosts: Hosts) -> None:
    """It is not drained, since it gets no requests, and must not stay registered."""
    elb = hosts.stack.account.client("elbv2")
    group = hosts.stack.id_of("target_group/web")
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": hosts.former["instance/web-1"]}])
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")


@pytest.mark.long
@pytest.mark.parametrize(
    ("operation", "after"),
    [
        pytest.param("DeregisterTargets", True, marks=pytest.mark.long),
        ("TerminateInstances", True),
        pytest.param("RunInstances", False, marks=pytest.mark.long),
        pytest.param("RunInstances", True, marks=pytest.mark.long),
        ("RegisterTargets", False),
        pytest.param("RegisterTargets", True, marks=pytest.mark.long),
    ],
    ids=["drained", "terminated", "before the new instance", "created", "before registration", "registered"],
)
def test_the_run_after_a_killed_one_continues_with_its_host(hosts: Hosts, operation: str, after: bool) -> None:
    hosts.play_and_kill(operation, after)
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    assert hosts.count_creations() <= 2
    hosts.stack.assert_quiet(hosts.overrides)


@pytest.mark.parametrize("is_killed", [False, pytest.param(True, marks=pytest.mark.long)])
def test_an_alarm_about_several_instances_follows_each_of_them(
    stacks: Stacks, tmp_path: Path, answering: int, is_killed: bool
) -> None:
    hosts = Hosts(stacks(SCALED), tmp_path, answering)
    hosts.settings = {"monitoring": {}}
    hosts.make()
    hosts.configure(count=2, **OTHER)
    left = hosts.play("provision")
    assert left.code == 0, left.output
    assert "alarm/instances-web-cpu: replace" in left.said
    if is_killed:
        hosts.play_and_kill("RunInstances", after=False)
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    if not is_killed:
        hosts.stack.assert_quiet(hosts.overrides)


@pytest.mark.long
def test_a_broken_host_that_is_to_be_replaced_is_named_where_a_run_waits_for_it(hosts: Hosts) -> None:
    """Its user data was wrong, and is corrected now: no run can connect to the instance before it is replaced."""
    (hosts.directory / "wait.yml").write_text(
        "- import_playbook: groundwork.aws.provision\n- import_playbook: groundwork.aws.wait\n"
    )
    hosts.controller.configure(
        plugin="groundwork.aws.ec2_services", topology=SCALED.topology, overrides=hosts.overrides
    )
    command = hosts.controller.command("wait.yml", "-e", "wait_timeout=1")
    done = subprocess.run(
        command, cwd=hosts.directory, env=hosts.environment(), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    said = " ".join(done.stdout.split())
    assert f"scaled-web-1 ({hosts.former['instance/web-1']}) does not accept connections: " in said
    assert "Its instance is to be replaced, for which no connection is needed: run replace.yml." in said


@pytest.mark.long
def test_a_host_that_cannot_be_reached_is_replaced(hosts: Hosts) -> None:
    """Here the new instance cannot be reached either, so the run ends with it."""
    of_hosts = hosts.directory / "inventory" / "host_vars"
    of_hosts.mkdir()
    (of_hosts / "scaled-web-1.json").write_text(json.dumps(UNREACHABLE))
    failed = hosts.play("replace")
    assert failed.code == 2, failed.output
    assert hosts.read_ids()["instance/web-1"] != hosts.former["instance/web-1"], failed.output
    assert f"Its former instance {hosts.former['instance/web-1']} is gone. It has the instance i-" in failed.said
    assert hosts.list_healthy() == {hosts.former["instance/web-2"]}
    (of_hosts / "scaled-web-1.json").unlink()
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")


@pytest.mark.long
def test_another_type_comes_with_the_replacement(hosts: Hosts) -> None:
    hosts.configure(count=2, type="t3.small", **OTHER)
    left = hosts.play("resize")
    assert left.code == 0, left.output
    assert "scaled-web-1 gets the type of the document when it is replaced" in left.said
    assert moves_of(hosts.stack) == []
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    hosts.stack.assert_quiet(hosts.overrides)


@pytest.mark.long
def test_an_inventory_that_is_not_read_again_is_corrected(hosts: Hosts) -> None:
    """As in AWX, which gives a job hosts that were read before."""
    command = [str(CHECKOUT / ".venv" / "bin" / "ansible-inventory"), "-i", "inventory", "--list"]
    listed = subprocess.run(command, cwd=hosts.directory, env=hosts.environment(), capture_output=True, check=True)
    read = json.loads(listed.stdout)
    groups: dict[str, Any] = {}
    for name, group in read.items():
        if name not in ("_meta", "all"):
            groups[name] = {"hosts": dict.fromkeys(group.get("hosts", ()))}
    for name, variables in read["_meta"]["hostvars"].items():
        groups["groundwork"]["hosts"][name] = variables
    shutil.rmtree(hosts.directory / "inventory")
    (hosts.directory / "inventory").mkdir()
    shared = read["_meta"]["hostvars"][HOSTS[0]]
    document = {name: value for name, value in shared.items() if name.startswith("stack_")}
    everything = {"all": {"children": groups, "vars": {**document, **LOCAL}}}
    (hosts.directory / "inventory" / "hosts.json").write_text(json.dumps(everything))
    done = hosts.play("replace")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")


@pytest.mark.long
def test_instances_with_an_older_image_are_refreshed(stacks: Stacks, tmp_path: Path, answering: int) -> None:
    hosts = Hosts(stacks(SCALED), tmp_path, answering)
    account = hosts.stack.account
    filters = [{"Name": "architecture", "Values": ["x86_64"]}]
    found = account.client("ec2").describe_images(Filters=filters)["Images"]
    older, newer = sorted(image["ImageId"] for image in found)[:2]
    parameters = account.client("ssm")
    parameters.put_parameter(Name="/shop/image", Value=older, Type="String")
    hosts.make(image="/shop/image")
    nothing = hosts.play("refresh")
    assert nothing.code == 0, nothing.output
    assert "Every instance has the newest image; none has to be replaced" in nothing.said
    assert hosts.stack.proxy.mutations == []

    parameters.put_parameter(Name="/shop/image", Value=newer, Type="String", Overwrite=True)
    hosts.stack.assert_quiet(hosts.overrides)
    refused = hosts.play("refresh", "-e", "services=wbe")
    assert refused.code == 2
    assert 'there is no service "wbe"' in refused.said
    shown = hosts.play("refresh", "--check", "-e", "services=web")
    assert shown.code == 0, shown.output
    assert "instance/web-2: image cannot change in place" in shown.said
    assert hosts.stack.proxy.mutations == []

    hosts.play_and_kill("RunInstances", after=False, playbook="refresh")
    done = hosts.play("refresh", "-e", "services=web")
    assert done.code == 0, done.output
    hosts.assert_replaced("web-1", "web-2")
    reservations = account.client("ec2").describe_instances(InstanceIds=list(hosts.read_ids().values()))["Reservations"]
    assert {item["ImageId"] for page in reservations for item in page["Instances"]} == {newer}
    hosts.stack.assert_quiet(hosts.overrides)


def test_a_limit_is_refused(hosts: Hosts) -> None:
    refused = hosts.play("replace", "--limit", "localhost,scaled-web-1")
    assert refused.code == 2
    assert "--limit leaves out scaled-web-2" in refused.said
