# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading requirements files of pip, as far as it takes to tell whether they are pinned. Controller only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .tree import SourceProblem

NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?")
PIN = re.compile(r"\s*\(?\s*===?\s*[^\s,;*()]+\s*\)?\s*(?:;.*)?")
COMMIT = re.compile(r"@[0-9a-f]{40}(?:#|$)")


@dataclass(frozen=True)
class Requirement:
    """One line. ``name`` is normalized, and empty for a path; ``is_local`` marks what the source itself has."""

    where: str
    name: str
    is_pinned: bool
    is_hashed: bool
    is_local: bool = False


def normalize(name: str) -> str:
    """A name as indexes compare it: ``Flask_Login`` is ``flask-login``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirements(root: Path, name: str, seen: frozenset[str] = frozenset()) -> list[Requirement]:
    """The requirements of a file and of those that it includes (``-r``). Raises `SourceProblem`."""
    inner = str(PurePosixPath(name))
    try:
        text = (root / inner).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceProblem(f"{inner} is not in the source") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceProblem(f"{inner} cannot be read as UTF-8 text ({type(error).__name__})") from None
    found: list[Requirement] = []
    for number, line in _logical_lines(text):
        where = f"{inner}:{number}"
        option = re.match(r"(-r|--requirement)[ =]?\s*(\S+)", line)
        if option:
            included = str(PurePosixPath(inner).parent / option[2])
            if included not in seen:
                found += read_requirements(root, included, seen | {inner})
        elif not line.startswith("-") or re.match(r"(-e|--editable)\b", line):
            found.append(_requirement(where, re.sub(r"^(-e|--editable)[ =]?\s*", "", line)))
    return found


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines without comments, joined where one ends in a backslash, each with the number of its first."""
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


def _requirement(where: str, line: str) -> Requirement:
    is_hashed = re.search(r"\s--hash[= ]", line) is not None
    spec = re.split(r"\s--", line, maxsplit=1)[0].strip()
    name = NAME.match(spec)
    rest = spec[name.end() :].strip() if name else ""
    if name and rest.startswith("@"):  # name @ URL
        address = rest[1:].split(";")[0].strip()
        return Requirement(where, normalize(name[1]), _is_exact_address(address), is_hashed or "#sha256=" in address)
    if re.match(r"[a-z+]+://|git\+", spec):
        egg = re.search(r"#egg=([A-Za-z0-9._-]+)", spec)
        return Requirement(where, normalize(egg[1]) if egg else "", _is_exact_address(spec), is_hashed)
    if spec.startswith((".", "/", "file:")) or "/" in spec.split(";")[0]:
        return Requirement(where, "", True, is_hashed, is_local=True)
    if name is None:
        return Requirement(where, "", False, is_hashed)
    return Requirement(where, normalize(name[1]), PIN.fullmatch(rest) is not None, is_hashed)


def _is_exact_address(address: str) -> bool:
    """An address always means the same content when it names a file, or a commit."""
    if address.startswith(("git+", "hg+", "bzr+", "svn+")):
        return COMMIT.search(address) is not None
    return True
