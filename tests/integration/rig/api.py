# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's API as a process of its own. Run as a program it serves until its standard input ends."""

from __future__ import annotations

import functools
import gzip
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent.parent.parent
REGION = "us-east-1"
# Of the thousand policies of AWS those that the tests attach.
POLICIES = ("AmazonSSMManagedInstanceCore", "ReadOnlyAccess")


@contextmanager
def serve() -> Iterator[str]:
    """The endpoint of an API that is there as long as the context is."""
    with tempfile.TemporaryDirectory() as directory:
        images = Path(directory, "images.json")
        images.write_text(json.dumps(few_images()))
        # Written to for as long as the process lives.
        errors = Path(directory, "errors").open("w+")  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "MOTO_AMIS_PATH": str(images), "PYTHONPATH": str(CHECKOUT)},
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


def few_images() -> list[dict[str, Any]]:
    """Those images of moto's which the public parameters of Amazon Linux 2023 name.

    By default moto makes two thousand images and their snapshots in each account and region that is used.
    """
    spec = importlib.util.find_spec("moto")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "ec2" / "resources" / "latest_amis" / f"{REGION}.json.gz"
    images: list[dict[str, Any]] = json.loads(gzip.decompress(path.read_bytes()))
    return [image for image in images if image["name"].startswith("al2023-ami")]


def lighten() -> None:
    """Let moto do once what it does for every request, and not do for every account what no test needs.

    What it answers stays the same; it answers four times as fast.
    """
    names = ("backends", "core.responses", "iam.models", "ec2.models.key_pairs")
    found: list[Any] = [importlib.import_module(f"moto.{name}") for name in names]
    backends, responses, iam, key_pairs = found
    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    key_pairs.random_rsa_key_pair = functools.cache(key_pairs.random_rsa_key_pair)
    policies = json.loads(iam.aws_managed_policies_data)
    iam.aws_managed_policies_data = json.dumps({name: policies[name] for name in POLICIES})


def main() -> None:
    lighten()
    from lab.server import LabServer

    with LabServer(port=0, guests=False) as server:
        print(server.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
