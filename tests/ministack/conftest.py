# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ministack as a process on loopback, emptied for each test; stacks in it as in the integration tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from rig.account import Account
from rig.proxy import Proxy
from rig.runs import Modules, Nursery, nursery
from rig.stacks import Base, Stack

HERE = Path(__file__).resolve().parent
PYTHON = HERE.parent.parent / ".venv" / "ministack" / "bin" / "python"
ACCOUNT = "123456789012"
SECONDS = 60

# boto3 here, and every process that is started, must know nothing of the person's own AWS.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
        assert answer.status == 200


def until_it_answers(url: str, process: subprocess.Popen[bytes], errors: Path) -> None:
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, errors.read_text()
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"ministack does not answer after {SECONDS} s\n{errors.read_text()}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert PYTHON.exists(), "ministack is not installed: run scripts/ministack"
    directory, port = tmp_path_factory.mktemp("ministack"), free_port()
    errors = directory / "errors"
    with errors.open("w") as log:
        process = subprocess.Popen(
            [PYTHON, HERE / "server.py", str(port)],
            cwd=directory,
            env={"PATH": os.environ["PATH"], "HOME": str(directory), "TMPDIR": str(directory)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            until_it_answers(url, process, errors)
            yield url
        finally:
            process.communicate(b"", timeout=20)


@pytest.fixture(scope="session")
def started_nursery() -> Iterator[Nursery]:
    with nursery() as started:
        yield started


@pytest.fixture
def stack(request: pytest.FixtureRequest, server: str, started_nursery: Nursery, tmp_path: Path) -> Iterator[Stack]:
    """The stack of a topology (the parameter) in an account in which nothing else is."""
    post(f"{server}/_ministack/reset")
    base: Base = request.param
    region = "ap-southeast-1" if base.name == "ecommerce" else "us-east-1"
    proxy = Proxy(server)
    yield Stack(Account(server, ACCOUNT, region), proxy, Modules(started_nursery, proxy.url, tmp_path), base)
    proxy.stop()
