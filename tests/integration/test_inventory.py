# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin in real ansible runs, against an API over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import PAGE_SIZES
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory import listing
from lab.ports import choose_port

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"

GROUP_VARS = """
home: 203.0.113.7/32
stack_overrides:
  access: {ssh_from: ["{{ home }}"], public_key: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/key.pub') }}"}
  services: {api: {on: app, environment: {GREETING: "{{ '{{' }} name }}"}}}
"""

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ out }}/localhost.json"
        content: "{{ {'name': stack_name, 'region': stack_region, 'document': stack_document} | to_json }}"
- hosts: service_api
  gather_facts: false
  connection: ansible.builtin.local
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - ansible.builtin.copy:
        dest: "{{ out }}/{{ groundwork_host }}.json"
        content: >-
          {{ {'services': groundwork_services, 'proxy': groundwork_proxy, 'tags': ec2_tags, 'address': ansible_host,
              'name': stack_name} | to_json }}
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = choose_port("test_inventory")
    log = (tmp_path_factory.mktemp("api") / "log").open("w")
    server = subprocess.Popen([BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, "the API ended"
                assert time.monotonic() < until, "the API does not come up"
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def ec2(endpoint: str) -> Any:
    """A client of an account without instances."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=30).close()
    return client(endpoint, "us-east-1")


def client(endpoint: str, region: str) -> Any:
    return boto3.client(
        "ec2", endpoint_url=endpoint, region_name=region, aws_access_key_id="test", aws_secret_access_key="test"
    )


def start(ec2: Any, number: int, **more: str) -> str:
    tags = {
        "Name": f"single-instance-app-{number}",
        "groundwork:stack": "single-instance",
        "groundwork:resource": f"instance/app-{number}",
        "groundwork:group": "app",
        "groundwork:tier": "public",
        "groundwork:services": "api web",
        **more,
    }
    specification = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}]
    answer = ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro", TagSpecifications=specification
    )
    return str(answer["Instances"][0]["InstanceId"])


class Ansible:
    """Ansible's commands, with an inventory of one file and nothing of the person's own configuration."""

    def __init__(self, directory: Path, endpoint: str) -> None:
        self.directory = directory
        self.source = directory / "inventory" / "ec2_services.yml"
        (self.source.parent / "group_vars").mkdir(parents=True)
        (self.source.parent / "key.pub").write_text(f"{PUBLIC_KEY}\n", encoding="utf-8")
        (directory / "ansible.cfg").touch()
        self.options()
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            "ANSIBLE_NOCOLOR": "true",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            **KEYS,
        }

    def options(self, **options: Any) -> None:
        said = {"plugin": "groundwork.aws.ec2_services", "topology": "single_instance", **options}
        self.source.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))

    def group_vars(self, text: str) -> None:
        (self.source.parent / "group_vars" / "all.yml").write_text(text, encoding="utf-8")

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / command, "-i", self.source, *arguments],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def listed(self, *arguments: str) -> dict[str, Any]:
        done = self.run("ansible-inventory", "--list", *arguments)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout, object_hook=lambda item: item.get("__ansible_unsafe", item))
        return found

    def refused(self, *arguments: str) -> str:
        done = self.run("ansible-inventory", "--list", *arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture
def ansible(tmp_path: Path, endpoint: str, ec2: Any) -> Ansible:
    return Ansible(tmp_path, endpoint)


def test_list(ansible: Ansible, ec2: Any) -> None:
    ids = [start(ec2, number) for number in (1, 2)]
    found = ansible.listed()
    assert found["service_web"]["hosts"] == ["single-instance-app-1", "single-instance-app-2"]
    host = found["_meta"]["hostvars"]["single-instance-app-1"]
    assert host["ec2_instance_id"] == ids[0]
    assert host["ansible_host"] == host["ec2_public_ip"]
    assert [service["name"] for service in host["groundwork_services"]] == ["api", "web"]
    assert host["stack_document"]["name"] == "single-instance"


def test_overrides_keep_their_spelling_and_are_merged_once(ansible: Ansible, ec2: Any, tmp_path: Path) -> None:
    """The document of the inventory has them already, from a file in which the digits can be read."""
    start(ec2, 1)
    ansible.group_vars("stack_overrides:\n  tags: {cost: 1.10, code: 0123}\n")
    (tmp_path / "see.yml").write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n"
        "    - groundwork.aws.stack_info: {topology: '{{ stack_document }}', overrides: '{{ stack_overrides }}'}\n",
        encoding="utf-8",
    )
    assert ansible.listed()["_meta"]["hostvars"]["single-instance-app-1"]["stack_document"]["tags"] == {
        "cost": "1.10",
        "code": "0123",
    }
    done = ansible.run("ansible-playbook", "see.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_graph(ansible: Ansible, ec2: Any) -> None:
    start(ec2, 1)
    done = ansible.run("ansible-inventory", "--graph")
    groups = ["groundwork", "stack_single_instance", "group_app", "tier_public", "zone_us_east_1a"]
    for name in [*groups, "service_api", "service_web"]:
        assert f"  |--@{name}:\n  |  |--single-instance-app-1\n" in done.stdout


def test_host_variables_in_a_playbook(ansible: Ansible, ec2: Any, tmp_path: Path) -> None:
    """Overrides reach the document, the document reaches localhost, and nothing of it is rendered as a template."""
    start(ec2, 1, odd="{{ 1 + 1 }}")
    ansible.group_vars(GROUP_VARS)
    (tmp_path / "see.yml").write_text(PLAYBOOK, encoding="utf-8")
    extra = {"out": str(tmp_path), "stack_overrides": {"services": {"api": {"port": 5007, "on": "app"}}}}
    done = ansible.run("ansible-playbook", "see.yml", "-e", json.dumps(extra))
    assert done.returncode == 0, done.stdout + done.stderr
    here = json.loads((tmp_path / "localhost.json").read_text(encoding="utf-8"))
    assert (here["name"], here["region"]) == ("single-instance", "us-east-1")
    assert here["document"]["access"] == {"connect": "ssh", "ssh_from": ["203.0.113.7/32"], "public_key": PUBLIC_KEY}
    there = json.loads((tmp_path / "app-1.json").read_text(encoding="utf-8"))
    assert there["services"][0]["port"] == 5007
    assert there["services"][0]["environment"]["GREETING"] == "{{ name }}"
    assert there["proxy"]["port"] == 80
    assert there["tags"]["odd"] == "{{ 1 + 1 }}"
    assert there["name"] == "single-instance"


def test_new_hosts_are_in_the_inventory_after_a_refresh(ansible: Ansible, ec2: Any, tmp_path: Path) -> None:
    """However long the cache lasts: a playbook that provisions goes on with what it has provisioned."""
    ansible.options(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache"))
    here, there = PLAYBOOK.split("- hosts: service_api")
    wait = f"    - ansible.builtin.wait_for: {{path: {tmp_path}/made, timeout: 60}}\n    - meta: refresh_inventory\n"
    (tmp_path / "see.yml").write_text(f"{here}{wait}- hosts: service_api{there}", encoding="utf-8")

    def provision() -> None:
        """What the play's module would do: after the inventory was read, before it is read again."""
        while not (tmp_path / "localhost.json").exists():
            time.sleep(0.1)
        start(ec2, 1)
        (tmp_path / "made").touch()

    provisioning = threading.Thread(target=provision, daemon=True)
    provisioning.start()
    done = ansible.run("ansible-playbook", "see.yml", "-e", f"out={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "app-1.json").exists()


def test_no_stack_yet(ansible: Ansible, tmp_path: Path) -> None:
    """Ansible must not take it for a failure: the first play makes the stack."""
    (tmp_path / "see.yml").write_text(PLAYBOOK, encoding="utf-8")
    done = ansible.run("ansible-playbook", "see.yml", "-e", f"out={tmp_path}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "localhost.json").read_text(encoding="utf-8"))["name"] == "single-instance"


def test_states(ansible: Ansible, ec2: Any) -> None:
    ids = [start(ec2, number) for number in (1, 2, 3)]
    ec2.terminate_instances(InstanceIds=ids[:1])
    ec2.stop_instances(InstanceIds=ids[1:2])
    assert sorted(ansible.listed()["_meta"]["hostvars"]) == ["single-instance-app-2", "single-instance-app-3"]
    ansible.options(statuses=["running"])
    assert sorted(ansible.listed()["_meta"]["hostvars"]) == ["single-instance-app-3"]


def test_two_regions_and_one_name(ansible: Ansible, ec2: Any, endpoint: str) -> None:
    one = start(ec2, 1)
    other = start(client(endpoint, "eu-west-1"), 1)
    ansible.options(regions=["us-east-1", "eu-west-1"])
    message = ansible.refused()
    assert one in message
    assert other in message
    ansible.options(regions=["us-east-1", "eu-west-1"], hostname="instance_id")
    found = ansible.listed()
    assert sorted(found["_meta"]["hostvars"]) == sorted([one, other])
    assert found["zone_eu_west_1a"]["hosts"] == [other]


def test_without_a_topology(ansible: Ansible, ec2: Any) -> None:
    start(ec2, 1)
    start(ec2, 2, **{"groundwork:stack": "other", "Name": "other-app-2", "groundwork:services": "api"})
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    ansible.options(topology=None, regions=["us-east-1"])
    found = ansible.listed()
    assert found["groundwork"]["hosts"] == ["other-app-2", "single-instance-app-1"]
    assert found["stack_other"]["hosts"] == ["other-app-2"]
    assert "stack_document" not in found["_meta"]["hostvars"]["other-app-2"]


def test_cache(ansible: Ansible, ec2: Any, tmp_path: Path) -> None:
    ids = [start(ec2, 1)]
    ansible.options(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache"))
    before = ansible.listed()
    ec2.terminate_instances(InstanceIds=ids)
    assert ansible.listed() == before
    assert ansible.listed("--flush-cache")["_meta"]["hostvars"] == {}


def test_a_bad_document_ends_the_run(ansible: Ansible) -> None:
    message = ansible.refused("-e", '{"stack_overrides": {"services": {"api": {"prot": 1}}}}')
    assert 'services.api.prot: unknown key; did you mean "port"?' in message


def test_no_credentials(ansible: Ansible) -> None:
    for name in KEYS:
        del ansible.environment[name]
    message = ansible.refused()
    assert "the instances of us-east-1 cannot be listed: no AWS credentials" in message


def test_an_unreachable_api_is_an_error(ansible: Ansible) -> None:
    ansible.options(endpoint_url=f"http://127.0.0.1:{choose_port('unused')}")
    assert "AWS cannot be reached" in ansible.refused()


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda size: monkeypatch.setitem(PAGE_SIZES, "describe_instances", size)


def test_pages(pages: Callable[[int], None], ec2: Any, endpoint: str) -> None:
    ids = [start(ec2, number) for number in range(12)]
    pages(5)
    connection = Connection(endpoint_url=endpoint, access_key="test", secret_key="test")
    filters = listing.build_filters("single-instance", ["running"], {})
    found = listing.list_regions(connection, ["us-east-1", "eu-west-1"], filters)
    assert sorted(item["id"] for item in found["us-east-1"]) == sorted(ids)
    assert found["eu-west-1"] == []
