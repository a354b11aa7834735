# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rollouts with the real role and modules, on hosts that are this machine: in the place of the role app is a small one
that writes down what each host serves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._compile.host_variables import (
    placement_variables,
    stack_variables,
)
from ansible_collections.groundwork.aws.plugins.module_utils._compile.load import load
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger import RolloutRecord
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger_store import LedgerStore
from ansible_collections.groundwork.aws.plugins.module_utils._topology.placement import find_placements

from .account import Account
from .playbooks import Played, make_environment, run_at_terminal, run_playbook
from .runs import BIN, CHECKOUT, Outcome
from .stacks import Stack

HOSTS = ("web-1", "web-2")
# What ansible prints when it waits for a key: at first, and after Ctrl+C.
PROMPT, CONFIRMATION = b"(ctrl+C then 'C' = continue early", b"Press 'C' to continue"
DOCUMENT: Mapping[str, Any] = {
    "name": "shop",
    "region": "us-east-1",
    "network": {
        "cidr": "10.0.0.0/16",
        "zones": ["us-east-1a", "us-east-1b"],
        "subnets": {"public": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"], "route": "internet"}},
    },
    "services": {
        "web": {
            "runtime": "gunicorn",
            "instances": {"count": 2, "subnets": "public"},
            "port": 5000,
            "entry": "wsgi:app",
            "source": {"git": "https://git.example/shop.git"},
        }
    },
}
# Release 1 serves, and 2 is prepared.
RELEASES = [
    {"number": number, "version": f"v{number}", "commit": f"c0ffee{number}", "identity": str(number), "failed": False}
    for number in (1, 2)
]
# What a real systemd does with the options of systemd-run that hooks use: the environment, and the directory. It looks
# for the program in its own ones (find_executable in src/run/run.c), before the unit has any.
SYSTEMD_RUN = """#!/usr/bin/env python3
import os, shutil, subprocess, sys
end = sys.argv.index("--")
options, command = sys.argv[1:end], [word.replace("$$", "$") for word in sys.argv[end + 1 :]]
program = shutil.which(command[0])
if program is None:
    sys.exit(f"Failed to find executable {command[0]}: No such file or directory")
command[0] = os.path.abspath(program)
variables = dict(one.removeprefix("--setenv=").split("=", 1) for one in options if one.startswith("--setenv="))
properties = [one.removeprefix("--property=").split("=", 1) for one in options if one.startswith("--property=")]
directory = [value for name, value in properties if name == "WorkingDirectory"][0]
user = [value for name, value in properties if name == "User"][0]
given = dict(value.split("=", 1) for name, value in properties if name == "Environment")
plain = {"PATH": given["PATH"], "RIG_USER": user}
sys.exit(subprocess.run(command, env={**plain, **variables}, cwd=directory).returncode)
"""
HELD: Mapping[str, Any] = {
    "number": 2,
    "version": "v2",
    "current": 1,
    "previous": 1,
    "settled": False,
    "releases": RELEASES,
}
PREPARED = {**HELD, "path": "{{ rig_release }}", "current": "{{ rig_before }}", "settled": "{{ rig_before == 2 }}"}
READ = {**HELD, "current": "{{ rig_after }}", "settled": "{{ rig_is_remembered }}"}
ROLE: Mapping[str, Any] = {
    "prepare": [{"ansible.builtin.set_fact": {"app_prepared": {"web": PREPARED}}}],
    "read_releases": [{"ansible.builtin.set_fact": {"app_held": {"web": READ}}}],
    "try": [
        {
            "ansible.builtin.fail": {"msg": "the release does not start on a port of its own"},
            "when": "inventory_hostname in rig_unfit | default([])",
        },
    ],
    "serve": [
        {
            "ansible.builtin.lineinfile": {
                "path": "{{ rig_log }}",
                "line": "{{ inventory_hostname }} serves 2",
                "create": True,
                "mode": "0600",
            },
            "throttle": 1,
        },
        {"ansible.builtin.file": {"path": "{{ rig_moved }}", "state": "touch", "mode": "0600"}},
        {
            "ansible.builtin.fail": {"msg": "the release does not start"},
            "when": "inventory_hostname in rig_broken | default([])",
        },
    ],
    "rollback": [
        {
            "ansible.builtin.lineinfile": {
                "path": "{{ rig_log }}",
                "line": "{{ inventory_hostname }} serves 1 again",
                "create": True,
                "mode": "0600",
            },
            "throttle": 1,
        },
        {"ansible.builtin.file": {"path": "{{ rig_moved }}", "state": "absent"}},
    ],
}
# The release that a host serves, where it is remembered.
REMEMBERED = "{{ 2 if rig_moved is exists else 1 }}"


@dataclass
class RolloutRig:
    """A stack with one service on two hosts. ``services`` and ``rollout`` change its document.

    Each run finds release 1 on the hosts, and a rollback release 2, unless what earlier runs did is ``remembered``.
    """

    stack: Stack
    directory: Path
    rollout: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    remembered: bool = False

    @property
    def account(self) -> Account:
        return self.stack.account

    def deploy(self, *words: str, **more: str) -> Played:
        return self.play("deploy", *words, **more)

    def play(self, entry: str, *words: str, **more: str) -> Played:
        self._prepare(entry)
        return run_playbook(self.command(*words), self.directory, self.environment(**more), timeout=240)

    def deploy_until(self, number: int) -> None:
        """Deploy, and kill ansible-playbook when it begins the task with this number, from 1 on."""
        self._prepare("deploy")
        process = subprocess.Popen(
            self.command(), cwd=self.directory, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert process.stdout
        for line in process.stdout:
            number -= line.startswith("TASK [")
            if number == 0:
                break
        process.kill()
        process.communicate(timeout=60)

    @property
    def serving(self) -> dict[str, int]:
        """The release that each host serves."""
        return {host: 2 if (self.directory / "moved" / host).exists() else 1 for host in HOSTS}

    def return_all(self) -> None:
        """Let all hosts serve release 1 again."""
        for host in HOSTS:
            (self.directory / "moved" / host).unlink(missing_ok=True)

    def _prepare(self, entry: str) -> None:
        self._write_collection()
        self._write_inventory()
        play = {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"ansible.builtin.import_role": {"name": "groundwork.aws.rollout", "tasks_from": entry}}],
        }
        (self.directory / "play.yml").write_text(json.dumps([play]))

    def answer(self, *keys: str) -> Played:
        """Deploy at a terminal, and press one key after the other, each when a prompt waits for it."""
        self._prepare("deploy")
        left = list(keys)

        def respond(output: bytes) -> str:
            prompts = output.count(PROMPT) + output.count(CONFIRMATION)
            return left.pop(0) if left and prompts > len(keys) - len(left) else ""

        return run_at_terminal(self.command(), self.directory, self.environment(), respond, timeout=200)

    def command(self, *words: str) -> list[str]:
        return [str(BIN / "ansible-playbook"), "-i", "inventory.json", "play.yml", *words]

    def environment(self, **more: str) -> dict[str, str]:
        programs = (self.directory / "bin", BIN)
        return make_environment(self.stack.proxy.url, self.directory, programs, self.directory / "collections", **more)

    @property
    def log(self) -> list[str]:
        """What the hosts did, in order."""
        path = self.directory / "served.log"
        return path.read_text().splitlines() if path.exists() else []

    def read_ledger(self) -> RolloutRecord:
        found = LedgerStore(_Pages(self.account.client("ssm")), "shop").read_latest()
        assert found is not None
        return found

    @property
    def locks(self) -> list[str]:
        found = self.account.client("ssm").get_parameters_by_path(Path="/groundwork/shop/lock", Recursive=True)
        return [one["Name"] for one in found["Parameters"]]

    def _write_collection(self) -> None:
        """The collection, with a role app of its own."""
        program = self.directory / "bin" / "systemd-run"
        program.parent.mkdir(exist_ok=True)
        program.write_text(SYSTEMD_RUN)
        program.chmod(0o755)
        root = self.directory / "collections" / "ansible_collections" / "groundwork" / "aws"
        if root.exists():
            return
        (root / "roles" / "app" / "tasks").mkdir(parents=True)
        for entry in ("plugins", "meta", "galaxy.yml"):
            (root / entry).symlink_to(CHECKOUT / entry)
        for role in (CHECKOUT / "roles").iterdir():
            if role.name != "app":
                (root / "roles" / role.name).symlink_to(role)
        # What it takes to run hooks on hosts is that of the real role.
        (root / "roles" / "app" / "vars").symlink_to(CHECKOUT / "roles" / "app" / "vars")
        (root / "roles" / "app" / "defaults").symlink_to(CHECKOUT / "roles" / "app" / "defaults")
        for name in ("run_host_hooks", "run_service_hooks", "run_hook"):
            (root / "roles" / "app" / "tasks" / f"{name}.yml").symlink_to(
                CHECKOUT / "roles" / "app" / "tasks" / f"{name}.yml"
            )
        for name, tasks in ROLE.items():
            (root / "roles" / "app" / "tasks" / f"{name}.yml").write_text(json.dumps(tasks))

    def _load(self) -> dict[str, Any]:
        changed = {"rollout": self.rollout, "services": {"web": self.service}}
        return load(dict(DOCUMENT), [changed, self.document])

    def provision(self) -> Outcome:
        """Make the resources of the stack, on which no host of a rollout runs."""
        return self.stack.modules.run("stack", {"topology": self._load(), "overrides": {}})

    def _write_inventory(self) -> None:
        document = self._load()
        (placement,) = find_placements(document).values()
        shared = {**stack_variables(document), **placement_variables(document, placement), **self.variables}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {
            host: {"ec2_instance_id": f"i-{number}", "groundwork_zone": "us-east-1a"}
            for number, host in enumerate(HOSTS, 1)
        }
        for name in ("release", "moved"):
            (self.directory / name).mkdir(exist_ok=True)
        rig = {
            "rig_log": str(self.directory / "served.log"),
            "rig_release": str(self.directory / "release"),
            "rig_moved": f"{self.directory}/moved/{{{{ inventory_hostname }}}}",
            "rig_before": REMEMBERED if self.remembered else 1,
            "rig_after": REMEMBERED if self.remembered else 2,
            "rig_is_remembered": self.remembered,
        }
        inventory = {"all": {"hosts": hosts, "vars": {**shared, **local, **rig}}}
        (self.directory / "inventory.json").write_text(json.dumps(inventory))


@dataclass
class _Pages:
    """A client of botocore with the method ``pages`` of the collection's."""

    client: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def pages(self, operation: str, arguments: Mapping[str, Any]) -> Sequence[Any]:
        return list(self.client.get_paginator(operation).paginate(**arguments))
