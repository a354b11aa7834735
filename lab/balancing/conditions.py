# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Conditions of listener rules in the language of HAProxy."""

from __future__ import annotations

import re

from ..shell import LabError
from .model import Condition

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")


def pattern(text: str, any: str = ".") -> str:
    """AWS's wildcards as a regular expression: * for any number of characters, ? for exactly one.

    Everything but letters and digits is written by its number, so that neither the expression nor HAProxy's own
    quoting can take it for something else.
    """
    wild = {"*": f"{any}*", "?": any}
    return "".join(wild.get(char) or (char if char.isascii() and char.isalnum() else _escaped(char)) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def condition(one: Condition) -> str:
    """An anonymous ACL that is true when one of the values is met."""
    if one.kind == "path-pattern":
        return _any_of("path -m reg", [f"^{pattern(value)}$" for value in one.values])
    if one.kind == "host-header":
        return _any_of("req.hdr(host),host_only -m reg -i", [f"^{pattern(value)}$" for value in one.values])
    if one.kind == "http-header":
        if not HEADER.fullmatch(one.name):
            raise LabError(f"{one.name} cannot be the name of a header")
        name = one.name.replace("$", "\\$")
        return _any_of(f'"req.fhdr(\\"{name}\\")" -m reg -i', [f"^{pattern(value)}$" for value in one.values])
    if one.kind == "http-request-method":
        return _any_of("method -m reg", [f"^{pattern(value)}$" for value in one.values])
    if one.kind == "query-string":
        return _any_of("query -m reg -i", [_parameter(*pair) for pair in one.parameters])
    return _any_of("src", one.values)


def _parameter(name: str, value: str) -> str:
    key = pattern(name, "[^&=]") if name else "[^&=]*"
    return f"(^|&){key}={pattern(value, '[^&]')}(&|$)"


def _any_of(fetch: str, patterns: list[str] | tuple[str, ...]) -> str:
    return " ".join(("{", fetch, *(f"'{one}'" for one in patterns), "}"))
