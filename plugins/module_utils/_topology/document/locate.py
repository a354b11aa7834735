# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find a document by path, or by the bare name of a topology of the collection."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from ..._aws.similar_names import suggest
from ..schema.kinds import Report, display_path

# A packed module has no such directory, so the action plugin finds the document before the module is packed.
TOPOLOGIES = Path(__file__).resolve().parents[4] / "topologies"


def is_bare_name(name: str) -> bool:
    """Whether a text is the name of a topology of the collection, not a path."""
    return re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None


def find_document(name: str, report: Report, near: Path | None = None) -> Path | None:
    """The file of a name or path, or None after a report.

    A bare name (``single-instance`` or ``single_instance``) is a topology of the collection. A relative path counts
    from ``near``, or without it from the current directory.
    """
    if is_bare_name(name):
        return _find_in_collection(name, report)
    path = Path(near or Path.cwd(), os.path.expanduser(name))
    problem = _find_file_problem(path)
    if problem is None:
        return path
    report((), problem)
    return None


def _find_file_problem(path: Path) -> str | None:
    """Why a path is not that of a document, or None."""
    shown = display_path(path)
    try:
        kind = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            target = display_path(os.readlink(path))
            return f"{shown} is a symbolic link to {target}, which does not exist (correct the link, or name a file)"
        return f"there is no such file: {shown} (correct the path)"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"{shown} cannot be reached: {reason} (correct the path, or allow this user to read it)"
    if stat.S_ISDIR(kind):
        return f"{shown} is a directory (name the file in it, like {display_path(path / 'topology.yml')})"
    if not stat.S_ISREG(kind):
        return f"{shown} is a FIFO, a socket or a device (write the document to a file, and name that)"
    return None


def _find_in_collection(name: str, report: Report) -> Path | None:
    known = {path.stem.replace("_", "-"): path for path in sorted(TOPOLOGIES.glob("*.yml"))}
    found = known.get(name.replace("_", "-"))
    if found is None:
        report((), f"no topology of this name comes with the collection; {suggest(name, list(known))}")
    return found


def describe_source(source: Any, near: Path | None = None) -> str:
    """The name of a document in messages: that of a topology of the collection (``three_tier``), or the path."""
    if not isinstance(source, (str, os.PathLike)):
        return "a document in the inventory or the extra variables"
    path = find_document(str(source), lambda _path, _text: None, near)
    if path is None:
        return str(source)
    path = path.absolute()
    return path.stem if os.path.realpath(path.parent) == os.path.realpath(TOPOLOGIES) else str(path)
