# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tags that mark the resources of a stack, and the forms in which AWS's APIs have tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STACK = "groundwork:stack"
RESOURCE = "groundwork:resource"
PROTECT = "groundwork:protect"
GROUP = "groundwork:group"
OURS = "groundwork:"
# Followed by the name or id of a hosted zone in which the stack has records.
HOSTED_ZONE = "groundwork:place:"
# A standby of the database ``<stack>/<name>``, restored or replaced; and since when it is replaced.
STANDBY = "groundwork:beside"
REPLACED = "groundwork:replaced"
# The source of a restored database, the time of its data, the request and its time.
RESTORED_FROM = "groundwork:restored-from"
RESTORED_TO = "groundwork:restored-to"
RESTORE_ASKED = "groundwork:restore-asked"
RESTORE_BEGAN = "groundwork:restore-began"
# The identifier that a database gets when it serves; during a switch over also on the database that had it.
TAKES = "groundwork:takes"
# Only these tags record the source of a restored database, so it keeps them when it serves.
OF_RESTORES = frozenset({RESTORE_ASKED, RESTORE_BEGAN, RESTORED_FROM, RESTORED_TO, TAKES})
# The start of a switch over: if several runs complete it, all use this time.
SWITCH_BEGAN = "groundwork:switch-began"
# The time at which a backup created a snapshot.
BACKUP = "groundwork:backup"


def tags_to_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form of most requests, sorted, because a client token depends on them."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def tags_to_dict(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags of most answers as a mapping. A tag without a value has an empty one."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}


def is_protected(tags: Mapping[str, str]) -> bool:
    """Whether tags protect an object from deletion; the key alone does, too."""
    return tags.get(PROTECT) in ("true", "")


def tag_specification(tags: Mapping[str, str], *kinds: str) -> list[dict[str, Any]]:
    """EC2's TagSpecifications: tags that a resource has from its creation."""
    return [{"ResourceType": kind, "Tags": tags_to_list(tags)} for kind in kinds]


def stack_filter(stack: str) -> list[dict[str, Any]]:
    """EC2's filter for the resources of a stack."""
    return [{"Name": f"tag:{STACK}", "Values": [stack]}]
