# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Load a document: read it, check it against the schema and the rules, then check the compiled resources."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._topology.document import examine as reader
from .._topology.document.examine import Checks, Examination, Override
from .._topology.document.layers import Layer, LayerFinding
from .._topology.document.problems import TopologyError
from .._topology.schema.kinds import DocumentPath
from .._topology.view import Document
from .checks import check_compiled, find_compiled_warnings


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[Override] = (),
    near: Path | None = None,
) -> dict[str, Any]:
    """Load a path, a bare name or a mapping, merge the overrides and fill in the defaults.

    A relative path to the document counts from ``near``, or without it from the current directory; those in a document
    that is a mapping from ``near``. The result is itself a document: loading it again changes nothing. Raises
    `TopologyError`.
    """
    found = examine(source, overrides, near)
    if found.errors:
        raise TopologyError(found.errors, found.name)
    return found.document


def examine(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[Override] = (),
    near: Path | None = None,
    known: Iterable[LayerFinding] = (),
    check: Callable[[Document], Checks] = lambda _document: ((), ()),
    extra_layers: Sequence[Layer] = (),
    check_files: Callable[[Document], Iterable[LayerFinding]] = lambda _document: (),
) -> Examination:
    """Read a document and collect every error and warning; nothing is raised.

    The parameters are those of `_topology.document.examine.examine`, but ``check`` gets the document alone.
    """

    def check_all(document: Document, wrong: Collection[DocumentPath]) -> Checks:
        errors, warnings = check(document)
        problems = list(check_compiled(document, wrong))
        # A raw resource with a problem may be of any form.
        possible = [] if problems else find_compiled_warnings(document, wrong)
        return [*problems, *errors], [*warnings, *possible]

    return reader.examine(source, overrides, near, known, check_all, extra_layers, check_files)
