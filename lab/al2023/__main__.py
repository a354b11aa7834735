# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`python -m lab.al2023 build|remove|names`"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from ..shell import LabError
from .build import ensure_standin, remove_standins
from .table import read_table


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _build() -> None:
    print(ensure_standin(_say))


def _remove() -> None:
    for tag in remove_standins():
        print(f"removed {tag}")


def _names() -> None:
    table = read_table()
    for package in table.packages.values():
        print(f"{package.name:20}{'there from the start' if package.preinstalled else 'to be installed'}")
        for claim in package.claims:
            print(f"    {claim.about}: {', '.join(claim.values) or 'yes'} ({table.sources[claim.source].url})")
        for assumption in package.assumed:
            print(f"    no source: {assumption}")


COMMANDS: dict[str, tuple[Callable[[], None], str]] = {
    "build": (_build, "make the image, unless it is there"),
    "remove": (_remove, "remove every image of the stand-in"),
    "names": (_names, "list what the stand-in claims, with sources"),
}


def main() -> int:
    """Run one command; 1 and a sentence when it failed."""
    parser = argparse.ArgumentParser(prog="python -m lab.al2023", description="The stand-in for Amazon Linux 2023.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text, description=text)
    try:
        COMMANDS[parser.parse_args().command][0]()
    except LabError as error:
        _say(f"lab.al2023: {error}")
        return 1
    return 0


sys.exit(main())
