# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of value with which the schema declares every key.

A kind checks a value and fills in its defaults, describes itself as JSON Schema, and visits the values inside. Problems
are collected, never raised, and an invalid value is replaced by its default, so that one pass finds every problem.
"""

from __future__ import annotations

import ipaddress
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._aws.similar_names import find_similar_names
from ..secret_patterns import hide_secrets, is_name_of_a_secret

DocumentPath = tuple[Any, ...]  # keys and indices
Finding = tuple[DocumentPath, str]  # a problem of a document: its path, and text like "problem (fix)"
Report = Callable[[DocumentPath, str], None]
Visit = tuple[DocumentPath, "Kind", Any]

INVALID: Any = object()  # the result of check() for an invalid value, which has been reported


# Sections whose values may be secrets, in whatever shape.
PRIVATE_SECTIONS = ("environment", "secrets", "app_secrets")


DISPLAYABLE_KEY = r"[\w.-]{1,64}"  # any other key in such a section may contain a value


def is_private(path: DocumentPath) -> bool:
    """Whether messages never repeat the value at a path."""
    return any(step in PRIVATE_SECTIONS for step in path)


def is_hidden(value: Any, path: DocumentPath) -> bool:
    """Whether a message must not repeat a value: it is in a private section, or its key is that of a secret.

    A password in the wrong place looks like any other text, and its key may be one that the schema does not have.
    """
    if is_private(path):
        return True
    key = next((step for step in reversed(path) if isinstance(step, str)), "")
    can_be_secret = isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""
    return can_be_secret and is_name_of_a_secret(re.sub(r"[-.]", "_", key))


def display(value: Any, path: DocumentPath = ()) -> str:
    """A value as an error message shows it: JSON, on one line, not too long, and with secrets hidden.

    Mappings, lists and values that `is_hidden` are not shown.
    """
    if is_hidden(value, path):
        return "this"
    if isinstance(value, (Mapping, list, tuple)) and value:
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = json.dumps(hide_secrets(value) if isinstance(value, str) else value, ensure_ascii=False, default=str)
    return escape_controls(text if len(text) <= 60 else text[:57] + "…")


# Line ends of Unicode, control characters, marks that change the direction of text, and parts of characters.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_controls(text: str) -> str:
    """Text on one line, with the characters escaped that a terminal does not show as themselves."""
    return CONTROL.sub(lambda match: json.dumps(match[0])[1:-1], text)


def display_path(path: Any) -> str:
    """A path as a message shows it: as it is, and in quotes as `display` has them where it has control characters."""
    text = str(path)
    return escape_controls(json.dumps(text, ensure_ascii=False)) if CONTROL.search(text) else text


class DependentFinding(tuple[DocumentPath, str]):
    """A finding that is true only if the values at other ``paths`` are valid, where ``*`` is any step.

    A document has defaults in place of invalid values. Of a key with an invalid value it must not be said that the key
    is missing, nor that its default does not fit.
    """

    paths: tuple[DocumentPath, ...]

    def __new__(cls, path: DocumentPath, text: str, *paths: DocumentPath) -> DependentFinding:
        finding = super().__new__(cls, (path, text))
        finding.paths = paths
        return finding


@dataclass(frozen=True)
class Kind:
    """Any value. ``what`` describes a valid value in messages and in the reference: "a port (1-65535)"."""

    what: str = "a value"

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        return value

    def describe(self) -> str:
        """A valid value, as the message about a missing key has it."""
        return self.what

    def blank(self) -> Any:
        """The placeholder for a missing required value, with which the rest can be checked."""
        return None

    def schema(self) -> dict[str, Any]:
        return {}

    def visit(self, value: Any, path: DocumentPath) -> Iterator[Visit]:
        yield path, self, value

    def reject(self, value: Any, path: DocumentPath, report: Report) -> Any:
        report(path, f"{display(value, path)} is not {self.what}")
        return INVALID


# Text in a document that YAML reads as a number or boolean. The JSON Schema has to accept it, because an editor
# checks the number 1.1 where 1.10 is written.
_INTEGER_SPELLINGS = ("0", "5", "16", "0123", "123456", "012345678901", "123456789012")
_FRACTION_SPELLINGS = ("5.0", "1.10", "0.5", "100.25", ".5", "1e3")
_NEGATIVE_SPELLINGS = ("-1", "-1.5")
_BOOLEAN_SPELLINGS = ("true", "True", "TRUE", "false", "False", "FALSE")
_MAX_DIGITS = 18  # of a number; longer ones are text (see `document/parse.py`)


def build_scalar_schema(pattern: str, longest: int) -> dict[str, Any]:
    """The JSON Schema of text with a pattern, and of numbers and booleans whose spelling matches the pattern."""

    def fits(*spellings: str) -> bool:
        return any(len(text) <= longest and re.fullmatch(pattern, text) for text in spellings)

    types = ["string"]
    limits: dict[str, Any] = {}
    if fits(*_FRACTION_SPELLINGS):
        types.append("number")
        before_point = [number for number in range(100) if fits(str(number), f"{number}.0", f"{number}.5")]
        if before_point[-1] < 99:
            limits = {"minimum": before_point[0], "exclusiveMaximum": before_point[-1] + 1}
    elif fits(*_INTEGER_SPELLINGS):
        types.append("integer")
        most = max(digits for digits in range(1, _MAX_DIGITS + 1) if fits("1" * digits, "9" * digits, "0" * digits))
        limits = {} if most == _MAX_DIGITS else {"maximum": 10**most - 1}
    if len(types) > 1 and not fits(*_NEGATIVE_SPELLINGS):
        limits.setdefault("minimum", 0)
    if fits(*_BOOLEAN_SPELLINGS):
        types.append("boolean")
    return {
        "type": types if len(types) > 1 else "string",
        "pattern": f"^(?:{pattern})$",
        "maxLength": longest,
        **limits,
    }


def build_digits_pattern(low: int, high: int) -> str:
    """A pattern of the integers from ``low`` (0 or more) to ``high``, with or without leading zeros."""
    parts = ["0"] if low == 0 else []
    start = max(low, 1)
    while start <= high:
        # A block: fixed leading digits, one digit that counts up, and any digits after it.
        size, free = 1, 0
        while start % (size * 10) == 0 and start + size * 10 - 1 <= high:
            size, free = size * 10, free + 1
        before, first = divmod(start // size, 10)
        last = min(9, first + (high - start + 1) // size - 1)
        counting = str(first) if first == last else f"[{first}-{last}]"
        parts.append((str(before) if before else "") + counting + "[0-9]" * free)
        start += (last - first + 1) * size
    return f"0*(?:{'|'.join(parts)})"


@dataclass(frozen=True)
class Text(Kind):
    """Text of one line that matches ``pattern`` as a whole.

    ``refers`` is a key of `REFERABLE`: the text must be one of these names. Messages never repeat a ``private`` text,
    because people paste secrets into the wrong key. ``path`` marks a path on the controller and ``repository`` a git
    address; both are made absolute (`document/paths.py`).
    """

    what: str = "text"
    pattern: str = r"[^\x00-\x1f]+"
    longest: int = 1024
    refers: str | None = None
    private: bool = False
    path: bool = False
    repository: bool = False
    hint: str = ""  # how to correct it
    prefixes: tuple[str, ...] = ()  # that people leave out

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if isinstance(value, str) and len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return value
        report(path, self._describe_problem(value, path))
        return INVALID

    def _describe_problem(self, value: Any, path: DocumentPath) -> str:
        is_shown = not self.private and not is_hidden(value, path)
        shown = display(value, path) if is_shown else "this"
        if value == "":
            return f"{shown} is empty ({self.hint or f'write {self.what}, or remove the key'})"
        if isinstance(value, str) and len(value) > self.longest:
            return f"{shown} has {len(value)} characters, and at most {self.longest} are allowed (shorten it)"
        if isinstance(value, str) and re.search(r"[\x00-\x1f]", value):
            fix = "write it on one line, without such characters"
            return f"{shown} has a line end or another control character ({fix})"
        if is_shown and isinstance(value, str):
            whole = [f"{prefix}{value}" for prefix in self.prefixes if re.fullmatch(self.pattern, f"{prefix}{value}")]
            if whole:
                return f"{shown} is not {self.what} (write {' or '.join(whole)})"
        if not self.private and isinstance(value, (int, float)) and re.fullmatch(self.pattern, str(value)):
            return f"{shown} is a number, not text (put it in quotes)"
        return f"{shown} is not {self.what}{f' ({self.hint})' if self.hint else ''}"

    def schema(self) -> dict[str, Any]:
        return build_scalar_schema(self.pattern, self.longest)


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words. With ``suggests``, messages name the word that is similar to another text."""

    words: tuple[str, ...] = ()
    suggests: bool = False

    def __init__(self, *words: str, suggests: bool = False) -> None:
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "suggests", suggests)
        object.__setattr__(self, "what", "one of " + ", ".join(words) if len(words) > 1 else words[0])

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        return value if isinstance(value, str) and value in self.words else self.reject(value, path, report)

    def reject(self, value: Any, path: DocumentPath, report: Report) -> Any:
        similar = find_similar_names(value, self.words) if self.suggests and isinstance(value, str) else []
        if not similar:
            return super().reject(value, path, report)
        report(path, f'{display(value, path)} is not {self.what}; did you mean "{similar[0]}"?')
        return INVALID

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


MAX_DIGITS = 9  # of text that is read as a number


def read_whole_number(value: Any) -> Any:
    """Convert text of digits, or a float like 5.0, to an integer; return any other value unchanged.

    Templates in overrides give text for every value, and in JSON 5.0 is an integer.
    """
    if isinstance(value, str) and re.fullmatch(rf"[0-9]{{1,{MAX_DIGITS}}}", value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


@dataclass(frozen=True)
class Integer(Kind):
    """An integer between two bounds, neither below 0."""

    low: int = 0
    high: int = 0

    def __init__(self, subject: str, low: int, high: int) -> None:
        object.__setattr__(self, "what", f"{subject} ({low}-{high})")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        number = read_whole_number(value)
        if isinstance(number, int) and not isinstance(number, bool) and self.low <= number <= self.high:
            return number
        return self.reject(value, path, report)

    def schema(self) -> dict[str, Any]:
        digits = {"pattern": f"^{build_digits_pattern(self.low, self.high)}$", "maxLength": MAX_DIGITS}
        return {"type": ["integer", "string"], "minimum": self.low, "maximum": self.high, **digits}


@dataclass(frozen=True)
class IntegerChoice(Kind):
    """One of a few integers, as AWS lists them."""

    numbers: tuple[int, ...] = ()

    def __init__(self, subject: str, *numbers: int) -> None:
        object.__setattr__(self, "what", f"{subject} ({', '.join(map(str, numbers))})")
        object.__setattr__(self, "numbers", numbers)

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        number = read_whole_number(value)
        good = isinstance(number, int) and not isinstance(number, bool) and number in self.numbers
        return number if good else self.reject(value, path, report)

    def schema(self) -> dict[str, Any]:
        digits = "|".join(map(str, self.numbers))
        return {
            "anyOf": [
                {"enum": list(self.numbers)},
                {"type": "string", "pattern": f"^0*(?:{digits})$", "maxLength": MAX_DIGITS},
            ]
        }


LARGEST_NUMBER = 10**15  # up to which a float is exact to a tenth


@dataclass(frozen=True)
class Number(Kind):
    """A finite number, with or without a fraction."""

    what: str = "a number like 5 or 0.5"

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        is_text = isinstance(value, str) and re.fullmatch(NUMBER_TEXT, value)
        number = float(value) if is_text else value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return self.reject(value, path, report)
        if not math.isfinite(number) or abs(number) > LARGEST_NUMBER:
            return self.reject(value, path, report)
        return number

    def schema(self) -> dict[str, Any]:
        bounds = {"minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER}
        return {"type": ["number", "string"], **bounds, "pattern": f"^{NUMBER_TEXT}$", "maxLength": 25}


# Templates in overrides give text for every value.
NUMBER_TEXT = r"-?[0-9]{1,14}(?:\.[0-9]{1,9})?"


# JSON Schema has no patterns that ignore case.
ANY_CASE_TRUE = "[Tt][Rr][Uu][Ee]"
ANY_CASE_FALSE = "[Ff][Aa][Ll][Ss][Ee]"


@dataclass(frozen=True)
class FalseOnly(Kind):
    """Only false, which turns off a number."""

    what: str = "false"

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        is_false = value is False or (isinstance(value, str) and value.lower() == "false")
        return False if is_false else self.reject(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"const": False}, {"type": "string", "pattern": f"^{ANY_CASE_FALSE}$"}]}


@dataclass(frozen=True)
class Boolean(Kind):
    """True or false."""

    what: str = "true or false"

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value if isinstance(value, bool) else self.reject(value, path, report)

    def schema(self) -> dict[str, Any]:
        return {"type": ["boolean", "string"], "pattern": f"^(?:{ANY_CASE_TRUE}|{ANY_CASE_FALSE})$"}


@dataclass(frozen=True)
class Scalar(Kind):
    """Text, a number or a boolean, kept as the text that a program or a tag gets."""

    what: str = "text, a number, true or false"
    pattern: str = r"[^\x00]*"
    longest: int = 32768
    private: bool = True  # the value is not repeated in messages

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if isinstance(value, (int, float, str)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if len(text) <= self.longest and re.fullmatch(self.pattern, text):
                return text
        shown = "this" if self.private else display(value, path)
        if isinstance(value, str) and len(value) > self.longest:
            report(path, f"{shown} has {len(value)} characters, and at most {self.longest} are allowed (shorten it)")
        elif isinstance(value, str) and "\0" in value:
            report(
                path, f"{shown} has a NUL character, which no program can be given (encode it, for example as base64)"
            )
        else:
            report(path, f"{shown} is not {self.what}")
        return INVALID

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}
        return {"anyOf": [text, {"type": "number"}, {"type": "boolean"}]}


@dataclass(frozen=True)
class Cidr(Kind):
    """An IPv4 network that AWS accepts, with a prefix between ``shortest`` and ``longest``."""

    what: str = "a network like 10.0.0.0/16"
    shortest: int = 0
    longest: int = 32

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        if not isinstance(value, str) or "/" not in value:
            return self.reject(value, path, report)
        try:
            network = ipaddress.IPv4Network(value, strict=False)
        except ValueError:
            return self.reject(value, path, report)
        if str(network) != value:
            report(path, f"{display(value, path)} names an address inside a network (write {network})")
            return INVALID
        if not self.shortest <= network.prefixlen <= self.longest:
            report(path, f"/{network.prefixlen} is not a size that AWS allows (/{self.shortest} to /{self.longest})")
            return INVALID
        return value

    def schema(self) -> dict[str, Any]:
        byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        sizes = "|".join(str(size) for size in range(self.shortest, self.longest + 1))
        return {"type": "string", "pattern": rf"^(?:{byte}\.){{3}}{byte}/(?:{sizes})$"}


@dataclass(frozen=True)
class AnyOf(Kind):
    """A value of one of several kinds, of which the first that accepts it applies. ``hint`` is how to correct it."""

    kinds: tuple[Kind, ...] = ()
    hint: str = ""

    def __init__(self, *kinds: Kind, hint: str = "") -> None:
        object.__setattr__(self, "kinds", kinds)
        object.__setattr__(self, "hint", hint)
        object.__setattr__(self, "what", " or ".join(kind.what for kind in kinds))

    def check(self, value: Any, path: DocumentPath, report: Report) -> Any:
        answers = (kind.check(value, path, lambda *_: None) for kind in self.kinds)
        good = next((answer for answer in answers if answer is not INVALID), INVALID)
        return good if good is not INVALID else self.reject(value, path, report)

    def reject(self, value: Any, path: DocumentPath, report: Report) -> Any:
        hint = f" ({self.hint})" if self.hint else ""
        report(path, f"{display(value, path)} is not {self.what}{hint}")
        return INVALID

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}
