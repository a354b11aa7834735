# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs gunicorn for systemd or PM2, and switches from one release to the next without losing a request.

gunicorn can replace its workers (HUP) but not its master, which keeps the directory and the Python of the release that
it started from. So this process holds the listening socket (systemd's, or its own under PM2) and starts gunicorn with
it. On a reload it starts a second gunicorn from the release that `current` points to, and stops the first one when the
second has loaded the application. If the second does not load it, the first keeps serving and the reload fails.

    gunicorn_launcher.py run SERVICE ENTRY --control PATH [--bind ADDRESS]
    gunicorn_launcher.py reload SERVICE --control PATH
    gunicorn_launcher.py watch SERVICE --control PATH --seconds NUMBER

`reload` and `watch` run as the user of the launcher, who may change the directory of its socket.

`watch` fails unless the launcher serves the current release for the given seconds without losing a process: gunicorn
replaces a worker that ends, and systemd and PM2 a launcher, so a release in a crash loop looks as if it ran.

The working directory of this process is always the release that serves, so other programs can read it from /proc.
Python 3.9 and its standard library only: it runs under the system's own Python, gunicorn under that of the release.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Any

PR_SET_PDEATHSIG = 1
LISTENER = 3
# A release is in a crash loop when this many processes have ended while it loads or is watched.
CRASH_LIMIT = 2
NO_ANSWER = 3  # Exit status of `reload` where no launcher answers.
ORPHAN_TIMEOUT = 5.0  # Seconds for the requests of workers whose gunicorn has ended.
STATUS_TIMEOUT = 2.0  # Seconds for an answer; a launcher that loads a release answers later.
# gunicorn never removes a socket that systemd has passed to it.
AS_SYSTEMD_WOULD = ("/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh")


class Launcher:
    """The listening socket, the gunicorn that serves, and during a reload the gunicorn that replaces it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.manager_channel = channel()
        if os.environ.get("LISTEN_PID") != str(os.getpid()):
            os.dup2(listen(options.bind).detach(), LISTENER)
        self.control = control_socket(options.control)
        self.serving: subprocess.Popen[bytes] | None = None
        self.release = ""
        self.ended_workers = 0
        self.retired_workers: set[int] = set()
        self.last_loss = time.monotonic()
        self.requests: list[tuple[str, str]] = []
        self.signals, wake_fd = os.pipe()
        for end_of_pipe in (self.signals, wake_fd):
            os.set_blocking(end_of_pipe, False)
        signal.set_wakeup_fd(wake_fd)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def run(self) -> int:
        problem = self.change_release()
        if problem or self.serving is None:
            return 1
        self.notify_manager()
        while self.serving.poll() is None:
            # Requests that arrived while a release was loading come first.
            while self.requests:
                command, asker = self.requests.pop(0)
                self.answer(asker, self.change_release() or "ok" if command == "reload" else self.status())
            numbers = self.wait()
            if signal.SIGTERM in numbers or signal.SIGINT in numbers:
                end(self.serving)
                return 0
        say(f"gunicorn ended with {self.serving.returncode}")
        end_workers(self.serving)
        return 1

    def notify_manager(self) -> None:
        """Report readiness, for which both managers wait: PM2 on its channel, systemd on its own socket."""
        if self.manager_channel is not None:
            os.write(self.manager_channel, b'"ready"\n')
        address = os.environ.get("NOTIFY_SOCKET", "")
        if address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)

    def wait(self) -> bytes:
        """Wait for signals and messages. Returns the signals; messages are handled here."""
        control = self.control.fileno()
        readable = select.select([self.signals, control], [], [])[0]
        numbers = os.read(self.signals, 512) if self.signals in readable else b""
        if control in readable:
            self.take_message()
        return numbers

    def take_message(self) -> tuple[str, int]:
        """Read one message. Returns its kind and the process id of the gunicorn that sent it.

        Requests come from commands of this program (`reload`, `status` with the address for the answer), the rest from
        gunicorn's settings: `loaded`, `ended` and `retired` (a worker that has served its `max_requests`).
        """
        kind, _space, rest = self.control.recv(512).decode(errors="replace").partition(" ")
        if kind in ("reload", "status"):
            self.requests.append((kind, rest))
            return kind, 0
        numbers = re.fullmatch(r"([0-9]{1,10}) ([0-9]{1,10})", rest)
        if kind not in ("loaded", "ended", "retired") or numbers is None:
            return kind, 0
        gunicorn, worker = int(numbers[1]), int(numbers[2])
        if self.serving is not None and gunicorn == self.serving.pid:
            self.count_worker(kind, worker)
        return kind, gunicorn

    def count_worker(self, kind: str, worker: int) -> None:
        """Count the workers that gunicorn has lost while it serves."""
        if kind == "retired":
            self.retired_workers.add(worker)
        elif kind == "ended" and worker in self.retired_workers:
            self.retired_workers.remove(worker)
        elif kind == "ended":
            self.ended_workers += 1
            self.last_loss = time.monotonic()

    def status(self) -> str:
        """Describe the release that serves, for `watch`."""
        return json.dumps(
            {
                "release": self.release,
                "ended_workers": self.ended_workers,
                "quiet_seconds": time.monotonic() - self.last_loss,
            }
        )

    def answer(self, asker: str, text: str) -> None:
        """Answer without waiting: a socket that nothing reads must not stop the launcher."""
        try:
            self.control.sendto(text.encode(), socket.MSG_DONTWAIT, asker)
        except (OSError, ValueError):
            say("the process that asked does not take the answer, or has ended")

    def change_release(self) -> str:
        """Serve the current release. Returns why it cannot be loaded (nothing has changed then), or an empty text."""
        release = os.path.realpath(f"/srv/{self.options.service}/current")
        follower = self.start(release)
        problem = self.problem_with(follower)
        if problem:
            say(f"{release} {problem}{'; the release before goes on' if self.serving else ''}")
            kill_group(follower)
            return f"{release} {problem}"
        os.chdir(release)
        before, self.serving = self.serving, follower
        self.release, self.last_loss = release, time.monotonic()
        self.ended_workers, self.retired_workers = 0, set()
        if before:
            end(before)
        say(f"{release} serves")
        return ""

    def start(self, release: str) -> subprocess.Popen[bytes]:
        settings = f"/etc/groundwork/gunicorn/{self.options.service}.py"
        return subprocess.Popen(
            [*AS_SYSTEMD_WOULD, f"{release}/.venv/bin/gunicorn", f"--config={settings}", self.options.entry],
            cwd=release,
            env=self.environment(release),
            pass_fds=[LISTENER],
            preexec_fn=end_with_launcher,
            start_new_session=True,
        )

    def environment(self, release: str) -> dict[str, str]:
        """Build the environment of gunicorn. It inherits none, so a reload gives the same environment as a restart."""
        state = f"/var/lib/groundwork/{self.options.service}"
        return {
            "HOME": state,
            "STATE_DIRECTORY": state,
            "PATH": f"{release}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
            "PYTHONUNBUFFERED": "1",
            **read_variables(f"/etc/groundwork/{self.options.service}.env"),
            "GROUNDWORK_CONTROL": self.options.control,
        }

    def problem_with(self, process: subprocess.Popen[bytes]) -> str:
        """Wait until a worker has loaded the application, which `post_worker_init` in gunicorn's settings reports."""
        deadline = time.monotonic() + self.options.ready_timeout
        ended = 0
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return f"did not start: gunicorn ended with {process.returncode}"
            if not select.select([self.control], [], [], 0.2)[0]:
                continue
            kind, gunicorn = self.take_message()
            if gunicorn != process.pid:
                continue
            if kind == "loaded":
                return ""
            ended += kind == "ended"
            if ended >= CRASH_LIMIT:
                return f"did not start: its workers end before they have loaded the application ({ended} did)"
        return f"did not load the application within {self.options.ready_timeout:g} s"


def channel() -> int | None:
    """Duplicate PM2's channel, because its number may be that of the listening socket, which is fixed."""
    number = os.environ.get("NODE_CHANNEL_FD")
    return os.dup(int(number)) if number else None


def listen(bind: str) -> socket.socket:
    """Open the listening socket. The gunicorn of a launcher that was just killed may still hold its address."""
    unix = bind[len("unix:") :] if bind.startswith("unix:") else ""
    address, _colon, port = bind.rpartition(":")
    listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + 10
    while True:
        try:
            remove(unix)
            listener.bind(unix or (address, int(port)))
            break
        except OSError as problem:
            if time.monotonic() > deadline:
                raise SystemExit(f"cannot listen on {bind}: {problem}") from problem
            time.sleep(0.2)
    if unix:
        os.chmod(unix, 0o660)
    listener.listen(2048)
    return listener


def control_socket(path: str) -> socket.socket:
    remove(path)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    control.bind(path)
    os.chmod(path, 0o600)
    return control


def remove(path: str) -> None:
    if path and os.path.exists(path):
        os.unlink(path)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop gunicorn, which limits the time of its running requests itself (graceful_timeout)."""
    if process.poll() is None:
        process.terminate()
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a gunicorn and its workers. A worker that hangs would outlive gunicorn and keep the address."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_workers(process: subprocess.Popen[bytes]) -> None:
    """Stop workers whose gunicorn has ended, because they keep the address of the service."""
    deadline = time.monotonic() + ORPHAN_TIMEOUT
    try:
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.1)
    except ProcessLookupError:
        return
    kill_group(process)


def end_with_launcher() -> None:
    """Make gunicorn end with its launcher. Otherwise it would outlive a killed launcher and keep the address."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def read_variables(path: str) -> dict[str, str]:
    """Read the environment file, in the format of the module `release`."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|[^\n]*)$", file.read(), re.MULTILINE)
    return {name: value[1:-1] if value[:1] in ("'", '"') else value for name, value in found}


def ask(options: argparse.Namespace, command: str, timeout: float) -> str:
    """Send a command to the running launcher and return its answer. Raises OSError when there is none in time.

    The service may replace the socket by one of its own: its answer is any text, and sending waits where nothing reads.
    """
    own = f"{options.control}.{os.getpid()}"
    launcher = identify(options.control)
    if launcher is None:
        raise FileNotFoundError(f"there is no {options.control}")
    asking = control_socket(own)
    deadline = time.monotonic() + timeout
    asking.settimeout(timeout)
    try:
        asking.sendto(f"{command} {own}".encode(), options.control)
        while time.monotonic() < deadline:
            if select.select([asking], [], [], 0.2)[0]:
                return asking.recv(512).decode(errors="replace")
            # A launcher that has started since then never received the command.
            if identify(options.control) != launcher:
                raise ConnectionResetError("it ended while it was asked")
        raise TimeoutError(f"no answer within {timeout:g} s")
    finally:
        asking.close()
        remove(own)


def ask_for_reload(options: argparse.Namespace) -> int:
    """Ask the launcher to load the current release, and wait for its answer."""
    try:
        answer = ask(options, "reload", options.ready_timeout + 60)
    except OSError as problem:
        say(f"the launcher does not answer: {problem}")
        return NO_ANSWER
    if answer != "ok":
        say(answer)
    return 0 if answer == "ok" else 1


def parse_status(answer: str) -> dict[str, Any]:
    """Read the answer to `status`. Raises ValueError for what a launcher does not answer."""
    try:
        status = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    kinds = {"release": str, "ended_workers": int, "quiet_seconds": (int, float)}
    wrong = [
        name for name, kind in kinds.items() if not isinstance(status, dict) or not isinstance(status.get(name), kind)
    ]
    if wrong:
        raise ValueError(f"it has no proper {' and '.join(wrong)}")
    return dict(status)


class Watch:
    """Judges a series of samples of a release, which has to serve for ``seconds`` without losing a process."""

    def __init__(self, release: str, seconds: float) -> None:
        self.release = release
        self.seconds = seconds
        self.launcher: tuple[int, int] | None = None
        self.ended_launchers = 0

    def judge(self, launcher: tuple[int, int] | None, status: dict[str, Any] | None) -> tuple[bool, str]:
        """Return whether the release is stable, and why it has failed, which is empty while it may still become stable.

        ``launcher`` identifies the launcher (None while there is none); ``status`` is its answer, if any.
        """
        if launcher and self.launcher and launcher != self.launcher:
            self.ended_launchers += 1
        self.launcher = launcher or self.launcher
        if status and status["release"] == self.release and status["quiet_seconds"] >= self.seconds:
            return True, ""
        if self.ended_launchers >= CRASH_LIMIT:
            return False, f"gunicorn ended {self.ended_launchers} times, and is started again and again"
        if status and status["ended_workers"] >= CRASH_LIMIT:
            return False, f"its workers ended {status['ended_workers']} times, and gunicorn starts them again and again"
        return False, ""


def watch(options: argparse.Namespace) -> int:
    """Check that the current release keeps serving."""
    watched = Watch(os.path.realpath(f"/srv/{options.service}/current"), options.seconds)
    timeout = options.ready_timeout + options.seconds
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        status: dict[str, Any] | None = None
        problem = "it did not serve for so long without losing a process"
        try:
            status = parse_status(ask(options, "status", STATUS_TIMEOUT))
        except OSError as error:
            problem = f"the launcher does not answer: {error}"
        except ValueError as error:
            problem = (
                f"another program answers at {options.control}, or a damaged launcher ({error}): restart the service"
            )
        stable, failure = watched.judge(identify(options.control), status)
        if stable:
            return 0
        if failure:
            say(f"{watched.release} does not stay up: {failure}")
            return 1
        time.sleep(0.3)
    say(f"{watched.release} does not stay up: within {timeout:g} s {problem}")
    return 1


def identify(control: str) -> tuple[int, int] | None:
    """Identify a launcher by its socket, which every launcher creates anew."""
    try:
        found = os.stat(control)
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def say(what: str) -> None:
    print(f"launcher: {what}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["run", "reload", "watch"])
    parser.add_argument("service")
    parser.add_argument("entry", nargs="?", default="")
    parser.add_argument("--control", required=True)
    parser.add_argument("--bind", default="", help="ADDRESS:PORT or unix:PATH, unless the socket is inherited")
    parser.add_argument("--ready-timeout", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=10, help="for how long nothing may end (watch)")
    options = parser.parse_args()
    if options.command == "run":
        return Launcher(options).run()
    return ask_for_reload(options) if options.command == "reload" else watch(options)


if __name__ == "__main__":
    sys.exit(main())
