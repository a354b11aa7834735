# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""playbooks/validate.yml and scripts/validate in real ansible, without credentials and without an API."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
VALIDATE = CHECKOUT / "playbooks" / "validate.yml"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"
DOCUMENT = """name: shop
region: eu-central-1
network:
  cidr: 10.0.0.0/16
  zones: [eu-central-1a]
  subnets:
    public: {cidrs: [10.0.1.0/24], route: internet}
instances:
  app: {subnets: public}
proxy: {on: app}
services:
  api:
    runtime: gunicorn
    on: app
    port: 5000
    entry: wsgi:app
    routes: ["/*"]
    source: {directory: .}
"""


class Ansible:
    """ansible-playbook in a folder of its own, with a shop and an inventory, and nothing that leads to AWS."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.shop = directory / "shop"
        self.inventory = directory / "inventory" / "ec2_services.yml"
        self.group_vars = self.inventory.parent / "group_vars" / "all.yml"
        self.document = self.shop / "topology.yml"
        for folder in (self.shop, self.group_vars.parent, directory / "elsewhere"):
            folder.mkdir(parents=True)
        (self.shop / "wsgi.py").write_text("app = 1\n", encoding="utf-8")
        (self.shop / "requirements.txt").write_text(f"gunicorn==23.0.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
        self.document.write_text(DOCUMENT, encoding="utf-8")
        self.inventory.write_text(
            json.dumps({"plugin": "groundwork.aws.ec2_services", "topology": "../shop/topology.yml"})
        )
        (directory / "key").write_text("x", encoding="utf-8")
        (directory / "key.pub").write_text(PUBLIC_KEY, encoding="utf-8")
        self.say(access={"ssh_from": ["203.0.113.7/32"]})
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        }

    def say(self, access: dict[str, Any], **overrides: Any) -> None:
        """What the inventory says; the key is a template, as in inventories/aws."""
        key = "{{ lookup('ansible.builtin.file', ansible_ssh_private_key_file ~ '.pub') }}"
        said = {
            "ansible_ssh_private_key_file": "{{ lookup('ansible.builtin.env', 'HOME') }}/key",
            "stack_overrides": {"access": {"public_key": key, **access}, **overrides},
        }
        self.group_vars.write_text(yaml.safe_dump(said), encoding="utf-8")

    def run(
        self, *options: str, playbook: Path | str = VALIDATE, inventory: Any = None
    ) -> subprocess.CompletedProcess[str]:
        command = [BIN / "ansible-playbook", "-i", str(inventory or self.inventory), str(playbook), *options]
        return subprocess.run(
            command,
            cwd=self.directory / "elsewhere",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(tmp_path)


def test_a_good_document_takes_no_credentials_and_no_network(ansible: Ansible) -> None:
    done = ansible.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shop is valid: 1 service, 1 local source checked" in done.stdout
    assert "no inventory" not in done.stdout


def test_the_playbook_of_the_installed_collection_is_the_same(ansible: Ansible) -> None:
    done = ansible.run(playbook="groundwork.aws.validate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shop is valid" in done.stdout


def test_every_other_playbook_asks_aws(ansible: Ansible, tmp_path: Path) -> None:
    other = tmp_path / "validate.yml"
    other.write_text("- hosts: localhost\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: ran}}]\n")
    ansible.environment["ANSIBLE_INVENTORY_UNPARSED_FAILED"] = "true"
    assert ansible.run(playbook=other).returncode != 0


def test_all_errors_are_printed_with_file_line_key_and_fix(ansible: Ansible, tmp_path: Path) -> None:
    text = DOCUMENT.replace("port: 5000", "port: 99999\n    prot: 1").replace("wsgi:app", "wsgi:application")
    ansible.document.write_text(text, encoding="utf-8")
    (ansible.shop / "requirements.txt").write_text("gunicorn\n", encoding="utf-8")
    (tmp_path / "key").unlink()
    (tmp_path / "key.pub").unlink()
    ansible.say(access={"ssh_from": []}, tags={"a b": "x"})
    extra = tmp_path / "mine.yml"
    extra.write_text("# mine\nmore: 1\n", encoding="utf-8")
    done = ansible.run("-e", f"@{extra}")
    assert done.returncode != 0
    lines = done.stdout.splitlines()
    rows = ansible.group_vars.read_text(encoding="utf-8").splitlines()
    number = next(number for number, row in enumerate(rows, 1) if "ssh_from" in row)
    expected = [
        (f"{ansible.document}:15: services.api.port: 99999 is not a port", "write a port (1-65535)"),
        (f"{ansible.document}:16: services.api.prot: unknown key", 'did you mean "port"?'),
        (f"{ansible.document}:17: services.api.entry: wsgi.py defines no application", "correct the name"),
        (
            f"{ansible.document}:19: services.api.source: requirements.txt:1 (gunicorn) is not pinned",
            "write gunicorn==",
        ),
        (f"{ansible.group_vars}:{number}: access.ssh_from: port 22 is open to no address", "name the addresses"),
        (f"{ansible.group_vars}:1: ansible_ssh_private_key_file: there is no private key", "name yours"),
    ]
    for start, fix in expected:
        (place,) = [index for index, line in enumerate(lines) if line.startswith(start)]
        assert lines[place + 1].startswith(f"    fix: {fix}")
    (key,) = [line for line in lines if "access.public_key: its template cannot be rendered" in line]
    assert key.startswith(f"{ansible.group_vars}:")
    assert 'tags."a b"' in done.stdout
    assert "cannot be used: 8 errors" in done.stdout


def test_extra_variables_in_a_file_have_its_lines_and_count_paths_from_it(ansible: Ansible, tmp_path: Path) -> None:
    extra = tmp_path / "shop" / "mine.yml"
    extra.write_text("stack_overrides:\n  services:\n    api:\n      source: {directory: ./src}\n", encoding="utf-8")
    (tmp_path / "elsewhere" / "src").mkdir()
    done = ansible.run("-e", f"@{extra}")
    start = f"{extra}:4: services.api.source.directory: there is no directory {tmp_path}/shop/src"
    assert any(line.startswith(start) for line in done.stdout.splitlines()), done.stdout


def test_extra_variables_on_the_command_line_name_their_source_and_key(ansible: Ansible) -> None:
    change = {"services": {"api": {"port": 0, "source": {"directory": "src"}, "environment": {"VERSION": 1.1}}}}
    done = ansible.run("-e", json.dumps({"stack_overrides": change}))
    origin = "[from stack_overrides of the extra variables]"
    assert f"services.api.port: 0 is not a port (1-65535) {origin}" in done.stdout
    assert f'services.api.source.directory: "src" is relative, and no file says to what {origin}' in done.stdout
    assert "services.api.environment.VERSION: a number with a fraction" in done.stdout


def test_app_secrets_are_checked_without_showing_or_publishing_a_value(ansible: Ansible) -> None:
    said = yaml.safe_load(ansible.group_vars.read_text(encoding="utf-8"))
    names = {"DB_PASS": "hunter2{{ 1 }}", "PORT": "hunter2", "BAD": "hunter2\x07", "LATER": "{{ hunter2_is_not_set }}"}
    said["app_secrets"] = {"api": names, "apo": {"A": "hunter2"}}
    ansible.group_vars.write_text(yaml.safe_dump(said), encoding="utf-8")
    done = ansible.run("-vvv")
    assert "app_secrets.api.PORT: the service gets 5000 as PORT" in done.stdout
    assert "app_secrets.api.BAD: the value of BAD holds a control character" in done.stdout
    assert 'app_secrets.apo: "apo" is not a service of this document' in done.stdout
    assert "cannot be used: 3 errors" in done.stdout
    assert "hunter2" not in (done.stdout + done.stderr).replace("hunter2_is_not_set", "")


def test_a_document_may_be_an_extra_variable(ansible: Ansible) -> None:
    document = yaml.safe_load(DOCUMENT.replace("on: app", "'on': app"))
    document["services"]["api"]["source"] = {"directory": str(ansible.shop)}
    document["services"]["api"]["port"] = 0
    done = ansible.run("-e", json.dumps({"topology": document}))
    assert "\nservices.api.port: 0 is not a port (1-65535)\n    fix: write a port (1-65535)\n" in done.stdout


@pytest.mark.parametrize("named", ["topology.yml", "./topology.yml", "../shop/topology.yml"])
def test_without_an_inventory_the_document_is_named_from_the_current_directory(ansible: Ansible, named: str) -> None:
    ansible.environment["GROUNDWORK_TOPOLOGY"] = named
    command = [BIN / "ansible-playbook", "-i", "localhost,", VALIDATE]
    done = subprocess.run(
        command, cwd=ansible.shop, env=ansible.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "1 local source checked, no inventory was checked" in " ".join(done.stdout.split())


@pytest.mark.parametrize("has_inventory", [False, True])
def test_without_a_topology_it_says_how_to_name_one(has_inventory: bool, ansible: Ansible) -> None:
    ansible.inventory.write_text(json.dumps({"plugin": "groundwork.aws.ec2_services"}))
    ansible.environment["GROUNDWORK_TOPOLOGY"] = ""
    done = ansible.run(**({} if has_inventory else {"inventory": "localhost,"}))
    assert done.returncode != 0
    assert (
        "document: no topology is named\n    fix: name one of the collection or the path of a document" in done.stdout
    )


def test_site_validates_before_it_provisions() -> None:
    site = yaml.safe_load((CHECKOUT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    imported = [play["ansible.builtin.import_playbook"] for play in site]
    assert imported[:3] == ["check_run.yml", "validate.yml", "provision.yml"]


def report_of(ansible: Ansible, tmp_path: Path, *options: str) -> list[str]:
    """What validate.yml reports."""
    report = tmp_path / "report"
    done = ansible.run(*options, "-e", f"validate_report={report}")
    assert done.returncode != 0, done.stdout
    return report.read_text(encoding="utf-8").splitlines()


def break_everything(ansible: Ansible) -> None:
    """Errors in the document, an override, the variables of the inventory and a source."""
    text = DOCUMENT.replace("port: 5000", "port: 99999\n    port: 1\n    prot: 1\n    environment: {A: !vault x}")
    ansible.document.write_text(text, encoding="utf-8")
    (ansible.shop / "requirements.txt").write_text("gunicorn\n", encoding="utf-8")
    ansible.say(access={"ssh_from": []}, tags={"a b": "x"})


@pytest.mark.parametrize(
    ("playbook", "words"),
    [
        ("groundwork.aws.site", ()),
        ("groundwork.aws.site", ("--limit", "localhost")),
        (CHECKOUT / "site.yml", ()),
        ("groundwork.aws.deploy", ("-e", "services=nope")),
    ],
)
def test_other_playbooks_report_an_invalid_document_as_validate_does(
    playbook: Path | str, words: tuple[str, ...], ansible: Ansible, tmp_path: Path
) -> None:
    break_everything(ansible)
    expected = report_of(ansible, tmp_path)
    assert expected[-1].endswith("cannot be used: 6 errors"), expected
    # As ansible.cfg of a checkout has it.
    ansible.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"
    done = ansible.run(*words, playbook=playbook)
    assert done.returncode != 0
    lines = iter(done.stdout.splitlines())
    assert all(line in lines for line in expected[:-1]), done.stdout
    assert f"{expected[-1]}, listed above. Nothing was changed." in " ".join(done.stdout.split())
    assert "cannot do what it was asked for" not in done.stdout
    assert "Provision" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_document_that_is_not_there_is_reported_by_site(ansible: Ansible, tmp_path: Path) -> None:
    ansible.document.unlink()
    expected = report_of(ansible, tmp_path)
    done = ansible.run(playbook="groundwork.aws.site")
    assert done.returncode != 0
    assert all(line in done.stdout for line in expected)


@pytest.mark.parametrize("words", [(), ("--limit", "localhost")])
def test_without_a_document_site_says_how_to_name_one(words: tuple[str, ...], ansible: Ansible) -> None:
    done = ansible.run(*words, playbook="groundwork.aws.site", inventory="localhost,")
    assert done.returncode != 0
    assert "the inventory has no topology document" in " ".join(done.stdout.split())


def test_a_playbook_of_your_own_ends_with_the_inventory(ansible: Ansible, tmp_path: Path) -> None:
    break_everything(ansible)
    ansible.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"
    other = tmp_path / "mine.yml"
    other.write_text("- hosts: localhost\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: ran}}]\n")
    done = ansible.run(playbook=other)
    assert done.returncode != 0
    assert "services.api.prot: unknown key" in " ".join((done.stdout + done.stderr).split())


def test_secrets_of_groups_and_hosts_and_the_connection_are_checked(ansible: Ansible) -> None:
    folder = ansible.inventory.parent
    (folder / "host_vars").mkdir()
    group, host = folder / "group_vars" / "group_app.yml", folder / "host_vars" / "shop-app-1.yml"
    group.write_text("app_secrets:\n  api: {PORT: hunter2}\n", encoding="utf-8")
    host.write_text("app_secrets:\n  apo: {A: hunter2}\n", encoding="utf-8")
    done = ansible.run("-e", "groundwork_connection=hunter2", "-vvv")
    assert f"{group}:2: app_secrets.api.PORT: the service gets 5000 as PORT" in done.stdout
    assert f'{host}:2: app_secrets.apo: "apo" is not a service of this document' in done.stdout
    assert "groundwork_connection: is text, and a mapping is expected" in done.stdout
    assert "cannot be used: 3 errors" in done.stdout
    said = (done.stdout + done.stderr).replace("groundwork_connection=hunter2", "")
    assert "hunter2" not in said


@pytest.mark.parametrize("has_inventory", [True, False])
@pytest.mark.parametrize(
    ("variables", "texts"),
    [
        ({"services": 5}, ["services: 5 is neither a list of names"]),
        ({"services": {"api": "x"}}, ["services: {'api': 'x'} is neither a list of names"]),
        (
            {"services": "{{ nope }}", "ref": "{{ nope }}", "to": "v1"},
            ["services: its template refers to a variable", "ref: its template refers to a", "to: validation returns"],
        ),
        (
            {"services": "{{ 1/0 }}", "ref": ["{{ nope }}"], "service": "api", "topolgy": "x"},
            [
                "services: its template cannot be rendered: Error rendering template: division by zero",
                "ref: its template refers to a variable",
                "service: no playbook has such a variable",
                "topolgy: no playbook has such a variable",
            ],
        ),
        (
            {"stack_overrides": {"name": "{{ 1/0 }}", "account": "{{ nope }}"}},
            [
                "name: its template cannot be rendered: Error rendering template: division by zero",
                "account: its template cannot be rendered: 'nope' is undefined",
            ],
        ),
    ],
)
def test_a_request_that_is_none_hides_no_other_error(
    variables: dict[str, Any], texts: list[str], has_inventory: bool, ansible: Ansible
) -> None:
    ansible.document.write_text(DOCUMENT.replace("port: 5000", "port: 0"), encoding="utf-8")
    ansible.environment["GROUNDWORK_TOPOLOGY"] = str(ansible.document)
    done = ansible.run("-e", json.dumps(variables), inventory=None if has_inventory else "localhost,")
    for text in [*texts, "services.api.port: 0 is not a port"]:
        assert text in done.stdout, done.stdout
    assert f"cannot be used: {len(texts) + 1} errors" in done.stdout


def test_an_undefined_document_is_not_replaced_by_that_of_the_environment(ansible: Ansible) -> None:
    ansible.environment["GROUNDWORK_TOPOLOGY"] = str(ansible.document)
    done = ansible.run("-e", json.dumps({"topology": "{{ nope }}"}), inventory="localhost,")
    assert done.returncode != 0
    assert "topology: its template refers to a variable that is not defined" in done.stdout


def test_options_of_the_inventory_source_are_checked(ansible: Ansible) -> None:
    source = {"plugin": "groundwork.aws.ec2_services", "topology": "../shop/topology.yml"}
    ansible.inventory.write_text(
        yaml.safe_dump({**source, "proflie": "shop", "endpoint_url": "foo"}, sort_keys=False), encoding="utf-8"
    )
    ansible.document.write_text(DOCUMENT.replace("port: 5000", "port: 0"), encoding="utf-8")
    done = ansible.run()
    assert f"{ansible.inventory}:3: proflie: unknown option of the inventory source" in done.stdout
    assert 'fix: did you mean "profile"?' in done.stdout
    assert f'{ansible.inventory}:4: endpoint_url: "foo" is not an address' in done.stdout
    assert "cannot be used: 3 errors" in done.stdout


def test_files_of_other_groups_and_of_hosts_that_ansible_cannot_read(ansible: Ansible) -> None:
    folder = ansible.inventory.parent
    (folder / "host_vars").mkdir()
    group, host = folder / "group_vars" / "group_app.yml", folder / "host_vars" / "shop-app-1.yml"
    group.write_text("a: 1\n---\nb: hunter2\n", encoding="utf-8")
    host.write_bytes(b"a: caf\xe9\n")
    (folder / "group_vars" / "stack_other.yml").write_text("- a\n", encoding="utf-8")
    ansible.document.write_text(DOCUMENT.replace("port: 5000", "port: 0"), encoding="utf-8")
    done = ansible.run()
    assert f"{group}:2: has a second document, and one is expected" in done.stdout
    assert f"{host}:1: is not UTF-8 text" in done.stdout
    assert "cannot be used: 3 errors" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_the_inventory_plugin_names_a_file_of_variables_that_ansible_cannot_read(ansible: Ansible) -> None:
    ansible.group_vars.write_text("a: 1\nb: *hunter2\n", encoding="utf-8")
    done = ansible.run()
    assert done.returncode != 0
    text = " ".join((done.stdout + done.stderr).split())
    assert f"{ansible.group_vars}:2: an alias to an anchor that does not exist" in text


class TestAuthoritiesOfDatabases:
    """The file that README and inventories/aws name, in a copy of that inventory."""

    CERTIFICATE = "-----BEGIN CERTIFICATE-----\nread on hosts only\n-----END CERTIFICATE-----\n"

    @pytest.fixture
    def inventory(self, ansible: Ansible) -> Path:
        inventory = ansible.directory / "aws"
        shutil.copytree(CHECKOUT / "inventories" / "aws", inventory)
        own = f"aws_ssh_from: [203.0.113.7/32]\naws_private_key_file: {ansible.directory}/key\n"
        (inventory / "group_vars" / "all" / "shop.yml").write_text(own, encoding="utf-8")
        ansible.environment["GROUNDWORK_TOPOLOGY"] = "three_tier"
        return inventory

    def find_named_file(self, inventory: Path, text: str) -> Path:
        (named,) = re.findall(r"^\W*curl -o inventories/aws/(\S+) https://truststore", text, re.MULTILINE)
        return inventory / named

    @pytest.mark.parametrize("page", ["README.md", "inventories/aws/group_vars/all/aws.yml"])
    @pytest.mark.parametrize("fails", ["true", "false"])
    def test_the_documented_file_is_found_and_is_no_inventory(
        self, page: str, fails: str, inventory: Path, ansible: Ansible
    ) -> None:
        file = self.find_named_file(inventory, (CHECKOUT / page).read_text(encoding="utf-8"))
        file.write_text(self.CERTIFICATE, encoding="utf-8")
        ansible.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = fails
        done = ansible.run(inventory=inventory)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Failed to parse" not in done.stdout + done.stderr
        assert "Unable to parse" not in done.stdout + done.stderr
        script = [CHECKOUT / "scripts" / "validate", inventory]
        checked = subprocess.run(script, env=ansible.environment, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout

    def test_the_fix_of_a_missing_file_names_the_documented_one(self, inventory: Path, ansible: Ansible) -> None:
        file = self.find_named_file(inventory, (CHECKOUT / "README.md").read_text(encoding="utf-8"))
        done = ansible.run(inventory=inventory)
        assert f"there is no file {file}" in done.stdout
        assert f"curl -o {file} https://" in done.stdout

    def test_a_checkout_ignores_certificates_beside_the_inventory(self, inventory: Path, ansible: Ansible) -> None:
        (inventory / "rds.pem").write_text(self.CERTIFICATE, encoding="utf-8")
        with (inventory / "group_vars" / "all" / "shop.yml").open("a", encoding="utf-8") as file:
            file.write('app_database_authorities: "{{ inventory_dir }}/rds.pem"\n')
        ansible.environment["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
        done = ansible.run(inventory=inventory)
        assert done.returncode == 0, done.stdout + done.stderr


class TestScript:
    def run(
        self, ansible: Ansible, *arguments: str, topology: str = "topology.yml"
    ) -> subprocess.CompletedProcess[str]:
        ansible.environment["GROUNDWORK_TOPOLOGY"] = topology
        return subprocess.run(
            [CHECKOUT / "scripts" / "validate", *arguments],
            cwd=ansible.shop,
            env=ansible.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_one_line_and_0(self, ansible: Ansible) -> None:
        done = self.run(ansible)
        assert done.returncode == 0
        assert done.stdout == "shop is valid: 1 service, 1 local source checked, no inventory was checked\n"

    def test_all_errors_and_1(self, ansible: Ansible) -> None:
        ansible.document.write_text(DOCUMENT.replace("port: 5000", "port: 0\n    threads: 0"), encoding="utf-8")
        done = self.run(ansible, str(ansible.inventory))
        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            f"{ansible.document}:15: services.api.port: 0 is not a port (1-65535)",
            "    fix: write a port (1-65535)",
            f"{ansible.document}:16: services.api.threads: 0 is not a number of threads (1-128)",
            "    fix: write a number of threads (1-128)",
            f"{ansible.document} cannot be used: 2 errors",
        ]

    def test_warnings_are_printed_and_0(self, ansible: Ansible) -> None:
        (ansible.shop / "requirements.txt").write_text("gunicorn==23.0.0\n", encoding="utf-8")
        done = self.run(ansible)
        assert done.returncode == 0
        first, last = done.stdout.splitlines()
        assert first.startswith(f"warning: {ansible.document}:18: services.api.source: requirements.txt has no hashes")
        assert last.endswith("1 warning")

    def test_an_inventory_that_is_not_there(self, ansible: Ansible) -> None:
        done = self.run(ansible, "nowhere")
        assert done.returncode == 1
        assert "There is no inventory 'nowhere'" in done.stderr

    def test_files_of_variables_that_ansible_cannot_read(self, ansible: Ansible) -> None:
        folder = ansible.inventory.parent / "group_vars"
        ansible.group_vars.write_text("a: 1\nb:\n\tc: hunter2\n", encoding="utf-8")
        (folder / "web.yml").write_text("- hunter2\n", encoding="utf-8")
        done = self.run(ansible, str(ansible.inventory))
        assert done.returncode == 1
        assert done.stdout.splitlines() == [
            f"{ansible.group_vars}:3: a tab",
            "    fix: write spaces: YAML is indented with them",
            f"{folder}/web.yml:1: holds a list, and variables are expected",
            "    fix: write each as name: value",
            f"{ansible.inventory} cannot be used: 2 errors. The document was not checked",
        ]
        assert done.stderr == ""

    def test_an_inventory_source_that_is_no_yaml(self, ansible: Ansible) -> None:
        ansible.inventory.write_text("plugin: groundwork.aws.ec2_services\ntopology: [x\n", encoding="utf-8")
        done = self.run(ansible, str(ansible.inventory.parent))
        assert done.returncode == 1
        assert done.stdout.startswith(f"{ansible.inventory}:3: not YAML: ")

    @pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
    def test_an_interruption_ends_it(self, name: str, code: int, ansible: Ansible) -> None:
        """The signal arrives while ansible runs; the copy of the script has a playbook command that sends it."""
        root = ansible.directory / "copy"
        (root / "scripts").mkdir(parents=True)
        (root / ".venv" / "bin").mkdir(parents=True)
        shutil.copy(CHECKOUT / "scripts" / "validate", root / "scripts")
        program = root / ".venv" / "bin" / "ansible-playbook"
        program.write_text(f"#!/bin/sh\nkill -{name} $PPID\n", encoding="utf-8")
        program.chmod(0o755)
        done = subprocess.run([root / "scripts" / "validate"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "")

    def test_paths_with_spaces(self, ansible: Ansible) -> None:
        inventory = ansible.inventory.parent.rename(ansible.directory / "my inventory")
        ansible.document.rename(ansible.shop / "my topology.yml")
        (inventory / "ec2_services.yml").write_text(
            json.dumps({"plugin": "groundwork.aws.ec2_services", "topology": "../shop/my topology.yml"})
        )
        assert self.run(ansible, topology="my topology.yml").stdout.startswith("shop is valid: ")
        done = self.run(ansible, str(inventory), topology="")
        assert done.stdout == "shop is valid: 1 service, 1 local source checked\n"

    def test_no_topology(self, ansible: Ansible) -> None:
        done = self.run(ansible, topology="")
        assert done.returncode == 1
        first, fix, last = done.stdout.splitlines()
        assert first == "document: no topology is named"
        assert fix.startswith(
            "    fix: name one of the collection or the path of a document: TOPOLOGY=three_tier for make"
        )
        assert last == "the topology cannot be used: 1 error"
