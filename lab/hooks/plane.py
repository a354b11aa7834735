# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether there is anything real behind the databases and caches, which then tells by itself how it is."""

from __future__ import annotations

_real = False


def drive(real: bool) -> None:
    """Say whether there are real servers."""
    global _real
    _real = real


def is_real() -> bool:
    """Whether real servers stand behind what the API holds."""
    return _real
