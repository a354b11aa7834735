# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the list of PM2's processes and compare it with the process file. Pure; runs on managed hosts: Python 3.9.

PM2's daemon runs as the user of the service, which can replace it: its list may be any text.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Mapping, Sequence, Union

# Option of a process file -> name under which `pm2 jlist` reports it.
REPORTED_NAMES = {
    "cwd": "pm_cwd",
    "script": "pm_exec_path",
    "args": "args",
    "node_args": "node_args",
    "interpreter": "exec_interpreter",
    "exec_mode": "exec_mode",
    "max_memory_restart": "max_memory_restart",
    "merge_logs": "merge_logs",
    "out_file": "pm_out_log_path",
    "error_file": "pm_err_log_path",
    "kill_timeout": "kill_timeout",
    "listen_timeout": "listen_timeout",
    "min_uptime": "min_uptime",
    "wait_ready": "wait_ready",
    "exp_backoff_restart_delay": "exp_backoff_restart_delay",
    "autorestart": "autorestart",
    "treekill": "treekill",
    "pmx": "pmx",
}
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}
# A process that ends twice while it is observed is in a crash loop. Once may be a dependency that was not ready.
CRASH_LIMIT = 2


# Numbers that `pm2 jlist` reports of a process, and how large they are at most.
REPORTED_NUMBERS = {
    "kill_timeout": 10**9,
    "pm_uptime": 10**15,
    "restart_time": 10**9,
    "unstable_restarts": 10**9,
}
# The limit of Linux (proc_sys_kernel(5), pid_max).
LARGEST_PID = 2**22


class ListError(ValueError):
    """A list of processes that PM2 does not print."""


@dataclass(frozen=True)
class Plan:
    """The action for one application. ``reasons`` are the differences, as shown in the diff.

    ``action`` is ``none``, ``start``, ``recreate`` (stop and start with other options), ``restart`` (stop and start,
    because the processes cannot be reloaded), ``scale``, ``reload`` or ``update`` (start under another Node.js).
    """

    action: str
    reasons: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Target:
    """The required state: so many ``processes``, in the directory ``release``, for ``seconds`` without a crash."""

    processes: int
    release: str
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """The state of the processes: ``stable``, ``waiting`` or ``failed``, and the reason unless they are stable."""

    state: str
    reason: str = ""


def parse_processes(printed: str, name: str) -> list[Mapping[str, Any]]:
    """The processes of one application in the output of `pm2 jlist`, which may have notices before the list.

    What this module uses of each has the kind that PM2 gives it. Raises `ListError` for any other list.
    """
    lines = [line for line in printed.splitlines() if line.startswith("[")]
    if not lines:
        raise ListError("it has no list")
    try:
        listed = json.loads(lines[-1])
    except (ValueError, RecursionError, MemoryError):
        raise ListError("it is not JSON, or nested too deeply") from None
    if not isinstance(listed, list):
        raise ListError("it is not a list")
    if not all(isinstance(process, dict) and isinstance(process.get("name"), str) for process in listed):
        raise ListError("it has processes without a name")
    return [parse_process(process) for process in listed if process["name"] == name]


def parse_process(process: Mapping[str, Any]) -> Mapping[str, Any]:
    """One process of the list. What may be null in it is left out."""
    reported, monitored = process.get("pm2_env"), process.get("monit") or {}
    if not isinstance(reported, dict) or not isinstance(monitored, dict):
        raise ListError(f"a process of {process['name']} has no proper pm2_env or monit")
    reported = {key: value for key, value in reported.items() if value is not None}
    for key, largest in REPORTED_NUMBERS.items():
        if key in reported:
            check_number(key, reported[key], largest)
    if not isinstance(reported.get("pm_id", 0), (int, str)):
        raise ListError("pm_id of a process is neither a number nor a text")
    for key in (*REPORTED_NAMES.values(), "status", "exit_code"):
        if not is_flat(reported.get(key)):
            raise ListError(f"{key} of a process is neither a text, a number nor a list of these")
    pid, memory = process.get("pid") or 0, monitored.get("memory") or 0
    return {
        **process,
        "pid": check_number("pid", pid, LARGEST_PID),
        "pm2_env": reported,
        "monit": {"memory": check_number("memory", memory, 2**63)},
    }


def check_number(name: str, value: Any, largest: int) -> int:
    """The value as a whole number. Raises `ListError` for another kind, and one that is not from 0 to ``largest``."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= largest:
        raise ListError(f"{name} of a process is not a number from 0 to {largest}")
    return int(value)


def is_flat(value: Any) -> bool:
    """Whether a value is a scalar or a list of scalars."""
    scalar = (str, int, float, type(None))
    return all(isinstance(one, scalar) for one in value) if isinstance(value, list) else isinstance(value, scalar)


def plan_process(
    desired: Mapping[str, Any], running: Sequence[Mapping[str, Any]], releases: Sequence[str], release: str
) -> Plan:
    """Choose the action from the process file and the output of `pm2 jlist`.

    ``releases`` are the working directories of the running processes, ``release`` is the required one. PM2 applies
    changed options only to new processes; without an interruption it can only reload and scale.
    """
    if not running:
        return Plan("start", (("processes", 0, desired.get("instances", 1)),))
    changed = tuple(find_changed_options(desired, running))
    if changed:
        return Plan("recreate", changed)
    if not all(is_reloadable(process) for process in running):
        return Plan("restart", (("state", list_states(running), "online"),))
    number = desired.get("instances", 1)
    if len(running) != number:
        return Plan("scale", (("processes", len(running), number),))
    stale = sorted({old for old in releases if old != release})
    if stale:
        return Plan("reload", (("release", ", ".join(stale), release),))
    return Plan("none")


def is_reloadable(process: Mapping[str, Any]) -> bool:
    """Whether PM2 can replace a process without an interruption.

    It cannot reload a process that ended and waits for its restart ("Process with pid … already exists"), nor one with
    the id ``_old_…``, which a reload that did not end has left.
    """
    return read_state(process) == "online" and isinstance(process["pm2_env"].get("pm_id", 0), int)


def find_changed_options(
    desired: Mapping[str, Any], running: Sequence[Mapping[str, Any]]
) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = []
    for option, reported in REPORTED_NAMES.items():
        if option not in desired:
            continue
        expected = normalize_option(option, desired[option], desired)
        for process in running:
            actual = normalize_option(option, process["pm2_env"].get(reported), desired)
            if actual != expected:
                found.append((option, actual, expected))
                break
    for name, value in sorted(desired.get("env", {}).items()):
        if any(process["pm2_env"].get(name) != str(value) for process in running):
            found.append((f"env.{name}", "(hidden)", "(hidden, changed)"))
    return found


def normalize_option(option: str, value: Any, desired: Mapping[str, Any]) -> Any:
    """Convert a value of the process file or of PM2 to a common form."""
    if option == "script" and isinstance(value, str) and value and not os.path.isabs(value):
        return os.path.normpath(os.path.join(desired.get("cwd", "/"), value))
    if option == "exec_mode":
        return str(value).replace("_mode", "")
    if option in ("args", "node_args"):
        return value.split() if isinstance(value, str) else value or []
    if option == "max_memory_restart" and isinstance(value, str):
        return parse_size(value)
    # PM2 does not report this option when it is off.
    return bool(value) if option == "wait_ready" else value


def parse_size(text: str) -> Union[int, str]:
    """The bytes of a size like 200M; the text itself where it is none."""
    unit = UNITS.get(text[-1:].upper())
    number = text[:-1] if unit else text
    return int(number) * (unit or 1) if number.isascii() and number.isdigit() and len(number) < 19 else text


def read_state(process: Mapping[str, Any]) -> str:
    return str(process["pm2_env"].get("status", "unknown"))


def list_states(running: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(sorted(read_state(process) for process in running)) or "none"


def count_restarts(running: Sequence[Mapping[str, Any]]) -> dict[Any, int]:
    """How often PM2 has restarted each process, by its id in PM2."""
    return {process["pm2_env"].get("pm_id"): int(process["pm2_env"].get("restart_time", 0)) for process in running}


def expect_restarts(action: str, before: Mapping[Any, int]) -> dict[Any, int]:
    """The counts that PM2 reports after ``action`` when no process has crashed since. A reload counts as a restart."""
    if action in ("start", "recreate", "restart"):
        return {}
    return {number: count + (1 if action == "reload" else 0) for number, count in before.items()}


def count_crashes(process: Mapping[str, Any], expected: Mapping[Any, int]) -> int:
    """How often a process has crashed since the counts were ``expected``."""
    reported = process["pm2_env"]
    restarts = int(reported.get("restart_time", 0)) - expected.get(reported.get("pm_id"), 0)
    return max(restarts, int(reported.get("unstable_restarts", 0)), 0)


def assess_process(
    running: Sequence[Mapping[str, Any]],
    directories: Sequence[str],
    expected: Mapping[Any, int],
    target: Target,
    now: float,
) -> Verdict:
    """Compare one sample (``pm2 jlist`` and the working directories) with the required state.

    ``expected`` are the restart counts without a crash, ``now`` is in seconds since 1970. A process in a crash loop is
    online between two crashes, so a stable one must have been online for ``target.seconds``.
    """
    for process in running:
        problem = find_failure(process, expected, target, now)
        if problem:
            return Verdict("failed", problem)
    found = sorted(set(directories))
    if (
        len(running) == target.processes
        and all(is_settled(process, target.seconds, now) for process in running)
        and found == [target.release]
    ):
        return Verdict("stable")
    return Verdict(
        "waiting",
        f"there are not {target.processes} processes that were online in {target.release} for {target.seconds:g} s "
        f"(states: {list_states(running)}; working in: {', '.join(found) or 'nothing'})",
    )


def find_failure(process: Mapping[str, Any], expected: Mapping[Any, int], target: Target, now: float) -> str:
    """Why a process will not become stable; empty when it still may."""
    reported = process["pm2_env"]
    if read_state(process) == "errored":
        return f"PM2 has given up restarting {describe_process(process)}"
    limit, used = reported.get("max_memory_restart"), process.get("monit", {}).get("memory", 0)
    if isinstance(limit, int) and used > limit:
        return f"{describe_process(process)} uses {used >> 20} MiB, and PM2 restarts it at {limit >> 20} MiB"
    crashes = count_crashes(process, expected)
    if crashes >= CRASH_LIMIT and not is_settled(process, target.seconds, now):
        return f"{describe_process(process)} ended {crashes} times, and PM2 starts it again and again"
    return ""


def describe_process(process: Mapping[str, Any]) -> str:
    reported = process["pm2_env"]
    code = reported.get("exit_code")
    return f"process {reported.get('pm_id')}" + (f" (last exit code {code})" if code is not None else "")


def is_settled(process: Mapping[str, Any], seconds: float, now: float) -> bool:
    """Whether a process has been online for so many seconds."""
    return read_state(process) == "online" and now * 1000 - process["pm2_env"].get("pm_uptime", 0) >= seconds * 1000
