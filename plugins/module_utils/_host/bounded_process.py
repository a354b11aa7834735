# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run a program that prints what a service has written, in a limited time and memory. Runs on hosts: Python 3.9.

A service may write without end, and bytes of any encoding.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Optional, Sequence

CHUNK = 65536
# Seconds for what a program that has ended has left in the pipes, which a process that it started may keep open.
GRACE = 1.0


@dataclass(frozen=True)
class Ended:
    """How a program ended. ``status`` is None when it was killed, because its time was over.

    ``output`` and ``errors`` are the ends of what it printed. ``is_cut`` says whether there was more.
    """

    status: Optional[int]
    output: str
    errors: str
    is_cut: bool


class _Tail:
    """The last bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_cut = False
        self._content = bytearray()

    def add(self, content: bytes) -> None:
        self._content += content
        if len(self._content) > self.limit:
            self.is_cut = True
            del self._content[: -self.limit]

    def decode(self) -> str:
        return self._content.decode("utf-8", "replace")


def run_bounded(command: Sequence[str], timeout: float, limit: int, **options: Any) -> Ended:
    """Run a program, and keep at most ``limit`` bytes of the end of each stream. Raises OSError if it cannot start.

    ``options`` are those of `subprocess.Popen`. When the ``timeout`` (in seconds) is over, the program is killed, with
    the processes of its group.
    """
    deadline = time.monotonic() + timeout
    # run_command of AnsibleModule has no timeout, and keeps everything in memory.
    process = subprocess.Popen(  # pylint: disable=ansible-bad-function
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
    with process:
        try:
            tails = _read(process, deadline, limit)
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0))
        finally:
            is_late = process.poll() is None
            if is_late:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    output, errors = tails
    status = None if is_late else process.returncode
    return Ended(status, output.decode(), errors.decode(), output.is_cut or errors.is_cut)


def _read(process: subprocess.Popen[bytes], deadline: float, limit: int) -> list[_Tail]:
    """Read both streams until their end, or until the deadline."""
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    tails = [_Tail(limit) for _stream in streams]
    with selectors.DefaultSelector() as selector:
        for stream, tail in zip(streams, tails):  # noqa: B905 (Python 3.9)
            selector.register(stream, selectors.EVENT_READ, tail)
        has_ended = False
        while selector.get_map():
            if not has_ended and process.poll() is not None:
                has_ended = True
                deadline = min(deadline, time.monotonic() + GRACE)
            left = deadline - time.monotonic()
            if left <= 0:
                break
            for key, _events in selector.select(min(left, GRACE)):
                content = os.read(key.fd, CHUNK)
                key.data.add(content)
                if not content:
                    selector.unregister(key.fileobj)
    return tails
