# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the sources of services on the controller: directories, archives, and local git repositories.

Only validation reads them. A repository behind the network is not checked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .._deploy.artifacts.dependencies import Dependencies, check_node, check_python
from .._deploy.artifacts.entry_point import (
    check_application,
    check_command,
    check_module,
    check_script,
    check_syntax,
    find_module,
)
from .._deploy.artifacts.git_export import NotLocalError
from .._deploy.artifacts.npm_commands import find_npm_scripts
from .._deploy.artifacts.source import SourceError, open_source
from .._deploy.artifacts.source_tree import Entry, find_file, list_entries
from .._topology.git_addresses import find_address_problem, find_protocol, find_ref_problem, is_local_repository
from .._topology.rules.entries import ENTRY_FORMS
from .._topology.runtimes import runtime_of
from .._topology.schema.kinds import DocumentPath, Finding, display_path
from .._topology.secret_patterns import line_of_source_has_a_secret
from .._topology.view import Document, services

# What checks the dependencies of a source, by the builder of its runtime.
BUILDERS: Mapping[str, Callable[[Path, set[str], Sequence[str]], Dependencies]] = {
    "python": check_python,
    "node": lambda root, names, _needed: check_node(root, names),
}
# Either is enough (uvicorn documentation, "Settings", WebSocket protocol).
WEBSOCKET_PACKAGES = frozenset(["websockets", "wsproto"])
SOURCES = ("directory", "git", "archive")
NAMES_IN_MESSAGE = 3

# Files in which package managers read addresses and logins.
PACKAGE_FILES = re.compile(
    r"[\w.-]*requirements[\w.-]*\.(?:txt|in)|constraints[\w.-]*\.txt|pip\.conf|\.npmrc|\.yarnrc(?:\.yml)?|\.pypirc"
    r"|(?:uv|poetry|pdm)\.lock|pyproject\.toml|Pipfile(?:\.lock)?|package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock"
)


@dataclass
class SourceReport:
    """The result: errors, warnings, the number of sources read, and the services whose source was not read.

    ``unread`` are the submodules and files of Git LFS that were left out, because they are behind the network.
    """

    errors: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    checked: int = 0
    unchecked: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Source:
    """A source as the document declares it; its ``kind`` is one of `SOURCES`."""

    kind: str
    address: str
    ref: str

    def local_path(self) -> str | None:
        """The path on the controller, None for a repository behind the network."""
        if self.kind != "git" or is_local_repository(self.address):
            return self.address
        return unquote(self.address.removeprefix("file://")) if self.address.startswith("file:///") else None


def check_sources(document: Document, exclude: Sequence[str] = ()) -> SourceReport:
    """Read every local source once, and check each service that uses it."""
    report = SourceReport()
    users: dict[_Source, list[str]] = {}
    for name, service in services(document).items():
        declared = service["source"] or {}
        for kind in SOURCES:
            if declared.get(kind):
                users.setdefault(_Source(kind, declared[kind], declared.get("ref") or "HEAD"), []).append(name)
                break
    for source, names in users.items():
        path = source.local_path()
        if source.kind == "git" and (find_address_problem(source.address) or find_ref_problem(source.ref)) is not None:
            continue  # a rule reports it
        if path is None:
            report.errors += _check_protocol(source, names)
            report.unchecked += names
        elif os.path.isabs(path) or source.kind == "git":
            try:
                _check_source(source, path, names, document, exclude, report)
                report.checked += 1
            except NotLocalError:  # the configuration of git replaces the path by an address
                report.unchecked += names
    return report


def _check_protocol(source: _Source, names: list[str]) -> Iterator[Finding]:
    """The error about an address with a protocol that git on this machine does not have."""
    protocol = find_protocol(source.address)
    if protocol is not None and shutil.which(f"git-remote-{protocol}") is None:
        text = f"git on this machine cannot fetch by {protocol}"
        fix = f"write an address that begins with https:// or ssh://, or install git-remote-{protocol}"
        yield from ((("services", name, "source", "git"), f"{text} ({fix})") for name in names)


def _check_source(
    source: _Source, path: str, names: list[str], document: Document, exclude: Sequence[str], report: SourceReport
) -> None:
    problem = _find_path_problem(source.kind, Path(path))
    if problem is None:
        options = {**dict.fromkeys(SOURCES), source.kind: path, "ref": source.ref}
        try:
            with (
                tempfile.TemporaryDirectory(prefix="groundwork-validate-") as cache,
                open_source(options, Path(cache), is_local_only=True) as found,
            ):
                root = found.root
                entries = list_entries(root, exclude, use_git=found.in_place)
                unreadable = list(_find_unreadable_files(entries))
                report.errors += [
                    (("services", name, "source", source.kind), text)
                    for name in names
                    for text in (*unreadable, *_find_secrets(entries))
                ]
                inside = {one.name for one in entries}
                checked = SourceReport()
                _check_services(root, inside, names, document, checked)
                report.errors += _select_certain(checked.errors, found.unread, document)
                report.warnings += _select_certain(checked.warnings, found.unread, document)
                report.unread += found.unread
                return
        except NotLocalError:
            raise
        except (SourceError, OSError, ValueError, EOFError) as error:
            text = " ".join(str(error).split()) or "it cannot be read"
            has_fix = isinstance(error, SourceError) and text.endswith(")")
            problem = text if has_fix else f"{text} (correct the source, or `source` in the document)"
    report.errors += [(("services", name, "source", source.kind), problem) for name in names]


def _select_certain(findings: Sequence[Finding], unread: Sequence[str], document: Document) -> list[Finding]:
    """The findings that the files behind the network cannot refute."""
    return [one for one in findings if not any(_may_depend_on(one, part, document) for part in unread)]


def _may_depend_on(finding: Finding, part: str, document: Document) -> bool:
    """Whether a finding may be about a submodule or file with this path: the text, or the value, leads there."""
    path, text = finding
    if re.search(rf"(?<![\w./-]){re.escape(part)}(?![\w.-])", text):
        return True
    service = services(document)[str(path[1])]
    if path[2] == "static":
        folder = os.path.normpath(service["static"][path[3]])
        return _leads_into(folder, part) or _leads_into(part, folder)
    if path[2] != "entry":
        return False
    names = [re.sub(r"\.(?=\w)", "/", name) for name in re.split(r"[\s:=]+", service["entry"])]
    folders = ["", "src", *_python_path(service["environment"])]
    candidates = [os.path.normpath(os.path.join(folder, name)) for folder in folders for name in names]
    return any(_leads_into(one, part) for one in [*candidates, *re.split(r"[\s:=]+", service["entry"])])


def _leads_into(path: str, folder: str) -> bool:
    return f"{os.path.normpath(path)}/".startswith(f"{os.path.normpath(folder)}/")


def _find_path_problem(kind: str, path: Path) -> str | None:
    """Why a path cannot be a source, as far as the file system shows."""
    what = {"directory": "directory", "git": "repository", "archive": "archive"}[kind]
    shown = display_path(path)
    if not os.path.lexists(path):
        other = "; for a remote repository write https://…" if kind == "git" else ""
        return f"there is no {what} {shown} (correct the path, which counts from the directory of this file{other})"
    if path.is_symlink() and not path.exists():
        target = display_path(os.readlink(path))
        return f"{shown} is a symbolic link to {target}, which does not exist (correct the link, or the path)"
    if kind == "archive" and not path.is_file():
        return f"{shown} is not a file (name a directory by source.directory)"
    if kind != "archive" and not path.is_dir():
        hint = "name an archive by source.archive" if kind == "directory" else "name a repository's directory"
        return f"{shown} is not a directory ({hint})"
    if not os.access(path, os.R_OK if kind == "archive" else os.R_OK | os.X_OK):
        return f"{shown} cannot be read (allow this user to read it)"
    return None


def _find_unreadable_files(entries: Sequence[Entry]) -> Iterator[str]:
    """The error about files of a source that a deploy could not pack."""
    names = [one.name for one in entries if one.target is None and not os.access(one.path, os.R_OK)]
    if names:
        listed = ", ".join(map(display_path, names[:NAMES_IN_MESSAGE]))
        more = f" and {len(names) - NAMES_IN_MESSAGE} more" if len(names) > NAMES_IN_MESSAGE else ""
        yield f"this user cannot read {listed}{more} of the source (chmod u+r, or name the files in app_exclude)"


def _find_secrets(entries: Sequence[Entry]) -> Iterator[str]:
    """The errors about logins in the files of package managers, without the logins."""
    for one in entries:
        if one.target is not None or not PACKAGE_FILES.fullmatch(os.path.basename(one.name)):
            continue
        try:
            lines = one.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue  # reported as a file that cannot be read
        for number, line in enumerate(lines, 1):
            if line_of_source_has_a_secret(line):
                text = f"{display_path(one.name)}:{number} has a password or token, which does not belong in a release"
                yield f"{text} (take it out, and use a variable of the environment, or a credential helper)"


def _check_services(root: Path, inside: set[str], names: list[str], document: Document, report: SourceReport) -> None:
    known: dict[tuple[str, tuple[str, ...]], Dependencies] = {}
    for name in names:
        service = services(document)[name]
        runtime = runtime_of(service)
        if runtime is None:
            continue
        needed = runtime.packages.get(service["interface"], ())
        key = (runtime.builder, needed)
        if key not in known:
            known[key] = BUILDERS[runtime.builder](root, inside, needed)
            path = ("services", name, "source")
            report.errors += [(path, text) for text in known[key].errors]
            report.warnings += [(path, text) for text in known[key].warnings]
        _check_install_scripts(name, service, known[key], report)
        _check_npm_script(root, inside, name, service, report)
        _check_entry(root, inside, name, service, known[key], report)
        if service["interface"] == "asgi" and service["websocket"] and not known[key].packages & WEBSOCKET_PACKAGES:
            text = "uvicorn needs a package for it, which its dependencies do not have"
            fix = "add websockets to them, and lock them anew"
            report.errors.append((("services", name, "websocket"), f"{text} ({fix})"))
        _check_static(root, inside, name, service, report)


def _check_install_scripts(name: str, service: Mapping[str, Any], found: Dependencies, report: SourceReport) -> None:
    """Warn of packages that may not work, because npm does not run their scripts."""
    names = found.install_scripts
    if names and not service["install_scripts"]:
        listed = ", ".join(map(display_path, names[:NAMES_IN_MESSAGE]))
        more = f" and {len(names) - NAMES_IN_MESSAGE} more" if len(names) > NAMES_IN_MESSAGE else ""
        text = f"npm does not run the install scripts of {listed}{more}"
        fix = "set install_scripts: true if the service needs what they do, or call them in build"
        report.warnings.append((("services", name, "install_scripts"), f"{text} ({fix})"))


def _check_npm_script(
    root: Path, inside: set[str], name: str, service: Mapping[str, Any], report: SourceReport
) -> None:
    """Check that the scripts of package.json exist that `build` and `migrate` run."""
    wanted = {key: find_npm_scripts(service[key] or "") for key in ("build", "migrate")}
    if "package.json" not in inside or not any(wanted.values()):
        return
    try:
        scripts = json.loads((root / "package.json").read_text(encoding="utf-8-sig"))["scripts"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        scripts = {}  # a file that cannot be read is an error of its own
    for key, names in wanted.items():
        missing = [one for one in dict.fromkeys(names) if isinstance(scripts, dict) and one not in scripts]
        if missing:
            text = f"package.json has no script {' and '.join(missing)}"
            report.errors.append((("services", name, key), f"{text} (add it to `scripts`, or correct the command)"))


def _check_static(root: Path, inside: set[str], name: str, service: Mapping[str, Any], report: SourceReport) -> None:
    """Check that the static directories of a service are directories of its source."""
    for prefix, folder in service["static"].items():
        path = ("services", name, "static", prefix)
        clean = os.path.normpath(folder)
        if find_file(root, inside, clean) is not None:
            parent = os.path.dirname(clean)
            text = f"{clean} is a file of its source, and nginx needs a directory (name the directory"
            report.errors.append((path, f"{text} it is in: {parent})" if parent else f"{text} of such files)"))
        elif clean != "." and not _has_directory(root, inside, clean):
            text = f"{clean} is not in its source (correct the directory, or the source)"
            if clean in inside:
                text = f"{clean} is a symbolic link that leads to no directory of its source (correct the link)"
            _report_missing(report, service, path, text)


def _report_missing(report: SourceReport, service: Mapping[str, Any], path: DocumentPath, text: str | None) -> None:
    """Report a missing file: as a warning where a command of the service may create it, else as an error."""
    if text is not None:
        may_be_created = service["build"] is not None or (path[-2] == "static" and service["migrate"] is not None)
        (report.warnings if may_be_created else report.errors).append((path, text))


def _has_directory(root: Path, inside: set[str], folder: str) -> bool:
    """Whether a source has a directory with files, also through a link."""
    real = os.path.relpath(os.path.realpath(root / folder), os.path.realpath(root))
    return real == "." or any(one.startswith(f"{real}/") for one in inside)


def _check_entry(
    root: Path, inside: set[str], name: str, service: Mapping[str, Any], found: Dependencies, report: SourceReport
) -> None:
    entry, runtime, path = service["entry"], runtime_of(service), ("services", name, "entry")
    if entry is None or runtime is None or ENTRY_FORMS[runtime.entry](entry) is not None:
        return
    if runtime.entry == "script":
        _report_missing(report, service, path, check_script(entry, root, inside))
    elif runtime.entry == "command":
        folders = _list_folders(service, found)
        problem = check_command(entry, root, inside, found.packages, folders)
        if problem is not None:
            report.warnings.append((path, problem))
        _report_missing(report, service, path, check_application(entry, root, inside, found.packages, folders))
    else:
        _check_callable(root, inside, path, service, found, report)


def _check_callable(
    root: Path,
    inside: set[str],
    path: DocumentPath,
    service: Mapping[str, Any],
    found: Dependencies,
    report: SourceReport,
) -> None:
    entry = service["entry"]
    folders = _list_folders(service, found)
    _report_missing(report, service, path, check_module(entry, root, inside, folders, found.packages))
    file = find_module(entry.partition(":")[0], root, inside, folders)
    problem = check_syntax(root / file, file) if file is not None else None
    if problem is not None:
        report.warnings.append((path, problem))


def _list_folders(service: Mapping[str, Any], found: Dependencies) -> list[str]:
    """The folders of a source in which Python looks for modules."""
    return ["", *_python_path(service["environment"]), *(["src"] if found.is_installed else [])]


def _python_path(environment: Mapping[str, str]) -> Iterator[str]:
    for folder in environment.get("PYTHONPATH", "").split(":"):
        if folder and not folder.startswith("/"):
            yield folder
