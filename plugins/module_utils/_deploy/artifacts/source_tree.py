# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pack a source tree into an archive that depends only on its content, not on times or owners. Controller only."""

from __future__ import annotations

import fnmatch
import gzip
import io
import os
import re
import stat
import tarfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..._host.release_archive import ArchiveError, reject_link_outside
from ..._host.tree_digest import compute_digest, describe_file, describe_link
from .git_command import open_checkout
from .source_error import SourceError

ALWAYS_EXCLUDED = (
    ".git",
    "node_modules",
    ".venv",
    "venv",
    "__pycache__",
    "*.pyc",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
)
NAMES_IN_MESSAGE = 3
# A pointer of Git LFS in place of a file (git-lfs, "Git LFS Specification"), which is shorter than this.
LFS_POINTER = re.compile(
    rb"version https://(?:git-lfs|hawser)\.github\.com/spec/v1\n(?:.+\n)*oid sha256:[0-9a-f]{64}\n"
)
LFS_POINTER_SIZE = 1024


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link of the tree. ``target`` is set for links."""

    name: str
    path: Path
    executable: bool
    target: str | None = None


def list_entries(root: Path, exclude: Sequence[str] = (), *, use_git: bool) -> list[Entry]:
    """The files and links of a source, sorted by name. In a git checkout those that git does not ignore.

    ``use_git`` is false for what was extracted: its content was not made by the user.
    """
    names = list_git_files(root) if use_git else None
    if names is None:
        names = list_files(root)
    included = [name for name in sorted(set(names)) if not is_excluded(name, (*ALWAYS_EXCLUDED, *exclude))]
    # A tracked file may have been deleted.
    entries = [read_entry(root, name) for name in included if os.path.lexists(root / name)]
    checkout = open_checkout(root) if use_git and not entries else None
    if checkout is not None and checkout.is_ignored():
        raise SourceError(f"git ignores {root}, so that a release of it would be empty (remove it from .gitignore)")
    if not entries:
        raise SourceError(
            f"{root} holds no files to deploy (put the files of the service into it, or name another directory)"
        )
    reject_undecodable_names(entries)
    reject_links_outside(entries)
    reject_lfs_pointers(entries)
    return entries


def reject_undecodable_names(entries: Sequence[Entry]) -> None:
    """Raise `SourceError` with the files whose names, or the targets of links, are no UTF-8: archives have text."""
    found = [one.name for one in entries if not (is_decodable(one.name) and is_decodable(one.target or ""))]
    if found:
        shown = [name.encode(errors="surrogateescape").decode(errors="backslashreplace") for name in found]
        more = f" and {len(found) - NAMES_IN_MESSAGE} more" if len(found) > NAMES_IN_MESSAGE else ""
        raise SourceError(
            f"the names of {', '.join(shown[:NAMES_IN_MESSAGE])}{more}, or what they link to, are not UTF-8 "
            "(rename them, or name them in app_exclude)"
        )


def is_decodable(name: str) -> bool:
    """Whether a name is UTF-8: Python has other bytes of names as surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def reject_lfs_pointers(entries: Sequence[Entry]) -> None:
    """Raise `SourceError` with the files of Git LFS that were not downloaded."""
    found = [one.name for one in entries if is_lfs_pointer(one)]
    if found:
        more = f" and {len(found) - NAMES_IN_MESSAGE} more" if len(found) > NAMES_IN_MESSAGE else ""
        raise SourceError(
            f"it has pointers of Git LFS in place of the files {', '.join(found[:NAMES_IN_MESSAGE])}{more} "
            "(run git lfs pull in the checkout that it comes from, or name them in app_exclude)"
        )


def is_lfs_pointer(one: Entry) -> bool:
    return one.target is None and is_pointer_file(one.path)


def is_pointer_file(path: Path) -> bool:
    """Whether a file is a pointer of Git LFS."""
    if path.stat().st_size >= LFS_POINTER_SIZE or not os.access(path, os.R_OK):
        return False
    return LFS_POINTER.match(path.read_bytes()) is not None


def reject_links_outside(entries: Sequence[Entry]) -> None:
    """Raise `SourceError` with the links that hosts reject (`release_archive.reject_link_outside`)."""
    rejected = []
    for one in entries:
        try:
            if one.target is not None:
                reject_link_outside(one.name, one.target)
        except ArchiveError:
            rejected.append(f"{one.name} -> {one.target}")
    if rejected:
        names = ", ".join(rejected[:NAMES_IN_MESSAGE])
        more = f" and {len(rejected) - NAMES_IN_MESSAGE} more" if len(rejected) > NAMES_IN_MESSAGE else ""
        subject = "a symbolic link leads" if len(rejected) == 1 else "symbolic links lead"
        raise SourceError(
            f"{subject} out of the source, which hosts reject: {names}{more} "
            "(replace it by what it leads to, make it a relative link inside the source, or name it in app_exclude)"
        )


def find_file(root: Path, names: Collection[str], path: str) -> str | None:
    """The name of the file to which a path leads, also through links; None when the release has no such file.

    ``names`` are those of the release below ``root``.
    """
    real = os.path.relpath(os.path.realpath(root / path), os.path.realpath(root))
    return real if real in names and (root / real).is_file() else None


def list_git_files(root: Path) -> list[str] | None:
    """Tracked files and untracked ones that are not ignored; None outside a git checkout.

    An installed collection may lie in a checkout of something else, which ignores it.
    """
    checkout = open_checkout(root)
    if checkout is None:
        return None
    names, submodules = checkout.list_files(), checkout.list_submodules()
    for name in submodules:
        names += [f"{name}/{inner}" for inner in list_git_files(root / name) or ()]
    names = [name for name in names if name not in submodules]
    return None if names == [] and "ansible_collections" in root.parts else names


def list_files(root: Path) -> list[str]:
    """All files and links below a directory that is not in a git checkout."""
    names = []
    for folder, directories, files in os.walk(root, onerror=_reject_unreadable):
        directories[:] = [name for name in directories if not is_excluded(name, ALWAYS_EXCLUDED)]
        links = [name for name in directories if (Path(folder) / name).is_symlink()]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files + links]
    return names


def _reject_unreadable(error: OSError) -> None:
    """Raise `SourceError`: without this, a walk leaves out a directory that it cannot read."""
    raise SourceError(
        f"the directory {error.filename} cannot be read: {error.strerror} (chmod u+rx, or name it in app_exclude)"
    )


def is_excluded(name: str, patterns: Sequence[str]) -> bool:
    """Whether the path or any part of it matches one of the patterns."""
    return any(fnmatch.fnmatch(part, pattern) for pattern in patterns for part in (name, *Path(name).parts))


def read_entry(root: Path, name: str) -> Entry:
    path = root / name
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return Entry(name, path, False, os.readlink(path))
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            f"{path} is neither a file nor a link but a git submodule whose files are not there, a repository of its "
            "own or a special file (git submodule update --init --recursive, or name it in app_exclude)"
        )
    return Entry(name, path, bool(status.st_mode & stat.S_IXUSR))


def digest_entries(entries: Sequence[Entry]) -> str:
    """The digest of a source (`_host/tree_digest.py`)."""
    return compute_digest(
        describe_link(one.name, one.target)
        if one.target is not None
        else describe_file(one.name, one.path.read_bytes(), one.executable)
        for one in entries
    )


def pack_archive(entries: Sequence[Entry], archive: Path, digest: str) -> None:
    """Write an archive under a temporary name and rename it, so that a killed run leaves no incomplete one.

    Raises `SourceError` if what was packed has another digest, because the source was changed meanwhile.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}")
    try:
        with (
            open(temporary, "wb") as raw,
            gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            found = compute_digest([add_entry(tar, one) for one in entries])
        if found != digest:
            raise SourceError("its files changed while they were packed (run again when nothing writes to it)")
        os.replace(temporary, archive)
    finally:
        temporary.unlink(missing_ok=True)


def add_entry(tar: tarfile.TarFile, one: Entry) -> bytes:
    """Add a file or link to an archive, and return what the digest has of it."""
    info = tarfile.TarInfo(one.name)
    info.mode = 0o755 if one.executable else 0o644
    if one.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, one.target
        tar.addfile(info)
        return describe_link(one.name, one.target)
    content = one.path.read_bytes()
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
    return describe_file(one.name, content, one.executable)
