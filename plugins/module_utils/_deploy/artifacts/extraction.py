# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extract an archive without writing or linking outside its directory. Controller only.

`tarfile` does this itself with ``filter="data"``, but only since Python 3.11.4; Debian 12 has 3.11.2.
"""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .source_error import SourceError

READ_SIZE = 1 << 20
ADVICE = "take it out of the source"


def extract_archive(archive: Path, target: Path, name: str = "") -> None:
    """Extract a tar or zip archive into an empty directory.

    Raises `SourceError`, which calls the archive by ``name``, or else by its path.
    """
    subject = name or str(archive)
    try:
        if archive.suffix == ".zip":
            _extract_zip(archive, target.resolve(), subject)
        else:
            _extract_tar(archive, target.resolve(), subject)
    except SourceError:
        raise
    except (
        *(tarfile.TarError, shutil.ReadError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
        *(KeyError, ValueError, RuntimeError, OSError),  # a hard link to nothing, odd names, an encrypted zip
    ) as error:
        reason = " ".join(str(error).split()) or "it ends too early"
        if isinstance(error, shutil.ReadError | tarfile.ReadError):
            reason = "it is not a tar or zip archive of a known kind, or damaged"
        elif isinstance(error, EOFError | gzip.BadGzipFile | lzma.LZMAError | zlib.error):
            reason = f"it is damaged, or was cut off: {reason}"
        raise SourceError(f"{subject} cannot be unpacked: {reason} (make the archive anew)") from None


def _extract_tar(archive: Path, target: Path, subject: str) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            problem = _find_problem(member, target)
            if problem:
                link = f" -> {member.linkname}" if member.issym() or member.islnk() else ""
                raise _describe_unsafe(subject, member.name, link, problem)
            with _paths_are_checked(subject, member.name):
                _extract_member(tar, member, target)
        # The members end before the checksum of a compressed archive, and before what was cut off.
        while tar.fileobj is not None and tar.fileobj.read(READ_SIZE):
            pass


def _describe_unsafe(subject: str, name: str, link: str, problem: str) -> SourceError:
    return SourceError(f"{subject}: its member {name}{link} {problem}, which a release cannot have ({ADVICE})")


@contextmanager
def _paths_are_checked(subject: str, name: str) -> Iterator[None]:
    """Report a member whose path is that of another member of another kind."""
    try:
        yield
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        text = f"its member {name} is a file and a directory, or in a file"
        raise SourceError(f"{subject}: {text} (make the archive anew)") from None


def _extract_zip(archive: Path, target: Path, subject: str) -> None:
    """`shutil.unpack_archive` leaves out members with unsafe paths without an error, and makes files of links."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            is_link = stat.S_ISLNK(member.external_attr >> 16)
            linked = packed.read(member).decode() if is_link else None
            problem = _find_path_problem(member.filename, linked, target)
            if problem:
                link = "" if linked is None else f" -> {linked}"
                raise _describe_unsafe(subject, member.filename, link, problem)
            with _paths_are_checked(subject, member.filename):
                _extract_zip_member(packed, member, linked, target / member.filename)


def _extract_zip_member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, linked: str | None, path: Path) -> None:
    if member.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if linked is not None:
        path.symlink_to(linked)
        return
    with packed.open(member) as content, open(path, "wb") as file:
        shutil.copyfileobj(content, file)


def _find_path_problem(name: str, linked: str | None, target: Path) -> str | None:
    """Why a member with this path, and with what it links to, must not be extracted; None when it is safe."""
    # An earlier member may be a link, so compare where the path really leads.
    if os.path.isabs(name) or not _is_inside(target / name, target):
        return "leads out of the archive"
    if linked is not None and (os.path.isabs(linked) or not _is_inside((target / name).parent / linked, target)):
        return "leads out of the archive"
    return None


def _find_problem(member: tarfile.TarInfo, target: Path) -> str | None:
    """Why a member must not be extracted; None when it is safe."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return "is a device, a FIFO or another special file"
    problem = _find_path_problem(member.name, member.linkname if member.issym() else None, target)
    if problem is None and member.islnk():
        problem = _find_path_problem(member.linkname, None, target)
    return problem


def _is_inside(path: Path, target: Path) -> bool:
    real = os.path.realpath(path)
    return os.path.commonpath([real, target]) == str(target)


def _extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    path = target / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of two members with one name the later one counts; a link is replaced, not followed.
    path.unlink(missing_ok=True)
    if member.issym():
        path.symlink_to(member.linkname)
        return
    # For a hard link this reads the member that it names.
    content = tar.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name} has no content")
    with content, open(path, "wb") as file:
        shutil.copyfileobj(content, file)
    path.chmod(0o755 if member.mode & 0o100 else 0o644)
