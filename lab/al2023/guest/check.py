#!/usr/bin/env python3
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare the packages that were built with what the table claims of them: `check.py table.json repository`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def ask(package: Path, *query: str) -> str:
    """What rpm says of a package file."""
    command = ("rpm", "--query", "--package", *query, str(package))
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def kept(kind: str, value: str, package: Path) -> bool:
    """Whether the package keeps one claim; claims of other kinds are about the image."""
    if kind == "paths":
        return value in ask(package, "--list").splitlines()
    if kind == "units":
        return f"/usr/lib/systemd/system/{value}" in ask(package, "--list").splitlines()
    if kind == "users":
        return f"passwd {value} " in ask(package, "--scripts")
    if kind in ("requires", "provides", "conflicts"):
        return value in ask(package, f"--{kind}").split()
    return True


def problems(table: dict[str, list[dict]], repository: Path) -> list[str]:
    """Everything in which table and repository differ."""
    built = {ask(path, "--queryformat", "%{NAME}"): path for path in sorted(repository.glob("*.rpm"))}
    found = [f"{name} is in the table but was not built" for name in sorted(table.keys() - built.keys())]
    found += [f"{name} was built but is not in the table" for name in sorted(built.keys() - table.keys())]
    for name in sorted(table.keys() & built.keys()):
        found += [
            f"{name}: {claim['about']} {value} is claimed but not so"
            for claim in table[name]
            for value in claim["values"]
            if not kept(claim["about"], value, built[name])
        ]
    return found


def main() -> None:
    found = problems(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
    if found:
        sys.exit("\n".join(found))


main()
