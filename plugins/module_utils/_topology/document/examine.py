# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a topology document: find, parse, merge the layers, check, and fill in defaults. All errors at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from ..._aws.similar_names import suggest
from ..rules.all import RULES
from ..schema.document import DOCUMENT, REFERABLE
from ..schema.kinds import DocumentPath, Finding, Text, display
from ..schema.record import Derived, Record
from .layers import Layer, LayerFinding, Source
from .locate import find_document
from .merge import merge
from .parse import ENCRYPTED, LinePosition, parse_text
from .paths import make_paths_absolute
from .plain_data import to_plain_data
from .problems import Problem, Problems, split_fix
from .raw_texts import read_resource_texts
from .removals import check_removals
from .spelling import restore_spellings
from .texts import read_texts

KNOWN_KEYS = f"its keys: {', '.join(DOCUMENT.fields)}"

TEXT_OVERRIDE = "write YAML or JSON, as in {instances: {app: {count: 2}}}"

# Each way to name a document: `make`, the environment, the command line, and the inventory.
UNNAMED = (
    "no topology is named (name one of the collection or the path of a document: TOPOLOGY=three_tier for make, "
    "GROUNDWORK_TOPOLOGY in the environment, -e topology=…, or topology in the inventory source)"
)

VAULT_HEADER = "$ANSIBLE_VAULT;"  # the first characters of a file that ansible-vault has encrypted

Override: TypeAlias = "Mapping[str, Any] | str | Layer"
Checks = tuple[Iterable[Finding], Iterable[Finding]]  # errors, warnings


@dataclass(frozen=True)
class Examination:
    """The result of reading a document. ``document`` is complete even with errors: bad values have their defaults."""

    name: str
    document: dict[str, Any]
    errors: list[Problem]
    warnings: list[Problem]


def examine(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Sequence[Override] = (),
    near: Path | None = None,
    known: Iterable[LayerFinding] = (),
    check: Callable[[Mapping[str, Any], Collection[DocumentPath]], Checks] = lambda _document, _wrong: ((), ()),
    extra_layers: Sequence[Layer] = (),
    check_files: Callable[[Mapping[str, Any]], Iterable[LayerFinding]] = lambda _document: (),
) -> Examination:
    """Read a document and collect every error and warning; nothing is raised.

    ``known`` are problems that were found while the layers were rendered, each with the name of its layer. ``check``
    gets the effective document and the paths that have a problem, and returns more errors and warnings.
    ``extra_layers`` are not merged: they locate problems whose paths are outside the document.
    """
    problems, warnings = Problems(), Problems()
    base, name = _read_base(source, problems, near)
    if problems.found and not base.data:
        return Examination(name, {}, problems.locate([base]), [])
    layers = [base, *(_read_override(item, number, problems) for number, item in enumerate(overrides, 1))]
    for path, text, layer_name in known:
        problems(path, text, layer_name)
    data: Mapping[str, Any] = base.data
    for layer in layers[1:]:
        _check_removals(layer, data, problems, warnings)
        data = merge(data, layer.data)
    document = _check_document(restore_spellings(data, layers, problems, warnings), problems)
    wrong = frozenset(problems.paths | problems.unread)
    make_paths_absolute(document, layers, problems)
    more_errors, more_warnings = check(document, wrong)
    problems.add_findings(more_errors)
    for path, text, layer_name in check_files(document):
        problems(path, text, layer_name)
    warnings.add_findings(more_warnings)
    layers += extra_layers
    return Examination(name, document, problems.locate(layers), warnings.locate(layers))


def _check_removals(layer: Layer, below: Mapping[str, Any], problems: Problems, warnings: Problems) -> None:
    def report(path: DocumentPath, text: str) -> None:
        problems(path, text, layer.name)

    def warn(path: DocumentPath, text: str) -> None:
        warnings(path, text, layer.name)

    check_removals(DOCUMENT, layer.data, below, report, warn)


def _read_base(source: Any, problems: Problems, near: Path | None) -> tuple[Layer, str]:
    """Read the document itself: its layer, and its name in messages."""
    if isinstance(source, Mapping):
        data = to_plain_data(source, problems, is_document=True)
        return Layer(data, directory=near, keep_relative=near is None), "the topology"
    if not isinstance(source, (str, os.PathLike)):
        problems((), f"{display(source)} is neither a path, a name nor a mapping (write the path of a document)")
        return Layer({}), "the topology"
    if not str(source).strip():
        problems((), UNNAMED)
        return Layer({}), "the topology"
    path = find_document(str(source), problems, near)
    if path is None:
        return Layer({}), str(source)
    parsed = parse_text(_read_file(path, problems), problems)
    problems.unread |= parsed.unread
    data = parsed.data
    if not problems.found and data is None:
        problems((), "is empty (write at least name, region and network in it)")
    elif not problems.found and not isinstance(data, dict):
        # Nothing of the file is shown: it may be a key or a password.
        kind = "a list" if isinstance(data, list) else "one value"
        problems((LinePosition.at(parsed.node.start_mark),), f"{kind} is not a mapping ({KNOWN_KEYS})")
    if not isinstance(data, dict):
        data = None
    file = os.path.abspath(path)
    sources = (Source(file, parsed.node),) if data else ()
    return Layer(data or {}, file=file, directory=Path(file).parent, sources=sources), file


def _read_file(path: Path, problems: Problems) -> str:
    """The text of a file, or that of an empty document after a report."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if not text.startswith(VAULT_HEADER):
            return text
        problems((), f"{ENCRYPTED.partition(' (')[0]} (decrypt it; secrets belong in app_secrets of the inventory)")
    except UnicodeDecodeError as error:
        problems((LinePosition.of_byte(error),), "is not UTF-8 text (save the file in this encoding)")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        problems((), f"cannot be read: {reason} (allow this user to read it)")
    return "{}"


def _read_override(override: Any, number: int, problems: Problems) -> Layer:
    """Convert an override to a layer with plain data. An override that is not a `Layer` is named by its number.

    A whole override may be text in YAML or JSON, and in any override text may replace numbers and lists
    (`read_texts`): answers to the questions of a survey are text, empty where there is no answer.
    """
    layer = override if isinstance(override, Layer) else Layer(override, f"override {number}", keep_relative=True)
    data: Any = layer.data
    if isinstance(data, str):

        def report(path: DocumentPath, text: str) -> None:
            fix = "" if split_fix(text)[1] else f" ({TEXT_OVERRIDE})"
            problems((str(layer.name), *path), f"{text}{fix}", layer.name)

        data = parse_text(data, report, is_override=True).data or {}
    if not isinstance(data, Mapping):
        problems((layer.name,), f"{display(data)} is not a mapping ({KNOWN_KEYS})", layer.name)
        data = {}
    plain = to_plain_data(data, problems, spell_key=layer.find_key_spelling)
    return replace(layer, data=read_resource_texts(read_texts(DOCUMENT, plain)))


def _check_document(data: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Check data against the schema and the rules; returns the document with its defaults."""
    document: dict[str, Any] = DOCUMENT.check(data, (), problems)
    for _path, kind, value in DOCUMENT.visit(document, ()):
        if isinstance(kind, Record):
            _fill_derived_defaults(kind, value, document)
    _check_references(document, problems)
    for rule in RULES:
        problems.add_findings(rule(document))
    return document


def _fill_derived_defaults(record: Record, value: dict[str, Any], document: Mapping[str, Any]) -> None:
    for key, field in record.fields.items():
        if isinstance(field.default, Derived) and value[key] is None:
            value[key] = field.default.rule(value, document)


def _check_references(document: Mapping[str, Any], problems: Problems) -> None:
    for path, kind, value in DOCUMENT.visit(document, ()):
        if not isinstance(kind, Text) or kind.refers is None:
            continue
        known = list(REFERABLE[kind.refers](document))
        if value not in known:
            fix = suggest(value, known)
            if kind.hint and not fix.startswith("did you mean"):
                fix = f"{fix}: {kind.hint}"
            shown = "this" if kind.private else display(value, path)
            text = f"{shown} is not {kind.what} of this document; {fix}"
            problems.add_of_document(path, text)
