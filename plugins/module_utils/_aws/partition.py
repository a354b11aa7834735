# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The partition of a region: the first part of its ARNs."""

from __future__ import annotations


def arn_partition(region: str) -> str:
    """The partition of a region; China and GovCloud have their own."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
