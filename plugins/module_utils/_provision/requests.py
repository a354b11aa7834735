# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the extra variables of a run, which the playbooks and validation check in the same way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.options import split_texts

# The text that is passed for a variable without a value.
UNSET = "(unset)"
UNDEFINED = "its template refers to a variable that is not defined (define that, or leave this variable out)"


def read_names(variable: str, value: Any, what: str, example: str) -> tuple[list[str], list[str]]:
    """The names in an extra variable, a list or text, and the problems of its form. Empty text and null have none."""
    if value is None:
        return [], []
    if isinstance(value, str):
        if value.strip().endswith(","):
            # Of `-e "services=a, b"` only "a," arrives: ansible reads the text after the space as another variable.
            fix = f"write the {what} without spaces: {variable}={example}"
            return [], [f"{variable}: {value!r} ends with a comma ({fix})"]
        return unique_names(value), []
    if not isinstance(value, (list, tuple)) or any(isinstance(name, (list, tuple, Mapping)) for name in value):
        text = f"{variable}: {value!r} is neither a list of {what} nor {what} separated by commas"
        return [], [f"{text} (write {variable}={example})"]
    return unique_names(value), []


def unique_names(names: Any) -> list[str]:
    """The names in a text or list, in their order."""
    if names is None:
        return []
    items = split_texts([names]) if isinstance(names, str) else names
    return [name for name in dict.fromkeys(str(item).strip() for item in items) if name]
