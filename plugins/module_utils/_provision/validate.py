# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Validate a stack without AWS: document, inventory and sources in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._aws.similar_names import suggest
from .._compile.load import examine
from .._topology.document.examine import Checks, Examination
from .._topology.document.layers import Layer, LayerFinding, read_findings, read_layer, read_sources
from .._topology.document.problems import Problem
from .._topology.schema.kinds import display, display_path
from .._topology.view import Document, services
from .certificate_checks import check_certificates
from .command_checks import find_command_errors, find_command_warnings
from .inventory_checks import (
    EXTRA,
    INVENTORY,
    OPTIONS,
    check_access,
    check_app_secrets,
    check_authorities,
    check_connection,
    check_duplicates,
    check_secrets_of_files,
    check_unreadable_files,
    read_exclude,
)
from .region_checks import find_region_warnings
from .requests import find_misspellings, read_names
from .source_checks import SourceReport, check_sources


def validate(options: Mapping[str, Any]) -> dict[str, Any]:
    """Run the module `topology_validate`; with errors the result has ``failed``."""
    inventory = options.get("inventory")
    validation = _Validation(inventory, options)
    layers = [read_layer(item) for item in options.get("layers") or ()]
    known = [finding for item in options.get("layers") or () for finding in read_findings(item)]
    if options.get("overrides"):
        layers.append(Layer(options["overrides"], "the option overrides"))
    directory = options.get("directory")
    found = examine(
        options["topology"],
        layers,
        Path(directory) if directory else None,
        known,
        validation.check,
        _inventory_layers(inventory) if inventory else [Layer({}, EXTRA)],
        validation.check_files,
    )
    unusable = options.get("variable_problems") or ()
    if not found.document and any(name == "topology" for name, _text in unusable):
        # Without a document nothing else was checked, and that it is not named is a consequence.
        found = replace(found, errors=[Problem(name, text, EXTRA) for name, text in unusable])
    elif not found.document:
        misspelt = find_misspellings(options.get("extra_variables") or ())
        found = replace(found, errors=[*found.errors, *(Problem(name, text, EXTRA) for name, text in misspelt)])
    return _build_outcome(found, validation)


def _inventory_layers(inventory: Mapping[str, Any]) -> list[Layer]:
    """The variables of the inventory as layers, so that their problems are located in the files of the inventory."""
    of_files = [
        Layer(
            {"app_secrets": one.get("app_secrets")}, one["name"], one["file"], sources=read_sources([one["file"]], None)
        )
        for one in inventory.get("secrets_of_files") or ()
    ]
    data = {**inventory["variables"], "app_secrets": inventory.get("app_secrets")}
    extra_variables = inventory.get("extra_variables") or ()
    extra = Layer(
        {name: data[name] for name in extra_variables if name in data},
        EXTRA,
        sources=read_sources(inventory.get("extra_files") or (), None),
        is_partial=True,
    )
    source = inventory.get("source")
    options = Layer({}, OPTIONS, source, sources=read_sources([source] if source else (), None))
    variables = Layer(data, INVENTORY, sources=read_sources(inventory.get("files") or (), None))
    return [*of_files, options, variables, extra]


class _Validation:
    """The checks that read files, and the sources that they read."""

    def __init__(self, inventory: Mapping[str, Any] | None, request: Mapping[str, Any]) -> None:
        self.inventory = inventory
        # The extra variables of the run: `services`, `ref` and `to`, their problems, and the names of all.
        self.request = request
        self.sources = SourceReport()

    def check(self, document: Document) -> Checks:
        errors, warnings = check_certificates(document)
        exclude: list[str] = []
        if self.inventory is not None:
            errors += check_access(document, self.inventory)
            errors += check_app_secrets(document, self.inventory)
            errors += check_authorities(document, self.inventory)
            exclude, exclude_problems = read_exclude(self.inventory)
            errors += exclude_problems
        errors += find_command_errors(document)
        self.sources = check_sources(document, exclude)
        warnings += [*find_region_warnings(document), *find_command_warnings(document), *self.sources.warnings]
        return errors + self.sources.errors, warnings

    def check_files(self, document: Document) -> Iterator[LayerFinding]:
        """Problems of the request, and of single files of the inventory."""
        yield from _check_request(self.request, list(services(document)))
        if self.inventory is not None:
            yield from check_secrets_of_files(document, self.inventory)
            yield from check_connection(self.inventory)
            yield from check_duplicates(self.inventory)
            yield from check_unreadable_files(document, self.inventory)


def _check_request(request: Mapping[str, Any], known: Sequence[str]) -> Iterator[LayerFinding]:
    """Problems of the extra variables; ``known`` are the names of services."""
    names, problems = read_names("services", request.get("services"), "names", "a,b")
    for problem in problems:
        yield ("services",), problem.removeprefix("services: "), EXTRA
    for name in names:
        if name not in known:
            yield ("services",), f"{display(name)} is not a service of this document; {suggest(name, known)}", EXTRA
    for variable, what in (("ref", "deploys nothing"), ("to", "returns to no release")):
        if request.get(variable) not in (None, ""):
            yield (variable,), f"validation {what}, so it takes no {variable} (leave it out)", EXTRA
    for variable, text in request.get("variable_problems") or ():
        yield (variable,), text, EXTRA
    for variable, text in find_misspellings(request.get("extra_variables") or ()):
        yield (variable,), text, EXTRA


def _build_outcome(found: Examination, validation: _Validation) -> dict[str, Any]:
    # In the order of correction: file by file, from top to bottom.
    problems = sorted(found.errors, key=lambda problem: (problem.file or "", problem.line or 0))
    warnings = [f"warning: {problem}" for problem in found.warnings]
    outcome: dict[str, Any] = {
        "changed": False,
        "stack": found.document.get("name"),
        "errors": [problem.as_data() for problem in problems],
        "warnings": [str(problem) for problem in found.warnings],
    }
    if not found.errors:
        summary = _build_summary(found, validation)
        return {**outcome, "summary": summary, "report": [*warnings, summary]}
    summary = f"{display_path(found.name)} cannot be used: {_format_count(len(found.errors), 'error')}"
    errors = [line for problem in problems for line in _format_problem(problem)]
    message = "\n".join([f"{summary}", *errors, "Nothing was changed."])
    return {**outcome, "failed": True, "msg": message, "summary": summary, "report": [*errors, *warnings, summary]}


def _format_problem(problem: Problem) -> list[str]:
    data = problem.as_data()
    origin = f" [from {problem.origin}]" if problem.origin else ""
    return [f"{problem.location}: {data['message']}{origin}", f"    fix: {data['fix']}"]


def _build_summary(found: Examination, validation: _Validation) -> str:
    sources = validation.sources
    parts = [
        _format_count(len(services(found.document)), "service"),
        f"{_format_count(sources.checked, 'local source')} checked",
    ]
    if sources.unchecked:
        parts.append(f"the sources of {', '.join(sources.unchecked)} are behind the network and were not read")
    if sources.unread:
        listed = ", ".join(map(display_path, sources.unread))
        parts.append(f"the submodules and files {listed} of sources are behind the network and were not read")
    if validation.inventory is None:
        parts.append("no inventory was checked")
    if found.warnings:
        parts.append(_format_count(len(found.warnings), "warning"))
    return f"{found.document['name']} is valid: {', '.join(parts)}"


def _format_count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
