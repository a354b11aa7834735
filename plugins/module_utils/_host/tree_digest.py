# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The digest of a source tree: equal for equal names, modes and contents. Runs on managed hosts: Python 3.9.

The controller computes it from the source, and the host once more from what it has unpacked.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Iterable


def compute_digest(lines: Iterable[bytes]) -> str:
    """SHA-256 over the lines of all files and links (`describe_file`, `describe_link`), sorted by name."""
    total = hashlib.sha256()
    for line in lines:
        total.update(line)
    return total.hexdigest()


def describe_file(name: str, content: bytes, executable: bool) -> bytes:
    return _describe("755" if executable else "644", name, content)


def describe_link(name: str, target: str) -> bytes:
    return _describe("link", name, target.encode())


def digest_directory(root: Path) -> str:
    """The digest of the files and links below a directory, which no other user changes."""
    names = []
    for folder, directories, files in os.walk(root):
        links = [name for name in directories if os.path.islink(os.path.join(folder, name))]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files + links]
    return compute_digest(_describe_path(root, name) for name in sorted(names))


def _describe_path(root: Path, name: str) -> bytes:
    path = root / name
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return describe_link(name, os.readlink(path))
    return describe_file(name, path.read_bytes(), bool(status.st_mode & stat.S_IXUSR))


def _describe(kind: str, name: str, content: bytes) -> bytes:
    return f"{kind} {hashlib.sha256(content).hexdigest()} {name}\n".encode()
