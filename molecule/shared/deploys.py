# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deploys of changed sources, as a user runs them, and the releases of the host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parent
SOURCES = SHARED.parent / os.environ["MOLECULE_SCENARIO_NAME"] / "sources"


class Source:
    """A copy of the sources that tests may change, and the playbook that deploys it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True)

    def change(self, name: str, before: str, after: str) -> None:
        path = self.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def play(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "ansible-playbook",
                "--inventory",
                os.environ["MOLECULE_INVENTORY_FILE"],
                *options,
                str(SHARED / playbook),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={
                **os.environ,
                "ANSIBLE_FORCE_COLOR": "0",
                "ANSIBLE_NOCOLOR": "1",
                "MOLECULE_SOURCES": str(self.folder),
            },
        )

    def deploy(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.play("deploy.yml", *options)


def find_address() -> str:
    """The address of the container for clients outside of it."""
    name = f"molecule-{os.environ['MOLECULE_SCENARIO_NAME']}"
    shape = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    command = ["docker", "inspect", "-f", shape, name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def current(host: Any, service: str) -> int:
    return int(host.check_output(f"readlink /srv/{service}/current").rpartition("/")[2])


def deploy_each(source: Source, services: Iterable[str], *options: str) -> dict[str, subprocess.CompletedProcess[str]]:
    """Deploy the services at the same time, each with a run of its own, and return the runs."""
    with ThreadPoolExecutor() as pool:
        runs = {
            service: pool.submit(source.deploy, "--extra-vars", f"app_only={service}", *options) for service in services
        }
    return {service: run.result() for service, run in runs.items()}


def pm2_processes(host: Any, service: str) -> list[dict[str, Any]]:
    listed = json.loads(host.check_output(f"pm2 jlist {service}"))
    return [process for process in listed if process["name"] == service]
