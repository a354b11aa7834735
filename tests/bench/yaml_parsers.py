#!/usr/bin/env python3
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare the parser of topology documents with ruamel.yaml: ratios of the time to parse each topology.

ruamel.yaml is no requirement of the collection. It comes with ansible-lint, one of the test tools.
"""

from __future__ import annotations

import argparse
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ruamel.yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / ".venv" / "collections"))

from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import parse_text  # noqa: E402


def fail(_path: Any, problem: str) -> None:
    raise SystemExit(problem)


def measure_seconds(parse: Callable[[str], Any], text: str, rounds: int) -> float:
    """The shortest time of several rounds."""
    return min(timeit.repeat(lambda: parse(text), number=1, repeat=rounds))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=20)
    rounds = options.parse_args().rounds
    print(f"{'document':<20}{'round trip':>12}{'nodes':>8}  times parse_text (ruamel {ruamel.yaml.__version__})")
    for path in sorted((ROOT / "topologies").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        ours = measure_seconds(lambda text: parse_text(text, fail), text, rounds)
        round_trip = measure_seconds(lambda text: ruamel.yaml.YAML(typ="rt").load(text), text, rounds)
        nodes = measure_seconds(lambda text: ruamel.yaml.YAML(typ="safe", pure=True).compose(text), text, rounds)
        print(f"{path.stem:<20}{round_trip / ours:>12.2f}{nodes / ours:>8.2f}")


if __name__ == "__main__":
    main()
