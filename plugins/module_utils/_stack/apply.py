# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applying a plan: its graph walked in parallel, told while it happens, and a report of what was not reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._aws.client import Clients
from .._aws.errors import tell
from .graph import Graph, Step
from .live import Inventory
from .plan import Plan, Registry
from .poll import Poller
from .progress import Progress
from .resource import Live, Scope
from .schedule import Outcome, Schedule, Work
from .wanted import WantedStack
from .work import Worker

StopReason = Callable[[], "str | None"]
DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


@dataclass(frozen=True)
class Applied:
    """What an apply came to: what it made, and the failure text when it did not come to its end."""

    made: Mapping[str, Live]
    failure: str | None = None


class _Told:
    """Wraps the steps of a worker so that each change is told when its first step starts and its last one ends."""

    def __init__(self, worker: Worker, graph: Graph, progress: Progress) -> None:
        self._worker = worker
        self._changes = graph.changes
        self._left: dict[str, int] = {}
        for _phase, key in graph.needs:
            self._left[key] = self._left.get(key, 0) + 1
        self._started: dict[str, float] = {}
        self._progress = progress

    def __call__(self, step: Step) -> Work:
        key = step[1]
        action = self._changes[key].action
        if key not in self._started:
            self._started[key] = time.monotonic()
            self._progress.tell("start", key, action)
        return self._follow(step, key, action)

    def _follow(self, step: Step, key: str, action: str) -> Work:
        try:
            yield from self._worker.work(step)
        except BaseException as error:
            self._progress.tell("failed", key, action, message=tell(error), seconds=self._seconds(key))
            raise
        self._left[key] -= 1
        if not self._left[key]:
            self._progress.tell("done", key, action, seconds=self._seconds(key))

    def _seconds(self, key: str) -> float:
        return round(time.monotonic() - self._started[key], 1)


def apply(
    clients: Clients,
    stack: WantedStack,
    plan: Plan,
    inventory: Inventory,
    registry: Registry,
    parallel: int,
    stop_reason: StopReason,
    progress: Progress,
) -> Applied:
    """Do what the plan says, as far as it goes."""
    worker = Worker(clients, stack, plan, inventory, registry)
    worker.prepare()
    graph = Graph(plan.changes, inventory.alive, registry)
    told = _Told(worker, graph, progress)
    with Poller(clients, Scope(stack.name, stack.region)) as poller:
        outcome = Schedule(graph.needs, told, poller, parallel, stop_reason).walk()
    return Applied(worker.made, _failure(stack, graph, outcome, stop_reason()))


def _failure(stack: WantedStack, graph: Graph, outcome: Outcome, stopped: str | None) -> str | None:
    """What to tell a person when not everything was done, None when it was."""
    if not outcome.failed and not outcome.not_started:
        return None
    failed = {step[1]: error for step, error in sorted(outcome.failed.items())}
    left = {step[1] for step in outcome.not_started} - failed.keys()
    done = {step[1] for step in outcome.done} - failed.keys() - left
    lines = [f"stack {stack.name}: {len(done)} of {len(graph.changes)} changes done, {len(failed)} failed"]
    lines += [f"failed: {key}: {tell(error)}" for key, error in failed.items()]
    lines += [stopped] if stopped else []
    lines += [f"done: {', '.join(_words(graph, done))}"] if done else []
    lines += [f"not started: {', '.join(sorted(left))}"] if left else []
    return "\n".join([*lines, "Mend the cause and run again: it goes on from here."])


def _words(graph: Graph, keys: set[str]) -> list[str]:
    return [f"{key} ({DONE[graph.changes[key].action]})" for key in sorted(keys)]
