# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Route 53 accepts as the name and as the values of a record.

Sources: Route 53 Developer Guide, "DNS domain name format" and "Supported DNS record types".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from ..._engine.property_limits import Limit, PropertyProblem, display_value

ADDRESSES: Mapping[str, type[IPv4Address | IPv6Address]] = {"A": IPv4Address, "AAAA": IPv6Address}
# By type: the form of a value, with the numbers and the host name in it, and what it is called.
FORMS = {
    "CAA": (r"(?P<number>[0-9]{1,3})\s+[A-Za-z0-9]+\s+\".*\"", 'a value like 0 issue "amazon.com"'),
    "CNAME": (r"(?P<host>\S+)", "a host name"),
    "MX": (r"(?P<number>[0-9]{1,5})\s+(?P<host>\S+)", "a value like 10 mail.example.org"),
    "SRV": (
        r"(?P<number>[0-9]{1,5}(?:\s+[0-9]{1,5}){2})\s+(?P<host>\S+)",
        "a value like 10 5 443 host.example.org",
    ),
    "TXT": (r"(?s:\".*\")", "text in double quotes"),
}
HIGHEST_NUMBERS = {"CAA": 255, "MX": 65535, "SRV": 65535}
LONGEST_VALUE = 4000  # Route 53 API Reference, ResourceRecord, Value
LONGEST_STRING = 255
LONGEST_LABEL = 63
LONGEST_NAME = 255
ROOT = "."
CODE = re.compile(r"\\[0-7]{3}")  # of one character
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)


@dataclass(frozen=True)
class DomainName(Limit):
    what: str = "a domain name"

    def find_problems(self, value: Any) -> Iterator[PropertyProblem]:
        problem = _find_name_problem(value) if isinstance(value, str) else f"is not {self.what}"
        if problem is not None:
            yield (), f"{display_value(value)} {problem}"


def _find_name_problem(name: str) -> str | None:
    plain = CODE.sub("x", name.removesuffix(ROOT))
    labels = plain.split(".")
    if not re.fullmatch(r"[!-~]+", name):
        return "is not a domain name (write no spaces, and other letters as xn--…)"
    if "" in labels:
        return "has an empty part in front of a dot, or after one (remove the dot)"
    longest = max(map(len, labels))
    if longest > LONGEST_LABEL:
        return f"has a part of {longest} characters, and DNS allows {LONGEST_LABEL} between two dots (shorten it)"
    if len(plain) > LONGEST_NAME:
        return f"has {len(plain)} characters, and DNS allows {LONGEST_NAME} (shorten it)"
    return None


def find_value_problem(kind: str, value: str) -> str | None:
    """Why Route 53 rejects a value of a type, None where it accepts it."""
    if kind in ADDRESSES:
        return _find_address_problem(kind, value)
    form, what = FORMS[kind]
    match = re.fullmatch(form, value)
    if match is None:
        return f"{display_value(value)} is not {what} (a value of {kind})"
    if len(value) > LONGEST_VALUE:
        return f"has {len(value)} characters, and Route 53 allows {LONGEST_VALUE} (shorten it)"
    if kind == "TXT":
        return _find_text_problem(value)
    found = match.groupdict()
    for number in (found.get("number") or "").split():
        if int(number) > HIGHEST_NUMBERS[kind]:
            return f"{display_value(value)} has the number {number}, and {kind} allows 0 to {HIGHEST_NUMBERS[kind]}"
    host = found.get("host") or ROOT
    problem = None if host == ROOT else _find_name_problem(host)
    return None if problem is None else f"{display_value(host)} {problem}"


def _find_address_problem(kind: str, value: str) -> str | None:
    try:
        ADDRESSES[kind](value)
    except AddressValueError:
        return f"{display_value(value)} is not an IPv{4 if kind == 'A' else 6} address (write one, or another type)"
    return None


def _find_text_problem(value: str) -> str | None:
    """Text is of strings in quotes, one after another. A quote in one has a backslash in front."""
    # Route 53 Developer Guide, "DNS domain name format": other characters are octal codes.
    if not re.fullmatch(r"[\t -~]*", value):
        return "has characters outside of ASCII (write each byte of them as an octal code, like \\303)"
    position = 0
    while position < len(value):
        match = STRING.match(value, position)
        if match is None:
            return 'has a quote inside of a string (write \\" for it, or put spaces between strings)'
        length = len(re.sub(r"\\(?:[0-7]{3}|.)", "x", match[1], flags=re.DOTALL))
        if length > LONGEST_STRING:
            text = f"has a string of {length} characters, and Route 53 allows {LONGEST_STRING}"
            return f'{text} (split it: "first part" "second part")'
        position = match.end()
    return None


def canonical(kind: str, value: str) -> str:
    """A value in a form in which equal ones are the same: Route 53 removes the last dot of host names."""
    if kind in ADDRESSES:
        return str(ADDRESSES[kind](value))
    return " ".join(value.lower().removesuffix(ROOT).split()) if kind in ("MX", "SRV") else value
