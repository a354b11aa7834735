# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts and labs to test with."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator

import pytest
from labtools import Account, Lab, use_key

from lab.server import LabServer


@pytest.fixture(scope="session")
def server() -> Iterator[LabServer]:
    """The API, with no machines behind it."""
    with LabServer() as running:
        use_key(running.environment)
        yield running


NUMBERS = itertools.count(100000000001)


@pytest.fixture
def account(server: LabServer) -> Account:
    """An empty account with a network; every test has one of its own."""
    found = Account(server.endpoint, str(next(NUMBERS)))
    found.make_network()
    return found


@pytest.fixture(scope="session")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """Makes labs, and takes away every one that was made."""
    made: list[Lab] = []

    def make(*options: str) -> Lab:
        lab = Lab(f"t{uuid.uuid4().hex[:6]}", tmp_path_factory.mktemp("labs"))
        made.append(lab)
        return lab.up(*options)

    yield make
    for lab in made:
        lab.run("down", "--keep-engine", check=False)


@pytest.fixture(scope="session")
def lab(new_lab: Callable[..., Lab]) -> Lab:
    """The lab that the tests with machines share."""
    return new_lab()
