# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words in which databases, their snapshots and restorations are told of: tags, moments, lengths of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import BACKUP, BESIDE, REPLACED, RESOURCE, STACK, as_mapping
from .._stack.database_changes import STATUS

SECONDS = {"m": 60, "h": 3600, "d": 86400}
OBJECTIVES: Mapping[str, str] = {"rpo": "24h", "rto": "1h"}
LENGTH = re.compile(r"([1-9][0-9]{0,4})([mhd])")


@dataclass(frozen=True)
class Target:
    """A database of a stack: its address, its name in the document, the identifier that it has as the one that serves,
    and how much may be lost (``rpo``) and how long it may take (``rto``), both in seconds."""

    stack: str
    name: str
    identifier: str
    rpo: float
    rto: float

    @property
    def address(self) -> str:
        return f"db_instance/{self.name}"

    @property
    def mark(self) -> str:
        """The value of the tag of what belongs to it, and does not serve."""
        return f"{self.stack}/{self.name}"

    def owns(self, tags: Mapping[str, str]) -> bool:
        return (tags.get(STACK), tags.get(RESOURCE)) == (self.stack, self.address)


@dataclass(frozen=True)
class Instance:
    """A DB instance that is, was or is to be a database of a stack. ``resource`` is what no renaming changes."""

    id: str
    resource: str
    status: str
    arn: str
    created: datetime
    latest: datetime | None
    tags: Mapping[str, str]
    raw: dict[str, Any] = field(repr=False, default_factory=dict)
    # Whether AWS returned tags, be they none.
    tags_known: bool = True

    @property
    def is_replaced(self) -> bool:
        return REPLACED in self.tags


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a database of a stack; ``ours`` when a backup took it, and may take it away again."""

    id: str
    status: str
    taken: datetime
    size: int
    tags: Mapping[str, str]
    ours: bool
    raw: dict[str, Any] = field(repr=False, default_factory=dict)


def instance(item: dict[str, Any]) -> Instance:
    """A DB instance as DescribeDBInstances lists it."""
    tags = as_mapping(item.get("TagList"))
    # Somebody else's is known by its name alone: what AWS leaves out of it is in nobody's way.
    needed = item.__getitem__ if STACK in tags or BESIDE in tags else lambda member: item.get(member, "")
    return Instance(
        id=item["DBInstanceIdentifier"],
        resource=needed("DbiResourceId"),
        status=needed(STATUS),
        arn=needed("DBInstanceArn"),
        # One that is being made has no date yet.
        created=item.get("InstanceCreateTime") or datetime.now(timezone.utc),
        latest=item.get("LatestRestorableTime"),
        tags=tags,
        raw=item,
        tags_known="TagList" in item,
    )


def snapshot(item: dict[str, Any]) -> Snapshot:
    """A snapshot as DescribeDBSnapshots lists it. One that was copied is as old as what it is a copy of."""
    tags = as_mapping(item.get("TagList"))
    taken = item.get("OriginalSnapshotCreateTime") or item.get("SnapshotCreateTime") or datetime.now(timezone.utc)
    manual = item.get("SnapshotType") == "manual"
    size = int(item.get("AllocatedStorage", 0))
    needed = item.__getitem__ if STACK in tags else lambda member: item.get(member, "")
    name, status = needed("DBSnapshotIdentifier"), needed("Status")
    return Snapshot(name, status, taken, size, tags, manual and BACKUP in tags, item)


def seconds(length: str) -> float:
    """The seconds of a length of time in the words of a document: ``90m``, ``24h``, ``7d``."""
    match = LENGTH.fullmatch(length)
    if not match:
        raise StackError(f"{length} is not a length of time like 90m, 24h or 7d")
    return float(int(match[1]) * SECONDS[match[2]])


def spoken(length: float) -> str:
    """Seconds as a person says them."""
    whole = max(0, round(length))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment(text: str) -> datetime:
    """A point in time in the words of ISO 8601; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError as error:
        raise StackError(f"time: {text} is no point in time like 2026-03-01T04:05:00Z. Nothing was changed") from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def iso(when: datetime) -> str:
    """A point in time as it is told, and kept in tags."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp(when: datetime) -> str:
    """A point in time as a part of an identifier."""
    return when.astimezone(timezone.utc).strftime("%Y%m%d-%H%M%S")
