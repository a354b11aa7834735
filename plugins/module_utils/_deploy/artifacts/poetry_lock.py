# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Convert poetry.lock to requirements with hashes, which hosts install with uv. Controller only.

So hosts need no Poetry, and take packages from their configured index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..._topology.secret_patterns import is_a_secret
from .requirements_file import (
    GOOD_HASH,
    allows_host_python,
    find_unusable_wheels,
    is_for_hosts,
    is_marker,
    normalize,
)
from .source_error import SourceError

# Conditions of one package; beyond that it is installed on every platform.
MOST_CONDITIONS = 20
# Poetry 1 writes lock versions 1.1 and 2.0, Poetry 2 writes 2.1. Its own rule is to reject another major version.
LOCK_MAJORS = ("1", "2")
# Packages that Poetry before 1.5 leaves out of a lock.
OMITTED_PACKAGES = ("distribute", "pip", "setuptools", "wheel")


def convert_lock(project: Mapping[str, Any], lock: Mapping[str, Any]) -> str:
    """The main group of a lock file as a requirements file. Takes both files as data; raises `SourceError`."""
    files = (lock.get("metadata") or {}).get("files") or {}
    lines = [_format_line(one, marker, files.get(one["name"])) for one, marker in _select_packages(project, lock)]
    return "".join(f"{line}\n" for line in sorted(lines))


def find_lock_problems(project: Mapping[str, Any], lock: Mapping[str, Any]) -> Iterator[str]:
    """Why hosts cannot install the packages of a lock that can be converted, and passwords in it."""
    python = str((lock.get("metadata") or {}).get("python-versions") or _read_python(project) or "")
    if python and not any(map(allows_host_python, _split_ranges(python))):
        text = f"poetry.lock requires Python {python[:40]}, which no host has"
        yield f"{text} (correct it in pyproject.toml, and run poetry lock)"
    names = {normalize(one["name"]) for one in lock.get("package") or ()} | {
        *OMITTED_PACKAGES,
        *_read_own_names(project),
    }
    files = (lock.get("metadata") or {}).get("files") or {}
    for package, marker in _select_packages(project, lock):
        name = package["name"]
        if marker is not None and not is_marker(marker):
            yield f"poetry.lock has a condition of {name} that no tool can read (run poetry lock)"
        elif is_for_hosts(marker or ""):
            listed = package.get("files") or files.get(name) or ()
            unusable = find_unusable_wheels([str(item.get("file") or "") for item in listed])
            if unusable is not None:
                yield f"poetry.lock has no file of {name} for hosts: each {unusable}"
            missing = sorted({inner for inner in _list_certain_dependencies(package) if inner not in names})
            if missing:
                yield f"poetry.lock does not have {', '.join(missing)}, which {name} needs (run poetry lock)"
    yield from _find_passwords(project, lock)


def _read_python(project: Mapping[str, Any]) -> Any:
    poetry = ((project.get("tool") or {}).get("poetry") or {}).get("dependencies") or {}
    return (project.get("project") or {}).get("requires-python") or poetry.get("python")


def _read_own_names(project: Mapping[str, Any]) -> list[str]:
    tables = (project.get("project") or {}, (project.get("tool") or {}).get("poetry") or {})
    return [normalize(str(table["name"])) for table in tables if "name" in table]


def _split_ranges(text: str) -> Iterator[str]:
    """The alternatives of a range of Poetry as ranges of versions (Poetry, "Dependency specification")."""
    for part in re.split(r"\s*\|\|?\s*", text):
        clauses = re.split(r"\s*,\s*|(?<=[\w*])\s+(?=[<>=!~^\d])", part.strip())
        yield ",".join(filter(None, map(_format_clause, clauses)))


def _format_clause(clause: str) -> str:
    match = re.fullmatch(r"(\^|~(?!=)|)\s*([0-9]+)(?:\.([0-9]+))?(?:\.[0-9]+)*", clause)
    if match is None:  # a range as other tools write it, or one like 3.*
        return f"=={clause}" if re.fullmatch(r"[0-9.]+\.\*", clause) else "" if clause == "*" else clause
    sign, major, minor = match[1], int(match[2]), match[3]
    if sign == "":
        return f"=={clause}.*" if clause.count(".") < 2 else f"=={clause}"
    end = f"{major}.{int(minor) + 1}" if sign == "~" and minor is not None else str(major + 1)
    return f">={clause.lstrip('^~ ')},<{end}"


def _list_certain_dependencies(package: Mapping[str, Any]) -> Iterator[str]:
    """The dependencies that a package has on every host.

    Poetry leaves out of the lock what is only for a Python that the project excludes, or for an extra.
    """
    for name, spec in (package.get("dependencies") or {}).items():
        for item in _list_specs(spec):
            marker = str(item.get("markers") or "")
            if not item.get("optional") and not re.search("python|extra", marker) and is_for_hosts(marker):
                yield normalize(name)


def _find_passwords(project: Mapping[str, Any], lock: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of indexes with a password, which every release would have. No message repeats them."""
    fix = "take it out: hosts install from their configured index, and Poetry on your machine knows it by poetry config"
    locked = [(one.get("source") or {}).get("url") for one in lock.get("package") or ()]
    declared = [one.get("url") for one in ((project.get("tool") or {}).get("poetry") or {}).get("source") or ()]
    for file, addresses in (("poetry.lock", locked), ("pyproject.toml", declared)):
        if any(is_a_secret(str(address)) for address in addresses if address):
            yield f"{file} has the address of an index with a password or token ({fix})"


def _select_packages(project: Mapping[str, Any], lock: Mapping[str, Any]) -> list[tuple[dict[str, Any], str | None]]:
    """The packages of the main group, each with its condition. Raises `SourceError`."""
    version = (lock.get("metadata") or {}).get("lock-version")
    if version is not None and str(version).partition(".")[0] not in LOCK_MAJORS:
        raise SourceError(
            f"poetry.lock has the lock-version {str(version)[:20]}, and versions {' and '.join(LOCK_MAJORS)} are known "
            "(run poetry lock with Poetry 2)"
        )
    packages = [one for one in lock.get("package") or [] if isinstance(one, dict) and "name" in one]
    roots = dict(_read_main_dependencies(project))
    names = {normalize(one["name"]) for one in packages}
    missing = sorted(name for name in roots if name not in names)
    if missing:
        raise SourceError(f"poetry.lock does not have {', '.join(missing)} of pyproject.toml (run poetry lock)")
    if all("groups" in one for one in packages):
        return [(one, _read_marker(one)) for one in packages if "main" in one["groups"] and not one.get("optional")]
    return list(_select_reachable(packages, roots))


def _read_main_dependencies(project: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The direct dependencies of the project: name and specifications."""
    for text in (project.get("project") or {}).get("dependencies") or []:
        match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?[^;]*(?:;(.*))?", str(text))
        if match:
            extras = [extra.strip() for extra in (match[2] or "").split(",") if extra.strip()]
            yield normalize(match[1]), ({"extras": extras, "markers": (match[3] or "").strip() or None},)
    tool = ((project.get("tool") or {}).get("poetry") or {}).get("dependencies") or {}
    for name, spec in tool.items():
        specs = tuple(item for item in _list_specs(spec) if not item.get("optional"))
        if normalize(name) != "python" and specs:
            yield normalize(name), specs


def _list_specs(spec: Any) -> list[dict[str, Any]]:
    """A dependency is a version, a table, or a list of tables."""
    return [item if isinstance(item, dict) else {} for item in (spec if isinstance(spec, list) else [spec])]


def _read_marker(package: Mapping[str, Any]) -> str | None:
    marker = package.get("markers")
    return marker.get("main") if isinstance(marker, dict) else marker


def _select_reachable(
    packages: list[dict[str, Any]], roots: Mapping[str, tuple[Any, ...]]
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Follow the dependencies in a lock of Poetry before 2.1, which does not record the groups of packages."""
    known: dict[str, dict[str, Any]] = {}
    for package in packages:
        name = normalize(package["name"])
        if name in known:
            raise SourceError(
                f"poetry.lock has {name} in several versions, which Poetry before 2.1 does not distinguish "
                "(run poetry lock with Poetry 2.1 or later)"
            )
        known[name] = package
    conditions: dict[str, list[str | None]] = {}
    extras_of: dict[str, set[str]] = {}
    waiting: list[tuple[str, Any, str | None]] = [(name, spec, None) for name, specs in roots.items() for spec in specs]
    while waiting:
        name, spec, outer = waiting.pop()
        if name not in known:  # for another platform, and left out of the lock
            continue
        package = known[name]
        condition = _join_conditions(outer, spec.get("markers"))
        extras = {normalize(extra) for extra in spec.get("extras") or ()}
        seen, seen_extras = conditions.setdefault(name, []), extras_of.setdefault(name, set())
        if (condition in seen or None in seen) and extras <= seen_extras:
            continue
        if condition not in seen:
            seen.append(condition if len(seen) < MOST_CONDITIONS else None)
        seen_extras |= extras
        waiting += [(inner, item, seen[-1]) for inner, item in _read_inner_dependencies(package, seen_extras)]
    for name, found in conditions.items():
        yield known[name], None if None in found else " or ".join(f"({condition})" for condition in found)


def _read_inner_dependencies(package: Mapping[str, Any], extras: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The dependencies of a package, optional ones only if one of the extras has them."""
    chosen = {
        normalize(re.split(r"[^A-Za-z0-9._-]", text.strip())[0])
        for extra, texts in (package.get("extras") or {}).items()
        if normalize(extra) in extras
        for text in texts
    }
    for name, spec in (package.get("dependencies") or {}).items():
        for item in _list_specs(spec):
            if not item.get("optional"):
                yield normalize(name), item
            elif normalize(name) in chosen:  # its marker is the extra
                yield normalize(name), {**item, "markers": None}


def _join_conditions(outer: str | None, inner: str | None) -> str | None:
    if outer is None or inner is None:
        return outer or inner
    return outer if outer == inner else f"({outer}) and ({inner})"


def _format_line(package: Mapping[str, Any], marker: str | None, files: Any) -> str:
    name, source = package["name"], (package.get("source") or {}).get("type")
    if source in ("git", "url", "file", "directory"):
        raise SourceError(
            f"poetry.lock takes {name} from a {source}, which hosts cannot verify (take it from a package index)"
        )
    hashes = [item["hash"] for item in files or package.get("files") or () if GOOD_HASH.fullmatch(item.get("hash", ""))]
    if not hashes:
        raise SourceError(f"poetry.lock has no valid sha256 hash of {name} (run poetry lock)")
    condition = f" ; {marker}" if marker else ""
    return " ".join([f"{name}=={package['version']}{condition}", *(f"--hash={digest}" for digest in sorted(hashes))])
