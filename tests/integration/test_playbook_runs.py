# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbooks as people start them: by name, with a limit, with extra variables; against an API without machines.

Hosts cannot be connected to unless a test says otherwise, so a playbook that gets as far as that has been accepted.
"""

from __future__ import annotations

import getpass
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rig.playbooks import Played, make_environment, run_at_terminal, run_playbook
from rig.runs import CHECKOUT
from rig.stacks import Stack, Stacks, base_of, for_each, merge_documents

from ansible_collections.groundwork.aws.plugins.module_utils._host.release_manager import ReleaseManager
from ansible_collections.groundwork.aws.plugins.module_utils._host.tree_digest import compute_digest, describe_file

SCALED = base_of("scaled")
HOSTS = ("scaled-web-1", "scaled-web-2")
UNREACHABLE = {
    "ansible_connection": "ssh",
    "ansible_ssh_common_args": "-o ProxyCommand=false",
    "ansible_ssh_retries": 0,
}
LOCAL = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
JOBS = "scaled-jobs-1"
MIXED: dict[str, Any] = {
    "services": {
        "jobs": {
            "runtime": "gunicorn",
            "instances": {"count": 1, "subnets": "public"},
            "port": 5001,
            "entry": "wsgi:app",
            "source": {"directory": "jobs"},
        }
    }
}
SERVE = """
- hosts: groundwork
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: groundwork.aws.app, tasks_from: serve}
"""
REFUSED = "this run cannot do what it was asked for"


@dataclass
class Controller:
    """A controller with an inventory of one file and nothing of the person's own configuration."""

    stack: Stack
    directory: Path
    topology: str | None = None

    def __post_init__(self) -> None:
        self.configure(plugin="groundwork.aws.ec2_services", topology=self.topology)

    def configure(
        self, connection: Mapping[str, Any] | None = None, overrides: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        """Write the inventory: the options of the plugin, and the variables."""
        groups = self.directory / "inventory" / "group_vars"
        groups.mkdir(parents=True, exist_ok=True)
        (self.directory / "ansible.cfg").touch()
        said = {key: value for key, value in options.items() if value is not None}
        (groups.parent / "ec2_services.yml").write_text(json.dumps(said))
        authorities = self.directory / "ca.pem"
        authorities.write_text("-----BEGIN CERTIFICATE-----\nread on hosts only\n-----END CERTIFICATE-----\n")
        variables = {"stack_overrides": overrides or self.stack.base.overrides}
        variables["app_database_authorities"] = str(authorities)
        (groups / "all.yml").write_text(json.dumps(variables))
        (groups / "groundwork.yml").write_text(json.dumps(connection or UNREACHABLE))

    def environment(self, **more: str) -> dict[str, str]:
        more = {"ANSIBLE_CONFIG": str(self.directory / "ansible.cfg"), **more}
        return make_environment(self.stack.proxy.url, self.directory, [CHECKOUT / ".venv" / "bin"], **more)

    def command(self, playbook: str, *words: str) -> list[str]:
        return [str(CHECKOUT / ".venv" / "bin" / "ansible-playbook"), "-i", "inventory", playbook, *words]

    def play(self, playbook: str, *words: str, **more: str) -> Played:
        return run_playbook(self.command(playbook, *words), self.directory, self.environment(**more), timeout=300)


class Healthy(BaseHTTPRequestHandler):
    """A service that works."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """It has nothing to say."""


@pytest.fixture
def port() -> Iterator[int]:
    """Where a service answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def scaled(stacks: Stacks, tmp_path: Path) -> Controller:
    """Two instances with one service behind a load balancer."""
    stack = stacks(SCALED)
    stack.made()
    return Controller(stack, tmp_path, SCALED.topology)


@pytest.fixture
def empty(stacks: Stacks, tmp_path: Path) -> Controller:
    """A controller that names no topology, and an account in which nothing is."""
    return Controller(stacks(), tmp_path)


def url_of(controller: Controller) -> str:
    (balancer,) = controller.stack.account.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return f"http://{balancer['DNSName']}/"


def shown_last(played: Played) -> str:
    """The output of the last task."""
    return " ".join(played.output.rpartition("TASK [")[2].partition("PLAY RECAP")[0].split())


def quick(playbook: str) -> list[str]:
    """Options with which a playbook gives up on hosts at once, and destroys without asking."""
    return [f"groundwork.aws.{playbook}", "-e", "wait_timeout=1", "-e", "confirm=scaled"]


# Which hosts a playbook works on: without any of these in the limit it has nothing to do, and says so.
ON_CONTROLLER = ["provision", "retire", "backup", "restore", "discard", "scale", "replace", "refresh", "destroy"]
ON_HOSTS = ["wait", "configure", "deploy", "rollback"]
ANYWHERE = ["status", "verify", "resize"]


THREADS_AT_FORKS = """
import os, threading

def write_threads():
    with open(os.environ["THREADS_FILE"], "a") as file:
        file.write(",".join(thread.name for thread in threading.enumerate()) + "\\n")

os.register_at_fork(before=write_threads)
"""


@pytest.mark.long
def test_no_thread_of_the_collection_runs_when_ansible_forks_a_worker(scaled: Controller, tmp_path: Path) -> None:
    """A forked worker would wait without end for a lock that such a thread holds. The results are ansible's thread."""
    (tmp_path / "sitecustomize.py").write_text(THREADS_AT_FORKS)
    found = tmp_path / "threads"
    done = scaled.play(
        "groundwork.aws.provision", "--limit", "localhost", PYTHONPATH=str(tmp_path), THREADS_FILE=str(found)
    )
    assert done.code == 0, done.output
    forks = found.read_text().splitlines()
    assert forks
    for threads in forks:
        others = [name for name in threads.split(",") if name != "MainThread" and "results_thread_main" not in name]
        assert others == []


@pytest.mark.long
def test_a_limit_without_localhost_is_refused_where_the_work_is_done_there(scaled: Controller) -> None:
    def trial(playbook: str) -> None:
        refused = scaled.play(*quick(playbook), "--limit", HOSTS[0])
        assert refused.code == 2
        assert "--limit leaves out localhost, where this playbook works" in refused.said

    for_each(ON_CONTROLLER, trial)
    assert scaled.stack.proxy.mutations == []


def test_a_limit_without_hosts_is_refused_where_the_work_is_done_there(scaled: Controller) -> None:
    def trial(playbook: str) -> None:
        refused = scaled.play(*quick(playbook), "--limit", "localhost")
        assert refused.code == 2
        assert f"--limit leaves out every host of the stack scaled ({', '.join(HOSTS)})" in refused.said

    for_each(ON_HOSTS, trial)


@pytest.mark.long
def test_the_limit_localhost_leaves_the_work_of_the_controller(scaled: Controller) -> None:
    def trial(playbook: str) -> None:
        done = scaled.play(*quick(playbook), "--limit", "localhost")
        assert done.code == 0, done.output
        assert url_of(scaled) in shown_last(done)
        assert "UNREACHABLE" not in done.output

    for_each(["provision", "retire", *ANYWHERE], trial)


def test_the_limit_of_one_host_leaves_the_others_alone(scaled: Controller) -> None:
    def trial(playbook: str) -> None:
        done = scaled.play(*quick(playbook), "--check", "--limit", HOSTS[1])
        assert REFUSED not in done.said
        assert hosts_of(done) == {HOSTS[1]}

    for_each([*ON_HOSTS, "verify", "status"], trial)


@pytest.mark.long
def test_site_with_the_limit_localhost_provisions_and_nothing_more(empty: Controller) -> None:
    empty.configure(plugin="groundwork.aws.ec2_services", topology="single_instance")
    for changes in (True, False):  # before there are hosts, and with one
        done = empty.play("groundwork.aws.site", "--limit", "localhost")
        assert done.code == 0, done.output
        assert ("instance/app-1 created" in done.said) == changes
        assert "http://" in shown_last(done)
        assert "UNREACHABLE" not in done.output


def test_a_limit_that_leaves_no_host_is_an_error(empty: Controller) -> None:
    """Also before the stack has hosts, and with an inventory that cannot be read: ansible would skip every play."""
    for topology in ("single_instance", "unknown"):
        empty.configure(plugin="groundwork.aws.ec2_services", topology=topology)
        refused = empty.play("groundwork.aws.site", "--limit", "app-1")
        assert refused.code == 1, refused.output
        assert "leaves us with no hosts to target" in refused.said
    assert empty.stack.proxy.mutations == []


def test_scale_needs_all_hosts(scaled: Controller) -> None:
    refused = scaled.play("groundwork.aws.scale", "--limit", f"localhost,{HOSTS[0]}")
    assert refused.code == 2
    assert f"--limit leaves out {HOSTS[1]}, and this playbook needs all hosts" in refused.said


@pytest.mark.long
def test_services_and_refs_that_cannot_be_taken_are_refused(scaled: Controller) -> None:
    """Those playbooks that take them, and those that do not; tests of the filter have what else may be wrong."""

    def trial(case: tuple[str, dict[str, Any], str]) -> None:
        playbook, extra, text = case
        refused = scaled.play(f"groundwork.aws.{playbook}", "-e", json.dumps(extra))
        assert refused.code == 2
        assert REFUSED in refused.said
        assert text in refused.said

    wrong = 'there is no service "wbe" in the stack scaled; did you mean "web"?'
    cases = [(playbook, {"services": "wbe"}, wrong) for playbook in ("site", "deploy", "rollback", "status", "verify")]
    cases += [(name, {"services": "web"}, "services: this playbook takes none") for name in ("provision", "scale")]
    cases += [(name, {"ref": "v1.4"}, "ref: web has no git source to take v1.4 of") for name in ("site", "deploy")]
    cases += [(name, {"ref": "v1.4"}, "ref: this playbook deploys nothing new") for name in ("rollback", "scale")]
    cases += [(name, {"to": "v1.4"}, "to: this playbook returns to no earlier release") for name in ("deploy", "scale")]
    cases += [("rollback", {"to": to}, "is not a text, so digits may have") for to in (1.1, True, ["a"])]
    cases += [("rollback", {"to": "../x"}, "to: '../x' is no version or commit")]
    cases += [("deploy", {"rollout_lock_wait": wait}, "is no number of seconds") for wait in ("abc", -1, [1])]
    undefined = "its template refers to a variable that is not defined"
    cases += [("deploy", {name: "{{ nope }}"}, f"{name}: {undefined}") for name in ("services", "ref", "wait_timeout")]
    for_each(cases, trial)
    assert scaled.stack.proxy.mutations == []


@pytest.fixture
def mixed(stacks: Stacks, tmp_path: Path) -> Controller:
    """Two instances with one service, and another instance with a service of its own."""
    stack = stacks(replace(SCALED, overrides=MIXED))
    stack.made()
    return Controller(stack, tmp_path, SCALED.topology)


def hosts_of(played: Played) -> set[str]:
    """The hosts that a run got to, by its recap."""
    return set(re.findall(r"^(\S+) +: ok=", played.output.partition("PLAY RECAP")[2], re.MULTILINE)) - {"localhost"}


def test_a_service_whose_hosts_the_limit_leaves_out_is_refused(mixed: Controller) -> None:
    refused = mixed.play("groundwork.aws.deploy", "-e", "services=jobs", "--limit", HOSTS[0])
    assert refused.code == 2
    assert "services: jobs runs on scaled-jobs-1, which --limit leaves out" in refused.said


def test_only_hosts_with_a_chosen_service_are_connected_to(mixed: Controller) -> None:
    def trial(case: tuple[str, Any, set[str]]) -> None:
        playbook, services, hosts = case
        done = mixed.play(f"groundwork.aws.{playbook}", "-e", json.dumps({"services": services}))
        assert done.code != 0  # none of them can be reached
        assert REFUSED not in done.said
        # A rollback ends with the first host that is lost.
        assert hosts_of(done) <= hosts if playbook == "rollback" else hosts_of(done) == hosts

    everywhere = {JOBS, *HOSTS}
    cases = [("jobs", {JOBS}), (" web , jobs", everywhere), (["web"], set(HOSTS)), ("", everywhere), ([], everywhere)]
    # The lines of an answer to a survey.
    cases += [("web\njobs\n", everywhere), ("\r\njobs ", {JOBS})]
    for_each([("deploy", *case) for case in cases] + [("rollback", "jobs", {JOBS})], trial)


@pytest.mark.long
def test_serving_on_a_host_without_the_chosen_service_does_nothing(tmp_path: Path, mixed: Controller) -> None:
    mixed.configure(plugin="groundwork.aws.ec2_services", topology=SCALED.topology, connection=LOCAL)
    (tmp_path / "serve.yml").write_text(SERVE)
    done = mixed.play("serve.yml", "-e", "services=jobs")
    assert done.code == 0, done.output
    assert not re.search(r"changed=[1-9]", done.output)


@pytest.mark.long
def test_a_ref_is_taken_of_the_git_source_of_the_chosen_service(tmp_path: Path, mixed: Controller) -> None:
    """In check mode: what would be staged is the tag, not what the document names."""
    repository = make_repository(tmp_path / "repository")
    overrides = merge_documents(MIXED, {"services": {"jobs": {"source": {"directory": None, "git": str(repository)}}}})
    mixed.configure(
        plugin="groundwork.aws.ec2_services", topology=SCALED.topology, connection=LOCAL, overrides=overrides
    )
    words = ["groundwork.aws.deploy", "--check", "--diff", "-e", "services=jobs"]
    tagged = mixed.play(*words, "-e", "ref=v1.4")
    assert tagged.code == 0, tagged.output
    assert re.search(r"release 1: v1\.4-[0-9a-f]{12}", tagged.output), tagged.output
    newest = mixed.play(*words)
    assert newest.code == 0, newest.output
    assert "v1.4" not in newest.output
    for services in ([], ["-e", "services=web,jobs"]):
        refused = mixed.play("groundwork.aws.deploy", *services, "-e", "ref=v1.4")
        assert refused.code == 2
        assert (
            "ref: web has no git source to take v1.4 of; name the services that have one: -e services=jobs"
            in refused.said
        )
    unknown = mixed.play(*words, "-e", "ref=v9")
    assert unknown.code == 2
    assert "v9" in unknown.said.partition("No archive could be made")[2]


NO_INSTANCES = "the stack three-tier has no instances in us-east-1: run site.yml first"
NO_DATABASE = (
    "db_instance/main of stack three-tier does not exist, so that there is nothing to back up. Nothing was changed. "
    "Create it with the playbook provision.yml"
)
ABSENT = "The stack three-tier does not exist in us-east-1"
# How each playbook ends for a stack with instances and a database that was never made, or is gone.
WITHOUT_STACK: list[tuple[str, list[str], int, str]] = [
    *(
        (playbook, [], 2, NO_INSTANCES)
        for playbook in (*ON_HOSTS, "verify", "resize", "retire", "scale", "replace", "refresh")
    ),
    ("scale", ["--check"], 2, NO_INSTANCES),
    ("backup", [], 2, NO_DATABASE),
    ("restore", ["-e", "restore_snapshot=newest"], 2, "Nothing was changed. Run the playbook provision.yml"),
    ("discard", ["-e", "discard_instance=shop-before"], 0, "has no standby shop-before: nothing was deleted"),
    ("status", [], 0, ABSENT),
    ("destroy", ["-e", "confirm=three-tier"], 0, f"{ABSENT}: there was nothing to remove"),
    ("destroy", ["--check"], 0, f"{ABSENT}: there was nothing to remove"),
]


@pytest.mark.long
def test_without_its_stack_every_playbook_reports_that_and_makes_nothing(empty: Controller) -> None:
    empty.configure(plugin="groundwork.aws.ec2_services", topology="three_tier")

    def trial(case: tuple[str, list[str], int, str]) -> None:
        playbook, words, code, text = case
        done = empty.play(f"groundwork.aws.{playbook}", *words)
        assert done.code == code, done.output
        assert text in done.said, done.output

    for_each(WITHOUT_STACK, trial)
    assert empty.stack.proxy.mutations == []
    status = empty.play("groundwork.aws.status")
    assert "backend: no instance has it yet; run site.yml" in status.said
    assert "nothing can be restored; standbys: []" in status.said


@pytest.mark.long
def test_scale_without_its_stack_makes_nothing_of_a_document_without_instances(stacks: Stacks, tmp_path: Path) -> None:
    data = base_of("data", "db_instance/main", "secret/app")
    controller = Controller(stacks(data), tmp_path, data.topology)
    refused = controller.play("groundwork.aws.scale")
    assert refused.code == 2
    assert "The stack data does not exist in us-east-1. Nothing was changed. Run site.yml first" in refused.said
    assert controller.stack.proxy.mutations == []


@pytest.mark.long
def test_a_stack_that_was_destroyed_counts_as_one_that_was_never_made(scaled: Controller) -> None:
    assert scaled.stack.absent().ok
    scaled.stack.proxy.forget()
    for playbook, code, text in (
        ("scale", 2, "the stack scaled has no instances in us-east-1: run site.yml first"),
        ("verify", 2, "the stack scaled has no instances in us-east-1: run site.yml first"),
        ("destroy", 0, "The stack scaled does not exist in us-east-1: there was nothing to remove"),
    ):
        done = scaled.play(*quick(playbook))
        assert done.code == code, done.output
        assert text in done.said
    assert scaled.stack.proxy.mutations == []


@pytest.mark.long
def test_without_a_topology_every_playbook_says_how_to_name_one(empty: Controller) -> None:
    empty.configure(plugin="groundwork.aws.ec2_services", regions=["us-east-1"])
    for playbook in ("site", "status", "destroy"):
        refused = empty.play(f"groundwork.aws.{playbook}")
        assert refused.code == 2
        assert "the inventory has no topology document" in refused.said
        assert "GROUNDWORK_TOPOLOGY, -e topology=…" in refused.said


def test_the_playbook_of_an_architecture_brings_its_topology(empty: Controller) -> None:
    def trial(playbook: str) -> None:
        shown = empty.play(playbook, "--check", "--diff")
        assert shown.code == 0, shown.output
        assert "db_instance/notification" in shown.output
        assert "The stack ecommerce does not exist in ap-southeast-1" in shown_last(shown)

    for_each(["groundwork.aws.ecommerce", str(CHECKOUT / "playbooks" / "ecommerce.yml")], trial)


@pytest.mark.long
def test_the_same_topology_may_be_named_as_well(empty: Controller) -> None:
    def trial(topology: str) -> None:
        done = empty.play("groundwork.aws.three_tier", "--check", GROUNDWORK_TOPOLOGY=topology)
        assert done.code == 0, done.output

    for_each(["three_tier", "three-tier", str(CHECKOUT / "topologies" / "three_tier.yml")], trial)


@pytest.mark.long
def test_a_topology_that_is_not_that_of_the_playbook_is_refused(empty: Controller) -> None:
    by_variable = empty.play("groundwork.aws.ecommerce", GROUNDWORK_TOPOLOGY="three_tier")
    by_option = empty.play("groundwork.aws.ecommerce", "-e", f"topology={SCALED.topology}")
    for refused, topology in ((by_variable, "three_tier"), (by_option, SCALED.topology)):
        assert refused.code == 2
        assert f"this playbook is for the topology ecommerce, and the inventory has {topology}" in refused.said
        assert "groundwork.aws.site" in refused.said
    assert empty.stack.proxy.mutations == []


@pytest.mark.long
def test_the_playbook_in_the_root_of_a_checkout_is_that_of_the_collection(empty: Controller) -> None:
    shown = empty.play(str(CHECKOUT / "site.yml"), "--check", "-e", "topology=single_instance")
    assert shown.code == 0, shown.output
    assert "The stack single-instance does not exist in us-east-1" in shown_last(shown)


@pytest.mark.long
def test_destroy_without_confirmation_touches_nothing(scaled: Controller) -> None:
    refused = scaled.play("groundwork.aws.destroy")
    assert refused.code == 2
    assert (
        "There is no confirmation: the stack scaled in us-east-1 was not removed, and nothing was changed"
        in refused.said
    )
    assert "run with -e confirm=scaled" in refused.said
    other = scaled.play("groundwork.aws.destroy", "-e", "confirm=sclaed")
    assert other.code == 2
    assert "The confirmation names sclaed" in other.said
    assert scaled.stack.proxy.mutations == []
    shown = scaled.play("groundwork.aws.destroy", "--check")
    assert shown.code == 0, shown.output
    assert scaled.stack.proxy.mutations == []


def test_destroy_with_the_name_of_the_stack_removes_it(scaled: Controller) -> None:
    done = scaled.play("groundwork.aws.destroy", "-e", "confirm=scaled")
    assert done.code == 0, done.output
    assert "The stack scaled in us-east-1 is removed, and its URL with it" in shown_last(done)
    scaled.stack.assert_empty()


@pytest.mark.parametrize(("typed", "removed"), [("scaled", True), ("yes", False)])
def test_destroy_asks_a_person_for_the_name_of_the_stack(scaled: Controller, typed: str, removed: bool) -> None:
    code, output = type_at(scaled, "groundwork.aws.destroy", "Type the name of the stack", typed)
    assert "This removes the stack scaled in us-east-1" in output
    assert (code == 0) == removed, output
    assert bool(scaled.stack.account.owned("scaled")) != removed


@pytest.mark.long
def test_status_shows_what_every_host_serves(scaled: Controller, port: int, tmp_path: Path) -> None:
    overrides = {"services": {"web": {"port": port}}}
    scaled.stack.present(overrides)
    scaled.configure(
        plugin="groundwork.aws.ec2_services", topology=SCALED.topology, connection=LOCAL, overrides=overrides
    )
    before = scaled.play("groundwork.aws.status", "-e", f"app_directory={tmp_path}")
    assert before.code == 0, before.output
    assert table_of(before)[1][2:6] == ["none", "-", "-", "-"]
    commit = release(tmp_path / "web")
    scaled.stack.account.client("ec2").stop_instances(InstanceIds=[scaled.stack.id_of_instance("instance/web-2")])
    status = scaled.play("groundwork.aws.status", "-e", f"app_directory={tmp_path}")
    assert status.code == 0, status.output
    assert not re.search(r"changed=[1-9]", status.output)
    titles, first, second = table_of(status)
    assert titles == ["SERVICE", "HOST", "RELEASE", "VERSION", "COMMIT", "DEPLOYED", "HEALTH", "TARGET"]
    assert [*first[:5], *first[6:]] == ["web", HOSTS[0], "1", "v1.4", commit[:12], "healthy", "healthy"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first[5])
    assert second[:7] == ["web", HOSTS[1], *["unknown"] * 5]
    assert f"{HOSTS[1]}: the instance is stopped" in status.said
    assert url_of(scaled) in shown_last(status)


@pytest.mark.long
def test_status_shows_hosts_that_cannot_be_reached(scaled: Controller) -> None:
    status = scaled.play("groundwork.aws.status")
    assert status.code == 0, status.output
    assert [row[:2] for row in table_of(status)[1:]] == [["web", host] for host in HOSTS]
    assert {row[-1] for row in table_of(status)[1:]} == {"healthy"}
    assert f"{HOSTS[0]}: unreachable:" in status.said


def table_of(played: Played) -> list[list[str]]:
    """The rows of the table of `status`, each as its cells."""
    lines = [line.strip().removeprefix("- ").strip("'") for line in played.output.splitlines()]
    return [line.split() for line in lines if re.match(r"SERVICE |web  +scaled", line)]


def release(root: Path) -> str:
    """A release of a service that was deployed, and its commit."""
    commit = "0123456789abcdef" * 2 + "01234567"
    archive = root.parent / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("wsgi.py"))
    digest = compute_digest([describe_file("wsgi.py", b"", executable=False)])
    artifact = {"kind": "tree", "digest": digest, "version": "v1.4", "commit": commit}
    options = {"archive": str(archive), "artifact": artifact, "inputs": {}, "number": 1}
    options |= {
        "environment": {},
        "secrets": None,
        "environment_file": None,
        "restore": False,
        "step": None,
        "public": [],
    }
    options |= {"root": str(root), "owner": getpass.getuser()}
    for state in ("staged", "current", "confirmed"):
        ReleaseManager({**options, "state": state}, check_mode=False).run()
    return commit


def make_repository(path: Path) -> Path:
    """A repository with a tag v1.4, and a commit after it."""
    path.mkdir()
    names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", str(path), *names, *words], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    for text in ("first", "second"):
        (path / "requirements.txt").write_text(f"# {text}\n")
        git("add", ".")
        git("commit", "-m", text)
        if text == "first":
            git("tag", "v1.4")
    return path


def type_at(controller: Controller, playbook: str, prompt: str, typed: str) -> tuple[int, str]:
    """Run a playbook at a terminal, and answer its prompt."""

    def respond(output: bytes) -> str:
        return f"{typed}\r" if prompt.encode() in output else ""

    command = controller.command(playbook)
    played = run_at_terminal(command, controller.directory, controller.environment(), respond, timeout=100)
    return played.code, played.output
