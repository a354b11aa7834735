# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a new release beside the one that serves, on a port of its own, and see whether it becomes healthy.

PM2 takes the old processes away when the new ones do not come up, so a release that cannot start has to be found out
before. Ends with 0 when it answered; else with 1, and the last that the release printed. It leaves no process behind.

    trial.py --path /health --timeout 60 -- node server.js
"""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import IO

ANSWERS = 2  # One good answer may be luck.
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
            problem = watch(process, port, options.path, options.timeout)
        finally:
            end(process)
        if problem:
            print("\n".join([*last_lines(output), f"The release {problem}."]))
    return 1 if problem else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def watch(process: subprocess.Popen[bytes], port: int, path: str, timeout: float) -> str:
    """Ask for its health until it is good; what is wrong, empty when nothing is."""
    deadline = time.monotonic() + timeout
    good, said = 0, "nothing"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"ended with {process.returncode} before it was healthy"
        said = ask(port, path)
        good = good + 1 if said.startswith("2") else 0
        if good == ANSWERS:
            return ""
        time.sleep(0.3)
    return f"was not healthy within {timeout:g} s: {path} answered {said}"


def ask(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return f"nothing ({error})"
    finally:
        connection.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """Its whole group, for it may have started others."""
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
