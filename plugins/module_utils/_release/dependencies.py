# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the dependencies of a source are locked, as the build on the host takes them. Controller only.

Python packages are installed from ``uv.lock``, else ``poetry.lock``, else ``requirements.txt``; those of Node.js from
the lock of npm. `app_builds` of the role app makes the same choice.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Collection, Iterator, Mapping, Sequence

from .poetry import convert_lock
from .requirements import NAME, Requirement, normalize, read_requirements
from .tree import SourceProblem

try:
    import tomllib
except ImportError:  # Python 3.10 on the controller
    tomllib = None  # type: ignore[assignment]

REQUIREMENTS, UV, POETRY, PROJECT = "requirements.txt", "uv.lock", "poetry.lock", "pyproject.toml"
# Where a release has the requirements that were made from a lock of Poetry.
CONVERTED = ".groundwork/requirements.txt"
NPM_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
NPM_LOCK_VERSIONS = (1, 2, 3)  # npm documentation, "package-lock.json"
MOST_NAMED = 3


@dataclass
class Dependencies:
    """What a source says of its dependencies. ``packages`` are the names of those that get installed."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)
    is_installed: bool = False  # the project itself, with the directory src


def check_python(root: Path, names: Collection[str]) -> Dependencies:
    """Check the dependencies of a Python source, whose files are ``names`` below ``root``."""
    try:
        if UV in names:
            return _check_uv(root, names)
        if POETRY in names:
            return _check_poetry(root, names)
        if REQUIREMENTS in names:
            return _check_requirements(root, names)
    except SourceProblem as problem:
        return Dependencies([_with_fix(str(problem), "correct it, and lock the dependencies anew")])
    others = [name for name in ("requirements.in", "Pipfile", PROJECT) if name in names]
    there = f", only {others[0]}" if others else ""
    return Dependencies(
        [
            f"its source has no {UV}, {POETRY} or {REQUIREMENTS}{there} "
            "(lock its dependencies with uv lock, poetry lock, or uv pip compile --generate-hashes)"
        ]
    )


def _with_fix(text: str, fix: str) -> str:
    return text if text.endswith(")") else f"{text} ({fix})"


def _check_requirements(root: Path, names: Collection[str]) -> Dependencies:
    found = read_requirements(root, REQUIREMENTS, names)
    packages = {one.name for one in found if one.name}
    result = Dependencies(packages=packages)
    for one in found:
        if one.problem is not None:
            result.errors.append(f"{one.where}{f' ({one.name})' if one.name else ''} {one.problem}")
    result.errors += _find_differing_pins(found)
    loose = [one for one in found if not one.is_pinned]
    hashed = [one for one in found if one.is_hashed]
    if loose:
        result.errors.append(
            f"{_named(loose)} not pinned to a version, so that each host could get another one "
            f"(write {loose[0].name or 'name'}==<version>, or use uv pip compile --generate-hashes)"
        )
    elif hashed and len(hashed) < len(found):
        without = [one for one in found if not one.is_hashed]
        text = f"{_named(without)} without a hash, while others have one, and then all need one"
        result.errors.append(f"{text} (use uv pip compile --generate-hashes)")
    elif found and not hashed:
        result.warnings.append(
            f"{REQUIREMENTS} has no hashes, so that nothing proves what is installed, and what it leaves out is not "
            "pinned (use uv pip compile --generate-hashes, or a lock file)"
        )
    _require_gunicorn(result, REQUIREMENTS)
    return result


def _find_differing_pins(found: Sequence[Requirement]) -> Iterator[str]:
    """Packages that are pinned twice for the same hosts, which no tool installs."""
    seen: dict[str, list[Requirement]] = {}
    for one in found:
        others = seen.setdefault(one.name, []) if one.name else []
        for other in others:
            if other.pin != one.pin and (one.marker == other.marker or not one.marker or not other.marker):
                yield f"{one.where} ({one.name}) is pinned differently in {other.where} (remove one of them)"
                break
        others.append(one)


def _named(found: Sequence[Requirement]) -> str:
    named = [f"{one.where} ({one.name})" if one.name else one.where for one in found]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"{', '.join(named[:MOST_NAMED])}{more} {'is' if len(named) == 1 else 'are'}"


def _require_gunicorn(result: Dependencies, file: str) -> None:
    if "gunicorn" not in result.packages:
        text = f"{file} does not have gunicorn, which each release brings itself"
        result.errors.append(f"{text} (add gunicorn to its dependencies, and lock them anew)")


def read_toml(root: Path, name: str) -> dict[str, Any]:
    """A TOML file of a source. Raises `SourceProblem`."""
    if tomllib is None:
        raise SourceProblem(f"{name} cannot be read: the controller's Python has to be 3.11 or later")
    try:
        return dict(tomllib.loads((root / name).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SourceProblem(f"{name} is not in the source") from None
    except (OSError, UnicodeDecodeError):
        raise SourceProblem(f"{name} cannot be read as UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        reason = " ".join(str(error).split()).replace(" (at", ", at").rstrip(")")
        raise SourceProblem(f"{name} cannot be read as TOML: {reason}") from None


def _project_of(root: Path, names: Collection[str], lock: str) -> dict[str, Any]:
    if PROJECT not in names:
        raise SourceProblem(f"{lock} is there without {PROJECT} (add it, or use {REQUIREMENTS})")
    return read_toml(root, PROJECT)


def _check_poetry(root: Path, names: Collection[str]) -> Dependencies:
    converted = convert_lock(_project_of(root, names, POETRY), read_toml(root, POETRY))
    packages = {normalize(line.partition("==")[0]) for line in converted.splitlines()}
    result = Dependencies(packages=packages)
    _require_gunicorn(result, POETRY)
    return result


def _check_uv(root: Path, names: Collection[str]) -> Dependencies:
    project, lock = _project_of(root, names, UV), read_toml(root, UV)
    packages = {
        normalize(one["name"]): one for one in lock.get("package") or [] if isinstance(one, dict) and "name" in one
    }
    own = next((one for one in packages.values() if _is_root(one)), None)
    if own is None:
        raise SourceProblem(f"{UV} does not have the project itself (run uv lock)")
    declared = _declared(project)
    locked = {normalize(one["name"]) for one in (own.get("metadata") or {}).get("requires-dist") or ()}
    result = Dependencies(packages=_closure(own, packages), is_installed="build-system" in project)
    differing = sorted(declared ^ locked)
    if differing:
        text = f"{UV} is not that of {PROJECT}: they differ in {', '.join(differing[:MOST_NAMED])}"
        result.errors.append(f"{text} (run uv lock)")
    for name in sorted(result.packages):
        source = packages[name].get("source") or {}
        kind = next(
            (kind for kind in ("git", "url", "path", "directory", "editable", "virtual") if kind in source), None
        )
        if kind is not None and kind not in ("url", "path") and not _is_root(packages[name]):
            text = f"{UV} takes {name} from a {kind} source, which hosts cannot verify by a hash"
            result.errors.append(f"{text} (take it from a package index)")
    _require_gunicorn(result, UV)
    return result


def _is_root(package: Mapping[str, Any]) -> bool:
    source = package.get("source") or {}
    return source.get("editable") == "." or source.get("virtual") == "."


def _declared(project: Mapping[str, Any]) -> set[str]:
    """The names of all that pyproject.toml depends on, extras included, as a lock of uv lists them."""
    own = project.get("project") or {}
    texts = [*(own.get("dependencies") or ())]
    for extra in (own.get("optional-dependencies") or {}).values():
        texts += extra
    matches = [NAME.match(str(text).strip()) for text in texts]
    return {normalize(match[1]) for match in matches if match}


def _closure(own: Mapping[str, Any], packages: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The names that the project needs, without its development dependencies."""
    found: set[str] = set()
    waiting = [normalize(one["name"]) for one in own.get("dependencies") or ()]
    while waiting:
        name = waiting.pop()
        if name in found or name not in packages:
            continue
        found.add(name)
        package = packages[name]
        inner = [*(package.get("dependencies") or ())]
        for extra in (package.get("optional-dependencies") or {}).values():
            inner += extra
        waiting += [normalize(one["name"]) for one in inner]
    return found


def check_node(root: Path, names: Collection[str]) -> Dependencies:
    """Check the dependencies of a Node.js source. One without a package.json has none."""
    if "package.json" not in names:
        return Dependencies()
    try:
        package = _read_json(root, "package.json")
        lock_name = next((name for name in NPM_LOCKS if name in names), None)
        if lock_name is None:
            other = next((name for name in ("yarn.lock", "pnpm-lock.yaml", "bun.lock") if name in names), None)
            instead = f", only {other}, and hosts install with npm" if other else ""
            return Dependencies(
                [
                    f"package.json is there without package-lock.json or npm-shrinkwrap.json{instead} "
                    "(run npm install --package-lock-only)"
                ]
            )
        lock = _read_json(root, lock_name)
    except SourceProblem as problem:
        return Dependencies([_with_fix(str(problem), "correct it, and run npm install --package-lock-only")])
    specs: dict[str, Any] = {}
    for key in ("dependencies", "devDependencies", "optionalDependencies"):
        if isinstance(package.get(key), dict):
            specs.update(package[key])
    locked = _names_in_npm_lock(lock)
    missing = sorted(set(specs) - locked)
    result = Dependencies(packages=locked)
    if lock.get("lockfileVersion", 1) not in NPM_LOCK_VERSIONS:
        result.errors.append(
            f"{lock_name} has a lockfileVersion that npm does not know (run npm install --package-lock-only)"
        )
    outside = sorted({*_paths_outside(specs, names), *_links_outside(lock)})
    if outside:
        more = f" and {len(outside) - MOST_NAMED} more" if len(outside) > MOST_NAMED else ""
        text = f"package.json takes {', '.join(outside[:MOST_NAMED])}{more} from a path that is not in the source"
        result.errors.append(f"{text} (put it into the source, or take it from a registry)")
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        text = f"{lock_name} does not have {', '.join(missing[:MOST_NAMED])}{more} of package.json"
        result.errors.append(f"{text} (run npm install --package-lock-only)")
    return result


def _paths_outside(specs: Mapping[str, Any], names: Collection[str]) -> Iterator[str]:
    """The packages that package.json takes from a path which a release does not have."""
    for name, spec in specs.items():
        match = re.match(r"(?:file:|link:)(.*)|([.~]{0,2}/.*)", str(spec))
        if match:
            path = match[1] if match[1] is not None else match[2]
            clean = posixpath.normpath(path)
            if path.startswith(("/", "~")) or not any(one == clean or one.startswith(f"{clean}/") for one in names):
                yield name


def _links_outside(lock: Mapping[str, Any]) -> Iterator[str]:
    """The packages that a lock has as links out of the source."""
    packages = lock.get("packages")
    for path, package in packages.items() if isinstance(packages, dict) else ():
        target = package.get("resolved") if isinstance(package, dict) and package.get("link") else None
        if isinstance(target, str) and posixpath.normpath(target.removeprefix("file:")).startswith(("..", "/")):
            yield path.rpartition("node_modules/")[2]


def _names_in_npm_lock(lock: Mapping[str, Any]) -> set[str]:
    """The packages at the top, in the form of npm 7 and later or in the older one."""
    packages = lock.get("packages")
    if isinstance(packages, dict):
        return {path[len("node_modules/") :] for path in packages if path.startswith("node_modules/")}
    return set(lock.get("dependencies") or ())


def _read_json(root: Path, name: str) -> dict[str, Any]:
    try:
        data = json.loads((root / name).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise SourceProblem(f"{name} cannot be read as JSON: line {error.lineno} is wrong") from None
    except (OSError, ValueError, RecursionError):
        raise SourceProblem(f"{name} cannot be read as JSON in UTF-8") from None
    if not isinstance(data, dict):
        raise SourceProblem(f"{name} is not a JSON object")
    return data


def converted_requirements(root: Path, names: Collection[str]) -> str | None:
    """The requirements that a release gets for its lock of Poetry; None where there is none that can be used."""
    if UV in names or POETRY not in names or PROJECT not in names:
        return None
    try:
        return convert_lock(read_toml(root, PROJECT), read_toml(root, POETRY))
    except SourceProblem:  # validation says why, and so does the build
        return None
