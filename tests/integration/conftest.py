# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One API for the whole run, emptied for each test, in which each stack has an account and a proxy of its own."""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig.account import Account
from rig.api import serve
from rig.database_servers import Server, serve_mariadb, serve_postgres
from rig.rollouts import RolloutRig
from rig.runs import Nursery, nursery
from rig.stacks import Stack, Stacks
from support.http_server import HttpServer, serve_http

# boto3 here, and every process that is started, must know nothing of the person's own AWS.
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true")
os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The lab's API without machines: moto, with what AWS does and moto does not."""
    with serve() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def started_nursery() -> Iterator[Nursery]:
    with nursery() as started:
        yield started


@pytest.fixture
def api(server: str) -> str:
    """An API in which nothing is: emptying it takes less than starting it anew."""
    with urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")) as answer:
        assert answer.status == 200
    return server


@pytest.fixture
def stacks(api: str, started_nursery: Nursery, tmp_path: Path) -> Iterator[Stacks]:
    made = Stacks(api, started_nursery, tmp_path)
    yield made
    made.close()


@pytest.fixture
def stack(stacks: Stacks) -> Stack:
    return stacks()


@pytest.fixture
def accounts(stacks: Stacks) -> Callable[[], Account]:
    return lambda: stacks().account


@pytest.fixture
def rig(stacks: Stacks, tmp_path: Path) -> RolloutRig:
    return RolloutRig(stacks(), tmp_path)


@pytest.fixture
def web() -> Iterator[HttpServer]:
    with serve_http() as started:
        yield started


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with serve_postgres() as started:
        yield started


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """MariaDB in the place of MySQL."""
    with serve_mariadb() as started:
        yield started
