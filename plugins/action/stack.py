# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's part of the module `stack`: it finds the document, and prints progress while the module works."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from typing import Any

from ansible.utils.display import Display

from ansible_collections.groundwork.aws.plugins.module_utils._stack.progress import VARIABLE
from ansible_collections.groundwork.aws.plugins.plugin_utils._direct.document import DocumentAction

display = Display()

POLL = 0.2
LONG = 2.0
DONE = {
    **{"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"},
    **{"snapshot": "copied as a snapshot", "restore": "restored beside", "rename": "renamed"},
}
STARTED = {
    **{"create": "creating", "update": "updating", "delete": "deleting", "replace": "replacing"},
    **{"snapshot": "taking a snapshot", "restore": "restoring beside", "rename": "renaming"},
}


class Printer:
    """Follows the file to which the module appends its progress, and prints a line for each thing that happened."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._offset = 0
        self._running: dict[str, float] = {}
        self._clock = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="progress", daemon=True)

    def __enter__(self) -> Printer:
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self._end.set()
        self._thread.join()
        self._read()

    def _follow(self) -> None:
        while not self._end.wait(POLL):
            self._clock += POLL
            self._read()
            self._tell_long()

    def _read(self) -> None:
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._handle(json.loads(line))

    def _handle(self, event: dict[str, Any]) -> None:
        subject = f"{event['stack']}: {event['address']}"
        begun = f"{subject}  {STARTED[event['action']]}"
        if event["event"] == "start":
            self._running[begun] = self._clock
            return
        self._running.pop(begun, None)
        if event["event"] == "done":
            display.display(f"{subject}  {DONE[event['action']]} ({event['seconds']} s)")
        else:
            display.display(f"{subject}  failed ({event['seconds']} s): {event['message']}")

    def _tell_long(self) -> None:
        """Say what has begun, once, when it takes its time."""
        for line, began in list(self._running.items()):
            if self._clock - began >= LONG:
                display.display(f"{line} …")
                self._running[line] = float("inf")


class ActionModule(DocumentAction):
    """Runs the module; everything but finding the document and printing progress happens there."""

    def module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if self._connection.transport != "local":
            return super().module(arguments, task_vars)
        with tempfile.TemporaryDirectory(prefix="groundwork-") as directory:
            path = os.path.join(directory, "progress")
            with open(path, "wb"):
                pass
            self._task.environment = [*(self._task.environment or []), {VARIABLE: path}]
            with Printer(path):
                return super().module(arguments, task_vars)
