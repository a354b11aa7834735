# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs gunicorn for systemd or PM2, and goes from one release to the next without a request noticing.

gunicorn can renew its workers (HUP), but not its master: that one keeps the directory and the Python of the release
that it was started from. So this process holds the listening socket (systemd's, or its own under PM2) and starts
gunicorn with it. Asked to reload, it starts a second gunicorn from what `current` points to by then; the first one is
told to end once the second has loaded the application. When the second does not get there, the first one goes on, and
whoever asked is told.

    gunicorn_launcher.py run SERVICE ENTRY --control PATH [--bind ADDRESS]
    gunicorn_launcher.py reload SERVICE --control PATH
    gunicorn_launcher.py watch SERVICE --control PATH --seconds NUMBER

`watch` fails unless what runs serves the current release for so many seconds without losing a process: gunicorn
replaces a worker that ends, and systemd and PM2 a launcher, so that a release in a crash loop looks as if it ran.

The working directory of this process is always the release that serves: that is how others can tell.
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
# Processes that end while a release is watched, or before it is loaded, until it is in a crash loop.
CRASH_LIMIT = 2
ORPHAN_TIMEOUT = 5.0  # Seconds for the requests of workers whose gunicorn has ended.
STATUS_TIMEOUT = 2.0  # Seconds for an answer; a launcher that loads a release answers later.
# A socket that gunicorn takes for systemd's is one that it never removes.
AS_SYSTEMD_WOULD = ("/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh")


class Launcher:
    """The listening socket, the gunicorn that serves, and during a change of release the one that is to follow."""

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
        self.tell_manager()
        while self.serving.poll() is None:
            # First those that came while a release was loaded.
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

    def tell_manager(self) -> None:
        """Both managers wait for a word: PM2 on its channel, systemd on its own socket."""
        if self.manager_channel is not None:
            os.write(self.manager_channel, b'"ready"\n')
        address = os.environ.get("NOTIFY_SOCKET", "")
        if address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)

    def wait(self) -> bytes:
        """Wait for signals, which are returned, and for messages, which are taken."""
        control = self.control.fileno()
        readable = select.select([self.signals, control], [], [])[0]
        numbers = os.read(self.signals, 512) if self.signals in readable else b""
        if control in readable:
            self.take_message()
        return numbers

    def take_message(self) -> tuple[str, int]:
        """Read one message; its kind, and the gunicorn that it comes from.

        Requests come from commands of this program (`reload`, `status` with the address for the answer), the rest from
        gunicorn's settings: `loaded`, `ended` and `retired` (a worker that has served its `max_requests`).
        """
        kind, _space, rest = self.control.recv(512).decode().partition(" ")
        if kind in ("reload", "status"):
            self.requests.append((kind, rest))
            return kind, 0
        if kind not in ("loaded", "ended", "retired"):
            return kind, 0
        gunicorn, _space, worker = rest.partition(" ")
        if self.serving is not None and int(gunicorn) == self.serving.pid:
            self.count_worker(kind, worker)
        return kind, int(gunicorn)

    def count_worker(self, kind: str, worker: str) -> None:
        """Count the workers that gunicorn has lost while it serves."""
        if kind == "retired":
            self.retired_workers.add(int(worker))
        elif kind == "ended" and int(worker) in self.retired_workers:
            self.retired_workers.remove(int(worker))
        elif kind == "ended":
            self.ended_workers += 1
            self.last_loss = time.monotonic()

    def status(self) -> str:
        """What `watch` asks for."""
        return json.dumps(
            {
                "release": self.release,
                "ended_workers": self.ended_workers,
                "quiet_seconds": time.monotonic() - self.last_loss,
            }
        )

    def answer(self, asker: str, text: str) -> None:
        try:
            self.control.sendto(text.encode(), asker)
        except OSError:
            say("whoever asked for the reload is gone")

    def change_release(self) -> str:
        """Have the current release served; the problem when it does not get ready, and then nothing has changed."""
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
        """Nothing of our own environment: what a restart would give is what a reload gives."""
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
        """Wait until a worker has loaded the application: `post_worker_init` in gunicorn's settings says so."""
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
    """PM2's channel, which Node.js processes get; out of the way of the listening socket, whose number is fixed."""
    number = os.environ.get("NODE_CHANNEL_FD")
    return os.dup(int(number)) if number else None


def listen(bind: str) -> socket.socket:
    """A socket of our own. Its address may still be held by the gunicorn of a launcher that was killed a moment ago."""
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
    """gunicorn itself limits how long its running requests may take (graceful_timeout)."""
    if process.poll() is None:
        process.terminate()
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a gunicorn and its workers: one that hangs would outlive gunicorn, keep the address, and serve one day."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_workers(process: subprocess.Popen[bytes]) -> None:
    """Workers whose gunicorn has ended keep the address of the service until they have ended, too."""
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
    """Without this a gunicorn would outlive a launcher that was killed, and keep its address."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def read_variables(path: str) -> dict[str, str]:
    """The environment file, as the module `release` writes it."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|[^\n]*)$", file.read(), re.MULTILINE)
    return {name: value[1:-1] if value[:1] in ("'", '"') else value for name, value in found}


def ask(options: argparse.Namespace, command: str, timeout: float) -> str:
    """Send a command to the launcher that runs; its answer. An OSError when there is none."""
    own = f"{options.control}.{os.getpid()}"
    asked, launcher = os.stat(options.control), identify(options.control)
    asking = control_socket(own)
    try:
        # The launcher runs under another user than root, who may ask as well.
        if os.geteuid() == 0:
            os.chown(own, asked.st_uid, asked.st_gid)
        asking.sendto(f"{command} {own}".encode(), options.control)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if select.select([asking], [], [], 0.2)[0]:
                return asking.recv(512).decode()
            # A launcher that was started since does not know of the question.
            if identify(options.control) != launcher:
                raise ConnectionResetError("it ended while it was asked")
        raise TimeoutError(f"no answer within {timeout:g} s")
    finally:
        remove(own)


def ask_for_reload(options: argparse.Namespace) -> int:
    """Ask the launcher to go over to the current release, and wait for what it says."""
    try:
        answer = ask(options, "reload", options.ready_timeout + 60)
    except OSError as problem:
        answer = f"the launcher does not answer: {problem}"
    if answer != "ok":
        say(answer)
    return 0 if answer == "ok" else 1


class Watch:
    """What a series of samples says of a release: it has to serve for ``seconds`` without losing a process."""

    def __init__(self, release: str, seconds: float) -> None:
        self.release = release
        self.seconds = seconds
        self.launcher: tuple[int, int] | None = None
        self.ended_launchers = 0

    def judge(self, launcher: tuple[int, int] | None, status: dict[str, Any] | None) -> tuple[bool, str]:
        """Whether the release is stable by now, and why it will not be; empty while it still may.

        ``launcher`` tells one launcher from the next (None while there is none); ``status`` is its answer, if any.
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
    """See whether the current release goes on to serve."""
    watched = Watch(os.path.realpath(f"/srv/{options.service}/current"), options.seconds)
    timeout = options.ready_timeout + options.seconds
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        status: dict[str, Any] | None = None
        problem = "it did not serve for so long without losing a process"
        try:
            status = json.loads(ask(options, "status", STATUS_TIMEOUT))
        except OSError as error:
            problem = f"the launcher does not answer: {error}"
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
    """A launcher makes its socket anew, so that the socket tells it from another."""
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
