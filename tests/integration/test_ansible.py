# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules as people use them: tasks of a playbook, run by ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rig.runs import BIN, CHECKOUT, environment
from rig.stacks import DATA, DOCUMENT, NAME, WHOLE, Stack, assert_same, base_of

PLAY = """
- hosts: localhost
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Bring it up
      groundwork.aws.stack: "{{ stack_options }}"
      register: brought
    - name: Keep the result
      ansible.builtin.copy:
        content: "{{ brought | to_json }}"
        dest: "{{ result_file }}"
        mode: "0600"
      check_mode: false
      changed_when: false
    - name: Read it
      groundwork.aws.stack_info:
        topology: "{{ stack_options.topology }}"
        overrides: "{{ stack_options.overrides }}"
      register: read
    - name: Nothing differs
      ansible.builtin.assert:
        that: not (read.drift.missing + read.drift.changed + read.drift.unexpected)
      when: expect_no_drift | bool
"""
# The same on the controller, on a host that is not the controller, and with a variable of the environment of the task.
THREE_WAYS = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    groundwork.aws.stack_info:
      topology: "{{ stack_options.topology }}"
      overrides: "{{ stack_options.overrides }}"
  tasks:
    - groundwork.aws.stack_info:
      register: on_controller
    - groundwork.aws.stack_info:
      register: on_host
      vars:
        ansible_connection: elsewhere
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
    - ansible.builtin.assert:
        that: [on_controller == shown_on_host, on_controller.plan | length > 0]
      vars:
        # Only modules that ansible-core packs report how they were called, and only some releases of it.
        shown_on_host: "{{ on_host | dict2items | rejectattr('key', 'eq', 'invocation') | items2dict }}"
    - groundwork.aws.stack_info:
      environment:
        AWS_PROFILE: missing-profile
      register: missing_profile
      failed_when: "'missing-profile' not in missing_profile.msg"
"""
# A connection like the local one, of which an action plugin cannot know that it leads to the same machine.
ELSEWHERE = """
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = "{name: elsewhere, short_description: a test, description: [a test], author: the tests}"

class Connection(Local):
    transport = "elsewhere"
"""


@dataclass(frozen=True)
class Played:
    code: int
    output: str
    result: Mapping[str, Any]


@dataclass
class Ansible:
    """A controller with a playbook."""

    stack: Stack
    directory: Path

    def play(self, *words: str, no_drift: bool = True, tasks: str = PLAY, **options: Any) -> Played:
        playbook, result = self.directory / "play.yml", self.directory / "result.json"
        playbook.write_text(tasks)
        result.unlink(missing_ok=True)
        given = {"topology": DOCUMENT, "overrides": WHOLE, **options}
        extra = {"stack_options": given, "result_file": str(result), "expect_no_drift": no_drift}
        command = [str(BIN / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(playbook)]
        run = subprocess.run(
            [*command, "-e", json.dumps(extra), *words],
            env={
                **environment(self.stack.proxy.url),
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "HOME": str(self.directory),
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )  # fmt: skip
        result_data = json.loads(result.read_text()) if result.exists() else {}
        return Played(run.returncode, run.stdout + run.stderr, result_data)


@pytest.fixture
def ansible(stack: Stack, tmp_path: Path) -> Ansible:
    return Ansible(stack, tmp_path)


def changed(played: Played) -> int:
    return int(played.output.rpartition("changed=")[2].split()[0])


@pytest.mark.long
def test_the_life_of_a_stack(ansible: Ansible) -> None:
    proxy = ansible.stack.proxy
    before = ansible.stack.account.state()
    shown = ansible.play("--check", "--diff", no_drift=False)
    assert shown.code == 0, shown.output
    assert changed(shown) == 1
    assert proxy.mutations == []
    assert_same(ansible.stack.account.state(), before)
    for text in ("vpc/main", "instance/app-1", "security_group/app", "203.0.113.0/24", "elastic_ip/app-1"):
        assert text in shown.output

    made = ansible.play()
    assert made.code == 0, made.output
    assert changed(made) == 1
    # One line as each resource is finished, with the time it took.
    assert "instance/app-1  created (" in made.output
    assert made.result["outputs"]["url"].startswith("http://")

    proxy.forget()
    again = ansible.play()
    assert again.code == 0, again.output
    assert changed(again) == 0
    assert proxy.mutations == []

    refused = ansible.play(state="absent", no_drift=False)
    assert refused.code == 2
    assert "allow_destroy" in refused.output
    assert proxy.mutations == []

    down = ansible.play(state="absent", allow_destroy=[DATA], no_drift=False)
    assert down.code == 0, down.output
    ansible.stack.assert_empty()


def test_no_secret_is_shown_at_any_verbosity(ansible: Ansible) -> None:
    data = base_of("data")
    made = ansible.play("-vvv", "--diff", topology=data.topology, overrides={})
    assert made.code == 0, made.output
    assert "db_instance/main" in made.output
    vault = ansible.stack.account.client("secretsmanager")
    arns = [secret["ARN"] for secret in vault.list_secrets()["SecretList"]]
    values = [json.loads(vault.get_secret_value(SecretId=arn)["SecretString"])["password"] for arn in arns]
    assert len(values) == 2
    assert not [value for value in values if value in made.output or value in json.dumps(made.result)]


def test_modules_give_the_same_result_on_the_controller_and_on_a_host(ansible: Ansible) -> None:
    (ansible.directory / "connection_plugins").mkdir()
    (ansible.directory / "connection_plugins" / "elsewhere.py").write_text(ELSEWHERE)
    played = ansible.play("-vvv", tasks=THREE_WAYS)
    assert played.code == 0, played.output
    assert played.output.count("Using module file") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paralel": 3}, "paralel"),
        ({"parallel": "many"}, "parallel"),
        ({"state": "gone"}, "state"),
    ],
)
def test_wrong_options_are_rejected_before_any_call(ansible: Ansible, options: dict[str, Any], message: str) -> None:
    played = ansible.play(no_drift=False, **options)
    assert played.code == 2
    assert message in played.output
    assert "Traceback" not in played.output
    assert ansible.stack.proxy.calls == []


def test_a_bare_name_is_a_document_of_the_collection(ansible: Ansible) -> None:
    made = ansible.play(topology="single_instance")
    assert made.code == 0, made.output
    assert ansible.stack.account.owned(NAME)


def test_all_errors_of_a_document_are_reported_without_a_traceback(ansible: Ansible) -> None:
    played = ansible.play(overrides={"services": {"web": {"port": 99999}, "api": {"prot": 5000}}}, no_drift=False)
    assert played.code == 2
    assert "services.web.port: 99999 is not a port (1-65535)" in played.output
    assert "services.api.prot" in played.output
    assert "Traceback" not in played.output
    assert ansible.stack.proxy.calls == []


def test_a_missing_document_is_an_error(ansible: Ansible) -> None:
    played = ansible.play(topology="no_such_thing", no_drift=False)
    assert played.code == 2
    assert "no_such_thing" in played.output
    assert "Traceback" not in played.output
    assert ansible.stack.proxy.calls == []


def test_secrets_are_not_shown(ansible: Ansible) -> None:
    key = "wJalrXUtnFEMIverysecret"
    played = ansible.play("-vvv", secret_key=key, access_key="AKIAEXAMPLE", no_drift=False)
    assert played.code == 0, played.output
    assert key not in played.output.replace(json.dumps({"secret_key": key}), "").split("PLAY [", 1)[1]
