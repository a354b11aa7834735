# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fetch a commit of a git repository into a mirror, and export its files with those of its submodules and of Git LFS.

Controller only. Hosts fetch at the same time into the mirror of an address, so a fetch holds the lock of the mirror and
writes a ref of its own, which also protects the commit from `git gc` until it is exported.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..._topology.git_addresses import find_address_problem, find_ref_problem, is_local_repository
from .extraction import extract_archive
from .git_command import call_git, describe_failure, run_git
from .source_error import SourceError
from .source_tree import is_pointer_file

REFS = "refs/groundwork"
# Seconds after which a ref belongs to a run that was killed. An export ends long before.
STALE_REF = 24 * 3600
COMMIT = re.compile(r"[0-9a-f]{40}")
SHORT = re.compile(r"[0-9a-fA-F]{4,39}")
# The filter of Git LFS, as `git lfs install` writes it.
LFS_FILTER = {
    "filter.lfs.process": "git-lfs filter-process",
    "filter.lfs.smudge": "git-lfs smudge -- %f",
    "filter.lfs.required": "true",
}
# Fails the export of a file that needs the filter, and no other.
NO_LFS_FILTER = {"filter.lfs.process": "", "filter.lfs.smudge": "false", "filter.lfs.required": "true"}
# Leaves the pointers of Git LFS as they are.
KEEP_LFS_POINTERS = {"filter.lfs.process": "", "filter.lfs.smudge": "", "filter.lfs.required": "false"}
# Git rejects every other protocol, also where its configuration replaces an address (git-config, url.<base>.insteadOf).
LOCAL_PROTOCOLS = {"GIT_ALLOW_PROTOCOL": "file"}


class NotLocalError(SourceError):
    """A repository that cannot be read without the network."""


@dataclass(frozen=True)
class LocalExport:
    """An export without the network into ``root``: ``unread`` lists the submodules and files that it leaves out."""

    root: Path
    unread: list[str] = field(default_factory=list)

    def leave_out(self, path: Path) -> None:
        self.unread.append(os.path.relpath(path, self.root))


@dataclass(frozen=True)
class Commit:
    """A commit in the mirror of its repository."""

    url: str
    mirror: Path
    id: str

    def run(self, *arguments: str) -> str:
        return run_git(arguments, self.mirror)


def check_out(url: str, ref: str, cache: Path, target: Path, local: LocalExport | None = None) -> tuple[str, str]:
    """Export one commit into ``target``; returns its version (the ref and the commit) and the commit.

    With ``local`` nothing is fetched over the network. Raises `NotLocalError` where the repository itself needs it.
    """
    problem = find_address_problem(url) or (find_ref_problem(ref) if ref else None)
    if problem is not None:
        raise SourceError(problem)
    with fetch_commit(url, ref or "HEAD", cache, local) as commit:
        export_commit(commit, cache, target, local)
    return name_version(ref, commit.id), commit.id


@contextmanager
def fetch_commit(url: str, ref: str, cache: Path, local: LocalExport | None = None) -> Iterator[Commit]:
    """Fetch a commit, and keep it in the mirror until the block ends."""
    if local is not None and not is_local(url):
        raise NotLocalError("it is behind the network")
    mirror = cache / "git" / hashlib.sha256(url.encode()).hexdigest()[:16]
    own = f"{REFS}/{int(time.time())}-{uuid.uuid4().hex}"
    with lock_mirror(mirror):
        if not (mirror / "HEAD").exists():
            run_git(["init", "--quiet", "--bare", str(mirror)])
        remove_stale_refs(mirror)
        fetch_ref(mirror, url, ref, own, local is not None)
    try:
        yield Commit(url, mirror, run_git(["rev-parse", "--verify", f"{own}^{{commit}}"], mirror).strip())
    finally:
        with lock_mirror(mirror):
            run_git(["update-ref", "-d", own], mirror)


@contextmanager
def lock_mirror(mirror: Path) -> Iterator[None]:
    """Hold the lock of a mirror. Those who hold it are bounded by the timeout of git."""
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with open(mirror.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_stale_refs(mirror: Path) -> None:
    """Remove the refs that killed runs left."""
    for name in run_git(["for-each-ref", "--format=%(refname)", f"{REFS}/"], mirror).splitlines():
        begun = name.rpartition("/")[2].partition("-")[0]
        if begun.isdigit() and time.time() - int(begun) > STALE_REF:
            run_git(["update-ref", "-d", name], mirror)


def fetch_ref(mirror: Path, url: str, ref: str, own: str, is_local_only: bool = False) -> None:
    """Fetch a branch, tag or commit, and let the ref ``own`` name it."""
    # A commit never changes, so one whose files are all there is not fetched again.
    complete = ["rev-list", "--objects", "--quiet", "--max-count=1", ref]
    if COMMIT.fullmatch(ref) and call_git(complete, mirror).returncode == 0:
        run_git(["update-ref", own, ref], mirror)
        return
    options = ["--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    try:
        variables = LOCAL_PROTOCOLS if is_local_only else None
        run_git(["fetch", *options, "--depth=1", "--", url, f"+{ref}:{own}"], mirror, variables=variables)
    except SourceError as error:
        if is_local_only and re.search(r"transport '.*' not allowed", str(error)):
            raise NotLocalError(str(error)) from None
        if not SHORT.fullmatch(ref):
            raise
        text = f"{error}. If {ref} is a short commit id: git does not fetch those"
        raise SourceError(f"{text} (write all 40 digits: git rev-parse {ref})") from None


def export_commit(commit: Commit, cache: Path, target: Path, local: LocalExport | None = None) -> None:
    """Write the files of a commit into an empty directory, with those of its submodules and of Git LFS."""
    exported = target.with_name(f"{target.name}.{uuid.uuid4().hex}.tar")
    try:
        has_all_files = write_tar(commit, exported, local is not None)
        extract_archive(exported, target, f"commit {commit.id[:12]}")
        if local is not None and not has_all_files:
            leave_out_pointers(target, local)
    finally:
        exported.unlink(missing_ok=True)
    export_submodules(commit, cache, target, local)


def leave_out_pointers(target: Path, local: LocalExport) -> None:
    """Remove the pointers of Git LFS whose files are behind the network, so that they do not count as files."""
    for folder, _folders, files in os.walk(target):
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink() and is_pointer_file(path):
                path.unlink()
                local.leave_out(path)


def write_tar(commit: Commit, path: Path, is_local_only: bool = False) -> bool:
    """Write the files of a commit; returns whether those of Git LFS are among them."""
    has_lfs = shutil.which("git-lfs") is not None
    settings = {**(LFS_FILTER if has_lfs else NO_LFS_FILTER), "remote.origin.url": commit.url}
    address = read_setting(commit, ".lfsconfig", "lfs.url")
    if address:
        settings["lfs.url"] = address
    reads_lfs = not is_local_only or is_local(address or commit.url)
    if has_lfs and not reads_lfs:
        settings.update(KEEP_LFS_POINTERS)
    arguments = ["archive", "--format=tar", f"--output={path}", commit.id]
    done = call_git(arguments, commit.mirror, settings, {"GIT_LFS_SKIP_SMUDGE": "0"})
    file = re.search(r"fatal: (.+): smudge filter lfs failed", done.stderr)
    if done.returncode != 0 and file is not None and not has_lfs:
        raise SourceError(
            f"it has files in Git LFS ({file[1]}), and git-lfs is not installed on the controller (install the package "
            "git-lfs)"
        )
    if done.returncode != 0:
        raise SourceError(describe_failure(arguments, done))
    return reads_lfs


def read_setting(commit: Commit, file: str, key: str) -> str:
    """A setting of a file of the commit; empty where there is no such file or setting."""
    done = call_git(["config", f"--blob={commit.id}:{file}", "--get", key], commit.mirror)
    return done.stdout.strip() if done.returncode == 0 else ""


def export_submodules(commit: Commit, cache: Path, target: Path, local: LocalExport | None = None) -> None:
    entries = commit.run("ls-tree", "-r", "-z", commit.id).split("\0")
    found = [entry.partition("\t") for entry in entries if entry.startswith("160000 ")]
    if not found:
        return
    addresses = read_submodule_addresses(commit)
    for fields, _separator, path in found:
        folder = target / path
        if os.path.realpath(folder) != os.path.join(os.path.realpath(target), os.path.normpath(path)):
            raise SourceError(f"its submodule {path} leads through a symbolic link (remove the link)")
        if not folder.is_dir():
            continue  # left out by export-ignore (gitattributes)
        if path not in addresses:
            raise SourceError(
                f"its submodule {path} has no address in .gitmodules (add it with git submodule add, or remove it)"
            )
        try:
            address = find_submodule_address(commit.url, addresses[path])
            with fetch_commit(address, fields.split()[2], cache, local) as inner:
                export_commit(inner, cache, folder, local)
        except NotLocalError:
            if local is None:
                raise
            local.leave_out(folder)
        except SourceError as error:
            raise SourceError(f"its submodule {path} cannot be exported: {error}") from None


def read_submodule_addresses(commit: Commit) -> dict[str, str]:
    """The address of each submodule by its path, as .gitmodules of the commit has them."""
    pattern = r"^submodule\..+\.(path|url)$"
    done = call_git(["config", f"--blob={commit.id}:.gitmodules", "-z", "--get-regexp", pattern], commit.mirror)
    declared: dict[str, dict[str, str]] = {}
    for entry in done.stdout.split("\0") if done.returncode == 0 else ():
        key, _separator, value = entry.partition("\n")
        name, _separator, field = key.rpartition(".")
        declared.setdefault(name, {})[field] = value
    return {one["path"]: one["url"] for one in declared.values() if "path" in one and "url" in one}


def find_submodule_address(parent: str, address: str) -> str:
    """Where a submodule is fetched from. Raises `SourceError` for what a repository must not make git read."""
    found = resolve_address(parent, address)
    problem = find_address_problem(found)
    if problem is not None:
        raise SourceError(f"its address {problem}")
    if is_local(found) and not is_local(parent):
        # git itself does not allow it either (git-config, protocol.allow): it would copy files of the controller.
        raise SourceError("its address is a path of the controller (give it the address of a server)")
    return add_credentials(parent, found)


def is_local(address: str) -> bool:
    return is_local_repository(address) or address.startswith("file://")


def resolve_address(parent: str, address: str) -> str:
    """An address that begins with ./ or ../ counts from that of the parent repository (git-submodule, "add")."""
    if not address.startswith(("./", "../")):
        return address
    base, separator = parent.rstrip("/"), "/"
    while address.startswith(("./", "../")):
        step, _slash, address = address.partition("/")
        if step == "..":
            base, separator = remove_last_part(base)
    return f"{base}{separator}{address}".rstrip("/")


def remove_last_part(address: str) -> tuple[str, str]:
    """An address without what follows its last slash or colon, and that character."""
    for separator in ("/", ":"):
        start, found, _part = address.rpartition(separator)
        if found and not start.endswith((":/", "/")):
            return start, separator
    raise SourceError("its address leads out of that of the repository (correct the ../ in .gitmodules)")


def add_credentials(parent: str, address: str) -> str:
    """Use the user and password of the parent's address for a submodule of the same server."""
    one, other = urlsplit(parent), urlsplit(address)
    if one.scheme not in ("http", "https") or "@" not in one.netloc or "@" in other.netloc:
        return address
    login, _separator, host = one.netloc.rpartition("@")
    is_same = (one.scheme, host) == (other.scheme, other.netloc)
    return other._replace(netloc=f"{login}@{host}").geturl() if is_same else address


def name_version(ref: str, commit: str) -> str:
    """The name of a tag or branch with the short commit, or the short commit alone."""
    short = commit[:12]
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    return short if name in ("", "HEAD") or commit.startswith(name) else f"{name}-{short}"
