# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tests need Redis, which they empty: that of REDIS_URL_TEST (and REDIS_CA_TEST, the file with its authority), or
a redis-server of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confirmations.config import read_config
from redis import Redis
from redis.exceptions import RedisError

TOKEN = "a-token-of-the-tests"
ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(check: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def open_redis(**options: Any) -> Redis:
    """A client of the Redis in the environment."""
    return Redis.from_url(os.environ["REDIS_URL"], **read_config(os.environ).tls_options, **options)


def answers() -> bool:
    try:
        return bool(open_redis().ping())
    except RedisError:
        return False


def pytest_configure(config: pytest.Config) -> None:
    """The modules of the application read the environment when they are imported."""
    url = os.environ.get("REDIS_URL_TEST")
    if not url:
        server = shutil.which("redis-server")
        if server is None:
            pytest.exit("Redis is needed: set REDIS_URL_TEST, or install redis-server", returncode=1)
        port = free_port()
        process = subprocess.Popen([server, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
        config.add_cleanup(process.kill)
        url = f"redis://127.0.0.1:{port}"
    os.environ |= {"REDIS_URL": url, "RELEASE": "r42", "DELIVERY_SECONDS": "0", "API_TOKEN": TOKEN}
    os.environ["REDIS_CA"] = os.environ.get("REDIS_CA_TEST", "")
    wait_for(answers, 10, f"an answer of Redis at {url}")


@pytest.fixture(autouse=True)
def redis() -> Iterator[Redis]:
    with open_redis(decode_responses=True) as client:
        # A worker that was killed takes tasks until all its processes are gone, which share its connection.
        wait_for(lambda: all(other["cmd"] != "brpop" for other in client.client_list()), 10, "the end of all workers")
        client.flushdb()
        yield client


class Worker:
    """A process of Celery, started with the command of the topology."""

    def __init__(self, **environment: str) -> None:
        command = [sys.executable, "-m", "celery", "-A", "confirmations.tasks", "worker", "--concurrency", "1"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def stop(self) -> str:
        """Stop the process and return what it has written."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)[0]

    def kill(self) -> None:
        """Kill all its processes, as systemd does."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start_worker() -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(**environment: str) -> Worker:
        workers.append(Worker(**environment))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
