# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the module `pm2_app` does with a daemon whose list of processes cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.groundwork.aws.plugins.module_utils._host.pm2_control import Pm2AnswerError, Pm2Error
from ansible_collections.groundwork.aws.plugins.modules import pm2_app

WRONG, SILENT = Pm2AnswerError("printed nonsense"), Pm2Error("pm2 jlist ended with 1: \x1b[31mred")


class FakePm2:
    """A daemon whose lists are given: processes, or the error of reading them."""

    def __init__(self, release: str, *lists: Any) -> None:
        self.release = release
        self.lists = list(lists)
        self.done: list[str] = []

    def is_alive(self) -> bool:
        return True

    def list_processes(self, _name: str) -> list[Any]:
        found = self.lists.pop(0)
        if isinstance(found, Exception):
            raise found
        return list(found)

    def read_directories(self, running: list[Any]) -> list[str]:
        return [self.release] * len(running)

    def restart_daemon(self, unit: str) -> None:
        self.done.append(f"restart {unit}")

    def read_daemon_program(self) -> str:
        return ""

    find_node = read_daemon_program

    def carry_out(self, action: str, *_arguments: Any) -> str:
        self.done.append(action)
        return action

    def stop(self, name: str) -> None:
        self.done.append(f"stop {name}")

    def run(self, *arguments: str) -> None:
        self.done.append(" ".join(arguments))

    def wait_until_stable(self, *_arguments: Any) -> list[Any]:
        return ONLINE


ONLINE = [{"name": "web", "pid": 7, "pm2_env": {"status": "online", "pm_id": 0}}]


@pytest.fixture
def process_file(tmp_path: Path) -> Path:
    path = tmp_path / "web.json"
    path.write_text(json.dumps({"apps": [{"name": "web", "cwd": str(tmp_path)}]}), encoding="utf-8")
    return path


def run(
    monkeypatch: pytest.MonkeyPatch, file: Path, state: str, *lists: Any, unit: str | None = "unit", check: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The result of the module, and what it has done."""
    pm2 = FakePm2(str(file.parent.resolve()), *lists)
    monkeypatch.setattr(pm2_app, "connect_daemon", lambda _options: pm2)
    options = {"name": "web", "state": state, "file": str(file), "unit": unit, "start": True, "settle": 2}
    options.update(timeout=60, reload_command=None)
    act = {"absent": pm2_app.remove_app, "stable": pm2_app.require_stable}.get(state, pm2_app.apply_state)
    return act(options, check), pm2.done


@pytest.mark.parametrize("state", ["present", "reloaded", "restarted"])
def test_a_daemon_with_a_wrong_list_is_restarted_and_the_application_with_it(
    monkeypatch: pytest.MonkeyPatch, process_file: Path, state: str
) -> None:
    result, done = run(monkeypatch, process_file, state, WRONG, ONLINE)
    assert done == ["restart unit", "restart", "save --force"]
    assert (result["changed"], result["action"]) == (True, "restart")


def test_an_application_that_the_restarted_daemon_does_not_have_is_started(
    monkeypatch: pytest.MonkeyPatch, process_file: Path
) -> None:
    assert run(monkeypatch, process_file, "present", WRONG, [])[1] == ["restart unit", "start", "save --force"]


@pytest.mark.parametrize("error", [WRONG, SILENT])
def test_an_application_of_a_damaged_daemon_is_removed(
    monkeypatch: pytest.MonkeyPatch, process_file: Path, error: Exception
) -> None:
    result, done = run(monkeypatch, process_file, "absent", error, ONLINE)
    assert done == ["restart unit", "stop web", "save --force"]
    assert result["changed"]
    result, done = run(monkeypatch, process_file, "absent", error, [])
    assert (result["changed"], done) == (True, ["restart unit"])


def test_a_daemon_without_a_list_is_restarted_only_where_the_service_stops_anyway(
    monkeypatch: pytest.MonkeyPatch, process_file: Path
) -> None:
    assert run(monkeypatch, process_file, "restarted", SILENT, ONLINE)[1][0] == "restart unit"
    for state in ("present", "reloaded"):
        with pytest.raises(Pm2Error, match="ended with 1"):
            run(monkeypatch, process_file, state, SILENT, ONLINE)


@pytest.mark.parametrize("options", [{"unit": None}, {"check": True}])
def test_a_daemon_is_not_restarted_without_a_unit_or_in_check_mode(
    monkeypatch: pytest.MonkeyPatch, process_file: Path, options: dict[str, Any]
) -> None:
    for state in ("present", "reloaded", "restarted", "absent"):
        with pytest.raises(Pm2AnswerError):
            run(monkeypatch, process_file, state, WRONG, ONLINE, **options)


def test_a_second_wrong_list_is_an_error(monkeypatch: pytest.MonkeyPatch, process_file: Path) -> None:
    with pytest.raises(Pm2AnswerError):
        run(monkeypatch, process_file, "restarted", WRONG, WRONG)


def test_a_watch_restarts_nothing(monkeypatch: pytest.MonkeyPatch, process_file: Path) -> None:
    with pytest.raises(Pm2AnswerError):
        run(monkeypatch, process_file, "stable", WRONG, ONLINE)


def test_a_message_has_no_escape_sequences(monkeypatch: pytest.MonkeyPatch, process_file: Path) -> None:
    class Module:
        """Stands for AnsibleModule."""

        check_mode = False

        def __init__(self, **_specification: Any) -> None:
            self.params = {"name": "web", "state": "stable", "file": str(process_file), "unit": None}

        def exit_json(self, **result: Any) -> None:
            raise AssertionError(result)

        def fail_json(self, msg: str) -> None:
            raise SystemExit(msg)

    pm2 = FakePm2("", SILENT)
    monkeypatch.setattr(pm2_app, "connect_daemon", lambda _options: pm2)
    monkeypatch.setattr(pm2_app, "AnsibleModule", Module)
    with pytest.raises(SystemExit, match=r"^web has not reached the state stable under PM2: .*: \ufffd\[31mred\.$"):
        pm2_app.main()
