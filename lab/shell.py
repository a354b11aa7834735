# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running other programs, as root where they need it, with errors that say what went wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence

# What moves the cursor, colours, or hides text: control characters, and those that change the direction of writing.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def escape_controls(text: str) -> str:
    """The text as a terminal may show it, from any source: only line ends and tabs are left of control characters."""
    return CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text.replace("\r\n", "\n"))


class LabError(Exception):
    """Something a person has to know; its text is one or a few lines that say what to do."""


class CommandError(LabError):
    """A program ended with an error."""

    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        self.command = list(command)
        self.status = status
        # It may be that of a program in a guest.
        self.output = escape_controls(output.strip())
        shown = escape_controls(" ".join(command))
        last = "\n".join(self.output.splitlines()[-8:]) or "it printed nothing"
        super().__init__(f"`{shown[:200]}` ended with status {status}: {last}")


def run(
    *command: str,
    stdin: str | None = None,
    check: bool = True,
    timeout: float | None = 120,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it printed."""
    env = {**os.environ, **environment} if environment else None
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=env,
            check=False,
        )
    except (FileNotFoundError, PermissionError) as error:
        # A directory of PATH that this user may not read makes a missing program "permission denied".
        if shutil.which(command[0]):
            raise LabError(f"{command[0]} cannot be run: {error.strerror}") from None
        raise LabError(f"{command[0]} is not installed; run `python -m lab setup`") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(command)[:200]}` did not end within {timeout:.0f} s") from None
    if check and done.returncode:
        raise CommandError(command, done.returncode, done.stderr or done.stdout)
    return done


def read_start(*command: str, limit: int = 200, timeout: float = 10.0) -> str:
    """The first bytes that a program prints, without control characters; it may print without end, or never end."""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        timer = threading.Timer(timeout, process.kill)
        timer.start()
        try:
            return escape_controls(process.stdout.read(limit).decode("utf-8", "replace"))
        finally:
            timer.cancel()
            process.kill()


def as_root(*command: str) -> tuple[str, ...]:
    """The command line with which root would run this; raises when we can not become root without a question."""
    if os.geteuid() == 0:
        return command
    if can_become_root():
        return ("sudo", "-n", *command)
    raise LabError(
        f"the lab needs root for `{command[0]}`: run this as root, or allow {os.environ.get('USER', 'your user')} "
        "to use sudo without a password"
    )


def can_become_root() -> bool:
    """Whether we are root, or sudo makes us root without asking."""
    if os.geteuid() == 0:
        return True
    return shutil.which("sudo") is not None and run("sudo", "-n", "true", check=False).returncode == 0
