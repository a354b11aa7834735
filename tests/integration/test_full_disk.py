# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases on a disk that is full: on a small file system of the kernel, in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rig.runs import CHECKOUT

# Stages two releases, fills the disk while the second one serves, and goes on as the role app does when it fails.
PROGRAM = """
import getpass, io, json, os, sys, tarfile
from pathlib import Path
from ansible_collections.groundwork.aws.plugins.module_utils._host.release_manager import ReleaseManager
from ansible_collections.groundwork.aws.plugins.module_utils._host.tree_digest import compute_digest, describe_file

disk, length = Path(sys.argv[1]), int(sys.argv[2])
archive = Path(sys.argv[3])
environment_file = disk / "etc" / "web.env"
environment_file.parent.mkdir()
common = {
    "root": str(disk / "web"), "owner": getpass.getuser(), "public": [], "archive": str(archive), "secrets": None,
    "inputs": {}, "requires": [], "restore": False, "step": None, "reason": "the disk is full", "number": None,
    "environment_file": str(environment_file),
}

def call(state, digest="", **more):
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(digest))
    content = compute_digest([describe_file(digest, b"", executable=False)])
    artifact = {"kind": "tree", "digest": content, "version": digest, "commit": ""} if digest else None
    return ReleaseManager({"environment": None, "artifact": artifact, **common, "state": state, **more}, False).run()

for number, digest in ((1, "one"), (2, "two")):
    call("staged", digest, environment={"NAME": digest * (1 if number == 2 else length)})
    call("current", number=number)
    call("confirmed", number=number)
written = 0
with open(disk / "log", "wb", buffering=0) as log:
    try:
        while True:
            log.write(b"x" * 4096)
    except OSError as error:
        print(error, file=sys.stderr)
call("current", number=1, restore=True)
call("confirmed", number=1)
call("failed", number=2)
print(json.dumps({**call("listed", number=1), "environment": environment_file.read_text()}))
"""


def restore(directory: Path, length: int) -> subprocess.CompletedProcess[str]:
    """Restore a release whose environment has ``length`` words, on a full disk."""
    disk = directory / "disk"
    disk.mkdir()
    script = directory / "program.py"
    script.write_text(PROGRAM)
    mount = 'mount -t tmpfs -o size=256k,mode=755 tmpfs "$1" && exec "$0" "$2" "$1" "$3" "$4"'
    words = [sys.executable, str(disk), str(script), str(length), str(directory / "source.tar.gz")]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, *words],
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / ".venv/collections")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("length", [1, 900])
def test_a_release_is_restored_on_a_full_disk(tmp_path: Path, length: int) -> None:
    done = restore(tmp_path, length)
    assert "No space left on device" in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert (result["current"], result["confirmed"]) == (1, True)
    assert result["environment"].count("one") >= length
    assert [one["failed"] for one in result["releases"]] == [None, "the disk is full"]
    assert not list((tmp_path / "disk").iterdir())


def test_an_environment_that_needs_more_room_is_a_clear_failure(tmp_path: Path) -> None:
    done = restore(tmp_path, 5000)
    assert done.returncode != 0
    assert done.stderr.rstrip().endswith(".env'"), done.stderr
