#!/usr/bin/python3
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs gunicorn for PM2, and hands its port from one release to the next without closing it.

PM2 can replace Node.js workers one by one, but a Python process it can only stop and start, and in between nobody
listens. So PM2 manages this process, which holds the listening socket and starts gunicorn with it. On SIGUSR2 it starts
a second gunicorn from what `current` points to by then; the first one is asked to end once the second has loaded the
application. When the second does not get there, the first one goes on.

The working directory of this process is always the release that serves: that is how the module `pm2_app` can tell.
Python 3.9, standard library only: it runs under the system's own Python, gunicorn under that of the release.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from typing import Dict, Optional

PR_SET_PDEATHSIG = 1


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    parser.add_argument("entry")
    parser.add_argument("--bind", required=True, help="ADDRESS:PORT or unix:PATH")
    parser.add_argument("--ready-timeout", type=float, default=60)
    return Launcher(parser.parse_args()).run()


class Launcher:
    """The listening socket, the gunicorn that serves, and during a change of release the one that is to follow."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.listener = listen(options.bind)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(f"\0groundwork-{options.service}-{os.getpid()}")
        self.serving: Optional[subprocess.Popen[bytes]] = None
        self.wake_up, self.wake_fd = os.pipe()
        for end in (self.wake_up, self.wake_fd):
            os.set_blocking(end, False)

    def run(self) -> int:
        signal.set_wakeup_fd(self.wake_fd)
        for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self.serving = self.next_release(None)
        if self.serving is None:
            return 1
        tell_pm2()
        while True:
            numbers = self.wait(None)
            if signal.SIGTERM in numbers or signal.SIGINT in numbers:
                return self.stop()
            if self.serving.poll() is not None:
                say(f"gunicorn ended with {self.serving.returncode}")
                return self.serving.returncode or 1
            if signal.SIGUSR2 in numbers:
                self.serving = self.next_release(self.serving) or self.serving

    def wait(self, seconds: Optional[float]) -> bytes:
        """The numbers of the signals that came; empty after that many seconds."""
        select.select([self.wake_up], [], [], seconds)
        try:
            return os.read(self.wake_up, 512)
        except BlockingIOError:
            return b""

    def next_release(self, before: Optional[subprocess.Popen[bytes]]) -> Optional[subprocess.Popen[bytes]]:
        """Start what `current` points to; the former gunicorn ends only when that has loaded its application."""
        release = os.path.realpath(f"/srv/{self.options.service}/current")
        follower = self.start(release)
        if not self.loaded(follower):
            say(f"{release} did not become ready{'; the release before goes on' if before else ''}")
            end(follower, signal.SIGKILL)
            return None
        os.chdir(release)
        say(f"{release} serves")
        if before:
            end(before, signal.SIGTERM)
        return follower

    def start(self, release: str) -> subprocess.Popen[bytes]:
        number = self.listener.fileno()
        return subprocess.Popen(
            [
                f"{release}/.venv/bin/gunicorn",
                f"--config=/etc/groundwork/gunicorn/{self.options.service}.py",
                f"--bind=fd://{number}",
                self.options.entry,
            ],
            cwd=release,
            env=self.environment(release),
            pass_fds=[number],
            preexec_fn=end_with_launcher,
        )

    def environment(self, release: str) -> Dict[str, str]:
        """Nothing of PM2's own variables: what systemd would give the service, and where to report."""
        return {
            "HOME": f"/var/lib/{self.options.service}",
            "PATH": f"{release}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "STATE_DIRECTORY": f"/var/lib/{self.options.service}",
            **read_variables(f"/etc/groundwork/{self.options.service}.env"),
            "GROUNDWORK_READY": f"groundwork-{self.options.service}-{os.getpid()}",
        }

    def loaded(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether a worker of this gunicorn loads the application in time."""
        deadline = time.monotonic() + self.options.ready_timeout
        while time.monotonic() < deadline and process.poll() is None:
            readable, _, _ = select.select([self.notices], [], [], 0.2)
            if readable and self.notices.recv(64) == b"%d" % process.pid:
                return True
        return False

    def stop(self) -> int:
        """PM2 wants this service to end: no new connection is taken, requests that run are finished."""
        if self.serving:
            end(self.serving, signal.SIGTERM)
        return 0


def listen(bind: str) -> socket.socket:
    """The address may still be held for a moment by the gunicorn of a launcher that was killed."""
    unix = bind[len("unix:") :] if bind.startswith("unix:") else ""
    address, _, port = bind.rpartition(":")
    for attempt in range(50):
        listener = socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if unix and os.path.exists(unix):
                os.unlink(unix)
            listener.bind(unix or (address, int(port)))
        except OSError as problem:
            listener.close()
            if attempt == 49:
                raise SystemExit(f"cannot listen on {bind}: {problem}") from problem
            time.sleep(0.2)
        else:
            break
    if unix:
        os.chmod(unix, 0o660)
    listener.listen(2048)
    return listener


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """gunicorn itself limits how long its running requests may take (graceful_timeout)."""
    if process.poll() is None:
        process.send_signal(how)
    process.wait()


def end_with_launcher() -> None:
    """Without this a gunicorn would outlive a launcher that was killed, and keep its address."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.set_wakeup_fd(-1)


def read_variables(path: str) -> Dict[str, str]:
    """The environment file, as the module `release` writes it."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^([A-Za-z_]\w*)=('[^']*'|\"[^\"]*\"|[^\n]*)$", file.read(), re.MULTILINE)
    return {name: value[1:-1] if value[:1] in ("'", '"') else value for name, value in found}


def tell_pm2() -> None:
    """PM2 waits for this message (wait_ready) on the channel that it opens for Node.js."""
    channel = os.environ.get("NODE_CHANNEL_FD")
    if channel:
        os.write(int(channel), b'"ready"\n')


def say(what: str) -> None:
    print(f"launcher: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
