# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unpacking the archive of a release without trusting it. Runs on managed hosts: Python 3.9."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath


class ArchiveProblem(ValueError):
    """An archive that cannot or must not be unpacked."""


def unpack(archive: Path, target: Path) -> int:
    """Unpack into `target`, which must not exist yet; the number of files."""
    target.mkdir(mode=0o755)
    try:
        with tarfile.open(archive) as tar:
            return sum(unpack_member(tar, member, target) for member in tar)
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise ArchiveProblem(f"{archive} could not be unpacked: {problem}") from problem


def unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> int:
    """Unpack one member; 1 for a file or link, 0 for a directory."""
    place = target / inside(member.name)
    refuse_links_on_the_way(member.name, place, target)
    if member.isdir():
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        return 0
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if member.issym():
        refuse_link_outwards(member.name, member.linkname)
        os.symlink(member.linkname, place)
    elif member.isreg():
        write_file(tar, member, place)
    else:
        raise ArchiveProblem(f"{member.name} is neither a file, a directory nor a symbolic link")
    return 1


def inside(name: str, what: str = "") -> PurePosixPath:
    """The path below the root of the archive, normalized; refused when it leads out of it."""
    parts: list[str] = []
    for part in PurePosixPath(name).parts:
        if part == ".." and parts:
            parts.pop()
        elif part in ("..", "/"):
            raise ArchiveProblem(f"{what or name} leads out of the archive")
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def refuse_link_outwards(name: str, target: str) -> None:
    """A link may climb only before it descends: what `..` means behind another link cannot be told from the text."""
    parts = PurePosixPath(target).parts
    climbs = len([part for part in parts if part == ".."])
    if ".." in parts[climbs:]:
        raise ArchiveProblem(f"the link {name} winds through .. in {target}")
    inside(str(PurePosixPath(name).parent / target), f"the link {name}")


def refuse_links_on_the_way(name: str, place: Path, target: Path) -> None:
    """A member must not be written through a link that an earlier member made."""
    for parent in place.parents:
        if parent == target:
            return
        if parent.is_symlink():
            raise ArchiveProblem(f"{name} would be written through the link {parent.name}")


def write_file(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    content = tar.extractfile(member)
    if content is None:
        raise ArchiveProblem(f"{member.name} has no content")
    mode = 0o755 if member.mode & 0o100 else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with open(os.open(place, flags, mode), "wb") as file:
        shutil.copyfileobj(content, file)
    os.chmod(place, mode)
