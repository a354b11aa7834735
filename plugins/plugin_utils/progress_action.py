# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Action plugin base for modules that take minutes: it prints a line as each change ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from ansible.utils.display import Display

from ansible_collections.groundwork.aws.plugins.module_utils._aws.process import Parent
from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import Report

from .controller_action import ControllerModule, DocumentAction

display = Display()

POLL_SECONDS = 0.2
# A change that takes longer is announced when it starts as well.
LONG_SECONDS = 2.0
DONE = {
    **{"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"},
    **{"snapshot": "copied as a snapshot", "restore": "restored as a standby", "rename": "renamed"},
}
STARTED = {
    **{"create": "creating", "update": "updating", "delete": "deleting", "replace": "replacing"},
    **{"snapshot": "taking a snapshot", "restore": "restoring as a standby", "rename": "renaming"},
}


class Printer:
    """Prints the progress events of a run. As a context, its thread announces changes that take long."""

    def __init__(self) -> None:
        self._parent = Parent()
        self._started: dict[str, float] = {}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._announce_until_end, name="progress", daemon=True)

    def __enter__(self) -> Printer:
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._end.set()
        self._thread.join()

    def report(self, event: Mapping[str, Any]) -> None:
        """Print one event (`module_utils/_engine/progress.py`)."""
        subject = f"{event['stack']}: {event['address']}"
        announcement = f"{subject}  {STARTED[event['action']]}"
        with self._lock:
            if event["event"] == "start":
                self._started[announcement] = time.monotonic()
                return
            self._started.pop(announcement, None)
        if event["event"] == "done":
            self._display(f"{subject}  {DONE[event['action']]} ({event['seconds']} s)")
        else:
            self._display(f"{subject}  failed ({event['seconds']} s): {event['message']}")

    def announce(self, now: float) -> None:
        """Print the changes that started more than LONG_SECONDS before ``now``, once each."""
        with self._lock:
            long = [line for line, started in self._started.items() if now - started >= LONG_SECONDS]
            for line in long:
                self._started[line] = float("inf")
        for line in long:
            self._display(f"{line} …")

    def _display(self, line: str) -> None:
        # ansible-playbook prints the lines of its workers. After its end, sending may block without end.
        if not self._parent.has_ended():
            display.display(line)

    def _announce_until_end(self) -> None:
        while not self._end.wait(POLL_SECONDS):
            self.announce(time.monotonic())


class ProgressModule(ControllerModule, Protocol):
    """A module whose ``run`` has a parameter for a function that gets the progress events."""

    def run(self, options: Mapping[str, Any], check_mode: bool, report: Report = ...) -> dict[str, Any]: ...


class ProgressAction(DocumentAction):
    """Runs a module and prints its progress."""

    module: ClassVar[ProgressModule]

    def call_module(self, options: Mapping[str, Any]) -> dict[str, Any]:
        with Printer() as printer:
            return self.module.run(options, self._task.check_mode, printer.report)
