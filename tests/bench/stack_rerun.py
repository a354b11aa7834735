# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An unchanged rerun of `stack` against the least that any program could do. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from rig.api import serve
from rig.faults import Delay, every
from rig.proxy import Proxy
from rig.runs import BIN, CHECKOUT, environment, nursery
from rig.stacks import DOCUMENT, NAME, WHOLE, Stacks, merge_documents

HERE = Path(__file__).resolve().parent
REGION = "us-east-1"
SCRIPT, READS, STACK = "boto3 script", "ansible module, calls only", "stack"


@dataclass
class Measured:
    """What one way of doing the work took, round by round, and what it asked."""

    seconds: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)


def overrides(count: int) -> dict[str, Any]:
    """That many instances, without addresses of their own, of which an account has five."""
    return merge_documents(WHOLE, {"instances": {"app": {"count": count, "address": "private", "protect": False}}})


class Bench:
    """One stack of some size behind a proxy, and the three contestants."""

    def __init__(self, proxy: Proxy, count: int, directory: Path) -> None:
        self._proxy = proxy
        self._directory = directory
        options = {"topology": DOCUMENT, "overrides": overrides(count)}
        self._tasks: dict[str, dict[str, Any]] = {
            READS: {"stack_reads_only": {"stack": NAME, "region": REGION}},
            STACK: {"groundwork.aws.stack": options},
        }
        self.measured = {name: Measured() for name in (SCRIPT, READS, STACK)}

    def round(self, number: int) -> None:
        """All three, one after the other, each round in another order."""
        names = list(self.measured)
        for name in names[number % 3 :] + names[: number % 3]:
            self._proxy.forget()
            seconds = self._script() if name == SCRIPT else self._task(name)
            self.measured[name].seconds.append(seconds)
            self.measured[name].calls = Counter(call.name for call in self._proxy.calls)

    def _environment(self) -> dict[str, str]:
        return {
            **environment(self._proxy.url),
            "HOME": str(self._directory),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
            "ANSIBLE_LIBRARY": str(HERE / "library"),
            "ANSIBLE_MODULE_UTILS": str(HERE / "module_utils"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
            "TASK_SECONDS": str(self._directory / "seconds"),
        }

    def _script(self) -> float:
        began = time.monotonic()
        command = [str(BIN / "python"), str(HERE / "plain.py"), NAME, REGION]
        subprocess.run(command, env=self._environment(), check=True)
        return time.monotonic() - began

    def _task(self, name: str) -> float:
        """One task of one play. Its own time counts, ansible's start does not: that is the same for every module."""
        seconds = self._directory / "seconds"
        seconds.unlink(missing_ok=True)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{"name": name, **self._tasks[name]}],
        }
        playbook = self._directory / "play.yml"
        playbook.write_text(json.dumps([play]))
        command = [str(BIN / "ansible-playbook"), "-i", "localhost,", str(playbook)]
        run = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if run.returncode:
            raise SystemExit(run.stdout + run.stderr)
        result = json.loads(seconds.read_text().splitlines()[-1])
        if result["changed"]:
            raise SystemExit(f"{name}: the rerun changed something, so there is nothing to measure")
        return float(result["seconds"])

    def line(self, count: int, latency: int) -> str:
        """One line of the table: medians of the ratios of each round."""
        stack = self.measured[STACK]
        ratios = [self._ratio(other) for other in (SCRIPT, READS)]
        calls = [sum(measured.calls.values()) for measured in self.measured.values()]
        return "{:>9} {:>8} {:>16} {:>18} {:>8} {:>8} {:>8}   {}".format(
            count, f"{latency} ms", *ratios, *calls, _difference(stack.calls, self.measured[READS].calls)
        )

    def _ratio(self, other: str) -> str:
        pairs = zip(self.measured[STACK].seconds, self.measured[other].seconds, strict=True)
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f})"


def _difference(ours: Counter[str], theirs: Counter[str]) -> str:
    """Which calls one makes and the other does not: the comparison is worth something only when there are none."""
    more, less = ours - theirs, theirs - ours
    return "same calls" if not more and not less else f"stack more: {dict(more)} less: {dict(less)}"


@contextmanager
def stack_of(count: int, directory: Path, endpoint: str) -> Iterator[Proxy]:
    """A stack that exists, of that many instances."""
    with nursery() as started:
        stacks = Stacks(endpoint, started, directory)
        stack = stacks()
        stack.made(overrides(count), parallel=20)
        stack.assert_quiet(overrides(count))
        yield stack.proxy
        stacks.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, nargs="+", default=[1, 14, 200])
    parser.add_argument("--latency", type=int, nargs="+", default=[0, 80], help="milliseconds added to every call")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print("An unchanged rerun of `stack`: medians over the rounds of (its time / the other's time), lowest and highest")
    print(f"{'instances':>9} {'latency':>8} {'/ boto3 script':>16} {'/ calls-only task':>18} {'script':>8} {'task':>8} "
          f"{'stack':>8}   (calls)")  # fmt: skip
    for count in given.instances:
        compare(count, given.latency, given.rounds)


def compare(count: int, latencies: list[int], rounds: int) -> None:
    """All latencies for one size."""
    with tempfile.TemporaryDirectory() as name, serve() as endpoint, stack_of(count, Path(name), endpoint) as proxy:
        for latency in latencies:
            proxy.faults.clear()
            proxy.faults.add(every, Delay(latency / 1000))
            bench = Bench(proxy, count, Path(name))
            for number in range(rounds):
                bench.round(number)
            print(bench.line(count, latency), flush=True)


if __name__ == "__main__":
    main()
