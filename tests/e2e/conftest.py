# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Lab, Run
from stacks import Stack


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab beside whatever else runs here, another topology's too; taken away at the end."""
    first = Path(request.session.items[0].path).stem.removeprefix("test_").replace("_", "-")
    lab = Lab(f"e2e-{first}")
    lab.down()
    lab.up()
    yield lab
    lab.down()


@pytest.fixture(scope="module")
def site(stack: Stack) -> Run:
    """How the stack of the module came up."""
    run = stack.play("site.yml")
    assert run.code == 0, run.output
    return run


@pytest.fixture(scope="module")
def url(stack: Stack, site: Run) -> str:
    """Where its load balancer answers."""
    return stack.url


@pytest.fixture(scope="module")
def machines(stack: Stack, site: Run) -> dict[str, Any]:
    """Its instances, by name."""
    return stack.machines()
