# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that uv on hosts can read a ``uv.lock``, and verify what it installs from it. Controller only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .requirements_file import (
    GOOD_HASH,
    NAME,
    allows_host_python,
    find_unusable_wheels,
    is_marker,
    normalize,
)
from .source_error import SourceError

# uv documentation, "Lockfile versioning": one release of uv reads one version of the schema, and any revision of it.
SCHEMA_VERSION = 1
# The origins of packages that are files, which have hashes.
FILE_ORIGINS = ("registry", "url", "path")
ALWAYS = "python_version > '3'"
MADE_ANEW = "run uv lock, and keep the file as uv writes it"


def check_schema(lock: Mapping[str, Any]) -> None:
    """Raise `SourceError` where uv rejects a lock as a whole."""
    version = lock.get("version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        found = f"the schema version {version}" if isinstance(version, int) else "no schema version"
        raise SourceError(
            f"uv.lock has {found}, and uv on the hosts reads version {SCHEMA_VERSION} "
            f"(run uv lock with a uv that writes version = {SCHEMA_VERSION})"
        )
    if not isinstance(lock.get("requires-python"), str):
        raise SourceError(f"uv.lock has no requires-python, without which uv rejects it ({MADE_ANEW})")
    for package in lock.get("package") or ():
        _check_package(package)


def _check_package(package: Mapping[str, Any]) -> None:
    name, source = package.get("name"), package.get("source")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise SourceError(f"uv.lock has a package without a valid name, and uv rejects it ({MADE_ANEW})")
    if not isinstance(source, dict) or not source:
        raise SourceError(f"uv.lock has no source of {name}, and uv rejects it ({MADE_ANEW})")
    if "registry" in source and not isinstance(package.get("version"), str):
        raise SourceError(f"uv.lock has no version of {name}, and uv rejects it ({MADE_ANEW})")
    for digest in _read_hashes(package):
        # uv reads hashes of other algorithms too, but does not accept them.
        if digest.startswith("sha") and not GOOD_HASH.fullmatch(digest):
            raise SourceError(f"uv.lock has an invalid hash of {name}, and uv rejects it ({MADE_ANEW})")


def find_lock_problems(lock: Mapping[str, Any], installed: Collection[str]) -> Iterator[str]:
    """The problems of the packages that hosts install; ``installed`` has their normalized names."""
    python = lock["requires-python"]
    if not allows_host_python(python):
        yield f"uv.lock requires Python {python[:40]}, which no host has (correct requires-python, and run uv lock)"
    packages = lock.get("package") or ()
    known = {normalize(package["name"]) for package in packages}
    for package in packages:
        name = normalize(package["name"])
        missing = sorted({normalize(one["name"]) for one in package.get("dependencies") or ()} - known)
        if missing:
            yield f"uv.lock does not have {', '.join(missing)}, which {name} needs ({MADE_ANEW})"
        if not all(is_marker(one.get("marker") or ALWAYS) for one in package.get("dependencies") or ()):
            yield f"uv.lock has a condition of a dependency of {name} that uv cannot read ({MADE_ANEW})"
        wheels = [
            str(one.get("url") or one.get("path") or one.get("filename") or "") for one in package.get("wheels") or ()
        ]
        unusable = None if package.get("sdist") or name not in installed else find_unusable_wheels(wheels)
        if unusable is not None:
            yield f"uv.lock has no file of {name} for hosts: each {unusable}"
        if name not in installed or not any(origin in package["source"] for origin in FILE_ORIGINS):
            continue
        if not any(GOOD_HASH.fullmatch(digest) for digest in _read_hashes(package)):
            yield f"uv.lock has no sha256 hash of {name}, and hosts install nothing without one ({MADE_ANEW})"


def _read_hashes(package: Mapping[str, Any]) -> Iterator[str]:
    """The hashes of the files of a package: a source archive, wheels, or both."""
    archive = package.get("sdist")
    for file in [*([archive] if archive else ()), *(package.get("wheels") or ())]:
        if "hash" in file:
            yield str(file["hash"])
