# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the extra variables of a run, which the playbooks and validation check in the same way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._aws.options import split_texts

# The text that is passed for a variable without a value.
UNSET = "(unset)"
UNDEFINED = "its template refers to a variable that is not defined (define that, or leave this variable out)"

# The variables of the command line (docs/playbooks.md), and the shortest of which misspellings are searched: others are
# one edit away from ordinary names.
VARIABLES = (
    *("topology", "stack_overrides", "services", "ref", "to", "confirm", "allow_destroy", "adopt", "require_auth"),
    *("interrupt", "os_release", "rollout_lock_wait", "wait_timeout", "databases", "database", "backup_keep"),
    *("discard_instance", "restore_snapshot", "restore_time", "restore_instance", "restore_again", "restore_unseen"),
    "restore_expects",
)
SHORTEST_COMPARED = 7


def find_misspellings(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The variables of the command line whose names are one edit away from that of a variable of the playbooks.

    Each comes with the problem as text.
    """
    for name in names:
        meant = [known for known in VARIABLES if _is_misspelling(name, known)]
        if meant and name not in VARIABLES:
            yield name, f"no playbook has such a variable, so it would be ignored (write {meant[0]})"


def _is_misspelling(name: str, known: str) -> bool:
    """Of a short name only one that has a character more at its end: others may be variables of one's own."""
    if len(known) >= SHORTEST_COMPARED:
        return _differs_by_one_edit(name, known)
    return len(known) > 2 and name[:-1] == known


def _differs_by_one_edit(one: str, other: str) -> bool:
    """Whether a text becomes another one by one character more, less or changed, or two that are swapped."""
    one, other = one.lower().replace("-", "_"), other.lower()
    if one == other:
        return True
    shorter = min(len(one), len(other))
    start = next((number for number in range(shorter) if one[number] != other[number]), shorter)
    rest, other_rest = one[start:], other[start:]
    swapped = other_rest[1:2] + other_rest[:1] + other_rest[2:]
    return rest[1:] in (other_rest, other_rest[1:]) or rest in (other_rest[1:], swapped)


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
