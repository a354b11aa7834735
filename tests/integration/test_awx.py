# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/awx.md as written: its project, run as AWX does, by ansible-runner with an inventory exported before."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rig.account import Account
from rig.runs import CHECKOUT, environment
from rig.stacks import Stacks

BIN = Path(sys.executable).parent
PAGE = CHECKOUT / "docs" / "awx.md"
DOCUMENT = CHECKOUT / "tests" / "integration" / "documents" / "awx.yml"
NAME = "awx"
DATA = ("db_instance/main", "secret/main-frontend")
# Hosts of an API have addresses of others: what playbooks do there they do here.
HERE = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
PASSWORD = "correct horse"
SECRET = "hunter2-of-the-payment-provider"


def files() -> dict[str, str]:
    """The files of the page by path: each block begins with a comment that names its file."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return dict(blocks)


@dataclass
class Job:
    """How a job ended, and all that it showed."""

    status: str
    output: str

    @property
    def ok(self) -> bool:
        return self.status == "successful"


class Awx:
    """AWX's part: a project, inventory updates, and jobs in directories of their own."""

    def __init__(self, directory: Path, endpoint: str, account: Account) -> None:
        self.directory = directory
        self.account = account
        self.project = directory / "project"
        for name, text in files().items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        shutil.copy(
            CHECKOUT / "inventories/aws/group_vars/all/aws.yml", self.project / "inventory/group_vars/all/aws.yml"
        )
        (self.project / "topologies").mkdir()
        shutil.copy(DOCUMENT, self.project / "topologies" / "shop.yml")
        home = directory / "home"
        home.mkdir()
        self.environment = {
            **environment(endpoint),
            # No files of the person who runs the tests: a container has none.
            "HOME": str(home),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        }

    def update(self) -> subprocess.CompletedProcess[str]:
        """An inventory update. What it exports is what jobs get."""
        command = ["ansible-inventory", "-i", "inventory/ec2_services.yml", "--list", "--export"]
        return subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def inventory(self) -> dict[str, Any]:
        done = self.update()
        assert done.returncode == 0, done.stderr
        exported: dict[str, Any] = json.loads(done.stdout)
        # AWX keeps groups and variables, and writes them into a script of its own.
        exported["_meta"] = {"hostvars": exported["_meta"]["hostvars"]}
        return exported

    def job(self, playbook: str, inventory: Any, *words: str, **survey: Any) -> Job:
        directory = self.directory / f"job-{len(list(self.directory.glob('job-*')))}"
        for name in ("inventory", "env"):
            (directory / name).mkdir(parents=True)
        shutil.copytree(self.project, directory / "project")
        script = directory / "inventory" / "hosts"
        script.write_text(f"#!{sys.executable}\nprint({json.dumps(inventory)!r})\n")
        script.chmod(0o755)
        # Answers to surveys are not templates.
        lines = [f"{name}: !unsafe {json.dumps(answer)}\n" for name, answer in survey.items()]
        # AWX tells each job its id.
        (directory / "env" / "extravars").write_text("".join(["awx_job_id: 7\n", *lines]))
        (directory / "env" / "envvars").write_text(json.dumps(self.environment))
        (directory / "env" / "cmdline").write_text(" ".join(words))
        done = subprocess.run(
            [BIN / "ansible-runner", "run", directory, "-p", playbook, "--ident", "1"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        artifacts = directory / "artifacts" / "1"
        status = (artifacts / "status").read_text() if (artifacts / "status").exists() else done.stderr
        return Job(status, (artifacts / "stdout").read_text() if (artifacts / "stdout").exists() else "")


@pytest.fixture
def awx(stacks: Stacks, tmp_path: Path) -> Awx:
    made = stacks()
    return Awx(tmp_path, made.proxy.url, made.account)


def without_marks(exported: Any) -> Any:
    """Exported variables as people read them: text that is no template is marked."""
    return json.loads(json.dumps(exported), object_hook=lambda item: item.get("__ansible_unsafe", item))


def test_the_project_of_the_page_has_no_lookup_of_a_file_that_awx_lacks_and_no_vault(awx: Awx) -> None:
    variables = without_marks(awx.inventory())["all"]["vars"]
    assert variables["stack_name"] == NAME
    assert variables["stack_document"]["access"]["ssh_from"] == ["203.0.113.7/32"]
    assert variables["stack_document"]["services"]["frontend"]["instances"]["count"] == 2
    for path in (awx.project / "inventory").rglob("*.yml"):
        assert "$ANSIBLE_VAULT" not in path.read_text()
        assert "!vault" not in path.read_text()


@pytest.mark.parametrize(("missing", "name"), [("aws_public_key", "aws_public_key"), ("aws_ssh_from", "aws_ssh_from")])
def test_the_inventory_update_names_missing_settings(missing: str, name: str, awx: Awx) -> None:
    path = awx.project / "inventory" / "group_vars" / "all" / "shop.yml"
    path.write_text(re.sub(rf"(?m)^{missing}:.*\n", "", path.read_text()))
    done = awx.update()
    assert done.returncode != 0
    said = " ".join(done.stderr.split())
    assert f"{name} is not set" in said
    assert "Traceback" not in said


@pytest.mark.long
def test_a_stack_is_created_deployed_and_deleted_with_jobs(awx: Awx) -> None:
    survey = {
        "aws_ssh_from": "203.0.113.7/32, 198.51.100.0/24",
        "frontend_count": "3",
        "allow_destroy": "",
        "adopt": "",
    }
    shown = awx.job("provision.yml", awx.inventory(), "--check", "--diff", **survey)
    assert shown.ok, shown.output
    for text in ("instance/frontend-3", "198.51.100.0/24", "203.0.113.7/32"):
        assert text in shown.output
    assert awx.account.owned(NAME) == {}

    made = awx.job("provision.yml", awx.inventory(), **survey)
    assert made.ok, made.output
    assert "instance/frontend-3  created" in made.output

    inventory = awx.inventory()
    assert len(inventory["service_frontend"]["hosts"]) == 3
    for variables in inventory["_meta"]["hostvars"].values():
        variables.update(HERE)
    status = awx.job("status.yml", inventory, **survey)
    assert status.ok, status.output
    for host in inventory["service_frontend"]["hosts"]:
        assert host in status.output

    # The whole of the overrides as an answer, and text that is not even YAML.
    text = "access:\n  ssh_from: 198.51.100.0/24\nservices:\n  frontend:\n    instances: {count: 3}\n"
    override = awx.job("provision.yml", inventory, "--check", "--diff", stack_overrides=text)
    assert override.ok, override.output
    assert "203.0.113.7/32" in override.output
    broken = awx.job("provision.yml", inventory, "--check", stack_overrides="access: [")
    assert not broken.ok
    assert "not YAML" in broken.output

    backup = awx.job("backup.yml", inventory, databases="main ", backup_keep="")
    assert backup.ok, backup.output

    unconfirmed = awx.job("destroy.yml", inventory, allow_destroy="\n".join(DATA), confirm="")
    assert not unconfirmed.ok
    assert "There is no confirmation" in unconfirmed.output
    kept = awx.job("destroy.yml", inventory, allow_destroy="", confirm=NAME)
    assert not kept.ok
    assert "allow_destroy" in kept.output
    gone = awx.job("destroy.yml", inventory, allow_destroy="\n".join(DATA), confirm=NAME)
    assert gone.ok, gone.output
    assert awx.account.owned(NAME) == {}


PROBE = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that:
          - app_secrets.backend.KEY | length == expected | int
          - app_database_authorities == playbook_dir ~ '/rds.pem'
"""


def test_secrets_of_a_vault_reach_the_playbook_and_nothing_else(awx: Awx) -> None:
    secrets = awx.project / "secrets.yml"
    secrets.write_text(f"app_secrets: {{backend: {{KEY: {SECRET}}}}}\n")
    password = awx.directory / "password"
    password.write_text(PASSWORD)
    encrypt = [BIN / "ansible-vault", "encrypt", "--vault-password-file", password, secrets]
    subprocess.run(encrypt, check=True, capture_output=True, env=awx.environment)
    playbook = awx.project / "deploy.yml"
    playbook.write_text(playbook.read_text().replace("groundwork.aws.deploy", "probe.yml"))
    (awx.project / "probe.yml").write_text(PROBE)
    inventory = awx.inventory()
    assert SECRET not in json.dumps(inventory)
    done = awx.job("deploy.yml", inventory, f"--vault-password-file {password}", expected=str(len(SECRET)))
    assert done.ok, done.output
    assert SECRET not in done.output


def test_the_execution_environment_of_the_page_is_one(awx: Awx) -> None:
    command = [
        "create",
        "-f",
        "execution-environment.yml",
        "-c",
        awx.directory / "context",
        "--output-filename",
        "Containerfile",
    ]
    done = subprocess.run(
        [BIN / "ansible-builder", *command],
        cwd=awx.project,
        env=awx.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "python3.12" in (awx.directory / "context" / "Containerfile").read_text()


def test_the_collection_says_what_an_execution_environment_needs() -> None:
    command = [BIN / "ansible-builder", "introspect", CHECKOUT / ".venv" / "collections"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    names = {kind: {re.split(r"[>= \[]", line)[0] for line in found[kind]} for kind in ("python", "system")}
    assert names == {"python": {"boto3", "botocore"}, "system": {"git", "openssh-clients", "openssh-client"}}
