# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines that are printed while a module runs."""

from __future__ import annotations

import time

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._engine.progress import ProgressReporter
from ansible_collections.groundwork.aws.plugins.plugin_utils import progress_action as action


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(action.display, "display", lines.append)
    return lines


def test_without_a_report_events_are_discarded() -> None:
    ProgressReporter("shop").send("done", "vpc/main", "create")


def test_each_end_is_a_line(printed: list[str]) -> None:
    with action.Printer() as printer:
        progress = ProgressReporter("shop", printer.report)
        progress.send("start", "vpc/main", "create")
        progress.send("done", "vpc/main", "create", seconds=1.2)
        progress.send("start", "iam_role/app", "delete")
        progress.send("failed", "iam_role/app", "delete", seconds=0.3, message="DeleteRole: DeleteConflict: no")
    assert printed == [
        "shop: vpc/main  created (1.2 s)",
        "shop: iam_role/app  failed (0.3 s): DeleteRole: DeleteConflict: no",
    ]


def test_a_long_change_is_announced_once(printed: list[str]) -> None:
    printer = action.Printer()
    ProgressReporter("shop", printer.report).send("start", "instance/app-1", "replace")
    printer.announce(time.monotonic())
    assert printed == []
    later = time.monotonic() + action.LONG_SECONDS
    printer.announce(later)
    printer.announce(later)
    assert printed == ["shop: instance/app-1  replacing …"]


def test_a_change_that_ended_is_not_announced(printed: list[str]) -> None:
    printer = action.Printer()
    progress = ProgressReporter("shop", printer.report)
    progress.send("start", "instance/app-1", "replace")
    progress.send("done", "instance/app-1", "replace", seconds=0.1)
    printer.announce(time.monotonic() + action.LONG_SECONDS)
    assert printed == ["shop: instance/app-1  replaced (0.1 s)"]
