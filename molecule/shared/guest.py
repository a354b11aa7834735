# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests to a host, and changes of it, that several scenarios need."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def curl(host: Any, url: str, *options: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers in lower case, and body of a request from the host. Options are like --request=POST."""
    quoted = " ".join(shlex.quote(part) for option in options for part in option.split("=", 1))
    done = host.run(f"curl --silent --insecure --include --max-time 30 {quoted} '{url}'")
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    return (
        int(first.split()[1]),
        {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)},
        body,
    )


def answer(host: Any, url: str) -> dict[str, Any]:
    status, _, body = curl(host, url)
    assert status == 200, body
    said: dict[str, Any] = json.loads(body)
    return said


def wait_for(what: Callable[[], bool], seconds: float = 30) -> bool:
    """Return whether a check holds in time."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True


def converge(**variables: Any) -> None:
    """Run the roles of the scenario again, with variables that override theirs."""
    inventory = os.environ["MOLECULE_INVENTORY_FILE"]
    playbook = Path(__file__).with_name("converge.yml")
    command = ["ansible-playbook", "--inventory", inventory, "--extra-vars", json.dumps(variables), str(playbook)]
    subprocess.run(command, check=True)
