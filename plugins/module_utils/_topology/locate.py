# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding a document: by path, or by the bare name of one that comes with the collection."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from .kinds import Report, suggestion

# Inside a module there is no such directory: the action plugin finds the document before the module is packed.
SHELF = Path(__file__).resolve().parents[3] / "topologies"


def is_bare_name(name: str) -> bool:
    """Whether a text is the name of a document, and not a path."""
    return re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None


def find_document(name: str, report: Report, near: Path | None = None) -> Path | None:
    """The file that a name or path means, or None after a report.

    A bare name (``single-instance`` or ``single_instance``) is one of the collection's. A relative path counts from
    ``near``; without it the path is one of the command line, which counts from the current directory.
    """
    if is_bare_name(name):
        return _on_the_shelf(name, report)
    path = Path(near or Path.cwd(), os.path.expanduser(name))
    if os.path.isfile(path):
        return path
    report((), f"there is no such file: {path} (correct the path)")
    return None


def _on_the_shelf(name: str, report: Report) -> Path | None:
    known = {path.stem.replace("_", "-"): path for path in sorted(SHELF.glob("*.yml"))}
    found = known.get(name.replace("_", "-"))
    if found is None:
        report((), f"no topology of this name comes with the collection; {suggestion(name, list(known))}")
    return found


def describe_source(source: Any, near: Path | None = None) -> str:
    """What a document is called in messages: the name of one of the collection's (``three_tier``), or its path."""
    if not isinstance(source, (str, os.PathLike)):
        return "a document in the inventory or the extra variables"
    path = find_document(str(source), lambda _place, _text: None, near)
    if path is None:
        return str(source)
    path = path.absolute()
    return path.stem if os.path.realpath(path.parent) == os.path.realpath(SHELF) else str(path)
