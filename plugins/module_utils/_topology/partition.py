# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a region lies: the first part of ARNs."""

from __future__ import annotations


def partition(region: str) -> str:
    """The partition in the ARNs of a region: China and GovCloud have their own."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
