# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress events of a run: one as each change starts and ends, for the action plugin to print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Receives one event: ``event`` (start, done or failed), ``stack``, ``address``, ``action``, and for an end ``seconds``
# and ``message``. Called from several threads at once.
Report = Callable[[dict[str, Any]], None]


def discard_event(_event: dict[str, Any]) -> None:
    """The report of a run whose progress is not shown."""


class ProgressReporter:
    """Sends the events of one stack to a report."""

    def __init__(self, stack: str, report: Report = discard_event) -> None:
        self._stack = stack
        self._report = report

    def send(self, event: str, address: str, action: str, **more: Any) -> None:
        self._report({"event": event, "stack": self._stack, "address": address, "action": action, **more})
