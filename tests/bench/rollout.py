# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollout over several hosts of the lab, against the time in which its batches can be done at all."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_hosts import CHECKOUT, Stack, make_stack, ping

HERE = Path(__file__).resolve().parent
TOPOLOGY = "tests/e2e/rollouts/topology.yml"
FIRST, LAST = "Open the batch", "Judge the batch"


@dataclass(frozen=True)
class Settings:
    """What the document asks for, in seconds: from these the lower bound follows."""

    interval: int
    stable_time: int

    @property
    def batch(self) -> int:
        """The least that one batch takes.

        Without open requests a target is out at once. Then the processes of the release have to stay up, and the load
        balancer has to find a newly registered target healthy once (Elastic Load Balancing user guide, "Health checks
        for Application Load Balancer target groups").
        """
        return self.stable_time + self.interval


def deploy(stack: Stack, source: Path, version: str) -> tuple[float, list[dict[str, Any]]]:
    """Deploy a new release. Returns the seconds of the whole run, and its tasks with when they began and ended."""
    (source / "version").write_text(version)
    with tempfile.NamedTemporaryFile("r", suffix=".json") as records:
        callbacks = {"ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"), "TASK_SECONDS": records.name}
        stack.lab.environment |= {**callbacks, "ANSIBLE_CALLBACKS_ENABLED": "task_seconds"}
        began = time.monotonic()
        run = stack.play("deploy.yml", services={"web": {"source": {"directory": str(source)}}})
        seconds = time.monotonic() - began
        if run.code:
            raise SystemExit(run.output)
        return seconds, [json.loads(line) for line in records]


def compare(hosts: int, settings: Settings, rounds: int) -> None:
    health = {"path": "/health", "interval": settings.interval, "timeout": 2, "healthy": 2, "unhealthy": 2}
    web = {"instances": {"count": hosts, "type": "t3.micro", "subnets": "public"}, "health": health}
    made = make_stack(str(hosts), TOPOLOGY, "rollouts", {"services": {"web": web}}, settings.stable_time)
    with made as stack, tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        shutil.copytree(CHECKOUT / "tests" / "e2e" / "rollouts" / "source", source)
        for number in range(rounds):
            pinged = ping(stack)
            whole, tasks = deploy(stack, source, f"bench-{number}")
            opened = [task for task in tasks if task["task"].endswith(FIRST)]
            judged = [task for task in tasks if task["task"].endswith(LAST)]
            batches = len(opened)
            seconds = judged[-1]["began"] + judged[-1]["seconds"] - opened[0]["began"]
            bound = batches * settings.batch
            print(
                f"{hosts} hosts, {batches} batches: {seconds / bound:.2f} of the lower bound "
                f"({1 - bound / seconds:.0%} of it Ansible's share); the whole deploy {whole / bound:.2f}; "
                f"the bound is {bound / pinged:.1f} pings of all hosts",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[2, 7, 14])
    parser.add_argument("--interval", type=int, default=30, help="seconds between the checks of the load balancer")
    parser.add_argument("--stable-time", type=int, default=10, help="seconds for which processes have to stay up")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    for hosts in options.hosts:
        compare(hosts, Settings(options.interval, options.stable_time), options.rounds)


if __name__ == "__main__":
    main()
