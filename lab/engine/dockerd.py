# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Docker Engine: the one that answers, the one that init runs, or one of our own."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from ..shell import LabError, as_root, run

# Of the machine, not of a lab: there is one engine.
RUNTIME = Path("/run/groundwork-lab")
PID_FILE = RUNTIME / "dockerd.pid"
LOG_FILE = RUNTIME / "dockerd.log"
START_TIME = 60.0


def engine_answers() -> bool:
    """Whether there is an engine that we may use."""
    if shutil.which("docker") is None:
        return False
    try:
        return run(*as_root("docker", "version", "--format", "{{.Server.Version}}"), check=False).returncode == 0
    except LabError:
        return False


def init_runs() -> bool:
    """Whether systemd runs this machine."""
    return Path("/run/systemd/system").is_dir()


def ensure_engine(say: Callable[[str], None]) -> None:
    """Return when an engine answers, starting one where none does."""
    if engine_answers():
        return
    if init_runs():
        say("starting docker.service")
        run(*as_root("systemctl", "start", "docker"), timeout=START_TIME)
    else:
        say("starting dockerd (no init runs here that would)")
        _spawn()
    ends = time.monotonic() + START_TIME
    while not engine_answers():
        if time.monotonic() > ends or (not init_runs() and _has_ended()):
            raise LabError(f"the Docker Engine did not come up: {_last_words()}")
        time.sleep(0.3)


def _spawn() -> None:
    script = (
        f"mkdir -p {RUNTIME} && rm -f /var/run/docker.pid && "
        f"(setsid dockerd >{LOG_FILE} 2>&1 </dev/null & echo $! >{PID_FILE})"
    )
    run(*as_root("sh", "-c", script))


def _own_pid() -> int:
    """The process of the engine that the lab started; 0 when there is none (any more)."""
    try:
        pid = int(PID_FILE.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"dockerd" in command else 0


def _has_ended() -> bool:
    """Whether our engine has ended. While a process becomes another program its command line is empty: look twice."""
    if _own_pid():
        return False
    time.sleep(0.3)
    return not _own_pid()


def _last_words() -> str:
    if init_runs():
        return "see `journalctl -u docker`"
    try:
        lines = LOG_FILE.read_text(errors="replace").strip().splitlines()[-3:]
    except OSError:
        lines = []
    return f"{' / '.join(lines) or 'it printed nothing'} (log: {LOG_FILE})"


def stop_engine(say: Callable[[str], None]) -> bool:
    """Stop the engine if the lab started it and no container is left in it, running or not."""
    pid = _own_pid()
    if not pid or not engine_answers() or run(*as_root("docker", "ps", "--all", "--quiet")).stdout.strip():
        return False
    say("stopping the dockerd that the lab started")
    run(*as_root("kill", f"-{signal.SIGTERM.value}", str(pid)), check=False)
    ends = time.monotonic() + START_TIME
    while _own_pid() and time.monotonic() < ends:
        time.sleep(0.2)
    run(*as_root("rm", "-rf", str(RUNTIME)), check=False)
    return True
