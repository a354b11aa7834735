# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Accounts and labs to test with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from labtools import Account, Lab

from lab.server import LabServer


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account with a network, and no machines."""
    with LabServer() as server:
        found = Account(server.endpoint)
        found.make_network()
        yield found


@pytest.fixture(scope="session")
def new_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Lab]]:
    """Makes labs, and takes away every one that was made."""
    made: list[Lab] = []

    def make() -> Lab:
        lab = Lab(f"t{uuid.uuid4().hex[:6]}", tmp_path_factory.mktemp("labs"))
        made.append(lab)
        return lab.up()

    yield make
    for lab in made:
        lab.run("down", check=False)


@pytest.fixture(scope="session")
def lab(new_lab: Callable[[], Lab]) -> Lab:
    """The lab that the tests with machines share."""
    return new_lab()
