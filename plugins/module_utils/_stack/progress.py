# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Telling while it happens: one JSON line as each step starts and ends, for the action plugin to print."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

VARIABLE = "GROUNDWORK_PROGRESS"


class Progress:
    """Appends lines to the file that the environment names; silent when there is none."""

    def __init__(self, stack: str, path: str | None = None) -> None:
        self._stack = stack
        self._path = path or os.environ.get(VARIABLE)
        self._lock = threading.Lock()

    def tell(self, event: str, address: str, action: str, **more: Any) -> None:
        if not self._path:
            return
        line = json.dumps({"event": event, "stack": self._stack, "address": address, "action": action, **more})
        try:
            with self._lock, open(self._path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:
            # Nobody listens any more; the work matters, the telling does not.
            self._path = None
