# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that are similar to one that does not exist, for the messages about it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def find_similar_names(name: str, known: Sequence[str], most: int = 1) -> list[str]:
    """The known names that are similar to a name, the most similar first."""
    return difflib.get_close_matches(name, known, n=most, cutoff=0.6)


def suggest(name: str, known: Sequence[str]) -> str:
    """The end of a message about a name that does not exist: a similar name, or all known names."""
    similar = find_similar_names(name, known)
    if similar:
        return f'did you mean "{similar[0]}"?'
    return f"known here: {', '.join(known)}" if known else "there is none yet"
