# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts a new release concurrently with the one that serves, on a port of its own, and checks that it becomes healthy.

PM2 stops the old processes even when the new ones do not start, so a release that cannot start, or ends soon after, has
to be found before. Exits with 0 when the release became healthy within the timeout and stayed healthy for the stable
time; otherwise with 1, and prints the last lines of the release. It leaves no process behind.

    trial.py --path /health --timeout 60 --stable-time 10 -- node server.js
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO

PORTS = range(20000, 65536)
PAUSE = 0.5  # Seconds between two requests.
ANSWER_TIMEOUT = 5.0  # Seconds for an answer as a whole.
GRACE = 5.0  # Seconds to end in after SIGTERM.
LINES = 25


def main() -> int:
    options = arguments()
    port = free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            options.command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            problem = watch(process, port, options.path, options.timeout, options.stable_time)
        finally:
            end(process)
        if problem:
            print("\n".join([*last_lines(output), f"The release {problem}."]))
    return 1 if problem else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--stable-time", type=float, default=10)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def free_port() -> int:
    """Find a free port that no outgoing connection of the host takes before the release listens on it."""
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
            first, last = file.read().split()
    except OSError:
        first, last = "32768", "60999"
    for port in candidate_ports(int(first), int(last), os.getpid()):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit("no port of 127.0.0.1 is free to try the release on")


def candidate_ports(first: int, last: int, seed: int) -> list[int]:
    """List the ports to try: outside of the range of the kernel for outgoing connections, unless that leaves none.

    The first one depends on ``seed``, so that trials of several services at the same time rarely try the same port.
    """
    ports = [port for port in PORTS if not first <= port <= last] or list(PORTS)
    begin = seed % len(ports)
    return ports[begin:] + ports[:begin]


def watch(process: subprocess.Popen[bytes], port: int, path: str, timeout: float, stable_time: float) -> str:
    """Probe the release until it has been healthy for the stable time. Returns the problem, or an empty text.

    The first healthy answer may take as long as the timeout. Every answer after it has to be healthy.
    """
    deadline = time.monotonic() + timeout
    healthy_since: float | None = None
    while True:
        if process.poll() is not None:
            when = f"{time.monotonic() - healthy_since:.0f} s after" if healthy_since else "before"
            return f"ended with {process.returncode} {when} it was healthy"
        answer = ask(port, path)
        now = time.monotonic()
        if answer.startswith("2"):
            healthy_since = healthy_since or now
            if now - healthy_since >= stable_time:
                return ""
        elif healthy_since and process.poll() is None:
            return f"was healthy, and {now - healthy_since:.0f} s later {path} answered {answer}"
        elif not healthy_since and now > deadline:
            return f"was not healthy within {timeout:g} s: {path} answered {answer}"
        time.sleep(PAUSE)


def ask(port: int, path: str) -> str:
    """Ask the release; returns the status, or why there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT)
    # The timeout of a connection is for each read, and a release may answer a byte a second.
    limit = threading.Timer(ANSWER_TIMEOUT, shut_down, [connection])
    try:
        connection.connect()
        began = time.monotonic()
        limit.start()
        connection.request("GET", path)
        status = connection.getresponse().status
        # http.client takes the end of the connection for the end of the headers.
        is_late = time.monotonic() - began >= ANSWER_TIMEOUT
        return f"nothing (no whole answer within {ANSWER_TIMEOUT:g} s)" if is_late else str(status)
    except (OSError, http.client.HTTPException) as error:
        return f"nothing ({error})"
    finally:
        limit.cancel()
        connection.close()


def shut_down(connection: http.client.HTTPConnection) -> None:
    """End a connection whose answer takes too long: what reads from it gets the end of the answer."""
    # http.client has no socket any more when it has read the headers.
    with contextlib.suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop the process group, because the release may have started other processes."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def last_lines(output: IO[bytes]) -> list[str]:
    output.seek(0)
    return output.read().decode("utf-8", "replace").splitlines()[-LINES:]


if __name__ == "__main__":
    sys.exit(main())
