# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The error of a source from which no archive can be made. Controller only."""

from __future__ import annotations


class SourceError(ValueError):
    """A source from which no archive can be made."""
