# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Convert poetry.lock to requirements with hashes, which hosts install with uv. Controller only.

So hosts need no Poetry, and take packages from their configured index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .requirements_file import GOOD_HASH, normalize
from .source_error import SourceError

# Conditions of one package; beyond that it is installed on every platform.
MOST_CONDITIONS = 20
# Poetry 1 writes lock versions 1.1 and 2.0, Poetry 2 writes 2.1. Its own rule is to reject another major version.
LOCK_MAJORS = ("1", "2")


def convert_lock(project: Mapping[str, Any], lock: Mapping[str, Any]) -> str:
    """The main group of a lock file as a requirements file. Takes both files as data; raises `SourceError`."""
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
        selected = [(one, _read_marker(one)) for one in packages if "main" in one["groups"] and not one.get("optional")]
    else:
        selected = list(_select_reachable(packages, roots))
    files = (lock.get("metadata") or {}).get("files") or {}
    lines = [_format_line(one, marker, files.get(one["name"])) for one, marker in selected]
    return "".join(f"{line}\n" for line in sorted(lines))


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
