# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the sources of services that are on the controller: directories, archives, and repositories of git there.

For validation alone: the sources are read. A repository that takes the network to reach is left unchecked.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._release.dependencies import Dependencies, check_node, check_python
from .._release.source import SourceProblem, opened
from .._release.start import check_module, check_script, check_syntax, find_module
from .._release.tree import entries, find_file
from .kinds import Place
from .paths import is_local_repository
from .view import Document, services

Finding = tuple[Place, str]
SOURCES = ("directory", "git", "archive")


@dataclass
class SourceReport:
    """What the sources are like: errors, warnings, how many were read, and the services whose source was not."""

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    checked: int = 0
    unchecked: list[str] = field(default_factory=list)


def check_sources(document: Document, exclude: Sequence[str] = ()) -> SourceReport:
    """Read every local source once, and check each service that is made from it."""
    report = SourceReport()
    users: dict[tuple[str, str, str], list[str]] = {}
    for name, service in services(document).items():
        source = service["source"] or {}
        kind = next((kind for kind in SOURCES if source.get(kind)), None)
        if kind is not None:
            users.setdefault((kind, source[kind], source.get("ref") or "HEAD"), []).append(name)
    for (kind, address, ref), names in users.items():
        local = _local_address(kind, address)
        if local is None:
            report.unchecked += names
        elif os.path.isabs(local) or kind == "git":
            report.checked += 1
            _check_source(kind, local, ref, names, document, exclude, report)
    return report


def _local_address(kind: str, address: str) -> str | None:
    """The path of a source on this machine, None where it takes the network."""
    if kind != "git" or is_local_repository(address):
        return address
    return address.removeprefix("file://") if address.startswith("file:///") else None


def _check_source(
    kind: str,
    address: str,
    ref: str,
    names: list[str],
    document: Document,
    exclude: Sequence[str],
    report: SourceReport,
) -> None:
    problem = _obvious_problem(kind, Path(address))
    if problem is None:
        options = {**dict.fromkeys(SOURCES), kind: address, "ref": ref}
        try:
            with (
                tempfile.TemporaryDirectory(prefix="groundwork-validate-") as cache,
                opened(options, Path(cache)) as found,
            ):
                root = found[0]
                inside = {one.name for one in entries(root, exclude)}
                _check_services(root, inside, names, document, report)
                return
        except (SourceProblem, OSError, ValueError, EOFError) as error:
            text = " ".join(str(error).split()) or "it cannot be read"
            problem = text if text.endswith(")") else f"{text} (correct the source, or what the document says of it)"
    report.errors += [(("services", name, "source", kind), problem) for name in names]


def _obvious_problem(kind: str, path: Path) -> str | None:
    """What the file system says at once."""
    what = {"directory": "directory", "git": "repository", "archive": "archive"}[kind]
    if not os.path.lexists(path):
        return f"there is no {what} {path} (correct the path, which counts from the directory of this file)"
    if kind == "archive" and not path.is_file():
        return f"{path} is not a file (name a directory by source.directory)"
    if kind != "archive" and not path.is_dir():
        hint = "name an archive by source.archive" if kind == "directory" else "name a repository's directory"
        return f"{path} is not a directory ({hint})"
    if not os.access(path, os.R_OK if kind == "archive" else os.R_OK | os.X_OK):
        return f"{path} cannot be read (allow this user to)"
    return None


def _check_services(root: Path, inside: set[str], names: list[str], document: Document, report: SourceReport) -> None:
    known: dict[str, Dependencies] = {}
    for name in names:
        service = services(document)[name]
        runtime = service["runtime"]
        if runtime not in known:
            known[runtime] = check_python(root, inside) if runtime == "gunicorn" else check_node(root, inside)
            place = ("services", name, "source")
            report.errors += [(place, text) for text in known[runtime].errors]
            report.warnings += [(place, text) for text in known[runtime].warnings]
        _check_entry(root, inside, name, service, known[runtime], report)
        for prefix, folder in service["static"].items():
            key = ("services", name, "static", prefix)
            clean = os.path.normpath(folder)
            if find_file(root, inside, clean) is not None:
                parent = os.path.dirname(clean)
                text = f"{clean} is a file of its source, and nginx needs a directory (name the directory"
                report.errors.append((key, f"{text} it is in: {parent})" if parent else f"{text} of such files)"))
            elif clean != "." and not _has_directory(root, inside, clean):
                text = f"{clean} is not in its source (correct the directory, or the source)"
                _add_by_build(report, service, key, text)


def _add_by_build(report: SourceReport, service: Mapping[str, Any], place: Place, text: str | None) -> None:
    """A command may make what is missing; then it is only worth a warning."""
    if text is not None:
        made = service["build"] is not None or (place[-2] == "static" and service["migrate"] is not None)
        (report.warnings if made else report.errors).append((place, text))


def _has_directory(root: Path, inside: set[str], folder: str) -> bool:
    """Whether a release has a directory with files in it, also behind a link."""
    real = os.path.relpath(os.path.realpath(root / folder), os.path.realpath(root))
    return real == "." or any(one.startswith(f"{real}/") for one in inside)


def _check_entry(
    root: Path, inside: set[str], name: str, service: Mapping[str, Any], found: Dependencies, report: SourceReport
) -> None:
    entry, place = service["entry"], ("services", name, "entry")
    if entry is None:
        return
    if service["runtime"] == "pm2":
        if not entry.startswith("/") and ".." not in entry.split("/"):
            _add_by_build(report, service, place, check_script(entry, root, inside))
        return
    if ":" not in entry:
        return
    folders = ["", *_python_path(service["environment"])]
    if found.is_installed:
        folders.append("src")
    _add_by_build(report, service, place, check_module(entry, root, inside, folders, found.packages))
    file = find_module(entry.partition(":")[0], root, inside, folders)
    problem = check_syntax(root / file, file) if file is not None else None
    if problem is not None:
        report.warnings.append((place, problem))


def _python_path(environment: Mapping[str, str]) -> Iterator[str]:
    for folder in environment.get("PYTHONPATH", "").split(":"):
        if folder and not folder.startswith("/"):
            yield folder
