# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The executor: applies a plan, reports its progress, and says what was not reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._aws.client import Clients
from .._aws.errors import describe_error
from .discovery import DiscoveredResources
from .graph import Graph, Step
from .model import DesiredStack
from .planner import Plan
from .progress import ProgressReporter
from .resource_type import ActualResource, Registry
from .scheduler import Outcome, Schedule, Work
from .scope import Scope
from .steps import Worker
from .waiter import Poller, TimedOutError

StopReason = Callable[[], "str | None"]
PAST_TENSE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}


@dataclass(frozen=True)
class Applied:
    """The objects of the stack after an apply, and the message of a failure."""

    made: Mapping[str, ActualResource]
    failure: str | None = None


class _ReportingWorker:
    """Reports each change when its first step starts and when its last step ends."""

    def __init__(self, worker: Worker, graph: Graph, progress: ProgressReporter) -> None:
        self._worker = worker
        self._changes = graph.changes
        self._progress = progress
        self._started: dict[str, float] = {}
        self._open_steps: dict[str, int] = {}
        for _phase, key in graph.needs:
            self._open_steps[key] = self._open_steps.get(key, 0) + 1

    def work(self, step: Step) -> Work:
        key = step[1]
        action = self._changes[key].action
        if key not in self._started:
            self._started[key] = time.monotonic()
            self._progress.send("start", key, action)
        return self._follow(step, key, action)

    def _follow(self, step: Step, key: str, action: str) -> Work:
        try:
            yield from self._worker.work(step)
        except BaseException as error:
            self._progress.send("failed", key, action, message=describe_error(error), seconds=self._seconds(key))
            raise
        self._open_steps[key] -= 1
        if not self._open_steps[key]:
            self._progress.send("done", key, action, seconds=self._seconds(key))

    def _seconds(self, key: str) -> float:
        return round(time.monotonic() - self._started[key], 1)


def apply(
    clients: Clients,
    stack: DesiredStack,
    plan: Plan,
    discovered: DiscoveredResources,
    registry: Registry,
    parallel: int,
    stop_reason: StopReason,
    progress: ProgressReporter,
) -> Applied:
    """Apply a plan as far as possible: a failure stops only the changes that depend on the failed one."""
    worker = Worker(clients, stack, plan, discovered, registry)
    worker.prepare()
    graph = Graph(plan.changes, discovered.alive, registry)
    reporting = _ReportingWorker(worker, graph, progress)
    with Poller(clients, Scope(stack.name, stack.region)) as poller:
        outcome = Schedule(graph.needs, reporting.work, poller, parallel, stop_reason).walk()
    return Applied(worker.made, _describe_failure(stack, graph, outcome, stop_reason()))


def _describe_failure(stack: DesiredStack, graph: Graph, outcome: Outcome, stopped: str | None) -> str | None:
    """The message where not everything was done, None where it was."""
    if not outcome.failed and not outcome.not_started:
        return None
    failed = {step[1]: error for step, error in sorted(outcome.failed.items())}
    timed_out = sorted(key for key, error in failed.items() if isinstance(error, TimedOutError))
    not_started = {step[1] for step in outcome.not_started} - failed.keys()
    done = {step[1] for step in outcome.done} - failed.keys() - not_started
    lines = [f"stack {stack.name}: {len(done)} of {len(graph.changes)} changes done, {len(failed)} failed"]
    lines += [f"failed: {key}: {describe_error(error)}" for key, error in failed.items()]
    if stopped:
        lines.append(stopped)
    if done:
        lines.append(f"done: {', '.join(f'{key} ({PAST_TENSE[graph.changes[key].action]})' for key in sorted(done))}")
    if timed_out:
        lines.append(f"still in progress at AWS: {', '.join(timed_out)}")
    if not_started:
        lines.append(f"not started: {', '.join(sorted(not_started))}")
    return "\n".join([*lines, "Mend the cause and run again: it goes on from here."])
