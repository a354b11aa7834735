# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The source of a release: a directory, a commit of a git repository, or an archive. Controller only."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from ..._host.artifact import TREE, Artifact
from ..._topology.schema.kinds import display_path, escape_controls
from ..._topology.secret_patterns import hide_secrets
from .dependencies import CONVERTED, converted_requirements
from .extraction import extract_archive
from .git_command import Checkout, open_checkout
from .git_export import LocalExport, check_out, name_version
from .source_error import SourceError
from .source_tree import Entry, digest_entries, list_entries, pack_archive

# Seconds after which an archive that no deploy has used is removed from the cache.
UNUSED_ARCHIVE = 30 * 24 * 3600


class OpenedSource(NamedTuple):
    """A source as a directory. ``version`` and ``commit`` are empty where it has none.

    ``in_place``: the directory is the user's own and may be a git checkout. The others were extracted, and git must not
    read them: it would honour the settings inside of an archive, which can name programs. ``unread`` are the submodules
    and files that were left out, because they are behind the network.
    """

    root: Path
    version: str = ""
    commit: str = ""
    in_place: bool = False
    unread: tuple[str, ...] = ()


def find_default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "groundwork" / "releases"


def open_cache(option: str | None) -> Path:
    """The directory for archives and git mirrors; a new one, and the default one, only its owner can enter.

    A release may have files that other users of the controller must not read.
    """
    cache = Path(option) if option else find_default_cache()
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not option:
        with suppress(PermissionError):  # it belongs to another user
            cache.chmod(0o700)
    return cache


def make_archive(options: Mapping[str, Any]) -> dict[str, Any]:
    """The artifact of the given source, and the path of its archive, which is from the cache or new."""
    cache = open_cache(options["cache"])
    with (
        open_source(options, cache) as source,
        tempfile.TemporaryDirectory(prefix="groundwork-archive-") as scratch,
    ):
        listed = list_entries(source.root, options["exclude"], use_git=source.in_place)
        entries = add_requirements(source.root, listed, scratch)
        content = digest_entries(entries)
        archive = cache / f"{content}.tar.gz"
        if not archive.exists():
            remove_unused_archives(cache)
            pack_archive(entries, archive, content)
        os.utime(archive)
        version = options["version"] or source.version or content[:12]
    return {
        "path": str(archive),
        "artifact": asdict(Artifact(TREE, content, version, source.commit)),
        "files": len(entries),
        "size": archive.stat().st_size,
    }


def remove_unused_archives(cache: Path) -> None:
    """Remove archives that no deploy has used for long (each renews the time of its own), and unfinished ones."""
    for path in (*cache.glob("*.tar.gz"), *cache.glob(".*.tar.gz.*")):
        with suppress(FileNotFoundError):  # another run removes it at the same time
            if time.time() - path.stat().st_mtime > UNUSED_ARCHIVE:
                path.unlink()


def add_requirements(root: Path, entries: list[Entry], scratch: str) -> list[Entry]:
    """Add to the entries of a Poetry project the requirements that hosts install from, written to ``scratch``."""
    text = converted_requirements(root, {one.name for one in entries})
    if text is None:
        return entries
    path = Path(scratch) / "requirements.txt"
    path.write_text(text, encoding="utf-8")
    others = [one for one in entries if one.name != CONVERTED]
    return sorted([*others, Entry(CONVERTED, path, executable=False)], key=lambda one: one.name)


def build_archive(options: Mapping[str, Any], _check: bool) -> dict[str, Any]:
    """Run the module `release_archive`; a failure is in ``failed`` and ``msg`` of the result."""
    try:
        return {"changed": False, **make_archive(options)}
    except (SourceError, OSError, ValueError) as error:
        source = options["directory"] or options["git"] or options["archive"]
        message = f"No archive could be made from {display_path(source)}: {error}. Nothing was changed."
        return {"failed": True, "changed": False, "msg": escape_controls(hide_secrets(message))}


@contextmanager
def open_source(options: Mapping[str, Any], cache: Path, is_local_only: bool = False) -> Iterator[OpenedSource]:
    """The source as a directory, which is removed when the block ends unless it is the user's own.

    With ``is_local_only`` nothing is fetched over the network.
    """
    if options["directory"]:
        directory = require_path(options["directory"], "directory")
        yield OpenedSource(directory, commit=read_commit(directory), in_place=True)
        return
    with tempfile.TemporaryDirectory(prefix="groundwork-source-") as scratch:
        if options["archive"]:
            archive = require_path(options["archive"], "archive")
            extract_archive(archive, Path(scratch))
            if not any(path.is_symlink() or path.is_file() for path in Path(scratch).rglob("*")):
                raise SourceError(f"{display_path(archive.name)} holds no files to deploy (name another archive)")
            yield OpenedSource(find_top_directory(Path(scratch)))
        else:
            local = LocalExport(Path(scratch)) if is_local_only else None
            version, commit = check_out(options["git"], options["ref"], cache, Path(scratch), local)
            yield OpenedSource(Path(scratch), version, commit, unread=tuple(local.unread) if local else ())


def require_path(path: str, kind: str) -> Path:
    found = Path(path).expanduser()
    if not (found.is_dir() if kind == "directory" else found.is_file()):
        raise SourceError(f"the {kind} {path} does not exist on the controller")
    return found.resolve()


def find_top_directory(folder: Path) -> Path:
    """The only directory of a folder, as archives of repositories have one; otherwise the folder itself."""
    children = list(folder.iterdir())
    return children[0] if len(children) == 1 and children[0].is_dir() else folder


def read_commit(directory: Path) -> str:
    """The last commit that changed a directory of a git checkout, with `-dirty` for later changes; else empty."""
    checkout = open_checkout(directory)
    commit = checkout.read_commit() if checkout is not None else ""
    if checkout is None or not commit:
        return ""
    folders = [checkout, *(Checkout(directory / name) for name in checkout.list_submodules())]
    return f"{commit}-dirty" if any(one.has_changes() for one in folders) else commit


__all__ = ["SourceError", "build_archive", "check_out", "make_archive", "name_version"]
