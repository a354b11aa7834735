# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hooks of rollouts that run on the controller: commands and requests, each with a limit of time.

Commands get what moves in their environment and not in their arguments, so that no text of a release is ever parsed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._host.http_client import RequestError
from ..._host.polling import SYSTEM_CLOCK, Clock, poll
from ..._host.printable_text import replace_control_characters
from .gates import Problem, locate_path, make_probe

BEFORE_ROLLOUT, AFTER_ROLLOUT = "before_rollout", "after_rollout"
BEFORE_BATCH, AFTER_BATCH = "before_batch", "after_batch"
MOMENTS = (BEFORE_ROLLOUT, BEFORE_BATCH, AFTER_BATCH, AFTER_ROLLOUT)
# Of the output of a command, its end.
KEPT_LINES = 25
KEPT_BYTES = 16384
# Seconds between two requests of a step.
INTERVAL = 2.0


@dataclass(frozen=True)
class StepResult:
    """How a step ended. ``problem`` is empty for success. It goes to the ledger, so it has no line of the output."""

    problem: str = ""
    output: tuple[str, ...] = ()


def build_variables(
    stack: str,
    rollout: Mapping[str, Any],
    moves: Sequence[Mapping[str, Any]],
    batch: Mapping[str, Any],
    verdict: str,
) -> dict[str, str]:
    """The environment variables of a hook. Those that do not apply to its moment are left out.

    With a batch the services, versions and hosts are those that it moves, else those of the whole rollout.
    """
    pairs = {(host, name) for host, names in (batch.get("moves") or {}).items() for name in names}
    own = [move for move in moves if (move["moving"] if not pairs else (move["host"], move["service"]) in pairs)]
    services = dict.fromkeys(move["service"] for move in own)
    variables = {
        "ROLLOUT_ID": str(rollout.get("id") or ""),
        "ROLLOUT_ACTION": str(rollout.get("action") or ""),
        "ROLLOUT_STACK": stack,
        "ROLLOUT_SERVICES": " ".join(services),
        "ROLLOUT_VERSIONS": " ".join(dict.fromkeys(f"{move['service']}={move['version']}" for move in own)),
        "ROLLOUT_HOSTS": " ".join(dict.fromkeys(move["host"] for move in own)),
    }
    if pairs:
        variables["ROLLOUT_BATCH"] = str(batch["number"])
    if verdict:
        variables["ROLLOUT_VERDICT"] = verdict
    # No program can be given a NUL character.
    return {name: value.replace("\0", "") for name, value in variables.items()}


def find_hook_problems(hooks: Mapping[str, Any], url: str) -> Iterator[Problem]:
    """Why requests of hooks on the controller can never be sent."""
    for moment in MOMENTS:
        for step in hooks.get(moment) or ():
            if step.get("request"):
                try:
                    make_probe(locate_path(_drop_unset(step["request"]), url))
                except RequestError as error:
                    yield Problem(f"hook {moment}: {error}")


def run_step(
    step: Mapping[str, Any], url: str, variables: Mapping[str, str], clock: Clock = SYSTEM_CLOCK
) -> StepResult:
    """Run one step, and wait for its end."""
    if step.get("request"):
        return _send_request(step["request"], url, step["timeout"], clock)
    return _run_command(step["command"], step["timeout"], variables)


def describe_step(step: Mapping[str, Any]) -> str:
    """A step in messages: its program, without arguments, or its address."""
    if step.get("request"):
        request = step["request"]
        return f"{request['method']} {request.get('url') or request.get('path')}"
    return str(step["command"][0])


def _send_request(request: Mapping[str, Any], url: str, timeout: float, clock: Clock) -> StepResult:
    try:
        probe = make_probe(locate_path(_drop_unset(request), url))
    except RequestError as error:
        return StepResult(str(error))
    why = ""
    for _request in poll(timeout, INTERVAL, clock):
        answer = probe.measure()
        if answer.passed:
            return StepResult()
        why = answer.why
    return StepResult(
        f"no good answer within {timeout} s. Expected: {probe.expectation.describe()}. The last one: {why}"
    )


def _drop_unset(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if value is not None}


def _run_command(command: Sequence[str], timeout: float, variables: Mapping[str, str]) -> StepResult:
    """Run a program with the environment of ansible-playbook. When its time is over, its whole process group is killed.

    Its output goes to a file, because a process that it leaves behind would keep a pipe open.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **variables},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return StepResult(f"it could not be started: {getattr(error, 'strerror', None) or error}")
        try:
            code = process.wait(timeout)
            problem = "" if code == 0 else _describe_code(code)
        except subprocess.TimeoutExpired:
            problem = f"it was killed after {timeout} s"
        finally:
            _kill_group(process)
        return StepResult(problem, tuple(_read_end(output)))


def _describe_code(code: int) -> str:
    return f"it ended with {code}" if code > 0 else f"signal {-code} ended it"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_end(output: Any) -> Iterable[str]:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT_BYTES))
    text = output.read().decode("utf-8", "replace")
    return replace_control_characters(text).splitlines()[-KEPT_LINES:]
