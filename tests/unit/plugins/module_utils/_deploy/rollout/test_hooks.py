# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hooks on the controller: what commands know, how they end, and requests that are sent until they are good."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.http_server import HttpServer, answer, serve_http

from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.hooks import (
    build_variables,
    describe_step,
    find_hook_problems,
    run_step,
)

ROLLOUT = {"id": "20261130T093000Z-3f", "action": "deploy"}


def move(host: str, service: str = "api", version: str = "v2", moving: bool = True) -> dict[str, Any]:
    return {"host": host, "service": service, "version": version, "moving": moving}


class TestVariables:
    MOVES = (move("a"), move("b"), move("b", "web", "v7"), move("c", "web", "v6", moving=False))

    def test_a_rollout_has_all_that_moves(self) -> None:
        assert build_variables("shop", ROLLOUT, self.MOVES, {}, "") == {
            "ROLLOUT_ID": "20261130T093000Z-3f",
            "ROLLOUT_ACTION": "deploy",
            "ROLLOUT_STACK": "shop",
            "ROLLOUT_SERVICES": "api web",
            "ROLLOUT_VERSIONS": "api=v2 web=v7",
            "ROLLOUT_HOSTS": "a b",
        }

    def test_a_batch_has_what_it_moves(self) -> None:
        batch = {"number": 2, "moves": {"b": ["web"]}}
        found = build_variables("shop", ROLLOUT, self.MOVES, batch, "finished")
        assert (found["ROLLOUT_SERVICES"], found["ROLLOUT_VERSIONS"], found["ROLLOUT_HOSTS"]) == ("web", "web=v7", "b")
        assert (found["ROLLOUT_BATCH"], found["ROLLOUT_VERDICT"]) == ("2", "finished")

    def test_text_of_a_release_is_never_parsed(self, tmp_path: Path) -> None:
        version = f"v2'; touch {tmp_path}/made; $(touch {tmp_path}/made) \0"
        variables = build_variables("shop", ROLLOUT, [move("a", version=version)], {}, "")
        step = {"command": ["/bin/sh", "-c", 'printf %s "$ROLLOUT_VERSIONS"'], "timeout": 5}
        ended = run_step(step, "", variables)
        assert ended.output == (f"api={version[:-1]}",)
        assert not (tmp_path / "made").exists()


class TestCommands:
    def run(self, *command: str, timeout: float = 5) -> Any:
        return run_step({"command": list(command), "timeout": timeout}, "", {"ROLLOUT_ID": "1"})

    def test_a_command_has_the_environment_of_ansible_and_no_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OF_THE_CONTROLLER", "yes")
        ended = self.run("/bin/sh", "-c", 'cat; echo "$OF_THE_CONTROLLER $ROLLOUT_ID"')
        assert (ended.problem, ended.output) == ("", ("yes 1",))

    @pytest.mark.parametrize(
        ("command", "problem"),
        [
            (["/bin/sh", "-c", "exit 7"], "it ended with 7"),
            (["/bin/sh", "-c", "kill -TERM $$"], "signal 15 ended it"),
            (["/nonexistent/program"], "it could not be started: No such file or directory"),
            (["/etc/passwd"], "it could not be started: Permission denied"),
        ],
    )
    def test_failures_say_how_a_command_ended(self, command: list[str], problem: str) -> None:
        assert self.run(*command).problem == problem

    def test_a_command_that_takes_too_long_is_killed_with_its_children(self, tmp_path: Path) -> None:
        before = time.monotonic()
        ended = self.run("/bin/sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child; wait", timeout=1)
        assert ended.problem == "it was killed after 1 s"
        assert time.monotonic() - before < 20
        child = int((tmp_path / "child").read_text())
        for _attempt in range(50):
            state = Path(f"/proc/{child}/stat")
            if not state.exists() or state.read_text().split()[2] == "Z":
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"process {child} still runs")

    def test_a_process_that_is_left_behind_does_not_keep_the_rollout_waiting(self) -> None:
        before = time.monotonic()
        assert self.run("/bin/sh", "-c", "sleep 15 & echo started").output == ("started",)
        assert time.monotonic() - before < 10

    def test_only_the_end_of_a_long_output_is_kept_without_control_characters(self) -> None:
        ended = self.run("/bin/sh", "-c", 'seq 1 20000; printf "\\033[2Jend\\n"')
        assert (len(ended.output), ended.output[-1], ended.output[-2]) == (25, "\ufffd[2Jend", "20000")


class TestRequests:
    @pytest.fixture
    def web(self) -> Iterator[HttpServer]:
        with serve_http() as started:
            yield started

    def step(self, timeout: float = 10, **request: Any) -> dict[str, Any]:
        unset = {
            "url": None,
            "path": None,
            "method": "GET",
            "status": [200],
            "body": None,
            "headers": {},
            "latency": None,
        }
        return {"command": None, "request": {**unset, **request}, "timeout": timeout}

    def test_a_request_is_sent_until_its_answer_is_good(self, web: HttpServer) -> None:
        web.script(answer(503), answer(500), answer(200))
        assert run_step(self.step(path="/smoke"), web.url, {}, FakeClock()).problem == ""
        assert [one.target for one in web.asked] == ["/smoke"] * 3

    def test_without_a_good_answer_in_time_the_last_one_is_the_reason(self, web: HttpServer) -> None:
        web.script(answer(503), answer(500, b"secret"))
        ended = run_step(self.step(url=web.url, timeout=4), "", {}, FakeClock())
        assert ended.problem == "no good answer within 4 s. Expected: status 200. The last one: status 500"

    def test_requests_that_can_never_be_sent_are_found_before_anything_moves(self) -> None:
        hooks = {"after_batch": [self.step(path="/smoke"), {"command": ["x"], "request": None}], "after_host": []}
        assert list(find_hook_problems(hooks, "http://shop.example.org/")) == []
        (problem,) = find_hook_problems(hooks, "")
        assert problem.text == "hook after_batch: the stack has no URL yet at which /smoke could be asked"

    def test_steps_are_described_without_their_arguments(self) -> None:
        assert describe_step({"command": ["./smoke.sh", "--token", "x"], "request": None}) == "./smoke.sh"
        assert describe_step(self.step(path="/smoke", method="HEAD")) == "HEAD /smoke"


def test_the_environment_of_this_process_is_left_alone() -> None:
    run_step({"command": ["/bin/true"], "timeout": 5}, "", {"ROLLOUT_ID": "1"})
    assert "ROLLOUT_ID" not in os.environ
