# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validation: everything that can be known of a stack without AWS, in one pass over document, inventory and sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .document import Checks, Examination, examine
from .inventory_checks import check_access, check_app_secrets, check_authorities, check_certificates
from .kinds import Place
from .layers import Layer, findings_of, read_layer, read_sources
from .problems import Problem
from .source_checks import SourceReport, check_sources
from .view import Document, services

Finding = tuple[Place, str]
INVENTORY = "the inventory"


def validate(options: Mapping[str, Any]) -> dict[str, Any]:
    """What the module `topology_validate` returns. With ``failed`` there are errors."""
    inventory = options.get("inventory")
    validation = _Validation(inventory)
    layers = [read_layer(item) for item in options.get("layers") or ()]
    known = [finding for item in options.get("layers") or () for finding in findings_of(item)]
    if options.get("overrides"):
        layers.append(Layer(options["overrides"], "the option overrides"))
    directory = options.get("directory")
    found = examine(
        options["topology"],
        layers,
        Path(directory) if directory else None,
        known,
        validation.check,
        [_inventory_layer(inventory)] if inventory else [],
    )
    return _outcome(found, validation)


def _inventory_layer(inventory: Mapping[str, Any]) -> Layer:
    """The inventory's variables as a layer of their own, so that problems of theirs are located in its files."""
    data = {**inventory["variables"], "app_secrets": inventory.get("app_secrets")}
    return Layer(data, INVENTORY, sources=read_sources(inventory.get("files") or (), None))


class _Validation:
    """The checks that take files, and what they looked at."""

    def __init__(self, inventory: Mapping[str, Any] | None) -> None:
        self.inventory = inventory
        self.sources = SourceReport()

    def check(self, document: Document) -> Checks:
        errors: list[Finding] = list(check_certificates(document))
        warnings: list[Finding] = []
        exclude: Any = ()
        if self.inventory is not None:
            errors += check_access(document, self.inventory)
            errors += check_app_secrets(document, self.inventory)
            more_errors, warnings = check_authorities(document, self.inventory)
            errors += more_errors
            exclude = self.inventory["variables"].get("app_exclude") or ()
        self.sources = check_sources(document, [exclude] if isinstance(exclude, str) else exclude)
        return errors + self.sources.errors, warnings + self.sources.warnings


def _outcome(found: Examination, validation: _Validation) -> dict[str, Any]:
    # As people go through them: file by file, from top to bottom.
    problems = sorted(found.errors, key=lambda problem: (problem.file or "", problem.line or 0))
    warnings = [f"warning: {problem}" for problem in found.warnings]
    outcome: dict[str, Any] = {
        "changed": False,
        "stack": found.document.get("name"),
        "errors": [problem.as_data() for problem in problems],
        "warnings": [str(problem) for problem in found.warnings],
    }
    if not found.errors:
        summary = _summary(found, validation)
        return {**outcome, "summary": summary, "report": [*warnings, summary]}
    summary = f"{found.name} cannot be used: {_count(len(found.errors), 'error')}"
    errors = [line for problem in problems for line in _lines(problem)]
    message = "\n".join([f"{summary}", *errors, "Nothing was changed."])
    return {**outcome, "failed": True, "msg": message, "summary": summary, "report": [*errors, *warnings, summary]}


def _lines(problem: Problem) -> list[str]:
    said = problem.as_data()
    location = str(problem).partition(f": {problem.text}")[0]
    origin = f" [from {problem.origin}]" if problem.origin else ""
    return [f"{location}: {said['message']}{origin}", f"    fix: {said['fix']}"]


def _summary(found: Examination, validation: _Validation) -> str:
    sources = validation.sources
    parts = [_count(len(services(found.document)), "service"), f"{_count(sources.checked, 'local source')} checked"]
    if sources.unchecked:
        parts.append(f"the sources of {', '.join(sources.unchecked)} take the network and were not read")
    if validation.inventory is None:
        parts.append("no inventory was checked")
    if found.warnings:
        parts.append(_count(len(found.warnings), "warning"))
    return f"{found.document['name']} is valid: {', '.join(parts)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
