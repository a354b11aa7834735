# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tags by which a stack knows what is its own, and AWS's ways of writing tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

STACK = "groundwork:stack"
RESOURCE = "groundwork:resource"
PROTECT = "groundwork:protect"
GROUP = "groundwork:group"
OURS = "groundwork:"
# Followed by the name or id of a hosted zone: where else to look for what a stack has made.
PLACE = "groundwork:place:"
# A database that belongs to one of a stack (``<stack>/<name>``) and does not serve: restored, or kept after its
# successor has come; and since when that is so.
BESIDE = "groundwork:beside"
REPLACED = "groundwork:replaced"
# What a database was restored from, to which state of the data, what was asked for and when.
RESTORED_FROM = "groundwork:restored-from"
RESTORED_TO = "groundwork:restored-to"
RESTORE_ASKED = "groundwork:restore-asked"
RESTORE_BEGAN = "groundwork:restore-began"
# The identifier that a database is to have once it serves.
TAKES = "groundwork:takes"
# Where a database that was restored comes from is told by its tags alone: they stay with it when it serves.
OF_RESTORES = frozenset({RESTORE_ASKED, RESTORE_BEGAN, RESTORED_FROM, RESTORED_TO, TAKES})
# When it began to take the place of the one that serves: what happens in several runs happens at one moment.
SWITCH_BEGAN = "groundwork:switch-began"
# When a snapshot was asked for by a backup.
BACKUP = "groundwork:backup"


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as most APIs take them, in a steady order (part of what a client token stands for)."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def as_mapping(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as most APIs give them, as a plain mapping. A tag without a value is one whose value is empty."""
    return {tag["Key"]: tag.get("Value", "") for tag in tags or ()}


def is_protected(tags: Mapping[str, str]) -> bool:
    """Whether tags protect an object from being destroyed; the key alone does, too."""
    return tags.get(PROTECT) in ("true", "")


def specification(tags: Mapping[str, str], *kinds: str) -> list[dict[str, Any]]:
    """EC2's TagSpecifications: tags that exist from the moment the resource does."""
    return [{"ResourceType": kind, "Tags": as_list(tags)} for kind in kinds]


def of_stack(stack: str) -> list[dict[str, Any]]:
    """EC2's filter for everything that a stack owns."""
    return [{"Name": f"tag:{STACK}", "Values": [stack]}]
