# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written down of a lab, for its own process and for everybody who wants to use it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from .paths import LabPaths
from .shell import LabError


@dataclass(frozen=True)
class Description:
    """lab.json; ``identity`` marks the containers and networks of the lab."""

    name: str
    port: int
    guests: bool
    identity: str = ""
    pid: int = 0
    network: str = ""
    range: str = ""
    gateway: str = ""
    image: str = ""
    checkout: str = ""
    appliances: str = ""

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def read_description(paths: LabPaths) -> Description | None:
    """What was written, or None where there is no such lab."""
    try:
        content = json.loads(paths.description.read_text())
        # Labs of before 1.0 had no mark but their name.
        # A lab that was taken up before labs had marks is marked with its name.
        return Description(**{"identity": content.get("name", ""), **content})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise LabError(f"{paths.description} is damaged ({error}); `lab down` removes the lab") from error


def write_description(paths: LabPaths, description: Description) -> None:
    """Write it down, in one step."""
    paths.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = paths.description.with_suffix(".part")
    part.write_text(json.dumps(asdict(description), indent=2) + "\n")
    os.replace(part, paths.description)


def running_pid(description: Description | None) -> int:
    """The process of the lab; 0 when it does not run (any more)."""
    if description is None or not description.pid:
        return 0
    try:
        words = Path(f"/proc/{description.pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return 0
    return description.pid if b"lab" in words and description.name.encode() in words else 0
