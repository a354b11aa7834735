# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How `inventories/aws` reaches hosts: with the real ssh, to servers whose host keys differ."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rig.runs import CHECKOUT
from rig.ssh import SshServer, ssh_server

from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.plugin_utils._inventory.ssh import (
    build_session_command,
    build_ssh_arguments,
)

SSH = """#!/bin/sh
exec {ssh} -F {directory}/config -o UserKnownHostsFile={directory}/known_hosts -o ControlPath=none "$@"
"""
# What the AWS CLI does for `aws ssm start-session`, to a server at hand.
AWS = """#!{python}
import os, socket, sys, threading
with open(os.path.join({directory!r}, "sessions"), "a") as file:
    print(*sys.argv[1:], file=file)
end = socket.create_connection(("127.0.0.1", int(os.environ["SESSION_PORT"])))
def send():
    while data := os.read(0, 65536):
        end.sendall(data)
    end.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := end.recv(65536):
    os.write(1, data)
"""
GATE = "127.0.0.2"


class Controller:
    """A machine with ansible, ssh and the AWS CLI, whose inventory has the variables of `inventories/aws`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.variables: dict[str, Any] = {"aws_public_key": "ssh-ed25519 AAAA", "aws_ssh_from": ["127.0.0.1/32"]}
        self.environment: dict[str, str] = {}
        shutil.copytree(CHECKOUT / "inventories" / "aws" / "group_vars", directory / "group_vars")
        commands = directory / "bin"
        commands.mkdir()
        ssh = SSH.format(ssh=shutil.which("ssh"), directory=directory)
        aws = AWS.format(python=sys.executable, directory=str(directory))
        for name, text in (("ssh", ssh), ("aws", aws)):
            (commands / name).write_text(text)
            (commands / name).chmod(0o755)
        (directory / "config").touch()

    def ports(self, **servers: SshServer) -> None:
        """The port of each address: that of a template for a jump host is 22."""
        hosts = (f"Host {address}\n  Port {server.port}\n" for address, server in servers.items())
        (self.directory / "config").write_text("".join(hosts))

    def run(self, hosts: dict[str, Any], name: str = "app") -> subprocess.CompletedProcess[str]:
        (self.directory / "hosts.json").write_text(json.dumps({"groundwork": {"hosts": hosts}}))
        return subprocess.run(
            [
                *(CHECKOUT / ".venv/bin/ansible", "-i", self.directory / "hosts.json", name),
                *("-m", "ansible.builtin.raw", "-a", "echo reached", "-e", json.dumps(self.variables)),
            ],
            env={
                "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}",
                "HOME": str(self.directory),
                "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
                "ANSIBLE_SSH_RETRIES": "0",
                "ANSIBLE_SSH_ARGS": "-o BatchMode=yes",
                "ANSIBLE_NOCOLOR": "1",
                **self.environment,
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def reaches(self, hosts: dict[str, Any], name: str = "app") -> bool:
        done = self.run(hosts, name)
        reached = done.returncode == 0 and "reached" in done.stdout
        # The one other end that a test may expect.
        assert reached or "ost key" in done.stdout, done.stdout + done.stderr
        return reached


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def host(identifier: str, address: str, public: bool = True, **more: Any) -> dict[str, Any]:
    """The variables that the inventory plugin gives to a host."""
    return {
        "ansible_host": address,
        "ec2_instance_id": identifier,
        "ec2_public_ip": address if public else None,
        "ec2_state": "running",
        "groundwork_zone": "us-east-1a",
        "groundwork_ssh_arguments": build_ssh_arguments({"id": identifier}),
        **more,
    }


def test_a_replacement_at_the_same_address_is_reached(controller: Controller) -> None:
    with ssh_server() as first:
        port = first.port
        old = host("i-1", "127.0.0.1", ansible_port=port)
        assert controller.reaches({"app": old})
        assert controller.reaches({"app": old})
    with ssh_server(port=port):
        # The same instance with another host key is still what host keys are there to find.
        assert not controller.reaches({"app": old})
        assert controller.reaches({"app": host("i-2", "127.0.0.1", ansible_port=port)})


def test_the_host_key_is_found_at_another_address(controller: Controller) -> None:
    with ssh_server() as server:
        for address in ("127.0.0.1", "localhost"):
            assert controller.reaches({"app": host("i-1", address, ansible_port=server.port)})
    known = (controller.directory / "known_hosts").read_text().splitlines()
    assert [line.split()[0] for line in known] == ["i-1"]


def test_connections_use_a_replaced_jump_host(controller: Controller) -> None:
    with ssh_server() as inner:
        app = host("i-9", "127.0.0.1", public=False, ansible_port=inner.port)
        with ssh_server(GATE) as gate:
            controller.ports(**{GATE: gate})
            old = {"app": app, "gate": host("i-1", GATE)}
            assert controller.reaches(old)
            assert gate.tunnels == [inner.port]
        with ssh_server(GATE) as gate:
            controller.ports(**{GATE: gate})
            assert not controller.reaches(old)
            assert controller.reaches({"app": app, "gate": host("i-2", GATE)})
            assert gate.tunnels == [inner.port]
    assert len(inner.commands) == 2


def test_connections_do_not_use_a_stopped_jump_host(controller: Controller) -> None:
    with ssh_server() as inner, ssh_server(GATE) as gate:
        controller.ports(**{GATE: gate})
        app = host("i-9", "127.0.0.1", public=False, ansible_port=inner.port)
        stopped = host("i-1", "127.0.0.3", ec2_state="stopped")
        assert controller.reaches({"app": app, "a": stopped, "gate": host("i-2", GATE)})


def test_an_inventory_without_public_hosts_connects_directly(controller: Controller) -> None:
    with ssh_server() as server:
        assert controller.reaches({"app": host("i-1", "127.0.0.1", public=False, ansible_port=server.port)})


@pytest.mark.parametrize("public", [True, False])
def test_a_session_connects_to_a_host_with_any_addresses(controller: Controller, public: bool) -> None:
    session = build_session_command(
        {"id": "i-7", "region": "eu-central-1"}, Connection(profile="my shop", account="1" * 12)
    )
    arguments = build_ssh_arguments({"id": "i-7"}, session)
    app = host("i-7", "192.0.2.1", public, ansible_host="i-7", groundwork_ssh_arguments=arguments)
    with ssh_server() as server, ssh_server(GATE) as gate:
        controller.environment["SESSION_PORT"] = str(server.port)
        controller.ports(**{GATE: gate})
        assert controller.reaches({"app": app, "gate": host("i-1", GATE)})
        assert gate.tunnels == []
    assert (controller.directory / "sessions").read_text().split("\n") == [
        "ssm start-session --target i-7 --document-name AWS-StartSSHSession --region eu-central-1 "
        "--profile my shop --parameters portNumber=22",
        "",
    ]
    assert (controller.directory / "known_hosts").read_text().split()[0] == "i-7"


def test_without_a_key_file_nothing_names_one(controller: Controller) -> None:
    """With AWX, ssh-agent holds the key."""
    with ssh_server() as server:
        done = controller.run({"app": host("i-1", "127.0.0.1", ansible_port=server.port)})
    assert done.returncode == 0, done.stdout
    assert "not accessible" not in done.stdout + done.stderr
