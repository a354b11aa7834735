# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`site.yml` where there is nothing to do, against one `ansible -m ping` of all hosts in the same run."""

from __future__ import annotations

import argparse
import re
import time

from lab_hosts import Stack, make_stack, ping

STACKS = {"single_instance": "single-instance", "three_tier": "three-tier", "ecommerce": "ecommerce"}
# Without these nothing waits: the site is brought up once, and is not what is measured.
STABLE_TIME = 1
RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) .* skipped=(\d+) ", re.MULTILINE)


def rerun(stack: Stack) -> tuple[float, int, int]:
    """Seconds of an unchanged `site.yml`, and how many tasks a host at most runs and skips."""
    began = time.monotonic()
    run = stack.play("site.yml")
    seconds = time.monotonic() - began
    hosts = [tuple(map(int, found)) for name, *found in RECAP.findall(run.output) if name != "localhost"]
    if run.code or any(changed for _ok, changed, _skipped in hosts):
        raise SystemExit(run.output)
    return seconds, max(ok for ok, _changed, _skipped in hosts), max(skipped for _ok, _changed, skipped in hosts)


def compare(topology: str, rounds: int) -> None:
    with make_stack(topology, topology, STACKS[topology], {}, STABLE_TIME) as stack:
        for _ in range(rounds):
            pinged = ping(stack)
            seconds, ran, skipped = rerun(stack)
            print(
                f"{topology}: {seconds / pinged:.1f} pings of all hosts; a host runs {ran} tasks and skips {skipped}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topologies", nargs="+", choices=STACKS, default=list(STACKS))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for topology in options.topologies:
        compare(topology, options.rounds)


if __name__ == "__main__":
    main()
