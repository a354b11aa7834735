# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lab for the tests of a file, and the stack in it. What they need of it comes from fixtures; a test that changes the
stack is marked as a step (tests/unit/support/steps.py)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Lab, Run
from stacks import Stack
from support.steps import pytest_runtest_makereport, pytest_runtest_setup

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup"]


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of its own for the topology, removed at the end."""
    first = Path(request.session.items[0].path).stem.removeprefix("test_").replace("_", "-")
    lab = Lab(f"e2e-{first}")
    lab.down()
    lab.up()
    yield lab
    lab.down()


@pytest.fixture(scope="module")
def site(stack: Stack) -> Run:
    """The run of site.yml that created the stack of the module."""
    run = stack.play("site.yml")
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def url(stack: Stack, site: Run) -> str:
    """The address of its load balancer."""
    return stack.url


@pytest.fixture(scope="module")
def machines(stack: Stack, site: Run) -> dict[str, Any]:
    """Its instances, by name."""
    return stack.machines()
