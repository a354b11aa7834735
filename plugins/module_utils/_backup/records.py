# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records of databases and snapshots, and the formats of times and durations in tags and messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import BACKUP, REPLACED, RESOURCE, STACK, STANDBY, tags_to_dict
from .._resources.rds.database_changes import STATUS

SECONDS = {"m": 60, "h": 3600, "d": 86400}
OBJECTIVES: Mapping[str, str] = {"rpo": "24h", "rto": "1h"}
DURATION = re.compile(r"([1-9][0-9]{0,4})([mhd])")


@dataclass(frozen=True)
class Target:
    """A database of a stack: its name in the document, the identifier of the serving instance, and its objectives:
    how much data may be lost (``rpo``) and how long a restore may take (``rto``), both in seconds."""

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
        """The value of the tag of its standbys."""
        return f"{self.stack}/{self.name}"

    def owns(self, tags: Mapping[str, str]) -> bool:
        return (tags.get(STACK), tags.get(RESOURCE)) == (self.stack, self.address)


@dataclass(frozen=True)
class Instance:
    """A DB instance of the account. ``resource`` is the id that no renaming changes."""

    id: str
    resource: str
    status: str
    arn: str
    created: datetime
    latest: datetime | None
    tags: Mapping[str, str]
    raw: dict[str, Any] = field(repr=False, default_factory=dict)
    # Whether AWS returned a list of tags, even an empty one.
    tags_known: bool = True

    @property
    def is_replaced(self) -> bool:
        return REPLACED in self.tags


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of the account; ``is_own`` when a backup took it, so that a later one may delete it."""

    id: str
    status: str
    taken: datetime
    size: int
    tags: Mapping[str, str]
    is_own: bool
    raw: dict[str, Any] = field(repr=False, default_factory=dict)


def parse_instance(item: dict[str, Any]) -> Instance:
    """A DB instance as DescribeDBInstances lists it."""
    tags = tags_to_dict(item.get("TagList"))
    # Of an instance that is not the stack's only the name matters, so other members may be missing.
    read_member = item.__getitem__ if STACK in tags or STANDBY in tags else lambda member: item.get(member, "")
    return Instance(
        id=item["DBInstanceIdentifier"],
        resource=read_member("DbiResourceId"),
        status=read_member(STATUS),
        arn=read_member("DBInstanceArn"),
        # An instance that is being created has no date yet.
        created=item.get("InstanceCreateTime") or datetime.now(timezone.utc),
        latest=item.get("LatestRestorableTime"),
        tags=tags,
        raw=item,
        tags_known="TagList" in item,
    )


def parse_snapshot(item: dict[str, Any]) -> Snapshot:
    """A snapshot as DescribeDBSnapshots lists it. A copy has the age of its original."""
    tags = tags_to_dict(item.get("TagList"))
    taken = item.get("OriginalSnapshotCreateTime") or item.get("SnapshotCreateTime") or datetime.now(timezone.utc)
    is_manual = item.get("SnapshotType") == "manual"
    size = int(item.get("AllocatedStorage", 0))
    read_member = item.__getitem__ if STACK in tags else lambda member: item.get(member, "")
    name, status = read_member("DBSnapshotIdentifier"), read_member("Status")
    return Snapshot(name, status, taken, size, tags, is_manual and BACKUP in tags, item)


def parse_duration(duration: str) -> float:
    """The seconds of a duration as the document writes it: ``90m``, ``24h``, ``7d``."""
    match = DURATION.fullmatch(duration)
    if not match:
        raise StackError(f"{duration} is not a length of time like 90m, 24h or 7d")
    return float(int(match[1]) * SECONDS[match[2]])


def format_duration(seconds: float) -> str:
    """Seconds as a person writes them."""
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_age(age: timedelta) -> str:
    """How long ago something was, as a person writes it."""
    days = age.days
    return f"{days} days ago" if days >= 2 else f"{format_duration(age.total_seconds())} ago"


def parse_time(text: str) -> datetime:
    """Parse a time in ISO 8601; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError as error:
        raise StackError(
            f"time: {text} is not a point in time like 2026-03-01T04:05:00Z. Nothing was changed"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def format_time(when: datetime) -> str:
    """A time as messages and tags have it."""
    return when.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_timestamp(when: datetime) -> str:
    """A time as a part of an identifier."""
    return when.astimezone(timezone.utc).strftime("%Y%m%d-%H%M%S")
