# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What PM2 runs against what it should run. Pure; runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

# Option of a process file -> name under which `pm2 jlist` reports it.
REPORTED = {
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
}
UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class Plan:
    """What to do with one application. ``reasons`` are the differences, as shown in the diff."""

    action: str  # none, start, recreate, scale, reload
    reasons: tuple[tuple[str, Any, Any], ...] = ()


def plan(
    wanted: Mapping[str, Any], running: Sequence[Mapping[str, Any]], releases: Sequence[str], release: str
) -> Plan:
    """From the process file and `pm2 jlist` to an action.

    ``releases`` are the directories that the running processes really work in, ``release`` is the one they should.
    PM2 takes over changed options only when a process is made anew; what it can do without an interruption is to start
    the same again (reload) and to change the number of processes (scale).
    """
    if not running:
        return Plan("start", (("processes", 0, wanted.get("instances", 1)),))
    changed = tuple(options_that_differ(wanted, running))
    if changed:
        return Plan("recreate", changed)
    number = wanted.get("instances", 1)
    if len(running) != number:
        return Plan("scale", (("processes", len(running), number),))
    stale = sorted({old for old in releases if old != release})
    if stale or any(state_of(process) != "online" for process in running):
        return Plan("reload", (("release", ", ".join(stale) or "not online", release),))
    return Plan("none")


def options_that_differ(wanted: Mapping[str, Any], running: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = []
    for option, reported in REPORTED.items():
        if option not in wanted:
            continue
        want = normalized(option, wanted[option], wanted)
        for process in running:
            have = normalized(option, process["pm2_env"].get(reported), wanted)
            if have != want:
                found.append((option, have, want))
                break
    for name, value in sorted(wanted.get("env", {}).items()):
        if any(process["pm2_env"].get(name) != str(value) for process in running):
            found.append((f"env.{name}", "(hidden)", "(hidden, changed)"))
    return found


def normalized(option: str, value: Any, wanted: Mapping[str, Any]) -> Any:
    """One spelling for what the process file and PM2 spell differently."""
    if option == "script" and value and not os.path.isabs(value):
        return os.path.normpath(os.path.join(wanted.get("cwd", "/"), value))
    if option == "exec_mode":
        return str(value).replace("_mode", "")
    if option in ("args", "node_args"):
        return value.split() if isinstance(value, str) else list(value or [])
    if option == "max_memory_restart" and isinstance(value, str):
        return int(value[:-1]) * UNITS[value[-1].upper()] if value[-1:].upper() in UNITS else int(value)
    # PM2 does not report this one at all where it is off.
    return bool(value) if option == "wait_ready" else value


def state_of(process: Mapping[str, Any]) -> str:
    return str(process["pm2_env"].get("status", "unknown"))


def settled(running: Sequence[Mapping[str, Any]], number: int, now: float, seconds: float) -> bool:
    """Whether all of them are online and have been for that long."""
    return len(running) == number and all(
        state_of(process) == "online" and now * 1000 - process["pm2_env"].get("pm_uptime", 0) >= seconds * 1000
        for process in running
    )


def crashes(running: Sequence[Mapping[str, Any]]) -> int:
    """How often PM2 restarted them because they ended by themselves."""
    return sum(int(process["pm2_env"].get("unstable_restarts", 0)) for process in running)
