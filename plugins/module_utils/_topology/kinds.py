# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may stand in a document: the kinds of value from which `schema.py` declares every key.

A kind knows three things about its values: how to check one and fill its defaults, how JSON Schema says the same, and
how to visit what is inside. Problems are collected, never raised, and a value that cannot be used is replaced by its
default, so that one pass over a bad document finds everything that is wrong with it.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .secret_patterns import hide_secrets

Place = tuple[Any, ...]  # keys and indices
Report = Callable[[Place, str], None]
Visit = tuple[Place, "Kind", Any]

BAD: Any = object()  # what check() answers for a value that cannot be used; it has reported why


# Sections whose values may be secrets, in whatever shape.
PRIVATE_SECTIONS = ("environment", "secrets", "app_secrets")


DISPLAYABLE_KEY = r"[\w.-]{1,64}"  # another one in such a section may have the value in it


def is_private(place: Place) -> bool:
    """Whether what stands at a place is never repeated in a message."""
    return any(step in PRIVATE_SECTIONS for step in place)


def shown(value: Any, place: Place = ()) -> str:
    """A value as an error message shows it: JSON, on one line, not too long, without what looks like a secret.

    Mappings and lists are only named, for anything may be in them, and so is what stands at a ``place`` for secrets.
    """
    if is_private(place):
        return "this"
    if isinstance(value, (Mapping, list, tuple)) and value:
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = json.dumps(hide_secrets(value) if isinstance(value, str) else value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def suggestion(word: str, known: list[str]) -> str:
    """The end of a message about a name that does not exist: what was meant, or what there is."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(known)}" if known else "there is none yet"


@dataclass(frozen=True)
class Kind:
    """Any value at all. ``what`` names a good value in messages and in the reference: "a port (1-65535)"."""

    what: str = "a value"

    def check(self, value: Any, place: Place, report: Report) -> Any:
        return value

    def blank(self) -> Any:
        """What stands for a required value that is missing, so that the rest can be judged all the same."""
        return None

    def schema(self) -> dict[str, Any]:
        return {}

    def visit(self, value: Any, place: Place) -> Iterator[Visit]:
        yield place, self, value

    def refuse(self, value: Any, place: Place, report: Report) -> Any:
        report(place, f"{shown(value, place)} is not {self.what}")
        return BAD


@dataclass(frozen=True)
class Text(Kind):
    """Text of one line that matches ``pattern`` as a whole.

    ``refers`` names the set of things (see `schema.REFERABLE`) of which the text must name one. A ``private`` text
    is never repeated in a message, because people paste secrets into the wrong key. ``path`` marks a path on the
    controller, which `document.load` makes absolute, ``repository`` a git address, which it makes absolute where that
    is a path.
    """

    what: str = "text"
    pattern: str = r"[^\x00-\x1f]+"
    longest: int = 1024
    refers: str | None = None
    private: bool = False
    path: bool = False
    repository: bool = False
    hint: str = ""  # how to correct a private one
    prefixes: tuple[str, ...] = ()  # that people leave out

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if isinstance(value, str) and len(value) <= self.longest and re.fullmatch(self.pattern, value):
            return value
        if self.private:
            report(place, f"this is not {self.what}{f' ({self.hint})' if self.hint else ''}")
            return BAD
        whole = [f"{prefix}{value}" for prefix in self.prefixes if re.fullmatch(self.pattern, f"{prefix}{value}")]
        if whole and isinstance(value, str):
            report(place, f"{shown(value, place)} is not {self.what} (write {' or '.join(whole)})")
            return BAD
        if isinstance(value, (int, float)) and re.fullmatch(self.pattern, str(value)):
            report(place, f"{shown(value, place)} is a number, not text (put it in quotes)")
            return BAD
        return self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    words: tuple[str, ...] = ()

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "what", "one of " + ", ".join(words) if len(words) > 1 else words[0])

    def check(self, value: Any, place: Place, report: Report) -> Any:
        return value if isinstance(value, str) and value in self.words else self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number between two bounds. Text of digits is one too: templates in overrides make text of everything."""

    low: int = 0
    high: int = 0

    def __init__(self, thing: str, low: int, high: int) -> None:
        object.__setattr__(self, "what", f"{thing} ({low}-{high})")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def check(self, value: Any, place: Place, report: Report) -> Any:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) else value
        if isinstance(number, int) and not isinstance(number, bool) and self.low <= number <= self.high:
            return number
        return self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Numbers(Kind):
    """One of a few whole numbers, as AWS lists them."""

    numbers: tuple[int, ...] = ()

    def __init__(self, thing: str, *numbers: int) -> None:
        object.__setattr__(self, "what", f"{thing} ({', '.join(map(str, numbers))})")
        object.__setattr__(self, "numbers", numbers)

    def check(self, value: Any, place: Place, report: Report) -> Any:
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
        good = isinstance(number, int) and not isinstance(number, bool) and number in self.numbers
        return number if good else self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.numbers)}


@dataclass(frozen=True)
class Never(Kind):
    """False alone: what stands in the place of a number is not wanted."""

    what: str = "false"

    def check(self, value: Any, place: Place, report: Report) -> Any:
        never = value is False or (isinstance(value, str) and value.lower() == "false")
        return False if never else self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"const": False}


@dataclass(frozen=True)
class Flag(Kind):
    """True or false."""

    what: str = "true or false"

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        return value if isinstance(value, bool) else self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Scalar(Kind):
    """Text, a number or a truth value, kept as the text that a program or a tag gets."""

    what: str = "text, a number, true or false"
    pattern: str = r"[^\x00]*"
    longest: int = 32768
    private: bool = True  # the value is not repeated in messages

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if isinstance(value, (int, float, str)):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if len(text) <= self.longest and re.fullmatch(self.pattern, text):
                return text
        limit = f" of at most {self.longest} characters" if isinstance(value, str) else ""
        report(place, f"{'this' if self.private else shown(value, place)} is not {self.what}{limit}")
        return BAD

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}
        return {"anyOf": [text, {"type": "number"}, {"type": "boolean"}]}


@dataclass(frozen=True)
class Cidr(Kind):
    """An IPv4 network as AWS takes it, with a prefix between ``shortest`` and ``longest``."""

    what: str = "a network like 10.0.0.0/16"
    shortest: int = 0
    longest: int = 32

    def check(self, value: Any, place: Place, report: Report) -> Any:
        if not isinstance(value, str) or "/" not in value:
            return self.refuse(value, place, report)
        try:
            network = ipaddress.IPv4Network(value, strict=False)
        except ValueError:
            return self.refuse(value, place, report)
        if str(network) != value:
            report(place, f"{shown(value, place)} names an address inside a network (write {network})")
            return BAD
        if not self.shortest <= network.prefixlen <= self.longest:
            report(place, f"/{network.prefixlen} is not a size that AWS takes (/{self.shortest} to /{self.longest})")
            return BAD
        return value

    def schema(self) -> dict[str, Any]:
        byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        sizes = "|".join(str(size) for size in range(self.shortest, self.longest + 1))
        return {"type": "string", "pattern": rf"^(?:{byte}\.){{3}}{byte}/(?:{sizes})$"}


@dataclass(frozen=True)
class Either(Kind):
    """A word or a number, whichever kind takes the value first."""

    kinds: tuple[Kind, ...] = ()

    def __init__(self, *kinds: Kind) -> None:
        object.__setattr__(self, "kinds", kinds)
        object.__setattr__(self, "what", " or ".join(kind.what for kind in kinds))

    def check(self, value: Any, place: Place, report: Report) -> Any:
        answers = (kind.check(value, place, lambda *_: None) for kind in self.kinds)
        good = next((answer for answer in answers if answer is not BAD), BAD)
        return good if good is not BAD else self.refuse(value, place, report)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [kind.schema() for kind in self.kinds]}
