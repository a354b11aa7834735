# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""site.yml as a user runs it, without hosts: what `--limit localhost` does, with the inventory plugin, twice."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from rig.runs import BIN, CHECKOUT, COLLECTIONS, environment
from rig.stacks import Stack, Stacks

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone"
OVERRIDES = {"access": {"public_key": PUBLIC_KEY, "ssh_from": ["203.0.113.7/32"]}}


def play(stack: Stack, directory: Path, topology: str) -> subprocess.CompletedProcess[str]:
    inventory = directory / "ec2_services.yml"
    inventory.write_text(f"plugin: groundwork.aws.ec2_services\ntopology: {topology}\ncache: false\n")
    authorities = directory / "ca.pem"
    authorities.write_text("-----BEGIN CERTIFICATE-----\nread on hosts only\n-----END CERTIFICATE-----\n")
    variables = {"stack_overrides": OVERRIDES, "app_database_authorities": str(authorities)}
    command = [
        str(BIN / "ansible-playbook"),
        "-i",
        str(inventory),
        "-i",
        "localhost,",
        "--limit",
        "localhost",
        "-e",
        json.dumps(variables),
    ]
    return subprocess.run(
        [*command, str(CHECKOUT / "playbooks" / "site.yml")],
        env={
            **environment(stack.proxy.url),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(directory),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        },
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("topology", ["single_instance", "three_tier"])
def test_site_without_hosts_provisions_and_then_changes_nothing(stacks: Stacks, tmp_path: Path, topology: str) -> None:
    stack = stacks()
    first = play(stack, tmp_path, topology)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "changed=1 " in first.stdout
    stack.proxy.forget()
    again = play(stack, tmp_path, topology)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0 " in again.stdout
    assert stack.proxy.mutations == []
