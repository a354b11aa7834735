# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a document: collecting the problems, finding their file and line, and writing them down.

Kinds and rules report a place and one line of text, `problem (fix)`. Everything else about a problem is found here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .kinds import Place
from .layers import Layer
from .merge import sets
from .parse import LinePlace
from .secret_patterns import hide_secrets

UNQUOTED = r"[^\s\x00-\x1f\x7f]+|(?:line|override) \d+|stack_overrides of [^\x00-\x1f\x7f]+"
MOST_ERRORS = 50  # that are shown; a file of something else entirely has thousands


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    ``key`` names the place (``services.api.port``; empty for a whole file), ``text`` is the problem with its fix in one
    line. ``file``, ``line`` and ``column`` (both from 1) are None where they are not known. ``origin`` names the layer
    that set the value, unless that is the document itself.
    """

    key: str
    text: str
    origin: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = [] if self.file is None else [self.file if self.line is None else f"{self.file}:{self.line}"]
        if self.key or not where:
            where.append(self.key or "document")
        return f"{': '.join(where)}: {self.text}" + (f" [from {self.origin}]" if self.origin else "")

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
    """A document that cannot be used. ``problems`` has every reason, ``errors`` the same as one line of text each."""

    def __init__(self, problems: Sequence[Problem], name: str = "the topology") -> None:
        self.problems = list(problems)
        self.errors = [str(problem) for problem in problems]
        self.name = name
        lines = self.errors[:MOST_ERRORS]
        if len(self.errors) > MOST_ERRORS:
            lines.append(f"and {len(self.errors) - MOST_ERRORS} more")
        super().__init__("\n- ".join([f"{name} cannot be used:", *lines]))


class Problems:
    """The problems found so far. Call it to report one."""

    def __init__(self) -> None:
        self.found: dict[tuple[Place, str], str | None] = {}
        self.places: set[Place] = set()

    def __call__(self, place: Place, text: str, layer: str | None = None) -> None:
        """Add a problem. ``layer`` names the layer that it is in, where its data does not show that."""
        self.found[(place, hide_secrets(text))] = layer
        self.places.add(place)

    def add_findings(self, findings: Iterable[tuple[Place, str]]) -> None:
        """Add what a rule found, unless something is wrong there, or around there, already: that was the cause."""
        for place, text in findings:
            around = {place[:length] for length in range(1, len(place) + 1)}
            if self.places.isdisjoint(around):
                self(place, text)

    def located(self, layers: Sequence[Layer]) -> list[Problem]:
        """The problems with the file and line of each. ``layers``: the document first, then what is laid over it."""
        return [_locate(place, text, layers, named) for (place, text), named in self.found.items()]


def _locate(place: Place, text: str, layers: Sequence[Layer], named: str | None) -> Problem:
    document = layers[0]
    if place and isinstance(place[0], LinePlace):
        return Problem("", text, file=document.file, line=place[0].line, column=place[0].column)
    setting = [layer for layer in layers[1:] if layer.name == named or (place and sets(layer.data, place))]
    layer = setting[-1] if setting else max(layers, key=lambda one: one.known_steps(place))
    mark = layer.position(place)
    return Problem(
        key=place_name([hide_secrets(step) if isinstance(step, str) else step for step in place]) if place else "",
        text=text,
        origin=setting[-1].name if setting and place != (named,) else None,
        file=mark.file if mark else layer.file,
        line=mark.line if mark else None,
        column=mark.column if mark else None,
    )


def place_name(place: Sequence[Any]) -> str:
    """``services.api.routes[0]``"""
    name = ""
    for step in place:
        if isinstance(step, int):
            name += f"[{step}]"
        else:
            name += ("." if name else "") + (step if re.fullmatch(UNQUOTED, step) else json.dumps(step))
    return name or "document"


# What is in brackets at the end of "0 is not a port (1-65535)" belongs to the problem; elsewhere it is the fix.
PART_OF_PROBLEM = re.compile(r"[0-9]|letters|an? |ami-|/")


def split_fix(text: str) -> tuple[str, str]:
    """The problem and its fix, apart. An empty fix where the text has none."""
    brackets = re.fullmatch(r"(.+?)[;,]? \(((?:[^()]|\([^()]*\))*)\)", text)
    if brackets and not PART_OF_PROBLEM.match(brackets[2]):
        return brackets[1], brackets[2]
    problem, semicolon, fix = text.rpartition("; ")
    if semicolon and problem:
        return problem, fix
    expected = re.fullmatch(r"(?:.*) is not (an? .+|one of .+|true or false|text.*|either .+|type/name.*)", text)
    return text, f"write {expected[1]}" if expected else ""
