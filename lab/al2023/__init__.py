# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stand-in for Amazon Linux 2023: its names, over Debian's programs. See docs/al2023-standin.md."""

from .build import LATEST, ensure_standin, remove_standins

__all__ = ["LATEST", "ensure_standin", "remove_standins"]
