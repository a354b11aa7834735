# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the playbooks do among themselves, on hosts that are only names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rig.runs import BIN, CHECKOUT

HOSTS = ("front-1", "back-1", "back-2")
SITE = f"""
- hosts: groundwork
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: inventory_hostname not in lost_before
- ansible.builtin.import_playbook: {CHECKOUT}/playbooks/deploy.yml
"""
# What comes before and after the plays that are meant here asks for a document and an account.
STEP = {"groundwork_is_step": True}
HERE = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}


def play(directory: Path, api: str, *options: str, lost: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    (directory / "site.yml").write_text(SITE)
    facts = {"distribution": "Debian", "distribution_version": "12", "os_family": "Debian"}
    variables = {"lost_before": list(lost), "groundwork_services": [], "ansible_facts": facts, **STEP}
    variables |= {"stack_name": "shop", "stack_region": "us-east-1", "groundwork_connection": {"endpoint_url": api}}
    inventory = {"groundwork": {"hosts": dict.fromkeys(HOSTS, HERE)}}
    return run(directory, inventory, variables, "--check", *options, "site.yml")


def run(
    directory: Path, inventory: Any, variables: dict[str, Any], *options: str | Path
) -> subprocess.CompletedProcess[str]:
    (directory / "hosts.json").write_text(json.dumps(inventory))
    command = [str(BIN / "ansible-playbook"), "-i", "hosts.json", "-e", json.dumps(variables)]
    return subprocess.run(
        [*command, *options],
        cwd=directory,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_is_deployed_after_a_play_lost_hosts(tmp_path: Path, api: str) -> None:
    done = play(tmp_path, api, lost=("back-1", "back-2"))
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "The deploy did not begin, and no host was moved: back-1, back-2 failed earlier in this run" in said
    assert "--limit 'all:!back-1:!back-2'" in said
    assert "Take the lock of the stack" not in said


@pytest.mark.long
def test_hosts_outside_the_limit_do_not_stop_a_deploy(tmp_path: Path, api: str) -> None:
    done = play(tmp_path, api, "--limit", "all:!back-1", lost=("back-1",))
    assert done.returncode == 0, done.stdout
    assert "Record how the rollout ended" in done.stdout
    assert "back-1" not in done.stdout


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


MACHINE = {"ec2_instance_id": "i-1", "ec2_instance_type": "t3.micro"}


def resize(directory: Path, api: str, port: int, *others: str, **more: Any) -> str:
    """What is said when api-1 is to get another type, by a document that cannot be applied."""
    service = {"name": "api", "runtime": "gunicorn", "role": "gunicorn", "builder": "python", "artifact": "tree"}
    service |= {"balanced": False, "port": port}
    service["health"] = {"path": "/health", "timeout": 2, "healthy": 1}
    variables = {"groundwork_stack": "shop", "groundwork_group": "api", "groundwork_services": [service], **HERE}
    hosts = {name: {**variables, "groundwork_host": name, **MACHINE} for name in ("api-1", *others)}
    inventory = {"groundwork": {"hosts": hosts}, "groundwork_resizing": {"hosts": {"api-1": {}}}}
    document = {"name": "shop", "instances": {"api": {"type": "t3.small"}}}
    given = {"stack_document": document, "app_health_timeout": 1, **STEP, **more}
    given |= {"stack_name": "shop", "stack_region": "us-east-1", "groundwork_connection": {"endpoint_url": api}}
    done = run(directory, inventory, given, CHECKOUT / "playbooks" / "resize.yml")
    assert done.returncode != 0
    return " ".join(done.stdout.split())


def test_the_only_host_of_a_service_is_not_stopped_for_another_type(tmp_path: Path, api: str, port: int) -> None:
    said = resize(tmp_path, api, port)
    assert "api would be interrupted: of the other hosts fewer than 1 are healthy" in said
    assert "It was not stopped, and serves as before" in said
    assert "Restart the instance with the type of the document" not in said


def test_a_host_with_a_healthy_peer_is_stopped_and_a_failure_is_reported(tmp_path: Path, api: str, port: int) -> None:
    said = resize(tmp_path, api, port, "api-2")
    assert "Restart the instance with the type of the document" in said
    assert "It serves again, but its type may be another than t3.micro" in said
    assert "Its type could not be set back to t3.micro" in said
    assert "Not touched, and serving as before: none" in said


@pytest.mark.long
def test_an_allowed_interruption_is_made(tmp_path: Path, api: str, port: int) -> None:
    assert "Restart the instance with the type of the document" in resize(tmp_path, api, port, interrupt=True)
