# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stacks of the lab, for benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness import CHECKOUT, Lab
from stacks import Stack


@contextmanager
def make_stack(name: str, topology: str, stack: str, overrides: Mapping[str, Any], stable_time: int) -> Iterator[Stack]:
    """A stack that `site.yml` has brought up, in a lab of its own."""
    lab = Lab(f"bench-{name}".replace("_", "-")[:20])
    lab.down()
    lab.up()
    try:
        made = Stack(lab, topology, stack, overrides=overrides, stable_time=stable_time)
        run = made.play("site.yml")
        if run.code:
            raise SystemExit(run.output)
        yield made
    finally:
        lab.down()


def ping(stack: Stack) -> float:
    """Seconds of one `ansible -m ping` of all hosts, the least that any run with Ansible takes."""
    command = [str(Path(sys.executable).parent / "ansible"), "-i", "inventories/lab", "groundwork", "-m", "ping"]
    variables = {**stack.lab.environment, "GROUNDWORK_TOPOLOGY": stack.topology}
    overrides = json.dumps({"stack_overrides": stack.overrides})
    began = time.monotonic()
    subprocess.run(
        [*command, "-e", overrides], cwd=CHECKOUT, env={**os.environ, **variables}, check=True, capture_output=True
    )
    return time.monotonic() - began
