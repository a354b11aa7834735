# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is certainly wrong with an expression of metric math or PromQL: brackets, quotes, and a missing end."""

from __future__ import annotations

import re

CLOSING = {"(": ")", "[": "]", "{": "}"}
# Operators of both languages between two values, and what separates arguments.
OPEN_END = re.compile(r"(?:\|\||&&|[=!<>]=|=~|!~|[-+*/%^<>,])$")
METRIC_MATH_QUOTES = "'\""
PROMQL_QUOTES = "'\"`"


def find_metric_math_problem(expression: str) -> str | None:
    """Why CloudWatch cannot read an expression; None where nothing is known. Its manual has no rule for backslashes."""
    return None if "\\" in expression else _find_problem(expression, METRIC_MATH_QUOTES)


def find_promql_problem(expression: str) -> str | None:
    """Why Prometheus cannot read an expression (Prometheus documentation, "Querying basics"); None where it may."""
    return _find_problem(expression, PROMQL_QUOTES, has_comments=True)


def _find_problem(expression: str, quotes: str, has_comments: bool = False) -> str | None:
    waiting: list[str] = []
    plain = ""  # without the text in quotes
    position = 0
    while position < len(expression):
        character = expression[position]
        if character in quotes:
            end = _find_end_of_quote(expression, position)
            if end is None:
                return f"has a {character} that begins a text without an end (add the second {character})"
            plain, position = f"{plain}_", end
            continue
        if has_comments and character == "#":
            position = _find_end_of_line(expression, position)
            continue
        if character in CLOSING:
            waiting.append(character)
        elif character in CLOSING.values() and (not waiting or CLOSING[waiting.pop()] != character):
            return f"has a {character} without the bracket that it closes (remove it, or add the other one)"
        plain += character
        position += 1
    if waiting:
        return f"has a {waiting[-1]} without its {CLOSING[waiting[-1]]} (close it)"
    last = OPEN_END.search(plain.strip())
    return f"ends with {last[0]}, after which a value is missing (add it, or remove {last[0]})" if last else None


def _find_end_of_line(expression: str, start: int) -> int:
    end = expression.find("\n", start)
    return len(expression) if end < 0 else end


def _find_end_of_quote(expression: str, start: int) -> int | None:
    """The position after a text in quotes. Only backquotes of PromQL keep a backslash as it is."""
    quote, position = expression[start], start + 1
    while position < len(expression):
        if expression[position] == "\\" and quote != "`":
            position += 1
        elif expression[position] == quote:
            return position + 1
        position += 1
    return None
