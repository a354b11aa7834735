# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find why ansible cannot read a file of variables, with the line.

Ansible's own message is printed once for each inventory plugin, and some versions leave out the file. A problem never
repeats the text of a file, which may be a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from .examine import VAULT_HEADER
from .parse import IMPOSSIBLE_VALUE, TAB, LinePosition, compose_root, describe_error

try:
    import yaml
except ImportError:  # a module gets the document as data, and its Python need not have PyYAML
    yaml = None  # type: ignore[assignment]

# The tags that ansible adds to those of YAML.
ANSIBLE_TAGS = ("!vault", "!vault-encrypted", "!unsafe")


class FileProblem(NamedTuple):
    """Why a file cannot be read; line and column count from 1, and ``text`` is the problem with its fix."""

    file: str
    line: int
    column: int
    text: str


def find_unreadable_files(files: Iterable[str]) -> Iterator[FileProblem]:
    """The problem of each file that ansible cannot read. An encrypted file is left to ansible."""
    for file in files:
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            yield FileProblem(file, 1, 1, f"cannot be read: {error.strerror} (allow this user to read it)")
            continue
        found = None if content.startswith(VAULT_HEADER.encode()) else _find_problem(content)
        if found is not None:
            yield FileProblem(file, *found)


def _find_problem(content: bytes) -> tuple[int, int, str] | None:
    """Line, column and text of the problem of a content, or None."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        invalid = LinePosition.of_byte(error)
        return invalid.line, invalid.column, "is not UTF-8 text (save the file as UTF-8)"
    if _is_json(text):
        return None  # ansible reads JSON first, which may have tabs
    try:
        return _find_root_problem(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        is_tab = mark is not None and (text.split("\n")[mark.line : line] or [""])[0][mark.column : column] == "\t"
        return line, column, TAB if is_tab else _describe(error)
    except yaml.reader.ReaderError as error:
        # libyaml counts bytes, PyYAML characters; both stop at the first character that YAML does not allow.
        position = next((number for number, one in enumerate(text) if not _is_printable(one)), 0)
        line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
        code = error.character if isinstance(error.character, int) else ord(text[position])
        return line, column, f"has the character #x{code:04x} (remove it)"
    except RecursionError:
        return 1, 1, "is nested too deeply (write it with fewer levels)"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), (dict, type(None)))
    except (ValueError, RecursionError):
        return False


def _find_root_problem(text: str) -> tuple[int, int, str] | None:
    """The problem of a whole text. Raises the errors of PyYAML for those inside of it."""
    loader = _loader()(text)
    try:
        node = compose_root(loader)
        if node is None:
            return None
        scalar = _find_invalid_scalar(node)
        if scalar is not None:
            mark = scalar.start_mark
            return mark.line + 1, mark.column + 1, "is no valid date or number (correct it, or put it in quotes)"
        value = loader.construct_document(node)
    finally:
        loader.dispose()
    if isinstance(value, dict) or value is None:
        return None
    what = "a list" if isinstance(value, list) else "plain text" if isinstance(value, str) else "a single value"
    mark = node.start_mark
    return mark.line + 1, mark.column + 1, f"holds {what}, and variables are expected (write each as name: value)"


def _find_invalid_scalar(root: Any) -> Any:
    """The first scalar that has the form of a date or number and is none, such as 2026-02-30; else None."""
    loader = _loader()("")  # of its own, because a failure leaves marks in it
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except IMPOSSIBLE_VALUE:
                return node
            except yaml.MarkedYAMLError:
                continue  # a merge key; a tag that is unknown is found with the whole document
        else:
            for child in reversed(node.value):
                waiting += reversed(child) if isinstance(child, tuple) else [child]
    return None


@lru_cache
def _loader() -> Any:
    """A safe loader with ansible's tags; libyaml's where ansible uses it, which accepts more tabs."""
    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """A class of its own, because PyYAML registers constructors on the class."""

    for tag in ANSIBLE_TAGS:
        Loader.add_constructor(tag, lambda _loader, _node: "")
    return Loader


def _describe(error: Any) -> str:
    problem = str(error.problem or "")
    if "another document" in str(error.context or problem) or "another document" in problem:
        return "has a second document, and one is expected (remove the --- in this line)"
    if problem.startswith("could not determine a constructor"):  # the tag may be a password that begins with !
        return "has a tag that ansible does not know (remove it, or put text that begins with ! in quotes)"
    if "unhashable" in problem or "unacceptable key" in problem:
        return "has a mapping or list as a key (put a template like {{ name }} in quotes)"
    if isinstance(error, yaml.constructor.ConstructorError):
        return "has a value that is not what its tag says (correct it, or remove the tag)"
    return describe_error(error)


def _is_printable(character: str) -> bool:
    """Whether YAML allows a character (YAML 1.1, section 5.1)."""
    code = ord(character)
    return character in "\t\n\r\x85\ufeff" or 0x20 <= code <= 0x7E or (code >= 0xA0 and not 0xFFFE <= code <= 0xFFFF)
