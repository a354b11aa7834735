# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the playbooks do among themselves, on hosts that are only names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from rig.runs import CHECKOUT

HOSTS = ("front-1", "back-1", "back-2")
SITE = f"""
- hosts: groundwork
  gather_facts: false
  tasks:
    - ansible.builtin.assert:
        that: inventory_hostname not in lost_before
- ansible.builtin.import_playbook: {CHECKOUT}/playbooks/deploy.yml
"""
SERVED = "Have each new release served"


def play(directory: Path, *options: str, lost: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    (directory / "site.yml").write_text(SITE)
    here = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    hosts = dict.fromkeys(HOSTS, here)
    (directory / "hosts.json").write_text(json.dumps({"groundwork": {"hosts": hosts}}))
    facts = {"distribution": "Debian", "distribution_version": "12", "os_family": "Debian"}
    variables = {"lost_before": list(lost), "groundwork_services": [], "ansible_facts": facts}
    command = [CHECKOUT / ".venv/bin/ansible-playbook", "--check", "-i", "hosts.json", "-e", json.dumps(variables)]
    return subprocess.run(
        [*command, *options, "site.yml"],
        cwd=directory,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv/collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_new_is_served_where_a_play_before_lost_hosts(tmp_path: Path) -> None:
    done = play(tmp_path, lost=("back-1", "back-2"))
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "Nothing new is served: back-1, back-2 failed in a play before" in said
    assert "--limit 'all:!back-1:!back-2'" in said
    assert SERVED not in done.stdout


def test_hosts_that_are_left_out_keep_nobody_from_deploying(tmp_path: Path) -> None:
    done = play(tmp_path, "--limit", "all:!back-1", lost=("back-1",))
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(SERVED) == 2
