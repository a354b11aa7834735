# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The build of a Flask release on a host of the lab: by uv, as the role app does it, against venv and pip."""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
IMAGE = "groundwork-lab:latest"
SOURCE = CHECKOUT / "examples" / "flask_api" / "requirements.txt"
PYTHON = "/usr/bin/python3"
PIP = (
    f"{PYTHON} -m venv --clear .venv && .venv/bin/pip install --quiet --no-input --disable-pip-version-check "
    "--require-hashes --requirement requirements.txt"
)
# What one build takes: seconds on the clock and of the processors.
MEASURE = """
import json, resource, subprocess, sys, time
began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run(["/bin/sh", "-ec", sys.argv[1]], check=True, cwd="/build")
after = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps([time.monotonic() - began, cpu]))
"""


def read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHECKOUT / path).read_text())
    return found


def inside(container: str, *command: str) -> str:
    done = subprocess.run(["docker", "exec", container, *command], capture_output=True, text=True, check=True)
    return done.stdout


def measure(container: str, command: str) -> tuple[float, float]:
    clock, processors = json.loads(inside(container, PYTHON, "-c", MEASURE, command))
    return clock, processors


def build_command() -> str:
    """The command that builds a Python release, with its variables put in."""
    variables = {**read("roles/app/vars/main.yml"), "common_python": PYTHON}
    command: str = variables["app_builds"]["python"]["install"]
    while "{{" in command:
        command = re.sub(r"\{\{ (\w+) \}\}", lambda match: variables[match[1]], command)
    return command


def compare(container: str, rounds: int) -> None:
    version = read("roles/common/defaults/main.yml")["common_uv_version"]
    uv = build_command()
    install = f"{PYTHON} -m venv /uv && /uv/bin/pip install -q uv=={version} && ln -s /uv/bin/uv /usr/local/bin/uv"
    inside(container, "/bin/sh", "-ec", f"mkdir /build && {install}")
    subprocess.run(["docker", "cp", "--quiet", str(SOURCE), f"{container}:/build/"], check=True)
    pairs = [(measure(container, uv), measure(container, PIP)) for _ in range(rounds + 1)][1:]
    for name, place in (("time", 0), ("processor time", 1)):
        ratios = [ours[place] / theirs[place] for ours, theirs in pairs]
        low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
        print(f"uv / venv and pip, {name}: {middle:.2f} ({low:.2f}-{high:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    command = ["docker", "run", "--detach", "--rm", "--entrypoint", "sleep", IMAGE, "3600"]
    container = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    try:
        compare(container, rounds)
    finally:
        subprocess.run(["docker", "rm", "--force", container], capture_output=True, check=False)


if __name__ == "__main__":
    main()
