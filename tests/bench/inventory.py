# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin against that of amazon.aws and a plain boto3 listing. See README.md."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from canned import REGION, STACK, api, pages, record
from measure import BIN, HERE, Took, of_ansible, run, spread

OURS, THEIRS, GROUPED, PLAIN = "ec2_services", "aws_ec2", "aws_ec2 with groups", "boto3"
CONFIGURATIONS = {
    OURS: ("ec2_services.yml", f"plugin: groundwork.aws.ec2_services\ntopology: {STACK}\n"),
    # No more than it needs to give the same hosts the same names.
    THEIRS: (
        "aws_ec2.yml",
        f"plugin: amazon.aws.aws_ec2\nregions: [{REGION}]\nfilters: {{'tag:groundwork:stack': {STACK}}}\n"
        "hostnames: ['tag:Name']\n",
    ),
}
# The groups that ec2_services has anyway.
KEYED = """keyed_groups:
  - {key: "tags['groundwork:stack']", prefix: stack}
  - {key: "tags['groundwork:group']", prefix: group}
  - {key: "tags['groundwork:tier']", prefix: tier}
  - {key: "tags['groundwork:services'].split()", prefix: service}
  - {key: placement.availability_zone, prefix: zone}
"""
CONFIGURATIONS[GROUPED] = ("grouped.aws_ec2.yml", CONFIGURATIONS[THEIRS][1] + KEYED)


def transfer(endpoint: str, count: int) -> float:
    """What it takes to fetch all answers and do nothing with them, in seconds: the API's own time."""
    began = time.monotonic()
    for number in range(count):
        body = urlencode({"Action": "DescribeInstances", "NextToken": number}).encode()
        with urllib.request.urlopen(endpoint, body) as answer:
            answer.read()
    return time.monotonic() - began


def contest(endpoint: str, home: Path, count: int, name: str) -> Took:
    """One contestant once. ansible-inventory reads everything and prints the groups and the names of hosts."""
    if name == PLAIN:
        command = [str(BIN / "python"), str(HERE / "plain_inventory.py"), REGION, STACK, str(count)]
        return run(command, of_ansible(endpoint, home))
    file, content = CONFIGURATIONS[name]
    (home / file).write_text(content, encoding="utf-8")
    took = run([str(BIN / "ansible-inventory"), "-i", str(home / file), "--graph"], of_ansible(endpoint, home))
    hosts = {line.rpartition("--")[2] for line in took.output.splitlines() if f"--{STACK}-" in line}
    if len(hosts) != count:
        raise SystemExit(f"{name}: {len(hosts)} hosts instead of {count}\n{took.output[:2000]}")
    return took


def compare(recorded: Path, home: Path, count: int, rounds: int) -> None:
    """All contestants, one after the other in every round, for one number of instances."""
    others = (THEIRS, GROUPED, PLAIN)
    times, processors, memory = (dict[str, list[float]]((name, []) for name in others) for _ in range(3))
    answers = pages(recorded.read_text(encoding="utf-8"), count)
    with api(recorded, count) as endpoint:
        own = statistics.median(transfer(endpoint, len(answers)) for _ in range(3))
        for _ in range(rounds):
            took = {name: contest(endpoint, home, count, name) for name in (OURS, *others)}
            for name in others:
                times[name].append((took[OURS].seconds - own) / (took[name].seconds - own))
                processors[name].append(took[OURS].processors / took[name].processors)
                memory[name].append(took[OURS].memory / took[name].memory)
    for name in others:
        spreads = (spread(ratios[name], 2) for ratios in (times, processors, memory))
        print(f"{count:>9}  {name:<20}", *(f"{text:>18}" for text in spreads), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print("ec2_services / the other: median, lowest and highest of the ratios, without the API's own time")
    print(f"{'instances':>9}  {'other':<20} {'time':>18} {'processors':>18} {'memory':>18}")
    with tempfile.TemporaryDirectory() as directory:
        recorded = Path(directory) / "recorded.xml"
        recorded.write_text(record(), encoding="utf-8")
        for count in given.instances:
            compare(recorded, Path(directory), count, given.rounds)


if __name__ == "__main__":
    main()
