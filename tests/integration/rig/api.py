# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's API as a process of its own. Run as a program it serves until its standard input ends."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent


@contextmanager
def serve() -> Iterator[str]:
    """The endpoint of an API that is there as long as the context is."""
    with tempfile.TemporaryDirectory() as directory:
        # Written to for as long as the process runs.
        errors = Path(directory, "errors").open("w+")  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().strip()
            assert endpoint, Path(directory, "errors").read_text()
            yield endpoint
        finally:
            process.communicate("", timeout=20)


def lighten() -> None:
    """Let moto not do for every account what no test needs: keys that take long to find."""
    from moto.ec2.models import key_pairs

    key_pairs.random_rsa_key_pair = functools.cache(key_pairs.random_rsa_key_pair)  # type: ignore[assignment]


def main() -> None:
    lighten()
    from lab.server import LabServer

    # The proxy of these tests adds a header to each request, which its signature does not know.
    with LabServer(port=0, guests=False, signed=False) as server:
        print(server.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
