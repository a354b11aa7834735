# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Problems of a document: collect them, find file and line of each, and format them.

Kinds and rules report a path and one line of text, `problem (fix)`. This module adds the rest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..schema.kinds import DependentFinding, DocumentPath, Finding, display_path, escape_controls
from ..secret_patterns import hide_secrets
from .layers import Layer
from .merge import sets_value
from .parse import LinePosition

UNQUOTED = r"[^\s\x00-\x1f\x7f]+|(?:line|override) \d+|stack_overrides of [^\x00-\x1f\x7f]+"
MAX_SHOWN_ERRORS = 50  # a file that is no topology has thousands


@dataclass(frozen=True)
class Problem:
    """One problem.

    ``key`` is the path as text (``services.api.port``; empty for a whole file), ``text`` the problem with its fix in
    one line. ``file``, ``line`` and ``column`` (both from 1) are None where they are not known. ``origin`` names the
    layer that set the value, None for the document itself.
    """

    key: str
    text: str
    origin: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return f"{self.location}: {self.text}" + (f" [from {self.origin}]" if self.origin else "")

    @property
    def location(self) -> str:
        """File, line and key, as far as they are known."""
        where = []
        if self.file is not None:
            file = display_path(self.file)
            where.append(file if self.line is None else f"{file}:{self.line}")
        if self.key or not where:
            where.append(self.key or "document")
        return ": ".join(where)

    def as_data(self) -> dict[str, Any]:
        """The problem as a module returns it."""
        message, fix = split_fix(self.text)
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.key,
            "source": self.origin,
            "message": message,
            "fix": fix or f"see {self.key.partition('.')[0] or 'the example'} in docs/topology.md",
        }


class TopologyError(ValueError):
    """A document that cannot be used. ``problems`` has every reason, ``errors`` has one line of text for each."""

    def __init__(self, problems: Sequence[Problem], name: str = "the topology") -> None:
        self.problems = list(problems)
        self.errors = [str(problem) for problem in problems]
        self.name = name
        lines = self.errors[:MAX_SHOWN_ERRORS]
        if len(self.errors) > MAX_SHOWN_ERRORS:
            lines.append(f"and {len(self.errors) - MAX_SHOWN_ERRORS} more")
        super().__init__("\n- ".join([f"{display_path(name)} cannot be used:", *lines]))


class Problems:
    """The problems found so far. Call it to report one.

    ``unread`` are the paths of values that could not be read. That has been reported, so other problems with them are
    dropped.
    """

    def __init__(self) -> None:
        self.unread: set[DocumentPath] = set()
        # Each once: several layers may have the same problem.
        self.found: dict[tuple[DocumentPath, str, str | None], None] = {}
        self.paths: set[DocumentPath] = set()
        # Paths of findings: their values are valid by themselves, and so is all that is inside them.
        self.finding_paths: set[DocumentPath] = set()
        # Invalid items of lists, by the path of the list: the document has the list without them.
        self.left_out: dict[DocumentPath, set[int]] = {}
        # Lists with an item that could not be rendered; the data already lack it.
        self.incomplete: set[DocumentPath] = set()

    def __call__(self, path: DocumentPath, text: str, layer: str | None = None) -> None:
        """Add a problem. ``layer`` names its layer, where the data of the layers does not show that."""
        if path and isinstance(path[-1], int):
            if layer is None:
                self.left_out.setdefault(path[:-1], set()).add(path[-1])
            else:
                self.incomplete.add(path[:-1])
        self._add(path, text, layer)

    def add_of_document(self, path: DocumentPath, text: str) -> None:
        """Add a problem of the checked document, whose lists lack their invalid items."""
        self._add(self._find_written_path(path), text)

    def _find_written_path(self, path: DocumentPath) -> DocumentPath:
        """The path with the numbers that items of lists have in the list that was written."""
        written: DocumentPath = ()
        for step in path:
            if isinstance(step, int):
                for number in sorted(self.left_out.get(written, ())):
                    if number <= step:
                        step += 1
            written = (*written, step)
        return written

    def _add(self, path: DocumentPath, text: str, layer: str | None = None) -> None:
        if self.unread and any(path[:length] in self.unread for length in range(1, len(path) + 1)):
            return
        self.found[(path, escape_controls(hide_secrets(text)), layer)] = None
        self.paths.add(path)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Add the findings of a rule, except where an earlier problem of their path is the cause.

        That is a problem of the path itself, one of a path above it whose value the document does not have, and one
        that the schema found in an item of a list: the document has the list without that item. A finding of another
        rule about a path above is no cause: the document has all values that are inside. Several findings of one path
        are all added. A `DependentFinding` is added only where the values that it depends on are valid.
        """
        earlier, without_value = set(self.paths), self.paths - self.finding_paths
        for finding in findings:
            if isinstance(finding, DependentFinding) and any(map(self.has_invalid_value_in, finding.paths)):
                continue
            path, text = finding
            written = self._find_written_path(path)
            above = {written[:length] for length in range(1, len(written))}
            is_known = written not in self.left_out.keys() | self.incomplete
            if is_known and written not in earlier and without_value.isdisjoint(above):
                if written not in self.paths:
                    self.finding_paths.add(written)
                self._add(written, text)

    def has_invalid_value_in(self, pattern: DocumentPath) -> bool:
        """Whether a path of this pattern (``*`` is any step), or one above or below it, has an invalid value."""
        return any(
            all(expected in ("*", step) for step, expected in zip(wrong, pattern, strict=False))
            for wrong in (self.paths - self.finding_paths) | self.unread
            if wrong
        )

    def locate(self, layers: Sequence[Layer]) -> list[Problem]:
        """The problems with file and line. ``layers``: the document first, then its overrides."""
        return [_locate_problem(path, text, layers, named) for path, text, named in self.found]


def _locate_problem(path: DocumentPath, text: str, layers: Sequence[Layer], named: str | None) -> Problem:
    document = layers[0]
    if path and isinstance(path[0], LinePosition):
        return Problem("", text, file=path[0].file or document.file, line=path[0].line, column=path[0].column)
    by_name = [layer for layer in layers[1:] if named is not None and layer.name == named]
    setting = by_name or [layer for layer in layers[1:] if path and sets_value(layer.data, path)]
    layer = setting[-1] if setting else max(layers, key=lambda one: one.count_known_steps(path))
    position = layer.find_position(path)
    return Problem(
        key=format_path([hide_secrets(step) if isinstance(step, str) else step for step in path]) if path else "",
        text=text,
        origin=escape_controls(str(setting[-1].name)) if setting and path[:1] != (named,) else None,
        file=position.file if position else layer.file,
        line=position.line if position else None,
        column=position.column if position else None,
    )


def format_path(path: Sequence[Any]) -> str:
    """``services.api.routes[0]``"""
    name = ""
    for step in path:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += ("." if name else "") + (step if re.fullmatch(UNQUOTED, step) else json.dumps(step))
    return escape_controls(name) or "document"


# Brackets at the end of "0 is not a port (1-65535)" belong to the problem; other brackets are the fix.
PART_OF_PROBLEM = re.compile(r"[0-9]|letters|an? |ami-|/")


def split_fix(text: str) -> tuple[str, str]:
    """Split a text into problem and fix. The fix is empty where the text has none."""
    brackets = re.fullmatch(r"(.+?)[;,]? \(((?:[^()]|\([^()]*\))*)\)", text)
    if brackets and not PART_OF_PROBLEM.match(brackets[2]):
        return brackets[1], brackets[2]
    problem, semicolon, fix = text.rpartition("; ")
    if semicolon and problem:
        return problem, fix
    expected = re.fullmatch(r".* is not (.+)", text)
    return text, f"write {expected[1]}" if expected else ""
