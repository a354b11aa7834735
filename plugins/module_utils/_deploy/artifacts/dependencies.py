# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check that the dependencies of a source are locked, in the way the build on hosts installs them. Controller only.

Python packages are installed from ``uv.lock``, else ``poetry.lock``, else ``requirements.txt``; those of Node.js from
the lock of npm. `app_builds` of the role app makes the same choice.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..._topology.document.parse import LinePosition
from .lock_age import compare_npm_lock, compare_uv_lock, find_removed_packages, is_poetry_lock_current
from .npm_engines import find_excluded_engines, is_engine_strict
from .npm_tree import find_foreign_packages, find_missing_workspaces, find_unmet_requirements, list_workspaces
from .poetry_lock import convert_lock
from .poetry_lock import find_lock_problems as find_poetry_problems
from .requirements_file import NAME, Requirement, allows_version, is_for_hosts, normalize, read_requirements
from .source_error import SourceError
from .uv_lock import check_schema, find_lock_problems

try:
    import tomllib
except ImportError:  # Python 3.10 on the controller
    tomllib = None  # type: ignore[assignment]

REQUIREMENTS, UV, POETRY, PROJECT = "requirements.txt", "uv.lock", "poetry.lock", "pyproject.toml"
# The path in a release of the requirements converted from a lock of Poetry.
CONVERTED = ".groundwork/requirements.txt"
NPM_LOCKS = ("npm-shrinkwrap.json", "package-lock.json")
NPM_LOCK_FIX = "run npm install --package-lock-only"
NPM_LOCK_VERSIONS = (1, 2, 3)  # npm documentation, "package-lock.json"
# Scripts of a project that `npm ci` runs (npm documentation, "Life Cycle Operation Order").
OWN_INSTALL_SCRIPTS = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
NAMES_IN_MESSAGE = 3
# What reading raises where a lock or project file has a number instead of a list, for example.
UNEXPECTED_FORM = (AttributeError, KeyError, TypeError)
# What npm compares: the base64 digits of each hash ("Subresource Integrity" of the W3C).
INTEGRITY = re.compile(
    r"sha512-[A-Za-z0-9+/]{86}==|sha384-[A-Za-z0-9+/]{64}|sha256-[A-Za-z0-9+/]{43}=|sha1-[A-Za-z0-9+/]{27}="
)
NPM_VERSION = re.compile(r"[v=\s]*[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")


@dataclass
class Dependencies:
    """The result of a check. ``packages`` are the names of the packages that hosts install.

    ``install_scripts`` are those of them with scripts that npm would run while it installs them.
    """

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    packages: set[str] = field(default_factory=set)
    is_installed: bool = False  # the project itself, with the directory src
    install_scripts: list[str] = field(default_factory=list)


def check_python(root: Path, names: Collection[str], needed: Sequence[str] = ()) -> Dependencies:
    """Check the dependencies of a Python source, whose files are ``names`` below ``root``.

    ``needed`` are the packages that the runtime of its service expects in each release.
    """
    checks = {UV: _check_uv, POETRY: _check_poetry, REQUIREMENTS: _check_requirements}
    file = next((name for name in checks if name in names), None)
    try:
        if file is not None:
            result = checks[file](root, names)
            result.errors += _find_missing_packages(result, file, needed)
            return result
    except SourceError as error:
        return Dependencies([_add_fix(str(error), "correct it, and lock the dependencies anew")])
    except UNEXPECTED_FORM:
        file, command = (UV, "uv lock") if UV in names else (POETRY, "poetry lock")
        text = f"{file} or {PROJECT} has a value of another kind than {command} reads there"
        return Dependencies([f"{text} (correct {PROJECT}, and run {command})"])
    others = [name for name in ("requirements.in", "Pipfile", PROJECT) if name in names]
    alternative = f", only {others[0]}" if others else ""
    return Dependencies(
        [
            f"its source has no {UV}, {POETRY} or {REQUIREMENTS}{alternative} "
            "(lock its dependencies with uv lock, poetry lock, or uv pip compile --generate-hashes)"
        ]
    )


def _add_fix(text: str, fix: str) -> str:
    return text if text.endswith(")") else f"{text} ({fix})"


def _check_requirements(root: Path, names: Collection[str]) -> Dependencies:
    listed = read_requirements(root, REQUIREMENTS, names)
    found = _pin_by_constraints(listed.requirements, listed.constraints)
    packages = {one.name for one in found if one.name}
    result = Dependencies(packages=packages)
    for one in found:
        if one.problem is not None:
            result.errors.append(f"{one.where}{f' ({one.name})' if one.name else ''} {one.problem}")
    result.errors += _find_differing_pins(found)
    result.errors += _find_unmet_constraints(found, listed.constraints)
    # A line that no tool can read has been reported as such.
    loose = [one for one in found if not one.is_pinned and one.is_readable]
    hashed = [one for one in found if one.is_hashed]
    if loose:
        result.errors.append(
            f"{_list_requirements(loose)} not pinned to a version, so that each host could get another one "
            f"(write {loose[0].name or 'name'}==<version>, or use uv pip compile --generate-hashes)"
        )
    elif (hashed or listed.requires_hashes) and len(hashed) < len(found):
        without = [one for one in found if not one.is_hashed]
        cause = "while others have one" if hashed else "but the option --require-hashes is set"
        text = f"{_list_requirements(without)} without a hash, {cause}, and then all need one"
        fix = "use uv pip compile --generate-hashes"
        if any(one.is_local for one in without):  # a directory has no hash
            fix = "remove all hashes, or build a package of the path, and take it from an index"
        result.errors.append(f"{text} ({fix})")
    elif found and not hashed:
        result.warnings.append(
            f"{REQUIREMENTS} has no hashes, so that nothing proves what is installed, and what it leaves out is not "
            "pinned (use uv pip compile --generate-hashes, or a lock file)"
        )
    return result


def _pin_by_constraints(found: Sequence[Requirement], constraints: Sequence[Requirement]) -> list[Requirement]:
    """The requirements, with the version that a constraint gives to those without one."""
    pins = {one.name: one.pin for one in constraints if one.is_pinned and one.is_readable and not one.marker}
    return [
        replace(one, is_pinned=True, pin=pins[one.name])
        if one.is_readable and not one.is_pinned and one.name in pins
        else one
        for one in found
    ]


def _find_unmet_constraints(found: Sequence[Requirement], constraints: Sequence[Requirement]) -> Iterator[str]:
    """Errors about constraints that cannot be read, or that exclude a required version."""
    for constraint in constraints:
        if not constraint.is_readable:
            yield f"{constraint.where} {constraint.problem}"
            continue
        for one in found:
            # With conditions, both may be for other hosts.
            if one.name != constraint.name or not one.name or one.marker or constraint.marker or one.is_local:
                continue
            is_met = allows_version(constraint.specifier, one.pin) if one.pin else True
            if is_met and constraint.pin:
                is_met = allows_version(one.specifier, constraint.pin)
            if not is_met:
                allowed, wanted = constraint.specifier.strip(), one.specifier.strip()
                text = f"{one.where} ({one.name}) requires {wanted}, and {constraint.where} allows {allowed}"
                yield f"{text} (correct one)"


def _find_differing_pins(found: Sequence[Requirement]) -> Iterator[str]:
    """Errors about packages that are pinned twice for the same hosts, which no tool installs."""
    seen: dict[str, list[Requirement]] = {}
    for one in found:
        others = seen.setdefault(one.name, []) if one.name else []
        for other in others:
            if other.pin != one.pin and (one.marker == other.marker or not one.marker or not other.marker):
                yield f"{one.where} ({one.name}) is pinned differently in {other.where} (remove one of them)"
                break
        others.append(one)


def _list_requirements(found: Sequence[Requirement]) -> str:
    named = [f"{one.where} ({one.name})" if one.name else one.where for one in found]
    more = f" and {len(named) - NAMES_IN_MESSAGE} more" if len(named) > NAMES_IN_MESSAGE else ""
    return f"{', '.join(named[:NAMES_IN_MESSAGE])}{more} {'is' if len(named) == 1 else 'are'}"


def _find_missing_packages(result: Dependencies, file: str, needed: Sequence[str]) -> Iterator[str]:
    for package in needed:
        if package not in result.packages:
            text = f"{file} does not have {package}, which each release brings itself"
            yield f"{text} (add {package} to its dependencies, and lock them anew)"


def read_toml(root: Path, name: str) -> dict[str, Any]:
    """Read a TOML file of a source. Raises `SourceError`."""
    if tomllib is None:
        raise SourceError(
            f"{name} cannot be read: the controller's Python is too old (run ansible with Python 3.11 or later)"
        )
    try:
        return dict(tomllib.loads((root / name).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise SourceError(f"{name} is not in the source") from None
    except UnicodeDecodeError as error:
        line = LinePosition.of_byte(error).line
        raise SourceError(f"{name}:{line} is not UTF-8 text (save it in this encoding)") from None
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror} (allow this user to read it)") from None
    except tomllib.TOMLDecodeError as error:
        reason = " ".join(str(error).split()).replace(" (at", ", at").rstrip(")")
        raise SourceError(f"{name} cannot be read as TOML: {reason}") from None
    except (ValueError, RecursionError, MemoryError):
        # A number of thousands of digits, or thousands of nested lists.
        raise SourceError(f"{name} cannot be read as TOML: it has a value that no tool writes") from None


def _read_project(root: Path, names: Collection[str], lock: str) -> dict[str, Any]:
    if PROJECT not in names:
        raise SourceError(f"{lock} is there without {PROJECT} (add it, or use {REQUIREMENTS})")
    return read_toml(root, PROJECT)


def _check_poetry(root: Path, names: Collection[str]) -> Dependencies:
    project, lock = _read_project(root, names, POETRY), read_toml(root, POETRY)
    converted = convert_lock(project, lock)
    lines = [line.partition(" --hash=")[0].partition(";") for line in converted.splitlines()]
    packages = {normalize(line.partition("==")[0]) for line, _semicolon, marker in lines if is_for_hosts(marker)}
    result = Dependencies(packages=packages)
    if not is_poetry_lock_current(project, lock):
        text = f"{POETRY} was not made from this {PROJECT}: the requirements have changed since"
        result.errors.append(f"{text} (run poetry lock, and keep both files)")
    result.errors += find_poetry_problems(project, lock)
    return result


def _check_uv(root: Path, names: Collection[str]) -> Dependencies:
    project, lock = _read_project(root, names, UV), read_toml(root, UV)
    check_schema(lock)
    packages = {
        normalize(one["name"]): one for one in lock.get("package") or [] if isinstance(one, dict) and "name" in one
    }
    own = next((one for one in packages.values() if _is_root(one)), None)
    if own is None:
        raise SourceError(f"{UV} does not have the project itself (run uv lock)")
    name = str((project.get("project") or {}).get("name") or own["name"])
    if normalize(name) != normalize(own["name"]):
        raise SourceError(f"{UV} is that of the project {own['name']}, and {PROJECT} is that of {name} (run uv lock)")
    declared = _read_declared_names(project)
    locked = {normalize(one["name"]) for one in (own.get("metadata") or {}).get("requires-dist") or ()}
    result = Dependencies(packages=_collect_packages(own, packages), is_installed="build-system" in project)
    # Requirements that a build backend finds (`dynamic`) are not known here.
    is_dynamic = "dependencies" in ((project.get("project") or {}).get("dynamic") or ())
    differing = [] if is_dynamic else sorted(declared ^ locked)
    if differing:
        text = f"{UV} does not match {PROJECT}: they differ in {', '.join(differing[:NAMES_IN_MESSAGE])}"
        result.errors.append(f"{text} (run uv lock)")
    result.errors += _report_older_lock(UV, PROJECT, compare_uv_lock(project, lock, own), "run uv lock")
    for name in sorted(result.packages):
        source = packages[name].get("source") or {}
        kind = next(
            (kind for kind in ("git", "url", "path", "directory", "editable", "virtual") if kind in source), None
        )
        if kind is not None and kind not in ("url", "path") and not _is_root(packages[name]):
            text = f"{UV} takes {name} from a {kind} source, which hosts cannot verify by a hash"
            result.errors.append(f"{text} (take it from a package index)")
    result.errors += find_lock_problems(lock, result.packages)
    return result


def _report_older_lock(lock: str, project: str, differing: Sequence[str], fix: str) -> Iterator[str]:
    """The error about a lock that was made from other requirements than the project's."""
    if differing:
        named = ", ".join(differing[:NAMES_IN_MESSAGE]).replace("{project}", project)
        more = f" and {len(differing) - NAMES_IN_MESSAGE} more" if len(differing) > NAMES_IN_MESSAGE else ""
        yield f"{lock} was made from another {project}: it has {named}{more} ({fix})"


def _is_root(package: Mapping[str, Any]) -> bool:
    source = package.get("source") or {}
    return source.get("editable") == "." or source.get("virtual") == "."


def _read_declared_names(project: Mapping[str, Any]) -> set[str]:
    """The names of the dependencies in pyproject.toml, with extras, as a lock of uv lists them."""
    own = project.get("project") or {}
    texts = [*(own.get("dependencies") or ())]
    for extra in (own.get("optional-dependencies") or {}).values():
        texts += extra
    matches = [NAME.match(str(text).strip()) for text in texts]
    return {normalize(match[1]) for match in matches if match}


def _collect_packages(own: Mapping[str, Any], packages: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The names of the packages that the project needs on hosts, without development dependencies."""
    found: set[str] = set()
    waiting = [normalize(one["name"]) for one in own.get("dependencies") or () if is_for_hosts(one.get("marker") or "")]
    while waiting:
        name = waiting.pop()
        if name in found or name not in packages:
            continue
        found.add(name)
        package = packages[name]
        inner = [*(package.get("dependencies") or ())]
        for extra in (package.get("optional-dependencies") or {}).values():
            inner += extra
        waiting += [normalize(one["name"]) for one in inner if is_for_hosts(one.get("marker") or "")]
    return found


def check_node(root: Path, names: Collection[str]) -> Dependencies:
    """Check the dependencies of a Node.js source; without a package.json it has none."""
    if "package.json" not in names:
        return Dependencies()
    lock_name = next((name for name in NPM_LOCKS if name in names), None)
    try:
        package = _read_json(root, "package.json")
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
        workspaces = {folder: _read_json(root, f"{folder}/package.json") for folder in list_workspaces(package, names)}
        result = _check_npm(package, lock_name, lock, names, workspaces)
        npmrc = _read_text(root / ".npmrc") if ".npmrc" in names else ""
        excluded = list(find_excluded_engines(package, lock, is_engine_strict(npmrc)))
        if excluded:
            text = f"npm ends on every host, which does not have what {_list_first(excluded)} requires"
            result.errors.append(f"{text} (change these ranges, and lock them anew)")
        return result
    except SourceError as error:
        return Dependencies([_add_fix(str(error), "correct it, and run npm install --package-lock-only")])
    except UNEXPECTED_FORM:
        text = f"package.json or {lock_name} has a value of another kind than npm reads there"
        return Dependencies([f"{text} (correct package.json, and run npm install --package-lock-only)"])


def _check_npm(
    package: Mapping[str, Any],
    lock_name: str,
    lock: Mapping[str, Any],
    names: Collection[str],
    workspaces: Mapping[str, Mapping[str, Any]],
) -> Dependencies:
    specs: dict[str, Any] = {}
    for key in ("dependencies", "devDependencies", "optionalDependencies"):
        listed = package.get(key) or {}
        if not isinstance(listed, dict):
            raise SourceError(f"{key} of package.json is not an object of names and versions")
        specs.update(listed)
    locked = _read_npm_lock_names(lock)
    missing = sorted(set(specs) - set(package.get("optionalDependencies") or ()) - locked)
    result = Dependencies(packages=locked)
    if lock.get("lockfileVersion", 1) not in NPM_LOCK_VERSIONS:
        result.errors.append(
            f"{lock_name} has a lockfileVersion that npm does not know (run npm install --package-lock-only)"
        )
    outside = sorted({*_find_paths_outside(specs, names), *_find_links_outside(lock)})
    if outside:
        more = f" and {len(outside) - NAMES_IN_MESSAGE} more" if len(outside) > NAMES_IN_MESSAGE else ""
        text = f"package.json takes {', '.join(outside[:NAMES_IN_MESSAGE])}{more} from a path that is not in the source"
        result.errors.append(f"{text} (put it into the source, or take it from a registry)")
    if missing:
        more = f" and {len(missing) - NAMES_IN_MESSAGE} more" if len(missing) > NAMES_IN_MESSAGE else ""
        text = f"{lock_name} does not have {', '.join(missing[:NAMES_IN_MESSAGE])}{more} of package.json"
        result.errors.append(f"{text} (run npm install --package-lock-only)")
    result.errors += _find_invalid_entries(lock_name, lock)
    foreign = find_foreign_packages(package, lock)
    if foreign:
        text = f"npm installs {_list_first(foreign)} on no host: they run Linux with glibc on x64 or arm64"
        result.errors.append(f"{text} (remove it, or move it to optionalDependencies, and lock them anew)")
    result.install_scripts = _find_install_scripts(package, lock)
    removed = [f"{name}, which it does not require" for name in find_removed_packages(package, lock)]
    differing = [*compare_npm_lock(package, lock), *removed]
    result.errors += _report_older_lock(lock_name, "package.json", differing, NPM_LOCK_FIX)
    if not differing:  # from an older lock it would follow
        result.errors += _find_unmet_requirements(package, lock_name, lock, names, workspaces)
    return result


def _find_unmet_requirements(
    package: Mapping[str, Any],
    lock_name: str,
    lock: Mapping[str, Any],
    names: Collection[str],
    workspaces: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Errors about requirements that a lock does not meet, from which `npm ci` installs nothing."""
    unlocked = find_missing_workspaces(package, lock, names)
    if unlocked:
        yield f"{lock_name} does not have the workspace {_list_first(unlocked)} of package.json ({NPM_LOCK_FIX})"
    known = {folder: one for folder, one in workspaces.items() if folder not in unlocked}
    unmet = find_unmet_requirements(package, lock, known)
    if unmet.missing:
        yield f"{lock_name} does not have {_list_first(unmet.missing, '; ')} ({NPM_LOCK_FIX})"
    if unmet.wrong:
        yield f"{lock_name} has {_list_first(unmet.wrong, '; ')} ({NPM_LOCK_FIX})"


def _list_first(texts: Sequence[str], separator: str = ", ") -> str:
    more = f" and {len(texts) - NAMES_IN_MESSAGE} more" if len(texts) > NAMES_IN_MESSAGE else ""
    return f"{separator.join(texts[:NAMES_IN_MESSAGE])}{more}"


def _find_paths_outside(specs: Mapping[str, Any], names: Collection[str]) -> Iterator[str]:
    """The packages that package.json takes from a path outside the release."""
    for name, spec in specs.items():
        match = re.match(r"(?:file:|link:)(.*)|([.~]{0,2}/.*)", str(spec))
        if match:
            path = match[1] if match[1] is not None else match[2]
            clean = posixpath.normpath(path)
            if path.startswith(("/", "~")) or not any(one == clean or one.startswith(f"{clean}/") for one in names):
                yield name


def _find_links_outside(lock: Mapping[str, Any]) -> Iterator[str]:
    """The packages that a lock links outside the source."""
    packages = lock.get("packages")
    for path, package in packages.items() if isinstance(packages, dict) else ():
        target = package.get("resolved") if isinstance(package, dict) and package.get("link") else None
        if isinstance(target, str) and posixpath.normpath(target.removeprefix("file:")).startswith(("..", "/")):
            yield path.rpartition("node_modules/")[2]


def _find_install_scripts(package: Mapping[str, Any], lock: Mapping[str, Any]) -> list[str]:
    """The packages with scripts that run when they are installed, and such scripts of the project itself.

    An optional package is left out: the packages that use it work without it.
    """
    own = package.get("scripts")
    found = [f"{name} of package.json" for name in OWN_INSTALL_SCRIPTS if isinstance(own, dict) and own.get(name)]
    packages = lock.get("packages")
    for path, one in packages.items() if isinstance(packages, dict) else ():
        if path and isinstance(one, dict) and one.get("hasInstallScript") and not one.get("optional"):
            found.append(path.rpartition("node_modules/")[2])
    return list(dict.fromkeys(found))


def _find_invalid_entries(lock_name: str, lock: Mapping[str, Any]) -> Iterator[str]:
    """Errors about packages that `npm ci` cannot install from a lock. A missing hash is accepted."""
    packages = lock.get("packages")
    invalid: dict[str, list[str]] = {"valid version": [], "complete hash": []}
    for path, package in packages.items() if isinstance(packages, dict) else ():
        name = path.rpartition("node_modules/")[2]
        if name == path or (isinstance(package, dict) and package.get("link")):  # a directory of the source
            continue
        if not isinstance(package, dict) or not NPM_VERSION.fullmatch(str(package.get("version"))):
            invalid["valid version"].append(name)
        elif not _has_complete_hashes(package.get("integrity")):
            invalid["complete hash"].append(name)
    for what, found in invalid.items():
        if found:
            more = f" and {len(found) - NAMES_IN_MESSAGE} more" if len(found) > NAMES_IN_MESSAGE else ""
            text = f"{lock_name} has no {what} of {', '.join(found[:NAMES_IN_MESSAGE])}{more}, and npm rejects it"
            yield f"{text} (delete it, and run npm install --package-lock-only)"


def _has_complete_hashes(integrity: Any) -> bool:
    """Whether each hash of an algorithm that npm compares has all of its digits; npm ignores other texts."""
    if not isinstance(integrity, str):
        return integrity is None
    return all(map(INTEGRITY.fullmatch, re.findall(r"sha(?:512|384|256|1)-[^\s?]*", integrity)))


def _read_npm_lock_names(lock: Mapping[str, Any]) -> set[str]:
    """The packages at the top level, in the form of npm 7 and later or in the older one."""
    packages = lock.get("packages")
    if isinstance(packages, dict):
        return {path[len("node_modules/") :] for path in packages if path.startswith("node_modules/")}
    return set(lock.get("dependencies") or ())


def _read_text(path: Path) -> str:
    """The text of a file; empty where it cannot be read, which is an error of its own."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _reject_constant(name: str) -> None:
    raise _ConstantError(name)


class _ConstantError(ValueError):
    """A number that JSON does not have."""


def _read_json(root: Path, name: str) -> dict[str, Any]:
    try:
        # JSON has no NaN and Infinity, which Python reads and npm does not.
        data = json.loads((root / name).read_text(encoding="utf-8-sig"), parse_constant=_reject_constant)
    except json.JSONDecodeError as error:
        raise SourceError(f"{name} cannot be read as JSON: line {error.lineno} is wrong") from None
    except UnicodeDecodeError as error:
        line = LinePosition.of_byte(error).line
        raise SourceError(f"{name}:{line} is not UTF-8 text (save it in this encoding)") from None
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror} (allow this user to read it)") from None
    except _ConstantError as error:
        raise SourceError(f"{name} cannot be read as JSON: {error} is no number there") from None
    except (ValueError, RecursionError, MemoryError):
        raise SourceError(f"{name} cannot be read as JSON") from None
    if not isinstance(data, dict):
        raise SourceError(f"{name} is not a JSON object")
    return data


def converted_requirements(root: Path, names: Collection[str]) -> str | None:
    """The requirements that a release gets for its lock of Poetry; None where there is none that can be used."""
    if UV in names or POETRY not in names or PROJECT not in names:
        return None
    try:
        return convert_lock(read_toml(root, PROJECT), read_toml(root, POETRY))
    except (SourceError, *UNEXPECTED_FORM):  # validation and the build report it
        return None
