# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of what belongs to a cache."""

from __future__ import annotations


def token_secret(cache: str) -> str:
    """The name of the secret with the AUTH token of a cache. The policy to provision allows to read secrets like it."""
    return f"cache-{cache}"
