# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lines that a person sees while the module works."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.groundwork.aws.plugins.action import stack as action
from ansible_collections.groundwork.aws.plugins.module_utils._stack.progress import VARIABLE, Progress


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(action.display, "display", lines.append)
    return lines


def test_progress_goes_to_the_file_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress"))
    Progress("shop").tell("done", "vpc/main", "create", seconds=1.2)
    assert (tmp_path / "progress").read_text(encoding="utf-8").count("\n") == 1


def test_without_a_listener_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    Progress("shop").tell("done", "vpc/main", "create")
    gone = Progress("shop", str(tmp_path / "no" / "such"))
    gone.tell("done", "vpc/main", "create")
    gone.tell("done", "vpc/main", "create")


def test_each_end_is_a_line(tmp_path: Path, printed: list[str]) -> None:
    path = tmp_path / "progress"
    path.touch()
    progress = Progress("shop", str(path))
    with action.Printer(str(path)):
        progress.tell("start", "vpc/main", "create")
        progress.tell("done", "vpc/main", "create", seconds=1.2)
        progress.tell("start", "iam_role/app", "delete")
        progress.tell("failed", "iam_role/app", "delete", seconds=0.3, message="DeleteRole: DeleteConflict: no")
        with path.open("a") as file:
            file.write('{"event": "half')
    assert printed == [
        "shop: vpc/main  created (1.2 s)",
        "shop: iam_role/app  failed (0.3 s): DeleteRole: DeleteConflict: no",
    ]


def test_the_start_of_what_takes_long_is_a_line_too(
    tmp_path: Path, printed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress"
    path.touch()
    printer = action.Printer(str(path))
    Progress("shop", str(path)).tell("start", "instance/app-1", "replace")
    printer._read()
    printer._tell_long()
    assert printed == []
    printer._clock += action.LONG
    printer._tell_long()
    printer._tell_long()
    assert printed == ["shop: instance/app-1  replacing …"]
