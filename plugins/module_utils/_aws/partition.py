# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The partition of a region: the first part of its ARNs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By the beginning of their regions (botocore, partitions.json). All other regions are of the partition `aws`.
PARTITION_PREFIXES: Mapping[str, str] = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
PARTITIONS = ("aws", *PARTITION_PREFIXES.values())


def arn_partition(region: str) -> str:
    """The partition of a region; China, GovCloud and the other separate clouds have their own."""
    for prefix, partition in PARTITION_PREFIXES.items():
        if region.startswith(prefix):
            return partition
    return "aws"


REGION_PART = 3  # of an ARN, between colons


def read_partition(arn: str) -> str | None:
    """The partition that an ARN names, None for what is no ARN."""
    parts = arn.split(":")
    return parts[1] if len(parts) > 1 and parts[0] == "arn" else None


def find_partition_problem(arn: str, region: str) -> str | None:
    """Why an ARN cannot be used in a region, None where it can: an account, and all in it, is of one partition."""
    theirs, own = read_partition(arn), arn_partition(region)
    if theirs is None or theirs == own:
        return None
    return f"is of the partition {theirs}, and {region} is of {own} (name one that begins with arn:{own}:)"


def find_arn_problem(arn: Any, region: str | None, reason: str, fix: str = "name one there") -> str | None:
    """Why something in a region cannot use what an ARN names; None where it can, and where either is not known."""
    parts = arn.split(":") if isinstance(arn, str) else []
    if region is None or len(parts) <= REGION_PART or parts[0] != "arn":
        return None
    theirs = parts[REGION_PART]
    if theirs not in ("", region):
        return f"is in {theirs}, and {reason} ({fix})"
    return find_partition_problem(arn, region)
