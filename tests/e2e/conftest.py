# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Lab


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab beside whatever else runs here, another topology's too; taken away at the end."""
    first = Path(request.session.items[0].path).stem.removeprefix("test_").replace("_", "-")
    lab = Lab(f"e2e-{first}")
    lab.down()
    lab.up()
    yield lab
    lab.down()
