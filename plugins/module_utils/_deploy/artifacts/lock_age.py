# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a lock was made from the current project file, or from an older one. Controller only.

Hosts install the versions of the lock, not the requirements of the project file. Each lock records its origin: uv and
npm the requirements of the project, Poetry a hash of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .requirements_file import normalize

try:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import canonicalize_version
except ImportError:  # ansible-core requires it; without it versions are compared as text
    SpecifierSet = None  # type: ignore[assignment, misc]

# uv replaces the range of a package by one of these where `tool.uv.sources` names another origin than an index.
UV_ORIGINS = ("directory", "editable", "git", "path", "url", "virtual", "workspace")
REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*([^;@]*)(@?)")
PYTHONS = tuple(f"3.{minor}.{patch}" for minor in range(6, 30) for patch in range(20))

# The keys of pyproject.toml that Poetry hashes: of [tool.poetry] and of [project]. Without [project] it hashes the
# first four also where they are missing.
POETRY_ALWAYS = ("dependencies", "source", "extras", "dev-dependencies")
POETRY_KEYS = (*POETRY_ALWAYS, "group")
PROJECT_KEYS = ("requires-python", "dependencies", "optional-dependencies")

NPM_SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def compare_uv_lock(project: Mapping[str, Any], lock: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """The ranges that differ between ``uv.lock`` and ``pyproject.toml``; ``own`` is the lock's entry of the project.

    Packages that only one of the two files has are ignored.
    """
    table = project.get("project") or {}
    declared = _read_project_ranges(table)
    locked: dict[str, set[str]] = {}
    for one in (own.get("metadata") or {}).get("requires-dist") or ():
        name = normalize(one["name"])
        if any(origin in one for origin in UV_ORIGINS):
            declared.pop(name, None)
        locked.setdefault(name, set()).add(_format_range(one.get("extras") or (), one.get("specifier") or ""))
    differing = [
        f"{name} {_format_ranges(locked[name])} (in {{project}} {_format_ranges(ranges)})"
        for name, ranges in sorted(declared.items())
        if name in locked and locked[name] != ranges
    ]
    python = str(table.get("requires-python") or "")
    locked_python = str(lock.get("requires-python") or "")
    if python and locked_python and not _allow_same_pythons(python, locked_python):
        differing.append(f"requires-python {locked_python} (in {{project}} {python})")
    return differing


def _read_project_ranges(table: Mapping[str, Any]) -> dict[str, set[str]]:
    """The ranges and extras of each package that a project requires, without packages from an address."""
    texts = [*(table.get("dependencies") or ())]
    for extra in (table.get("optional-dependencies") or {}).values():
        texts += extra
    found: dict[str, set[str]] = {}
    addressed: set[str] = set()
    for text in texts:
        match = REQUIREMENT.match(str(text))
        if match is None:
            continue
        name = normalize(match[1])
        if match[4]:
            addressed.add(name)
        extras = [extra.strip() for extra in (match[2] or "").split(",") if extra.strip()]
        found.setdefault(name, set()).add(_format_range(extras, match[3]))
    return {name: ranges for name, ranges in found.items() if name not in addressed}


def _format_range(extras: Any, specifier: str) -> str:
    """A range in a normalized form, with its extras before it."""
    names = ",".join(sorted(normalize(str(extra)) for extra in extras))
    return f"[{names}]{_normalize_specifier(specifier)}" if names else _normalize_specifier(specifier)


def _normalize_specifier(specifier: str) -> str:
    text = specifier.strip().strip("()")
    if SpecifierSet is not None:
        try:
            return ",".join(sorted(_normalize_clause(one.operator, one.version) for one in SpecifierSet(text)))
        except InvalidSpecifier:
            pass
    return ",".join(sorted(re.sub(r"\s", "", clause) for clause in text.split(",") if clause.strip()))


def _normalize_clause(operator: str, version: str) -> str:
    """A clause in a normalized form. Zeros at the end of a version do not count, except after ~=."""
    if operator == "===":
        return f"==={version}"
    return operator + canonicalize_version(version, strip_trailing_zero=operator != "~=")


def _format_ranges(ranges: set[str]) -> str:
    return " or ".join(sorted(one or "in any version" for one in ranges))


def _allow_same_pythons(first: str, second: str) -> bool:
    """Whether two ranges allow the same versions of Python: uv may write one in another way."""
    if SpecifierSet is None:
        return _normalize_specifier(first) == _normalize_specifier(second)
    try:
        one, other = SpecifierSet(first), SpecifierSet(second)
    except InvalidSpecifier:
        return True
    return all(one.contains(version) == other.contains(version) for version in PYTHONS)


def is_poetry_lock_current(project: Mapping[str, Any], lock: Mapping[str, Any]) -> bool:
    """Whether the hash in ``poetry.lock`` is that of ``pyproject.toml``, as Poetry 1 or 2 makes it.

    A lock without a hash counts as current: Poetry did not write it.
    """
    recorded = (lock.get("metadata") or {}).get("content-hash")
    if not isinstance(recorded, str):
        return True
    return recorded in {_poetry_hash(project, groups) for groups in (False, True)}


def _poetry_hash(project: Mapping[str, Any], with_groups: bool) -> str:
    """Poetry's hash of the inputs of a lock. Since 2.2 they include the groups of PEP 735."""
    table = project.get("project") or {}
    poetry = (project.get("tool") or {}).get("poetry") or {}
    groups = project.get("dependency-groups") if with_groups else None
    content: dict[str, Any] = {}
    if any(table.get(key) is not None for key in PROJECT_KEYS):
        content["project"] = {key: table[key] for key in PROJECT_KEYS if table.get(key) is not None}
    if groups:
        content["dependency-groups"] = groups
    own = {key: poetry.get(key) for key in POETRY_KEYS if poetry.get(key) is not None}
    if content:
        content["tool"] = {"poetry": own}
    else:
        content = {**dict.fromkeys(POETRY_ALWAYS), **own}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def compare_npm_lock(package: Mapping[str, Any], lock: Mapping[str, Any]) -> list[str]:
    """The ranges that differ between npm's lock and ``package.json``. Locks of npm 6 and older record no ranges."""
    packages = lock.get("packages")
    root = packages.get("") if isinstance(packages, dict) else None
    if not isinstance(root, dict):
        return []
    declared, locked = dict(_read_npm_ranges(package)), dict(_read_npm_ranges(root))
    differing = [
        f"{name} {locked[name]} (in package.json {spec})"
        for name, spec in declared.items()
        if name in locked and locked[name] != spec
    ]
    return sorted(differing)


def find_removed_packages(package: Mapping[str, Any], lock: Mapping[str, Any]) -> list[str]:
    """The packages that only the root of the lock has, and not ``package.json``."""
    packages = lock.get("packages")
    root = packages.get("") if isinstance(packages, dict) else None
    if not isinstance(root, dict):
        return []
    declared = {name for section in NPM_SECTIONS for name in read_section(package, section)}
    return sorted({name for section in NPM_SECTIONS for name in read_section(root, section)} - declared)


def _read_npm_ranges(package: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The packages with their ranges, as npm writes them into a lock.

    Addresses and paths are left out, because npm may rewrite them, and so are packages in two sections, which it moves.
    """
    for section in NPM_SECTIONS:
        for name, spec in read_section(package, section).items():
            text = " ".join(str(spec).split()) or "*"
            is_address = re.search(r"[:/]", text) is not None and not text.startswith("npm:")
            if not is_address and sum(name in read_section(package, other) for other in NPM_SECTIONS) == 1:
                yield name, text


def read_section(package: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of package.json or of an entry of a lock; empty where it is missing or no mapping."""
    section = package.get(name)
    return section if isinstance(section, dict) else {}
