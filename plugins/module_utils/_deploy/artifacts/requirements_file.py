# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read requirements files of pip, to check whether hosts can install them. Controller only."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from ..._topology.document.parse import LinePosition
from .source_error import SourceError
from .source_tree import find_file

try:
    from packaging.markers import InvalidMarker, Marker
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion
except ImportError:  # ansible-core requires it; without it markers and ranges are not checked
    Marker = None  # type: ignore[assignment, misc]
    SpecifierSet = None  # type: ignore[assignment, misc]

NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?")
# What may follow a name: a version, an address or the end.
AFTER_NAME = re.compile(r"$|[@(<=>~!]")
PIN = re.compile(r"\s*\(?\s*(===?)\s*([^\s,;*()]+)\s*\)?\s*(?:;.*)?")
COMMIT = re.compile(r"@[0-9a-f]{40}(?:#|$)")
# "Version specifiers" of the Python Packaging User Guide, appendix with the regular expression.
VERSION = re.compile(
    r"v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?"
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?(?:[-_.]?dev[-_.]?[0-9]*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)
HASH = re.compile(r"\s--hash(?:=|\s+)(\S*)")
GOOD_HASH = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}", re.IGNORECASE)
# Options that pip accepts ("Requirements File Format"): on a line of their own, and after a requirement.
FILE_OPTIONS = (
    *("-i", "--index-url", "--pypi-url", "--extra-index-url", "--no-index", "-f", "--find-links", "--no-binary"),
    *("--only-binary", "--prefer-binary", "--require-hashes", "--pre", "--trusted-host", "--use-feature"),
)
REQUIREMENT_OPTIONS = ("--hash", "--config-settings", "--config-setting", "--global-option")
# The variables of markers on hosts: Linux, CPython, and a Python that is not older than this.
HOST: Mapping[str, str] = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "extra": "",
}
OLDEST_PYTHON = (3, 9)
# No host has this Python or a later one: there is a minor version each year (PEP 602), and 3.14 was that of 2025.
FUTURE_PYTHON = (3, 20)
PYTHON_VARIABLES = ("python_version", "python_full_version")
# Comparisons whose sides change places.
MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
}
# The platforms of hosts in names of wheels: Linux with glibc (Python Packaging User Guide, "Platform compatibility
# tags").
HOST_PLATFORM = re.compile(r"any|(?:linux|manylinux\w*)_(?:x86_64|aarch64)")
PLATFORM_TITLES = {"win": "Windows", "macosx": "macOS", "musllinux": "Linux with musl"}
WHEEL = re.compile(r"[^/]+?-[^-/]+(?:-[0-9][^-/]*)?-(?P<python>[^-/]+)-(?P<abi>[^-/]+)-(?P<platform>[^-/]+)\.whl")
# Packages that work on no host, in no version.
OTHER_SYSTEMS = {
    "pyobjc": "macOS",
    "pyobjc-core": "macOS",
    "pypiwin32": "Windows",
    "pywin32": "Windows",
    "windows-curses": "Windows",
}
SYSTEM_MARKERS = {"Windows": "sys_platform == 'win32'", "macOS": "sys_platform == 'darwin'"}


@dataclass(frozen=True)
class Requirement:
    """One line. ``name`` is normalized, and empty for a path; ``is_local`` means a path of the source.

    ``pin`` is the version or address, empty where it is not pinned; ``specifier`` is the range of versions that the
    line allows. ``problem`` is why it cannot be installed. Tools reject a whole file with a line that is not
    ``is_readable``, also one for another platform.
    """

    where: str
    name: str
    is_pinned: bool
    is_hashed: bool
    is_local: bool = False
    pin: str = ""
    marker: str = ""
    problem: str | None = None
    is_readable: bool = True
    specifier: str = ""


@dataclass(frozen=True)
class RequirementsFile:
    """The requirements of a file and of the files that it includes, and whether one has ``--require-hashes``.

    ``constraints`` are the lines of the files that it names by ``-c``: the versions of packages that others require.
    """

    requirements: list[Requirement]
    requires_hashes: bool
    constraints: list[Requirement] = field(default_factory=list)


def normalize(name: str) -> str:
    """The name that indexes compare: ``Flask_Login`` is ``flask-login``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(
    root: Path, name: str, names: Collection[str], seen: frozenset[str] = frozenset()
) -> RequirementsFile:
    """The requirements of a file and of the files that it includes (``-r``), without those that no host installs.

    ``names`` are the files of the release below ``root``. Raises `SourceError`.
    """
    found: list[Requirement] = []
    constraints: list[Requirement] = []
    requires_hashes = False
    for number, line in _join_lines(_read(root, name, names, name)):
        where = f"{name}:{number}"
        option = re.match(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=^-[rc]))(\S+)", line)
        if option:
            included = _resolve_include(name, option[2], where)
            _read(root, included, names, where)
            if included in seen | {name}:  # pip ends with an error as well
                what = "itself" if included == name else f"{included}, which includes {name}"
                raise SourceError(f"{where} includes {what} (remove this line)")
            if option[1] in ("-r", "--requirement"):
                inner = read_requirements(root, included, names, seen | {name})
                found += inner.requirements
                constraints += inner.constraints
                requires_hashes = requires_hashes or inner.requires_hashes
            else:
                constraints += _read_constraints(root, included, names)
        elif not line.startswith("-") or re.match(r"(-e|--editable)\b", line):
            one = _parse_requirement(
                where, re.sub(r"^(-e|--editable)[ =]?\s*", "", line), names, posixpath.dirname(name)
            )
            if not one.is_readable or is_for_hosts(one.marker):
                found.append(one)
        else:
            word = re.split(r"[\s=]", line, maxsplit=1)[0]
            requires_hashes = requires_hashes or word == "--require-hashes"
            # An address or a path may follow -i and -f directly; a name like -flask is a mistake.
            if word not in FILE_OPTIONS and not re.match(r"-[if](?:\S+:|\.{0,2}/)\S", line):
                raise SourceError(f"{where} has the option {word[:40]}, which pip does not know there (remove it)")
            links = re.match(r"(?:-f|--find-links)[\s=]*(\S+)", line)
            if links:
                _require_links(where, links[1], names, posixpath.dirname(name))
    return RequirementsFile(found, requires_hashes, constraints)


def _require_links(where: str, target: str, names: Collection[str], folder: str) -> None:
    """Raise `SourceError` for ``--find-links`` with a path that the source does not have."""
    path = target.removeprefix("file:").strip("'\"")
    if re.match(r"[a-z]+://", target) or "$" in target:
        return
    bases = {posixpath.normpath(posixpath.join(base, path)) for base in ("", folder)}
    if path.startswith(("/", "~")) or not any(
        base in (".", name) or name.startswith(f"{base}/") for base in bases for name in names
    ):
        raise SourceError(
            f"{where} names wheels in {path[:80]}, which is not in the source (put the directory into it, or remove "
            "this line)"
        )


def _read_constraints(root: Path, name: str, names: Collection[str]) -> list[Requirement]:
    """The constraints of a file that apply to hosts. Its options are left to the tool."""
    lines = [
        _parse_requirement(f"{name}:{number}", line, names, posixpath.dirname(name))
        for number, line in _join_lines(_read(root, name, names, name))
        if not line.startswith("-")
    ]
    return [one for one in lines if not one.is_readable or is_for_hosts(one.marker)]


def is_range(specifier: str) -> bool:
    """Whether tools can read a range of versions; true where that cannot be decided."""
    if SpecifierSet is None:
        return True
    try:
        SpecifierSet(specifier.strip().strip("()"))
    except InvalidSpecifier:
        return False
    return True


def allows_version(specifier: str, version: str) -> bool:
    """Whether a range has a version; true where that cannot be decided."""
    if SpecifierSet is None:
        return True
    try:
        return bool(SpecifierSet(specifier.strip().strip("()")).contains(version, prereleases=True))
    except (InvalidSpecifier, InvalidVersion):
        return True


def allows_host_python(specifier: str) -> bool:
    """Whether a range of Python versions has one that a host may have; true where that cannot be decided."""
    minors = range(OLDEST_PYTHON[1], FUTURE_PYTHON[1])
    return any(allows_version(specifier, f"3.{minor}.{patch}") for minor in minors for patch in range(30))


def _resolve_include(name: str, path: str, where: str) -> str:
    if re.match(r"[a-z+]+:/", path):
        raise SourceError(f"{where} includes an address, which may change (put the file into the source)")
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _read(root: Path, name: str, names: Collection[str], where: str) -> str:
    if find_file(root, names, name) is None:
        raise SourceError(f"{name} is not in the source{'' if where == name else f', and {where} includes it'}")
    try:
        return (root / name).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = LinePosition.of_byte(error).line
        raise SourceError(f"{name}:{line} is not UTF-8 text (save it in this encoding)") from None
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror} (allow this user to read it)") from None


def is_for_hosts(marker: str) -> bool:
    """Whether a host may install a requirement with a marker; false where it certainly does not."""
    if not marker:
        return True
    try:
        return _may_hold(ast.parse(marker.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _may_hold(node: ast.AST) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_may_hold(value) for value in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return True
    left, right, comparison = node.left, node.comparators[0], node.ops[0]
    if isinstance(left, ast.Name) and isinstance(right, ast.Constant) and isinstance(right.value, str):
        if left.id in PYTHON_VARIABLES:
            return _may_be_python(comparison, right.value)
        if left.id in HOST:
            return _compare(comparison, HOST[left.id], right.value)
    if isinstance(right, ast.Name) and isinstance(left, ast.Constant) and right.id in PYTHON_VARIABLES:
        mirrored = MIRRORED.get(type(comparison), type(comparison))
        return _may_be_python(mirrored(), str(left.value))
    if isinstance(right, ast.Name) and isinstance(left, ast.Constant) and right.id in HOST:
        return _compare(comparison, str(left.value), HOST[right.id])
    return True


def _compare(comparison: ast.cmpop, left: str, right: str) -> bool:
    if isinstance(comparison, ast.Eq):
        return left == right
    if isinstance(comparison, ast.NotEq):
        return left != right
    if isinstance(comparison, ast.In):
        return left in right
    return left not in right if isinstance(comparison, ast.NotIn) else True


def _may_be_python(comparison: ast.cmpop, text: str) -> bool:
    """Whether a host's Python may match; only the supported versions are known here."""
    match = re.match(r"([0-9]+)(?:\.([0-9]+))?", text)
    if match is None:
        return True
    version = (int(match[1]), int(match[2] or 0))
    if isinstance(comparison, ast.Lt):
        return version > OLDEST_PYTHON
    if isinstance(comparison, (ast.Gt, ast.GtE)):
        return version < FUTURE_PYTHON
    if isinstance(comparison, ast.Eq):
        return OLDEST_PYTHON <= version < FUTURE_PYTHON
    return version >= OLDEST_PYTHON if isinstance(comparison, ast.LtE) else True


def _join_lines(text: str) -> list[tuple[int, str]]:
    """Lines without comments, continued after a backslash, each with the number of its first line."""
    lines: list[tuple[int, str]] = []
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*", "", raw).rstrip()
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        whole = (pending + line).strip()
        if whole:
            lines.append((start, whole))
        pending, start = "", 0
    if pending.strip():
        lines.append((start, pending.strip()))
    return lines


def _parse_requirement(where: str, line: str, names: Collection[str], folder: str) -> Requirement:
    spec, separator, marker = re.split(r"\s--", line, maxsplit=1)[0].partition(";")
    spec, marker = spec.strip(), marker.strip()
    one = replace(_read_spec(where, spec, names, folder), marker=marker)
    marker_problem = _find_marker_problem(marker) if separator else None
    if marker_problem is not None:
        return replace(one, problem=marker_problem, is_readable=False)
    hashes = HASH.findall(line)
    unknown = [word for word in re.findall(r"\s(--[A-Za-z-]+)", line) if word not in REQUIREMENT_OPTIONS]
    problem = one.problem or _find_system_problem(one, spec)
    if any(not GOOD_HASH.fullmatch(text) for text in hashes):
        problem = "has an invalid hash (write sha256: with 64 digits; use uv pip compile --generate-hashes)"
    elif hashes and one.pin and "," in one.specifier:  # as pip's --require-hashes mode demands it
        problem = (
            f"has other conditions next to ==, which no requirement with a hash may have (write =={one.pin} alone)"
        )
    elif unknown:
        problem = f"has the option {unknown[0][:40]}, which pip does not know there (remove it)"
    return replace(one, is_hashed=one.is_hashed or bool(hashes), problem=problem)


def _find_system_problem(one: Requirement, spec: str) -> str | None:
    """Why no host can install a requirement for another system, or None. One whose marker says so is left out."""
    system = OTHER_SYSTEMS.get(one.name)
    if system is not None:
        text = f"works on {system} only, and hosts run Linux"
        return f"{text} (remove it, or write after it: ; {SYSTEM_MARKERS[system]})"
    address = one.pin if one.pin.endswith(".whl") or ".whl#" in one.pin or ".whl?" in one.pin else ""
    return find_wheel_problem(address or spec.partition(";")[0])


def find_unusable_wheels(files: Sequence[str]) -> str | None:
    """Why no host can install a package with these files, names or addresses, or None: all are wheels for others."""
    problems = [find_wheel_problem(file) for file in files]
    return problems[0] if problems and all(problems) else None


def find_wheel_problem(address: str) -> str | None:
    """Why no host can install the wheel at an address, or None."""
    return _find_wheel_problem(posixpath.basename(unquote(re.split("[?#]", address)[0])))


def _find_wheel_problem(file: str) -> str | None:
    """Why no host can install a wheel with this name, or None where one may, or where it is no wheel."""
    match = WHEEL.fullmatch(file.strip())
    if match is None:
        return None
    platforms = match["platform"].split(".")
    if not any(map(HOST_PLATFORM.fullmatch, platforms)):
        titles = [title for prefix, title in PLATFORM_TITLES.items() if platforms[0].startswith(prefix)]
        text = f"is a wheel for {titles[0] if titles else platforms[0]}, and hosts run Linux on x86_64 or aarch64"
        return f"{text} (take the package from an index, or name a wheel for manylinux)"
    if not any(_is_for_host_python(python, match["abi"]) for python in match["python"].split(".")):
        oldest = ".".join(map(str, OLDEST_PYTHON))
        text = f"is a wheel for {match['python']}, and hosts run CPython {oldest} or later"
        return f"{text} (take the package from an index, or name a wheel for it)"
    return None


def _is_for_host_python(tag: str, abi: str) -> bool:
    """Whether a tag like ``cp311`` or ``py3`` may be that of a host. A stable ABI works with later versions too."""
    match = re.fullmatch(r"(py|cp)([0-9])([0-9]*)", tag)
    if match is None or match[2] != "3":
        return False
    is_exact = match[1] == "cp" and "abi3" not in abi.split(".") and bool(match[3])
    return not is_exact or int(match[3]) >= OLDEST_PYTHON[1]


def _find_marker_problem(marker: str) -> str | None:
    """Why tools cannot read the condition after a semicolon, or None."""
    example = 'write one like python_version < "3.12", or remove the semicolon'
    if not marker:
        return f"has no condition after its semicolon ({example})"
    if not is_marker(marker):
        return f"has a condition after its semicolon that no tool can read ({example})"
    return None


def is_marker(text: str) -> bool:
    """Whether tools can read a condition; true where that cannot be decided."""
    if Marker is None:
        return True
    try:
        Marker(text)
    except InvalidMarker:
        return False
    return True


def _read_spec(where: str, spec: str, names: Collection[str], folder: str) -> Requirement:
    """A requirement without its marker and options."""
    name = NAME.match(spec)
    rest = spec[name.end() :].strip() if name else ""
    if name and rest.startswith("@"):  # name @ URL
        address, called = rest[1:].strip(), normalize(name[1])
        if address.startswith("file:"):
            return Requirement(where, called, True, False, True, address, problem=_path_problem(address, names, folder))
        return Requirement(where, called, _is_exact_address(address), "#sha256=" in address, pin=address)
    if re.match(r"(?!file:)[a-z+]+://|git\+", spec):
        egg = re.search(r"#egg=([A-Za-z0-9._-]+)", spec)
        return Requirement(
            where, normalize(egg[1]) if egg else "", _is_exact_address(spec), "#sha256=" in spec, pin=spec
        )
    if spec.startswith((".", "/", "~", "file:")) or "/" in spec or spec.endswith((".whl", ".tar.gz", ".zip")):
        return Requirement(where, "", True, False, True, spec, problem=_path_problem(spec, names, folder))
    if name is None or not AFTER_NAME.match(rest):
        text = "is not a requirement that pip can read"
        fix = "write name==version; a name has letters from a to z, digits, dots, dashes and underscores"
        return Requirement(where, "", False, False, problem=f"{text} ({fix})", is_readable=False)
    pin = _find_pin(rest)
    if pin is None:
        return Requirement(where, normalize(name[1]), False, False, specifier=rest)
    problem = None
    if pin[1] != "===" and not VERSION.fullmatch(pin[2]):
        problem = "is pinned to a text that is not a version (write one like 1.2.3)"
    elif not allows_version(rest, pin[2]):
        problem = f"is pinned to {pin[2]}, which its other conditions exclude (write {name[1]}=={pin[2]} alone)"
    return Requirement(where, normalize(name[1]), True, False, pin=pin[2], problem=problem, specifier=rest)


def _find_pin(specifier: str) -> re.Match[str] | None:
    """The condition of a range that allows one version only, as in ``==23.0.0,>=20``; None where it has none."""
    conditions = specifier.removeprefix("(").removesuffix(")").split(",")
    if len(conditions) > 1 and not is_range(specifier):
        return None
    return next(filter(None, map(PIN.fullmatch, conditions)), None)


def _path_problem(spec: str, names: Collection[str], folder: str) -> str | None:
    """Why a host would not find a path, or None. Paths are relative to the release, for some tools to their file."""
    path = re.sub(r"\[[^\]]*\]$|#.*", "", spec.removeprefix("file:")).strip()
    fix = "put it into the source, and name it by a path in there"
    if path.startswith(("/", "~")):
        return f"names a path on this machine, which hosts do not have ({fix})"
    for base in dict.fromkeys(("", folder)):
        clean = posixpath.normpath(posixpath.join(base, path))
        projects = [f"{clean}/{file}".removeprefix("./") for file in ("pyproject.toml", "setup.py")]
        if any(one in names for one in (clean, *projects)):
            return None
    return f"names a path that is not a file or Python project in the source ({fix})"


def _is_exact_address(address: str) -> bool:
    """Whether an address always has the same content, as a file or a commit has."""
    if address.startswith(("git+", "hg+", "bzr+", "svn+")):
        return COMMIT.search(address) is not None
    return True
