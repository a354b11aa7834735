# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unpack the archive of a release without trusting it. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath


class ArchiveError(ValueError):
    """An archive that cannot or must not be unpacked."""


def unpack_archive(archive: Path, target: Path) -> int:
    """Unpack into ``target``, which must not exist yet; other users cannot enter it. Returns the number of files."""
    target.mkdir(mode=0o700)
    try:
        with tarfile.open(archive) as tar:
            return sum(unpack_member(tar, member, target) for member in tar)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"{archive} could not be unpacked: {error}") from error


def unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> int:
    """Unpack one member; returns 1 for a file or link, 0 for a directory."""
    path = target / resolve_inside(member.name)
    reject_linked_parents(member.name, path, target)
    if member.isdir():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        return 0
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if member.issym():
        reject_link_outside(member.name, member.linkname)
        os.symlink(member.linkname, path)
    elif member.isreg():
        write_file(tar, member, path)
    else:
        raise ArchiveError(f"{member.name} is neither a file, a directory nor a symbolic link")
    return 1


def resolve_inside(name: str, subject: str = "") -> PurePosixPath:
    """The normalized path below the root of the archive. Raises `ArchiveError` when it leads out."""
    parts: list[str] = []
    for part in PurePosixPath(name).parts:
        if part == ".." and parts:
            parts.pop()
        elif part in ("..", "/"):
            raise ArchiveError(f"{subject or name} leads out of the archive")
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def reject_link_outside(name: str, target: str) -> None:
    """Reject a link that leads out, or has `..` after a name: behind another link that could lead anywhere."""
    parts = PurePosixPath(target).parts
    climbs = len([part for part in parts if part == ".."])
    if ".." in parts[climbs:]:
        raise ArchiveError(f"the link {name} winds through .. in {target}")
    resolve_inside(str(PurePosixPath(name).parent / target), f"the link {name}")


def reject_linked_parents(name: str, path: Path, target: Path) -> None:
    """Reject a member that would be written through a link of an earlier member."""
    for parent in path.parents:
        if parent == target:
            return
        if parent.is_symlink():
            raise ArchiveError(f"{name} would be written through the link {parent.name}")


def write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = tar.extractfile(member)
    if content is None:
        raise ArchiveError(f"{member.name} has no content")
    mode = 0o755 if member.mode & 0o100 else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(path, flags, mode), "wb") as file:
        shutil.copyfileobj(content, file)
    os.chmod(path, mode)
