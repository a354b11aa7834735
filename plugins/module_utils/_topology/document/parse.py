# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parse YAML text into plain data.

Scalars are read by YAML 1.2, as editors read them: only ``true`` and ``false`` are booleans, so the key ``on`` stays
text, and so do dates, times and versions, quoted or not. A value that cannot be read is reported, and reading goes on,
so that one pass finds every error. docs/architecture-decisions.md says why PyYAML's nodes are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ..schema.kinds import DocumentPath, Report

try:
    import yaml
except ImportError:  # a module gets the document as data, and its Python need not have PyYAML
    yaml = None  # type: ignore[assignment]


class LinePosition(str):
    """A path that has no key: the line and column (from 1) of a text that is not valid YAML.

    Without a ``file`` the text is that of the document.
    """

    line: int
    column: int
    file: str | None

    def __new__(cls, line: int, column: int, file: str | None = None) -> LinePosition:
        # Lines of several files are different paths.
        position = super().__new__(cls, f"line {line}" if file is None else f"{file}:{line}:{column}")
        position.line, position.column, position.file = line, column, file
        return position

    @classmethod
    def at(cls, mark: Any, file: str | None = None) -> LinePosition:
        """The position of one of PyYAML's marks, which count from 0."""
        return cls(mark.line + 1, mark.column + 1, file)

    @classmethod
    def of_byte(cls, error: UnicodeDecodeError) -> LinePosition:
        """The position of the first byte of a text that cannot be decoded; the column counts bytes."""
        start = error.start
        return cls(error.object.count(b"\n", 0, start) + 1, start - error.object.rfind(b"\n", 0, start))


TAB = "a tab (write spaces: YAML is indented with them)"
LARGEST_TEXT = 1_000_000  # characters (docs/topology.md)
LARGEST = 200_000  # values, after all aliases are expanded
DEEPEST = 40
MERGE_KEY = "<<"

_TAG = "tag:yaml.org,2002:"
# Placeholder for a value that could not be read; the error has been reported.
_UNREAD: Any = object()

LINE_ENDS = "\0\r\n\x85\u2028\u2029"  # as PyYAML has them; the first is the end of the text

# The message does not repeat the tag: it may be a password that begins with !.
UNKNOWN_TAG = "a tag, which means nothing in a topology (remove it, or put text that begins with ! in quotes)"
VAULT_TAG = "!vault"
ENCRYPTED = (
    "is encrypted by ansible-vault, which is not read in a topology (put the value in app_secrets of the inventory, "
    "encrypted or not)"
)


# What PyYAML raises in place of a YAMLError where the code of an escape, a number or a value of a tag is impossible.
IMPOSSIBLE_VALUE = (ValueError, ArithmeticError, LookupError, AttributeError)
IMPOSSIBLE = (
    "has a number or the code of a character that is out of range (correct it; the last character is \\U0010FFFF)"
)

# Each type of plain scalar: its tag, its pattern, and the characters that it can begin with.
_PLAIN_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]{1,2})?|[-+]?[0-9]{1,18}[eE][-+]?[0-9]{1,2}",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
)


def read_integer(text: str) -> int:
    """An integer of the core schema of YAML 1.2, in which 012 is decimal, 0o12 octal and 0x12 hexadecimal."""
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    _TAG + "str": str,
    _TAG + "merge": str,  # a << that is a value
    _TAG + "null": lambda text: None,
    _TAG + "bool": lambda text: text.lower() == "true",
    _TAG + "int": read_integer,
    _TAG + "float": float,
}


@lru_cache
def _loader() -> Any:
    """PyYAML's safe loader with the scalars, tabs and anchors of YAML 1.2."""

    class Loader(yaml.SafeLoader):
        """A class of its own, because PyYAML registers resolvers on the class.

        PyYAML accepts no tab between tokens, and no anchor twice; editors, which read YAML 1.2, accept both.
        """

        def compose_node(self, parent: Any, index: Any) -> Any:
            """Compose a node. An alias is of the last node with its anchor (YAML 1.2.2, section 7.1)."""
            event = self.peek_event()
            if not isinstance(event, yaml.AliasEvent) and getattr(event, "anchor", None) in self.anchors:
                del self.anchors[event.anchor]
            return super().compose_node(parent, index)

        def scan_to_next_token(self) -> None:
            """Skip white space and comments, with the tabs in them that are no indentation."""
            super().scan_to_next_token()
            while self.peek() == "\t" and self.skip_tabs():
                super().scan_to_next_token()

        def skip_tabs(self) -> bool:
            """Skip white space that begins with a tab, and return true, unless it indents a block."""
            length = 0
            while self.peek(length) in " \t":
                length += 1
            mark: Any = self.get_mark()
            begins_line = not mark.buffer[mark.pointer - mark.column : mark.pointer].strip()
            if begins_line and not self.flow_level and self.peek(length) not in f"#{LINE_ENDS}":
                return False
            if not begins_line and not self.flow_level:
                # After `-` and a tab there may be a scalar, but no mapping or list: its indentation is not known.
                self.allow_simple_key = False
            self.forward(length)
            return True

        def scan_plain_spaces(self, indent: int, start_mark: Any) -> list[str]:
            """The white space in a plain scalar: tabs belong to it unless they are at the end of a line."""
            length = 0
            while self.peek(length) in " \t":
                length += 1
            space = self.prefix(length)
            if "\t" in space:
                self.forward(length)
                if self.peek() not in LINE_ENDS:
                    return [space]
            return super().scan_plain_spaces(indent, start_mark) or []

    Loader.yaml_implicit_resolvers = {}
    for kind, pattern, first in _PLAIN_SCALARS:
        Loader.add_implicit_resolver(_TAG + kind, re.compile(f"^(?:{pattern})$"), first)
    return Loader


@dataclass(frozen=True)
class ParsedText:
    """The data of a YAML text and its root node, which knows lines and spellings.

    ``unread`` are the paths of the values that could not be read; the data has empty text there. An override has none:
    such values are left out, because another layer may set them.
    """

    data: Any = None
    node: Any = None
    unread: set[DocumentPath] = field(default_factory=set)


def parse_text(text: str, report: Report, is_override: bool = False) -> ParsedText:
    """Parse a YAML text. Data and node are None after a report about the whole text."""
    if len(text) > LARGEST_TEXT:
        report((), f"has more than {LARGEST_TEXT} characters (name a topology, or have user_data load files)")
        return ParsedText()
    if yaml is None:
        report((), "cannot be read without PyYAML (pip install PyYAML)")
        return ParsedText()
    try:
        node = _compose(text)
        if node is None:
            return ParsedText()
        reader = _NodeReader(report)
        data = reader.read(node)
        if reader.is_unusable or data is _UNREAD:
            return ParsedText()
        if is_override:
            return ParsedText(_omit_unread(data), node)
        unread: set[DocumentPath] = set()
        return ParsedText(_blank_unread(data, (), unread), node, unread)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        report(() if mark is None else (LinePosition.at(mark),), describe_error(error))
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        report((LinePosition(line, column),), f"has the character #x{ord(text[error.position]):04x} (remove it)")
    except RecursionError:
        report((LinePosition(1, 1),), "is nested too deeply (write it with fewer levels)")
    return ParsedText()


def _compose(text: str) -> Any:
    """The root node of a text, None where it has none. Raises `yaml.YAMLError` or RecursionError."""
    loader = _loader()(text)
    try:
        return compose_root(loader)
    finally:
        loader.dispose()


def compose_root(loader: Any) -> Any:
    """The root node that one of PyYAML's loaders composes. Raises `yaml.YAMLError` or RecursionError.

    PyYAML's own scanner raises errors of Python where the code of an escape or a version is out of range. libyaml does
    not, and its loader knows no mark.
    """
    try:
        return loader.get_single_node()
    except IMPOSSIBLE_VALUE as error:
        mark = loader.get_mark() if hasattr(loader, "get_mark") else None
        raise yaml.MarkedYAMLError(problem=IMPOSSIBLE, problem_mark=mark) from error


def compose_node(text: str) -> Any:
    """The root node of YAML that ansible has read already, or None where there is none (a vault, for example)."""
    if yaml is None or len(text) > LARGEST_TEXT:
        return None
    try:
        return _compose(text)
    except (yaml.YAMLError, RecursionError):
        return None


def read_as_ansible(text: str) -> Any:
    """One plain scalar as ansible's YAML 1.1 reads it; None where the text is not valid."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, *IMPOSSIBLE_VALUE):
        return None


class _NodeReader:
    """Converts the nodes of one text to data. Each node is read once, however many aliases it has."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.values: dict[int, Any] = {}
        self.sizes: dict[int, int] = {}  # number of values when aliases are expanded
        self.ancestors: set[int] = set()
        self.is_unusable = False  # too large or too deep to read the rest

    def read(self, node: yaml.Node, depth: int = 0) -> Any:
        """The data of a node."""
        if id(node) in self.ancestors:
            return self.reject(node, "an alias to something that contains it (write it out)")
        if depth > DEEPEST:
            self.is_unusable = True
            return self.reject(node, f"nested more than {DEEPEST} levels deep (write it with fewer levels)")
        if id(node) not in self.values:
            self.ancestors.add(id(node))
            self.values[id(node)] = self._convert(node, depth)
            self.ancestors.discard(id(node))
        return self.values[id(node)]

    def reject(self, node: yaml.Node, text: str) -> Any:
        self.report((LinePosition.at(node.start_mark),), text)
        return _UNREAD

    def _convert(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._convert_scalar(node)
        if node.tag not in (_TAG + "seq", _TAG + "map"):
            return self.reject(node, UNKNOWN_TAG)  # ansible-vault encrypts scalars only
        if isinstance(node, yaml.MappingNode):
            value: Any = self._convert_mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            value = [self.read(item, depth + 1) for item in node.value]
        else:
            return self.reject(node, "is neither a mapping, a list nor a scalar (write one of them)")
        size = 1 + sum(self.sizes.get(id(child), 1) for child in _value_nodes(node))
        if size > LARGEST:
            self.is_unusable = True
            return self.reject(node, "too large once its aliases are expanded (use fewer aliases)")
        self.sizes[id(node)] = size
        return value

    def _convert_scalar(self, node: yaml.ScalarNode) -> Any:
        convert = _CONVERTERS.get(node.tag)
        if convert is None:
            return self.reject(node, ENCRYPTED if node.tag == VAULT_TAG else UNKNOWN_TAG)
        try:
            return convert(node.value)
        except ValueError:
            return self.reject(node, f"this is not what its tag !!{node.tag[len(_TAG) :]} says (correct it)")

    def _convert_mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        for key, value_node in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.reject(key, "a key must be plain text (write it as a word, without brackets or braces)")
                continue
            value = self.read(value_node, depth + 1)
            if key.tag == _TAG + "merge":
                merged = {**self._read_merge_key(value_node, value), **merged}
            elif key.value in own:
                self.reject(key, f'the key "{key.value}" is in line {lines[key.value]} already (remove one)')
                own[key.value] = _combine_duplicates(own[key.value], value)
            else:
                own[key.value], lines[key.value] = value, key.start_mark.line + 1
        return {**merged, **own}

    def _read_merge_key(self, node: yaml.Node, value: Any) -> dict[str, Any]:
        """The keys that ``<<: *anchor`` adds; of a list of mappings the first wins."""
        result: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                result = {**part, **result}
            elif part is not _UNREAD:
                self.reject(
                    node, "<< takes a mapping or a list of mappings (write << with an alias of one, as in <<: *base)"
                )
        return result


def _value_nodes(node: yaml.Node) -> Iterator[yaml.Node]:
    for item in node.value:
        yield item[1] if isinstance(item, tuple) else item


def _combine_duplicates(first: Any, second: Any) -> Any:
    """Both values of a duplicate key as one: other parts of the document may refer to names in the first."""
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    combined = dict(first)
    for key, value in second.items():
        combined[key] = _combine_duplicates(first[key], value) if key in first else value
    return combined


def _blank_unread(value: Any, path: DocumentPath, unread: set[DocumentPath]) -> Any:
    """The data with empty text where a value could not be read; the paths of these values are added to ``unread``."""
    if value is _UNREAD:
        unread.add(path)
        return ""
    if isinstance(value, dict):
        return {key: _blank_unread(item, (*path, key), unread) for key, item in value.items()}
    if isinstance(value, list):
        return [_blank_unread(item, (*path, number), unread) for number, item in enumerate(value)]
    return value


def _omit_unread(value: Any) -> Any:
    """The data without the keys and items whose value could not be read."""
    if isinstance(value, dict):
        return {key: _omit_unread(item) for key, item in value.items() if item is not _UNREAD}
    if isinstance(value, list):
        return [_omit_unread(item) for item in value if item is not _UNREAD]
    return value


def describe_error(error: yaml.MarkedYAMLError) -> str:
    problem = " ".join((error.problem or error.context or "cannot be read").split())
    if "'\\t'" in problem:
        return TAB
    if problem == IMPOSSIBLE:
        return IMPOSSIBLE
    if problem.startswith("found undefined alias"):  # the text may be a password that begins with *
        return "an alias to an anchor that does not exist (correct it, or put text that begins with * in quotes)"
    if str(error.context).startswith("found duplicate anchor"):  # the name may be a password that begins with &
        return "an anchor of this name exists already (give it another name, or put text that begins with & in quotes)"
    if "tag handle" in problem:  # the same of text that begins with !
        return UNKNOWN_TAG
    context = f", {error.context}" if error.problem and error.context else ""
    return f"not YAML: {problem}{context} (correct this line, or what it belongs to)"
