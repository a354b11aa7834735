# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a lock of npm has a package for every requirement of package.json and of the packages in it. Controller only.

`npm ci` installs nothing from another lock (npm documentation, "npm ci"). Requirements that are no ranges (addresses,
aliases, tags) are not compared, and neither are those of peers, which `legacy-peer-deps` may leave out.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .lock_age import read_section
from .semver_range import is_in_range, parse_range, parse_version

PACKAGE_FILE = "package.json"
MODULES = "node_modules"
# The sections that `npm ci` compares, also without development dependencies. Without an optional package npm goes on.
DEVELOPMENT, OPTIONAL = "devDependencies", "optionalDependencies"
SECTIONS = ("dependencies", DEVELOPMENT, OPTIONAL)
# Entries of a lock whose requirements are not compared. Of an optional package, which npm may leave out, a lock that
# was made on another platform lacks some.
NOT_COMPARED = ("link", "inBundle", "optional", "extraneous")
# Characters of patterns that are not read here: alternatives, exclusions and classes.
UNREAD_PATTERN = "{}!()[]"


@dataclass
class UnmetRequirements:
    """The requirements that a lock does not meet, in words for messages.

    ``missing`` are packages that it does not have ("ms, which debug requires"), ``wrong`` those that it has in another
    version ("ms 1.0.0, and debug requires ^2").
    """

    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def find_unmet_requirements(
    package: Mapping[str, Any], lock: Mapping[str, Any], workspaces: Mapping[str, Mapping[str, Any]]
) -> UnmetRequirements:
    """Compare a lock with package.json, with the package.json of each workspace by its directory, and with itself.

    What the lock does not have of package.json itself is reported elsewhere.
    """
    result = UnmetRequirements()
    overridden = set(_list_overridden(package.get("overrides")))
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        # A lock of npm 6 or older has the packages of package.json at its top level.
        packages = {f"{MODULES}/{name}": entry for name, entry in read_section(lock, "dependencies").items()}
        _compare(packages, "", package, overridden, result)
        return result
    for path, entry in {"": {}, **packages}.items():
        # Of an optional package, which npm may leave out, a lock of another platform lacks some requirements.
        if isinstance(entry, dict) and not any(
            entry.get(one) for one in ("link", "inBundle", "optional", "extraneous")
        ):
            _compare(packages, path, package if path == "" else workspaces.get(path, entry), overridden, result)
    return result


def _compare(
    packages: Mapping[str, Any],
    path: str,
    package: Mapping[str, Any],
    overridden: Collection[str],
    result: UnmetRequirements,
) -> None:
    """Add the unmet requirements of one package, which a lock has at a path."""
    # npm installs development dependencies of the project and its workspaces only.
    sections = [one for one in SECTIONS if one != DEVELOPMENT or MODULES not in path.split("/")]
    bundled = package.get("bundleDependencies") or package.get("bundledDependencies") or ()
    who = path.rpartition(f"{MODULES}/")[2] or PACKAGE_FILE
    for name, spec in _list_requirements(package, sections):
        if name in overridden or bundled is True or name in bundled:
            continue
        found = _resolve(packages, path, name)
        if found is None and path != "" and name not in read_section(package, OPTIONAL):
            result.missing.append(f"{name}, which {who} requires")
        elif found is not None and not _is_met(spec, found, name):
            result.wrong.append(f"{name} {found['version']}, and {who} requires {spec}")


def find_missing_workspaces(package: Mapping[str, Any], lock: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """The workspaces of package.json that its lock does not have; ``names`` are the files of the source."""
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        return []
    return [folder for folder in list_workspaces(package, names) if folder not in packages]


def list_workspaces(package: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """The directories of workspaces that a source has (npm documentation, "workspaces")."""
    declared = package.get("workspaces")
    patterns = declared.get("packages") if isinstance(declared, dict) else declared
    if not isinstance(patterns, list) or any(
        not isinstance(one, str) or any(character in one for character in UNREAD_PATTERN) for one in patterns
    ):
        return []
    folders = sorted(posixpath.dirname(name) for name in names if name.endswith(f"/{PACKAGE_FILE}"))
    wanted = [posixpath.normpath(one).split("/") for one in patterns]
    return [
        folder
        for folder in folders
        if MODULES not in folder.split("/") and any(_matches(folder.split("/"), one) for one in wanted)
    ]


def _matches(folder: list[str], pattern: list[str]) -> bool:
    if not pattern or not folder:
        return not pattern and not folder
    if pattern[0] == "**":
        return _matches(folder, pattern[1:]) or _matches(folder[1:], pattern)
    return fnmatch.fnmatchcase(folder[0], pattern[0]) and _matches(folder[1:], pattern[1:])


def _list_overridden(overrides: Any) -> Iterator[str]:
    """The packages whose requirements `overrides` replaces, wherever they are."""
    for name, value in overrides.items() if isinstance(overrides, dict) else ():
        yield name[:1] + name[1:].partition("@")[0]
        yield from _list_overridden(value)


def _list_requirements(package: Mapping[str, Any], sections: Collection[str]) -> Iterator[tuple[str, str]]:
    """The packages with their ranges. One that two sections have with different ranges is left out."""
    found: dict[str, set[str]] = {}
    for section in sections:
        for name, spec in read_section(package, section).items():
            found.setdefault(name, set()).add(" ".join(str(spec).split()))
    yield from ((name, next(iter(specs))) for name, specs in found.items() if len(specs) == 1)


def _resolve(packages: Mapping[str, Any], path: str, name: str) -> Mapping[str, Any] | None:
    """The package that another one finds by a name: in its own directory, or in one above it, as Node.js searches."""
    folder = path
    while True:
        if posixpath.basename(folder) != MODULES:
            found = packages.get(f"{folder}/{MODULES}/{name}" if folder else f"{MODULES}/{name}")
            if isinstance(found, dict):
                return _follow(packages, found)
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _follow(packages: Mapping[str, Any], entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The package that a link leads to."""
    target = packages.get(str(entry.get("resolved"))) if entry.get("link") else None
    return target if isinstance(target, dict) else entry


def _is_met(spec: str, found: Mapping[str, Any], name: str) -> bool:
    """Whether a locked version is in a range. An alias has the version of another package."""
    wanted, version = parse_range(spec), parse_version(str(found.get("version")))
    is_other = found.get("name", name) != name or found.get("inBundle")
    return spec == "*" or wanted is None or version is None or bool(is_other) or is_in_range(version, wanted)
