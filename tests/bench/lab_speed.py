#!/usr/bin/env python3
# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what each hook of lab/hooks/speed.py saves: how many times longer the same requests take without it.

A process for each hook left out answers a hundred requests, and then resets its state a few times, as the tests do. The
figures are the shortest times of the processor over several rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
HOOKS = ("_init_aws_policies",)
REQUESTS = 100
RESETS = 5


def measure(without: str) -> dict[str, float]:
    """Seconds of the processor for requests and for resets, without one hook (or with all)."""
    import boto3
    from moto.server import ThreadedMotoServer

    sys.path.insert(0, str(ROOT))
    from lab import hooks
    from lab.hooks import patch

    declared = patch._declared
    declared[:] = [one for one in declared if one[1] != without]
    hooks.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    ec2, iam = (boto3.client(name, endpoint_url=f"http://{host}:{port}", **options) for name in ("ec2", "iam"))
    iam.list_roles()
    began = time.process_time()
    for _request in range(REQUESTS // 2):
        ec2.describe_vpcs()
        iam.list_roles()
    requests = time.process_time() - began
    began = time.process_time()
    for _reset in range(RESETS):
        urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).read()
        iam.list_roles()
    resets = time.process_time() - began
    server.stop()
    return {"requests": requests, "resets": resets}


def run(without: str, rounds: int) -> dict[str, float]:
    """The shortest times of several processes."""
    command = [sys.executable, __file__, "--without", without]
    found = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _round in range(rounds)
    ]
    return {key: min(one[key] for one in found) for key in found[0]}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--without", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.without is not None:
        print(json.dumps(measure(given.without)))
        return
    base = run("", given.rounds)
    print(f"{'without':<28}{'requests':>12}{'resets':>12}  times with all")
    for name in HOOKS:
        found = run(name, given.rounds)
        print(f"{name:<28}{found['requests'] / base['requests']:>12.2f}{found['resets'] / base['resets']:>12.2f}")


if __name__ == "__main__":
    main()
