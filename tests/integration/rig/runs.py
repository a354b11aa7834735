# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs of the collection's modules: each a real process, which can be killed like one."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
COLLECTIONS = CHECKOUT / ".venv" / "collections"
# The commands of the Python that runs the tests, which need not be the one in .venv.
BIN = Path(sys.executable).parent
MODULES = COLLECTIONS / "ansible_collections" / "groundwork" / "aws" / "plugins" / "modules"
# Ends a run that hangs. On a machine with other work, a stack with 200 hosts takes minutes.
TIMEOUT = 400.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended. A killed one has no result."""

    code: int
    result: Mapping[str, Any]
    errors: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0 and not self.result.get("failed", False)

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def refused(self) -> bool:
        """Ended as a module should that could not do its work: with a message, and without a traceback."""
        return self.code == 1 and bool(self.result.get("failed")) and "Traceback" not in self.message + self.errors

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))

    @property
    def actions(self) -> dict[str, str]:
        """What the plan does to which address."""
        return {change["address"]: change["action"] for change in self.result.get("plan", ())}

    def __str__(self) -> str:
        texts = [f"exit {self.code} after {self.seconds:.1f} s, plan {self.actions}", self.message, self.errors]
        return "\n".join(text for text in texts if text)


class Nursery:
    """The process that forks the runs; see nursery.py."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("nursery.py"))],
            env={**environment("http://127.0.0.1:9"), "PYTHONPATH": str(COLLECTIONS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._codes: dict[int, queue.SimpleQueue[int]] = {}
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, request: Mapping[str, Any]) -> int:
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            pid = self._started.get(timeout=60)
        return pid

    def wait(self, pid: int, timeout: float) -> int:
        try:
            return self._codes[pid].get(timeout=timeout)
        finally:
            self._codes.pop(pid, None)

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            if "started" in message:
                # A process may end before a run waits for it.
                self._codes[message["started"]] = queue.SimpleQueue()
                self._started.put(message["started"])
            elif "ended" in message:
                self._codes[message["ended"]].put(message["code"])


@dataclass
class Run:
    """A run that has been started."""

    nursery: Nursery
    pid: int
    output: Path
    errors: Path
    began: float = field(default_factory=time.monotonic)

    def kill(self) -> None:
        """What an operator's `kill -9`, the OOM killer or a power cut does."""
        os.killpg(self.pid, signal.SIGKILL)

    def finish(self, timeout: float = TIMEOUT) -> Outcome:
        try:
            code = self.nursery.wait(self.pid, timeout)
        except queue.Empty:
            self.kill()
            output = f"{self.output.read_text()}\n{self.errors.read_text()}"
            raise AssertionError(f"the run did not end within {timeout} s\n{output}") from None
        seconds = time.monotonic() - self.began
        return Outcome(code, _result(self.output.read_text()), self.errors.read_text(), seconds)


def _result(output: str) -> dict[str, Any]:
    line = output.strip().rpartition("\n")[2]
    try:
        parsed = json.loads(line)
    except ValueError:
        return {"unparsed": output} if output else {}
    return parsed if isinstance(parsed, dict) else {}


def environment(endpoint: str) -> dict[str, str]:
    """All that a run may know: this API, and nothing of the person's own AWS.

    With AWS_DATA_PATH the runs use the service models of another botocore, which rejects parameters that it lacks.
    """
    models = {name: os.environ[name] for name in ("AWS_DATA_PATH",) if name in os.environ}
    return {
        **models,
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir(),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(frozen=True)
class Modules:
    """Starts modules as Ansible's own wrapper does on a controller: with the arguments in a file."""

    nursery: Nursery
    endpoint: str
    directory: Path

    def start(self, name: str, options: Mapping[str, Any], check: bool = False) -> Run:
        settings = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_remote_tmp": str(self.directory)}
        place = Path(tempfile.mkdtemp(dir=self.directory))
        arguments = place / "arguments.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **settings}}))
        request = {
            "module": str(MODULES / f"{name}.py"),
            "arguments": str(arguments),
            "output": str(place / "output"),
            "errors": str(place / "errors"),
            "environment": environment(self.endpoint),
        }
        return Run(self.nursery, self.nursery.start(request), place / "output", place / "errors")

    def run(self, name: str, options: Mapping[str, Any], check: bool = False) -> Outcome:
        return self.start(name, options, check).finish()


@contextmanager
def nursery() -> Iterator[Nursery]:
    started = Nursery()
    try:
        yield started
    finally:
        started.stop()
