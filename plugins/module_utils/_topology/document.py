# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading a topology document: find, parse, layer, check, fill. All errors at once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from .compile import compile_topology
from .kinds import Place, Text, shown, suggestion
from .layers import Layer, Source
from .locate import find_document
from .merge import merge
from .name_rules import raw_names_fit
from .parse import parse_text, parse_with_node, plain
from .paths import make_paths_absolute
from .problems import MOST_ERRORS, Problem, Problems, TopologyError, place_name
from .raw import raw_resources_fit
from .record import Derived, Record
from .rules import RULES
from .schema import DOCUMENT, REFERABLE
from .spelling import restore_spellings
from .texts import read_texts
from .view import caches, databases, machine_groups, services, shared_secrets, tiers
from .watch_rules import alarms_left_out_exist

KEYS = f"its keys: {', '.join(DOCUMENT.fields)}"

Finding = tuple[Place, str]
Override: TypeAlias = "Mapping[str, Any] | str | Layer"
Checks = tuple[Iterable[Finding], Iterable[Finding]]  # errors, warnings


@dataclass(frozen=True)
class Examination:
    """What reading a document found. ``document`` is whole even with errors: it has defaults for bad values."""

    name: str
    document: dict[str, Any]
    errors: list[Problem]
    warnings: list[Problem]


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[Override] = (),
    near: Path | None = None,
) -> dict[str, Any]:
    """The effective document: a path, a bare name or a mapping, with the overrides merged and every default filled.

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
    known: Iterable[tuple[Place, str, str]] = (),
    check: Callable[[Mapping[str, Any]], Checks] = lambda _document: ((), ()),
    also: Sequence[Layer] = (),
) -> Examination:
    """Everything that is wrong with a document, instead of an exception.

    ``known`` are problems that were found while the layers were made, each with the name of its layer. ``check`` is
    given the effective document and returns more errors and warnings; like a rule it has to cope with a document that
    has other problems. ``also`` are layers that are not merged, for places that are not in the document.
    """
    problems, warnings = Problems(), Problems()
    base, name = _read(source, problems, near)
    if problems.found:
        return Examination(name, {}, problems.located([base]), [])
    layers = [base, *(_layer(item, number, problems) for number, item in enumerate(overrides, 1))]
    for place, text, layer_name in known:
        problems(place, text, layer_name)
    data: Mapping[str, Any] = base.data
    for layer in layers[1:]:
        data = merge(data, layer.data)
    document = _checked(restore_spellings(data, layers, problems, warnings), problems)
    make_paths_absolute(document, layers, problems)
    more_errors, more_warnings = check(document)
    problems.add_findings(more_errors)
    warnings.add_findings(more_warnings)
    everything = [*layers, *also]
    return Examination(name, document, problems.located(everything), warnings.located(everything))


def _read(source: Any, problems: Problems, near: Path | None) -> tuple[Layer, str]:
    """The first layer, and what to call the document."""
    if isinstance(source, Mapping):
        return Layer(plain(source, problems), directory=near, keep_relative=near is None), "the topology"
    if not isinstance(source, (str, os.PathLike)):
        problems((), f"{shown(source)} is neither a path, a name nor a mapping")
        return Layer({}), "the topology"
    path = find_document(str(source), problems, near)
    if path is None:
        return Layer({}), str(source)
    data, node = parse_with_node(_text(path, problems), problems)
    if not problems.found and not isinstance(data, dict):
        problems((), "is empty" if data is None else f"{shown(data)} is not a mapping ({KEYS})")
        data = None
    file = os.path.abspath(path)
    sources = (Source(file, node),) if data else ()
    return Layer(data or {}, file=file, directory=Path(file).parent, sources=sources), file


def _text(path: Path, problems: Problems) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems((), "is not UTF-8 text (save it in this encoding)")
    except (OSError, ValueError) as error:
        problems((), f"cannot be read ({getattr(error, 'strerror', None) or error})")
    return "{}"


def _layer(override: Any, number: int, problems: Problems) -> Layer:
    """An override as a layer with plain data. One that is not a layer yet has no name but its number.

    A whole override may be text in YAML or JSON, and in any override text may stand for numbers and lists
    (`read_texts`): answers to the questions of a survey are text, and empty where there is no answer.
    """
    layer = override if isinstance(override, Layer) else Layer(override, f"override {number}", keep_relative=True)
    data: Any = layer.data
    if isinstance(data, str):
        data = parse_text(data, lambda place, text: problems((str(layer.name), *place), text)) or {}
    if not isinstance(data, Mapping):
        problems((layer.name,), f"{shown(data)} is not a mapping ({KEYS})", layer.name)
        data = {}
    return replace(layer, data=read_texts(DOCUMENT, plain(data, problems)))


def _checked(data: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    document: dict[str, Any] = DOCUMENT.check(data, (), problems)
    for _place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            _derive(kind, value, document)
    _check_references(document, problems)
    for rule in RULES:
        problems.add_findings(rule(document))
    if not problems.found:  # what the document compiles to is known only now
        compiled = Counter(wanted.address for wanted in compile_topology(document))
        problems.add_findings(_named_twice(document, compiled))
        problems.add_findings(raw_resources_fit(document, compiled.keys()))
        problems.add_findings(raw_names_fit(document, compiled.keys()))
        problems.add_findings(alarms_left_out_exist(document))
    return document


def _named_twice(document: Mapping[str, Any], compiled: Counter[str]) -> Iterator[tuple[Place, str]]:
    for address, times in compiled.items():
        if times > 1:
            first, *others = _find_makers(document, address) or [()]
            other = place_name(others[0]) if others else "another part of the document"
            yield first, f"makes {address}, which {other} makes as well (give it another name)"


TIER_TYPES = ("subnet", "route_table", "db_subnet_group", "cache_subnet_group")


def _find_makers(document: Mapping[str, Any], address: str) -> list[Place]:
    """The keys of a document that may have given a resource its name, those that fit it best first."""
    kind, _slash, name = address.partition("/")
    found: dict[Place, str] = {}
    if kind in TIER_TYPES:
        found = {("network", "subnets", tier): tier for tier in tiers(document)}
    else:
        for group in machine_groups(document):
            found[("instances", group) if group in document["instances"] else ("services", group)] = group
        found.update({("databases", one): f"database-{one}" for one in databases(document)})
        found.update({("caches", one): f"cache-{one}" for one in caches(document)})
    if kind == "secret":
        found.update({("secrets", one): one for one in shared_secrets(document)})
    if kind == "log_group":
        found.update({("services", one): one for one in services(document)})
    fitting = [place for place, stem in found.items() if f"{name}-".startswith(f"{stem}-")]
    return sorted(fitting, key=lambda place: -len(found[place]))


def _derive(record: Record, value: dict[str, Any], document: Mapping[str, Any]) -> None:
    for key, field in record.fields.items():
        if isinstance(field.default, Derived) and value[key] is None:
            value[key] = field.default.rule(value, document)


def _check_references(document: Mapping[str, Any], problems: Problems) -> None:
    for place, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Text) and kind.refers is not None:
            known = list(REFERABLE[kind.refers](document))
            if value not in known:
                fix = suggestion(value, known)
                if kind.hint and not fix.startswith("did you mean"):
                    fix = f"{fix}: {kind.hint}"
                problems(place, f"{shown(value, place)} is not {kind.what} of this document; {fix}")


__all__ = ["MOST_ERRORS", "Examination", "TopologyError", "examine", "load", "place_name"]
