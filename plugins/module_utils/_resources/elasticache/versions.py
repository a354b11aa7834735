# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The versions of Redis in ElastiCache, and the families of their parameter groups. Documents are judged by it too."""

from __future__ import annotations

import json
import re

# ElastiCache User Guide, "Comparing Redis OSS versions", where Redis OSS ends at 7.1. ElastiCache API Reference,
# CreateCacheParameterGroup, CacheParameterGroupFamily. By series of versions, oldest first.
FAMILIES = {
    "2.8": "redis2.8",
    "3.2": "redis3.2",
    "4.0": "redis4.0",
    "5.0": "redis5.0",
    "6.0": "redis6.x",
    "6.2": "redis6.x",
    "6.x": "redis6.x",
    "7.0": "redis7",
    "7.1": "redis7",
}
CURRENT = ("5.0.6", "6.0", "6.2", "7.0", "7.1")
VERSION = re.compile(rf"({'|'.join(map(re.escape, FAMILIES))})(?:\.[0-9]+)?")
# From version 6 on, ElastiCache chooses the last number: CreateReplicationGroup answers "Specific version selection is
# not allowed for '6.2.6', please use '6.2'". Below 6 a version is complete (Terraform's provider, `engine_version`).
WITH_LAST_NUMBER = ("2.8", "3.2", "4.0", "5.0")
DEFAULT_GROUP = re.compile(r"default\.(.+?)(?:\.cluster\.on)?")


def find_version_problem(version: str) -> str | None:
    """Why ElastiCache has no such version of Redis, None where it may have it."""
    match = VERSION.fullmatch(version)
    if match is None:
        text = f"{json.dumps(version)} is no version of Redis in ElastiCache"
        return f"{text} (write {', '.join(CURRENT[:-1])} or {CURRENT[-1]})"
    series = match[1]
    if version == series and series in WITH_LAST_NUMBER:
        return f"{version} is not complete, as ElastiCache requires below version 6 (add the last number, as in 5.0.6)"
    if version != series and series not in WITH_LAST_NUMBER:
        return f"{version} names a patch release, and ElastiCache chooses it from version 6 on (write {series})"
    return None


def find_group_problem(version: str, group: str) -> str | None:
    """Why a cache of a version cannot have a parameter group, None where nothing is known: groups have other names."""
    match, default = VERSION.fullmatch(version), DEFAULT_GROUP.fullmatch(group)
    if match is None or default is None or default[1] == FAMILIES[match[1]]:
        return None
    wanted = FAMILIES[match[1]]
    text = f"{group} is of the family {default[1]}, and version {version} takes one of {wanted}"
    return f"{text} (write default.{wanted}, or leave it out)"
