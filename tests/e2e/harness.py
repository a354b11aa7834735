# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Actions of a user in the end-to-end tests: start a lab, run playbooks, send requests."""

from __future__ import annotations

import json
import os
import re
import shlex
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)

# Seconds for one playbook. The shop has fourteen hosts, and other tests use the machine at the same time.
PLAYBOOK_TIMEOUT = 1500


@dataclass(frozen=True)
class Run:
    """The result of a playbook: its exit code, its output, and the counts of its recap by host."""

    code: int
    output: str

    @property
    def changed(self) -> dict[str, int]:
        return {host: int(changed) for host, _, changed, _, _ in RECAP.findall(self.output)}


class Lab:
    """A lab of the tests, concurrent with any other lab of the machine."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.environment: dict[str, str] = {}

    def command(self, *words: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "lab", *words, "--name", self.name],
            cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert result.returncode == 0, f"lab {words} failed:\n{result.stdout}\n{result.stderr}"
        return result.stdout

    def up(self) -> None:
        self.command("up")
        exports = [shlex.split(line)[1] for line in self.command("env").splitlines() if line.startswith("export ")]
        self.environment = dict(export.split("=", 1) for export in exports)

    def down(self) -> None:
        # Other tests run on the same engine.
        self.command("down", "--keep-engine")

    @property
    def process(self) -> int:
        """The id of the process that answers the API."""
        return int(json.loads((CHECKOUT / ".lab" / self.name / "lab.json").read_text())["pid"])

    def client(self, service: str, region: str = "us-east-1") -> Any:
        import boto3

        with environment(self.environment):
            return boto3.client(service, region_name=region)

    def play(self, playbook: str, *options: str, topology: str = "single_instance") -> Run:
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            "inventories/lab",
            f"playbooks/{playbook}",
        ]
        result = subprocess.run(
            [*command, *options],
            cwd=CHECKOUT, text=True, timeout=PLAYBOOK_TIMEOUT, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **self.environment, "GROUNDWORK_TOPOLOGY": topology, "ANSIBLE_NOCOLOR": "1"},
        )  # fmt: skip
        return Run(result.returncode, result.stdout)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Answer:
    """The answer of a server; status 0 if there was none."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(
    url: str,
    method: str = "GET",
    data: object = None,
    timeout: float = 10,
    context: ssl.SSLContext | None = None,
    **headers: str,
) -> Answer:
    """Send a request and follow redirects. Underscores in ``headers`` become dashes; ``context`` is for TLS."""
    body = None if data is None else json.dumps(data).encode()
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    ask = urllib.request.Request(url, body, sent, method=method)
    try:
        with urllib.request.urlopen(ask, timeout=timeout, context=context) as got:
            return Answer(got.status, got.read().decode(), {k.lower(): v for k, v in got.headers.items()})
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), {k.lower(): v for k, v in error.headers.items()})
    except OSError as error:
        return Answer(0, str(error))


def wait_for(check: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until a check holds and return the seconds that took."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        if check():
            return time.monotonic() - start
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Traffic:
    """Sends requests in the background, to each URL ``every`` seconds after the last answer, and keeps the failures.

    ``ask`` sends one request.
    """

    LIMIT = 5000

    def __init__(self, *urls: str, every: float = 0.03, ask: Callable[[str], Answer] = request) -> None:
        self.urls = urls
        self._every = every
        self._ask = ask
        self.sent = 0
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(url,), daemon=True) for url in urls]

    def _send(self, url: str) -> None:
        for _ in range(self.LIMIT):
            if self._stop.wait(self._every):
                return
            answer = self._ask(url)
            self.sent += 1
            if answer.status != 200:
                self.failures.append(f"{time.strftime('%H:%M:%S')} {url}: {answer.status} {answer.body[:120]}")

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=15)
