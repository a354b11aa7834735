# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One source of credentials for inventory and playbooks, and the account that they must belong to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rig.runs import CHECKOUT, environment
from rig.stacks import Stack, base_of

BIN = Path(sys.executable).parent
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPQ4rHn3ZyVTPBvMl6IQ6sKjoTMWLS5k8sVN3TRJRrXn me"
# A word that shows wherever the key is shown.
SECRET_KEY = "wJalrXUtnFEMIverysecret"
OTHER = "999999999999"
DEFAULTS = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  module_defaults:
    group/groundwork.aws.aws: {aws_access_key: AKIA, aws_secret_key: SECRET, region: us-east-1, aws_endpoint_url: URL}
  tasks:
    - groundwork.aws.stack_info: {topology: single_instance}
    - groundwork.aws.target: {stack: no-such, service: web, instance: i-1}
      register: target
      failed_when: "'no-such' not in target.msg"
    - groundwork.aws.service_environment: {stack: no-such, service: web}
    - groundwork.aws.database_login: {stack: no-such, service: web, database: main}
      register: login
      failed_when: "'no-such' not in login.msg"
    - groundwork.aws.database_recovery_info: {topology: single_instance}
"""


class Checkout:
    """A machine with a copy of `inventories/aws`, and no credentials in its environment."""

    def __init__(self, directory: Path, stack: Stack) -> None:
        self.directory = directory
        self.stack = stack
        self.source = directory / "aws" / "ec2_services.yml"
        shutil.copytree(CHECKOUT / "inventories" / "aws", directory / "aws")
        home = directory / "home"
        (home / ".ssh").mkdir(parents=True)
        self.key = home / ".ssh" / "id_ed25519"
        self.key.with_suffix(".pub").write_text(f"{KEY}\n")
        config = directory / "config"
        config.write_text(f"[profile shop]\naws_access_key_id = AKIA\naws_secret_access_key = {SECRET_KEY}\n")
        self.environment = {
            **environment(stack.proxy.url),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
            "ANSIBLE_NOCOLOR": "1",
            "GROUNDWORK_TOPOLOGY": "single_instance",
            "AWS_CONFIG_FILE": str(config),
        }
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del self.environment[name]

    def options(self, **options: Any) -> None:
        self.source.write_text(json.dumps({"plugin": "groundwork.aws.ec2_services", **options}))

    def run(self, command: str, *words: str | Path, **extra: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / command, "-i", self.source, *words, "-e", json.dumps(extra)],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def access(self, **extra: Any) -> Any:
        """What the document then says of access, or why there is none."""
        done = self.run("ansible-inventory", "--list", **extra)
        if done.returncode:
            return " ".join(done.stderr.split())
        found = json.loads(done.stdout, object_hook=lambda item: item.get("__ansible_unsafe", item))
        return next(iter(found["_meta"]["hostvars"].values()))["stack_document"]["access"]

    def provision(self, *words: str, **extra: Any) -> subprocess.CompletedProcess[str]:
        playbook = CHECKOUT / "playbooks" / "provision.yml"
        return self.run("ansible-playbook", playbook, *words, **{"aws_ssh_from": ["203.0.113.7/32"], **extra})


@pytest.fixture
def checkout(stack: Stack, tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, stack)


@pytest.mark.long
def test_playbooks_use_the_profile_of_the_inventory(checkout: Checkout) -> None:
    checkout.options(profile="shop")
    done = checkout.provision("-vvv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "instance/app-1  created" in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr


def test_playbooks_use_the_profile_of_the_variable(checkout: Checkout) -> None:
    done = checkout.provision("--check", groundwork_connection={"aws_profile": "shop"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_keys_of_a_variable_are_never_shown(checkout: Checkout) -> None:
    keys = {"aws_access_key": "AKIA", "aws_secret_key": SECRET_KEY}
    path = checkout.source.parent / "group_vars" / "all" / "keys.yml"
    path.write_text(json.dumps({"groundwork_connection": keys}))
    done = checkout.provision("--check", "--diff", "-vvv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET_KEY not in done.stdout + done.stderr


def test_missing_credentials_are_reported(checkout: Checkout) -> None:
    done = checkout.provision("--check")
    assert done.returncode != 0
    assert "no AWS credentials" in done.stderr


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ({"aws_profile": "shpo"}, 'there is no profile "shpo"'),
        ({"profile": "shop", "iam_role_arn": "deploy"}, 'assume_role_arn: "deploy" is not the ARN of a role'),
        ({"profile": "shop", "endpoint_url": "localhost"}, '"localhost" is not an address'),
        ({"profile": "shop", "aws_ca_bundle": "/nowhere.pem"}, "aws_ca_bundle: /nowhere.pem does not exist"),
        ("profile=shop", "groundwork_connection: is text, and a mapping is expected"),
    ],
)
def test_unusable_settings_are_rejected_before_the_first_call(variable: Any, text: str, checkout: Checkout) -> None:
    done = checkout.provision("--check", groundwork_connection=variable)
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert text in said
    assert "reading " not in said
    assert "Traceback" not in said
    assert checkout.stack.proxy.names() == []


def test_inventory_and_playbook_assume_the_role(checkout: Checkout) -> None:
    checkout.options(profile="shop", iam_role_arn=f"arn:aws:iam::{OTHER}:role/deploy")
    done = checkout.provision("--check")
    assert done.returncode == 0, done.stdout + done.stderr
    names = checkout.stack.proxy.names()
    assert names.count("AssumeRole") >= 2
    assert names[0] == "AssumeRole"


@pytest.mark.parametrize("where", ["document", "inventory"])
def test_another_account_is_rejected_before_anything_is_read(where: str, checkout: Checkout) -> None:
    account = {"account": OTHER}
    checkout.options(profile="shop", **(account if where == "inventory" else {}))
    extra = {"stack_overrides": {"access": {}, **account}} if where == "document" else {}
    done = checkout.provision("--check", **extra)
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert f"the stack belongs to account {OTHER}" in said
    assert f"to {checkout.stack.account.id}. Nothing was read or changed" in said
    assert set(checkout.stack.proxy.names()) == {"GetCallerIdentity"}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("stack", {"topology": "DOCUMENT"}),
        ("stack_info", {"topology": "DOCUMENT"}),
        ("database_recovery_info", {"topology": "DOCUMENT"}),
        ("database_snapshot", {"topology": "DOCUMENT"}),
        ("database_restore", {"topology": "DOCUMENT", "snapshot": "newest"}),
        ("target", {"stack": "data", "service": "web", "instance": "i-1"}),
        ("service_environment", {"stack": "data", "service": "web"}),
        ("database_login", {"stack": "data", "service": "web", "database": "main"}),
    ],
)
def test_every_module_rejects_another_account(module: str, options: dict[str, Any], stack: Stack) -> None:
    given = {key: base_of("data").topology if value == "DOCUMENT" else value for key, value in options.items()}
    outcome = stack.modules.run(module, {**given, "region": "us-east-1", "account": OTHER})
    assert outcome.refused, str(outcome)
    assert outcome.message.startswith(f"account: the stack belongs to account {OTHER}, and the credentials (")
    assert f"to {stack.account.id}." in outcome.message
    assert set(stack.proxy.names()) == {"GetCallerIdentity"}


def test_the_account_of_the_document_is_compared_with_the_caller(stack: Stack) -> None:
    assert stack.present({"account": stack.account.id}, check=True).ok
    assert stack.proxy.names()[0] == "GetCallerIdentity"
    assert OTHER in stack.present({"account": OTHER}).message


def test_the_action_group_has_all_modules_and_the_option_names_of_amazon_aws(checkout: Checkout) -> None:
    playbook = checkout.directory / "play.yml"
    playbook.write_text(DEFAULTS.replace("SECRET", SECRET_KEY).replace("URL", checkout.stack.proxy.url))
    checkout.environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    command = [BIN / "ansible-playbook", "-i", "localhost,", playbook, "-vvv"]
    done = subprocess.run(command, env=checkout.environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed=0" in done.stdout


class TestRequired:
    """What `inventories/aws` needs, and how it says so."""

    @pytest.fixture(autouse=True)
    def listed(self, checkout: Checkout) -> None:
        checkout.options(profile="shop")
        assert checkout.stack.present().ok

    def test_with_networks_and_a_key_file(self, checkout: Checkout) -> None:
        access = {"connect": "ssh", "public_key": KEY, "ssh_from": ["203.0.113.7/32"]}
        assert checkout.access(aws_ssh_from="203.0.113.7/32") == access

    def test_networks_that_are_missing(self, checkout: Checkout) -> None:
        said = checkout.access()
        assert "aws_ssh_from is not set (name the networks that SSH may come from" in said
        assert "or set aws_connect to ssm" in said

    def test_a_key_that_is_missing(self, checkout: Checkout) -> None:
        checkout.key.with_suffix(".pub").unlink()
        said = checkout.access(aws_ssh_from=["203.0.113.7/32"])
        assert f"aws_public_key is not set, and there is no {checkout.key}.pub" in said
        assert "Traceback" not in said

    def test_the_text_of_a_key_instead_of_a_file(self, checkout: Checkout) -> None:
        checkout.key.with_suffix(".pub").unlink()
        assert checkout.access(aws_ssh_from=[], aws_public_key=KEY)["public_key"] == KEY

    def test_sessions_need_no_networks(self, checkout: Checkout) -> None:
        assert checkout.access(aws_connect="ssm") == {"connect": "ssm", "public_key": KEY, "ssh_from": []}
