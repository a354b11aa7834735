# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of ansible-playbook, in the background or at a terminal, that know nothing of the person's own configuration."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .runs import COLLECTIONS, environment


@dataclass(frozen=True)
class Played:
    """How a run ended. ``said`` is its output with all white space as single spaces."""

    code: int
    output: str

    @property
    def said(self) -> str:
        return " ".join(self.output.split())


def make_environment(
    endpoint: str, directory: Path, programs: Sequence[Path], collections: Path = COLLECTIONS, **more: str
) -> dict[str, str]:
    """The variables of a run: this API, a home of its own, and the directories of its programs before all others."""
    return {
        **environment(endpoint),
        "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
        "HOME": str(directory),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }


def run_playbook(command: Sequence[str], directory: Path, variables: Mapping[str, str], timeout: float) -> Played:
    done = subprocess.run(
        command, cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    return Played(done.returncode, done.stdout)


def run_at_terminal(
    command: Sequence[str],
    directory: Path,
    variables: Mapping[str, str],
    respond: Callable[[bytes], str],
    timeout: float,
) -> Played:
    """Run a playbook at a terminal.

    ``respond`` gets all output whenever there was none for two seconds, and returns what to type, or an empty text.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.execve(command[0], list(command), variables)
    output = b""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 2)[0]:
            # ansible drops what was typed before it began to read, which is after it has printed a prompt.
            typed = respond(output)
            if typed:
                os.write(terminal, typed.encode())
            continue
        try:
            read = os.read(terminal, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not read:
            break
        output += read
    else:
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return Played(os.waitstatus_to_exitcode(status), output.decode())
