# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs as processes of their own: how long they take, and how much memory they have with all that they start."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from rig.runs import BIN, CHECKOUT, environment

HERE = Path(__file__).resolve().parent
# How often memory is looked at, in seconds.
PERIOD = 0.05


@dataclass(frozen=True)
class Took:
    """What a run took: seconds on the clock and of the processors, and MiB at the most."""

    seconds: float
    processors: float
    memory: float
    output: str


def of_ansible(endpoint: str, home: Path) -> dict[str, str]:
    """The environment of an ansible that knows this collection and this API, and nothing of the person's own."""
    return {
        **environment(endpoint),
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".venv" / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_PIPELINING": "true",
    }


def run(command: Sequence[str], variables: Mapping[str, str]) -> Took:
    """Run a program to its end. One that fails ends the benchmark with what it said."""
    began, before = time.monotonic(), _processors()
    process = subprocess.Popen(
        command, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=variables["HOME"]
    )
    watch = _Watch(process.pid)
    watch.start()
    output = process.communicate()[0]
    seconds = time.monotonic() - began
    watch.ended.set()
    watch.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed\n{output}")
    return Took(seconds, _processors() - before, watch.most, output)


def _processors() -> float:
    """What the processors have done for all children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Watch(threading.Thread):
    """Looks at the memory of a process and its descendants; pages that they share are counted once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.ended = threading.Event()
        self.most = 0.0

    def run(self) -> None:
        while not self.ended.wait(PERIOD):
            self.most = max(self.most, sum(_memory(pid) for pid in _family(self._pid)))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for task in tasks:
        for child in _read(task / "children").split():
            yield from _family(int(child))


def _memory(pid: int) -> float:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _read(path: Path) -> str:
    """The text of a file of /proc; none when the process has gone."""
    try:
        return path.read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median of some ratios, and with several of them the lowest and the highest."""
    middle, low, high = (f"{value:.{digits}f}" for value in (statistics.median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({low}-{high})"
