# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import subprocess

import pytest
from deploys import Source


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def address() -> str:
    """The container as a client outside of it sees it."""
    name = f"molecule-{os.environ['MOLECULE_SCENARIO_NAME']}"
    shape = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    command = ["docker", "inspect", "-f", shape, name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
