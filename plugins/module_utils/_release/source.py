# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a release comes from: a directory, a commit of a git repository, or an archive. Controller only."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

from .dependencies import CONVERTED, converted_requirements
from .tree import Entry, SourceProblem, digest, entries, pack


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwork" / "releases"


def make_archive(options: Mapping[str, Any]) -> dict[str, Any]:
    """The archive for the given source, made unless the cache has it."""
    cache = Path(options["cache"]) if options["cache"] else default_cache()
    with (
        opened(options, cache) as (root, named, commit),
        tempfile.TemporaryDirectory(prefix="groundwork-made-") as scratch,
    ):
        found = with_requirements(root, entries(root, options["exclude"]), scratch)
        content = digest(found)
        archive = cache / f"{content}.tar.gz"
        if not archive.exists():
            pack(found, archive)
    return {
        "path": str(archive),
        "digest": content,
        "version": options["version"] or named or content[:12],
        "commit": commit,
        "files": len(found),
        "size": archive.stat().st_size,
    }


def with_requirements(root: Path, found: list[Entry], scratch: str) -> list[Entry]:
    """The entries, and for a lock of Poetry the requirements that hosts install from (written to ``scratch``)."""
    text = converted_requirements(root, {one.name for one in found})
    if text is None:
        return found
    path = Path(scratch) / "requirements.txt"
    path.write_text(text, encoding="utf-8")
    kept = [one for one in found if one.name != CONVERTED]
    return sorted([*kept, Entry(CONVERTED, path, executable=False)], key=lambda one: one.name)


@contextmanager
def opened(options: Mapping[str, Any], cache: Path) -> Iterator[tuple[Path, str, str]]:
    """The source as a directory, with the version that it has by itself and its commit ("" where it has none)."""
    if options["directory"]:
        directory = existing(options["directory"], "directory")
        yield directory, "", read_commit(directory)
        return
    with tempfile.TemporaryDirectory(prefix="groundwork-source-") as scratch:
        if options["archive"]:
            archive = existing(options["archive"], "archive")
            extract(archive, Path(scratch))
            yield only_child(Path(scratch)), "", ""
        else:
            yield Path(scratch), *check_out(options["git"], options["ref"], cache, Path(scratch))


def existing(path: str, kind: str) -> Path:
    found = Path(path).expanduser()
    if not (found.is_dir() if kind == "directory" else found.is_file()):
        raise SourceProblem(f"the {kind} {path} does not exist on the controller")
    return found.resolve()


def extract(archive: Path, target: Path, name: str = "") -> None:
    """Tar archives are extracted with Python's own checks against leaving the directory.

    Raises `SourceProblem`, which calls the archive by ``name``, else by its path.
    """
    called = name or str(archive)
    try:
        if archive.suffix == ".zip":
            shutil.unpack_archive(archive, target)
        else:
            shutil.unpack_archive(archive, target, filter="data")
    except tarfile.FilterError as error:
        member = error.tarinfo
        link = f" -> {member.linkname}" if member.issym() or member.islnk() else ""
        special = isinstance(error, tarfile.SpecialFileError)
        what = "is a device, a FIFO or another special file" if special else "leads out of the archive"
        raise SourceProblem(
            f"{called}: its member {member.name}{link} {what}, which a release cannot have (take it out of the source)"
        ) from None
    except (
        *(tarfile.TarError, shutil.ReadError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
        *(KeyError, ValueError, RuntimeError, OSError),  # a hard link to nothing, odd names, an encrypted zip
    ) as error:
        reason = " ".join(str(error).split()) or "it ends too early"
        if isinstance(error, shutil.ReadError):
            reason = "it is not a tar or zip archive of a known kind, or damaged"
        raise SourceProblem(f"{called} cannot be unpacked: {reason} (make the archive anew)") from None


def only_child(folder: Path) -> Path:
    """Archives of repositories have one directory at the top; what matters is inside it."""
    children = list(folder.iterdir())
    return children[0] if len(children) == 1 and children[0].is_dir() else folder


def check_out(url: str, ref: str, cache: Path, target: Path) -> tuple[str, str]:
    """Export one commit into ``target``; the version, which is the ref and the commit, and the commit."""
    mirror = cache / "git" / hashlib.sha256(url.encode()).hexdigest()[:16]
    if not (mirror / "HEAD").exists():
        git(["init", "--quiet", "--bare", str(mirror)])
    git(["-C", str(mirror), "fetch", "--quiet", "--force", "--depth=1", "--", url, ref or "HEAD"])
    commit = git(["-C", str(mirror), "rev-parse", "FETCH_HEAD^{commit}"]).strip()
    refuse_submodules(git(["-C", str(mirror), "ls-tree", "-r", "-z", commit]))
    exported = target.with_suffix(".tar")
    try:
        git(["-C", str(mirror), "archive", "--format=tar", f"--output={exported}", commit])
        extract(exported, target, f"commit {commit[:12]}")
    finally:
        exported.unlink(missing_ok=True)
    return version(ref, commit), commit


def read_commit(directory: Path) -> str:
    """The last commit that changed a directory of a git checkout, with `-dirty` for changes since; "" elsewhere."""
    try:
        commit = git(["-C", str(directory), "log", "-1", "--format=%H", "--", "."]).strip()
        changes = git(["-C", str(directory), "status", "--porcelain", "--", "."])
    except SourceProblem:  # no checkout, no commit yet, or one that git does not trust
        return ""
    return f"{commit}-dirty" if commit and changes else commit


def refuse_submodules(listed: str) -> None:
    """An export of a commit has empty directories in the place of its submodules."""
    found = [line.partition("\t")[2] for line in listed.split("\0") if line.startswith("160000 ")]
    if found:
        raise SourceProblem(
            f"it has the git submodule {', '.join(found)}, whose files no release would have "
            "(put them into the repository, or give a directory or an archive that has them)"
        )


def version(ref: str, commit: str) -> str:
    """A tag or branch names itself, with the commit; a commit is shortened."""
    short = commit[:12]
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return short if name in ("", "HEAD") or commit.startswith(name) else f"{name}-{short}"


def git(arguments: Sequence[str]) -> str:
    settings = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", *arguments]
    try:
        # Validation has no AnsibleModule, whose run_command ansible-test asks for.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command, capture_output=True, text=True, check=False, env=settings
        )
    except FileNotFoundError:
        raise SourceProblem("git is not installed on the controller") from None
    if done.returncode != 0:
        raise SourceProblem(f"git {arguments[0] if arguments[0] != '-C' else arguments[2]}: {done.stderr.strip()}")
    return done.stdout


__all__ = ["SourceProblem", "make_archive"]
