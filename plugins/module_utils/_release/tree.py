# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a source tree to an archive that depends on its content alone: no time, no owner. Controller only."""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import os
import stat
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Collection, Sequence

from .unpack import ArchiveProblem, refuse_link_outwards

NEVER = (".git", "node_modules", ".venv", "venv", "__pycache__", "*.pyc", ".pytest_cache", ".mypy_cache", ".ruff_cache")
MOST_NAMED = 3


class SourceProblem(ValueError):
    """A source that cannot be made an archive."""


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link of the tree. ``target`` is set for links."""

    name: str
    path: Path
    executable: bool
    target: str | None = None


def entries(root: Path, exclude: Sequence[str] = ()) -> list[Entry]:
    """What belongs to the source, sorted by name. Inside a git checkout that is what git does not ignore."""
    names = tracked(root)
    names = walked(root) if names is None else names
    kept = [name for name in sorted(set(names)) if not any_excluded(name, (*NEVER, *exclude))]
    found = [entry(root, name) for name in kept if os.path.lexists(root / name)]
    if not found and is_ignored(root):
        raise SourceProblem(f"git ignores {root}, so that a release of it would be empty")
    if not found:
        raise SourceProblem(f"{root} holds no files to deploy")
    refuse_links_outwards(found)
    return found


def refuse_links_outwards(found: Sequence[Entry]) -> None:
    """Raise `SourceProblem` with the names of the links that no host unpacks (`unpack.refuse_link_outwards`)."""
    refused = []
    for one in found:
        try:
            if one.target is not None:
                refuse_link_outwards(one.name, one.target)
        except ArchiveProblem:
            refused.append(f"{one.name} -> {one.target}")
    if refused:
        named = ", ".join(refused[:MOST_NAMED])
        more = f" and {len(refused) - MOST_NAMED} more" if len(refused) > MOST_NAMED else ""
        subject = "a symbolic link leads" if len(refused) == 1 else "symbolic links lead"
        raise SourceProblem(
            f"{subject} out of the source, which hosts refuse: {named}{more} "
            "(replace it by what it leads to, make it a relative link inside the source, or name it in app_exclude)"
        )


def find_file(root: Path, names: Collection[str], path: str) -> str | None:
    """The name of the file in the release that a path leads to, also through links; None where there is none.

    ``names`` are those of the release below ``root``.
    """
    real = os.path.relpath(os.path.realpath(root / path), os.path.realpath(root))
    return real if real in names and (root / real).is_file() else None


def tracked(root: Path) -> list[str] | None:
    """Tracked files and untracked ones that are not ignored; None outside a git checkout.

    An installed collection may lie in a checkout of something else, which ignores it.
    """
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."]
    try:
        listed = _run(command)
    except FileNotFoundError:
        return None
    names = [name for name in listed.stdout.split("\0") if name] if listed.returncode == 0 else None
    return None if names == [] and "ansible_collections" in root.parts else names


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    # Validation has no AnsibleModule, whose run_command ansible-test asks for.
    return subprocess.run(command, capture_output=True, text=True, check=False)  # pylint: disable=ansible-bad-function


def is_ignored(root: Path) -> bool:
    """Whether git ignores a directory as a whole."""
    command = ["git", "-C", str(root), "check-ignore", "--quiet", "."]
    try:
        return _run(command).returncode == 0
    except FileNotFoundError:
        return False


def walked(root: Path) -> list[str]:
    names = []
    for folder, directories, files in os.walk(root):
        directories[:] = [name for name in directories if not any_excluded(name, NEVER)]
        links = [name for name in directories if (Path(folder) / name).is_symlink()]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files + links]
    return names


def any_excluded(name: str, patterns: Sequence[str]) -> bool:
    """Whether the path or any part of it matches one of the patterns."""
    return any(fnmatch.fnmatch(part, pattern) for pattern in patterns for part in (name, *Path(name).parts))


def entry(root: Path, name: str) -> Entry:
    path = root / name
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(name, path, False, os.readlink(path))
    if not stat.S_ISREG(status.st_mode):
        raise SourceProblem(
            f"{path} is neither a file nor a link but a git submodule, a repository of its own or a special file, "
            "which a release cannot have (put its files there instead, or name it in app_exclude)"
        )
    return Entry(name, path, bool(status.st_mode & stat.S_IXUSR))


def digest(found: Sequence[Entry]) -> str:
    """SHA-256 over names, modes and contents."""
    total = hashlib.sha256()
    for one in found:
        content = one.target.encode() if one.target is not None else one.path.read_bytes()
        kind = "link" if one.target is not None else "755" if one.executable else "644"
        total.update(f"{kind} {hashlib.sha256(content).hexdigest()} {one.name}\n".encode())
    return total.hexdigest()


def pack(found: Sequence[Entry], archive: Path) -> None:
    """Write the archive in one step; a killed run leaves no half of one under the final name."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    beside = archive.with_name(f".{archive.name}.{os.getpid()}")
    with (
        open(beside, "wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for one in found:
            add(tar, one)
    os.replace(beside, archive)


def add(tar: tarfile.TarFile, one: Entry) -> None:
    info = tarfile.TarInfo(one.name)
    info.mode = 0o755 if one.executable else 0o644
    if one.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, one.target
        tar.addfile(info)
        return
    info.size = one.path.stat().st_size
    with open(one.path, "rb") as content:
        tar.addfile(info, content)
