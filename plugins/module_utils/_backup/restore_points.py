# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which snapshot or instance a restore request means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import RESTORE_ASKED, RESTORED_FROM, SWITCH_BEGAN, TAKES
from .._engine.items import returned_members
from .inventory import DatabaseInventory, describe_origin, restorable_window
from .records import Instance, Snapshot, format_time, parse_time

NEWEST, LATEST = "newest", "latest"
# RDS API reference, RestoreDBInstanceToPointInTime: RestoreTime "must be before the latest restorable time".
BEFORE_LATEST = timedelta(seconds=1)


@dataclass(frozen=True)
class RestoreRequest:
    """The source of a restore: a ``snapshot`` (an id, or the newest), a ``time`` (or the latest), or an ``instance``.

    The instance is an existing standby. ``again`` restores although the database was restored from that source before.
    The newest and the latest mean another point from hour to hour: `resolve_request` replaces them first.
    """

    snapshot: str | None = None
    time: str | None = None
    instance: str | None = None
    again: bool = False

    @property
    def keyword(self) -> str | None:
        """The word that means another point from hour to hour, None where the request names one."""
        return next((word for word in (NEWEST, LATEST) if word in (self.snapshot, self.time)), None)

    @property
    def asked(self) -> str:
        """The request as a tag keeps it: a later run recognizes by it what an earlier one has begun."""
        if self.instance:
            return f"instance:{self.instance}"
        if self.snapshot:
            return f"snapshot:{self.snapshot}"
        return f"time:{LATEST if self.time == LATEST else format_time(parse_time(self.time or ''))}"


@dataclass(frozen=True)
class RestorePoint:
    """A snapshot, or an instance at a point in time; the data are of the time ``to``."""

    to: datetime
    snapshot: str = ""
    origin: Instance | None = None

    @property
    def source(self) -> str:
        """The point as a tag keeps it."""
        return f"snapshot:{self.snapshot}" if self.snapshot else f"time:{format_time(self.to)}"


def resolve_request(inventory: DatabaseInventory, request: RestoreRequest) -> RestoreRequest:
    """The request with the snapshot or time that its keyword means now.

    While a switch over has left no database with the identifier that services use, a keyword means the standby of that
    switch: nothing serves until it is completed.
    """
    if request.keyword is None:
        return request
    half_switched = next((one for one in inventory.standbys if _is_half_switched(inventory, one)), None)
    if half_switched:
        kind, _colon, value = half_switched.tags[RESTORED_FROM].partition(":")
        snapshot, time = (value, None) if kind == "snapshot" else (None, value)
        return replace(request, snapshot=snapshot, time=time)
    point = choose_restore_point(inventory, request)
    if point.snapshot:
        return replace(request, snapshot=point.snapshot)
    return replace(request, time=format_time(point.to))


def _is_half_switched(inventory: DatabaseInventory, standby: Instance) -> bool:
    if standby.is_replaced or not {SWITCH_BEGAN, TAKES, RESTORED_FROM} <= standby.tags.keys():
        return False
    holder = inventory.all_instances.get(standby.tags[TAKES])
    return holder is None or holder.resource == standby.resource


def find_begun_instance(inventory: DatabaseInventory, request: RestoreRequest, now: datetime) -> Instance | None:
    """The instance that an earlier run has begun to restore or to switch over to, of a resolved request.

    Raises `StackError` when a standby of another point is left: its data may be of any age.
    """
    if request.instance:
        same = [one for one in inventory.standbys if one.tags.get(RESTORE_ASKED) == request.asked]
        return next((one for one in (*same, *inventory.kept) if one in same or one.id == request.instance), None)
    # A replaced instance is not in progress, although it may have been restored by the same request.
    in_progress = [one for one in inventory.standbys if not one.is_replaced]
    other = next((one for one in in_progress if not is_restored_from(one, request)), None)
    if other:
        raise StackError(describe_leftover(inventory, other, request.asked, now))
    return in_progress[0] if in_progress else None


def is_restored_from(one: Instance, request: RestoreRequest) -> bool:
    """Whether an instance was restored from the point of a resolved request."""
    return one.tags.get(RESTORED_FROM, one.tags.get(RESTORE_ASKED)) == request.asked


def describe_leftover(inventory: DatabaseInventory, other: Instance, asked: str, now: datetime) -> str:
    """Why a standby of another point keeps a restore from beginning, with its age and the ways to go on."""
    source = other.tags.get(RESTORED_FROM, "")
    kind, _colon, value = source.partition(":")
    continuation = f"-e restore_{kind}={value}" if kind in ("snapshot", "time") else f"-e restore_instance={other.id}"
    return (
        f"{inventory.target.address}: the standby {other.id} is left from another restore and does not serve: "
        f"{describe_origin(other, now)}. It is not the requested point ({asked}). Nothing was changed. "
        f"To switch over to that older state, run restore.yml with {continuation}; to restore the requested point, "
        f"first delete the standby: discard.yml -e discard_instance={other.id}"
    )


def is_done(inventory: DatabaseInventory, request: RestoreRequest) -> bool:
    """Whether the serving database is what a resolved request asks for."""
    if len(inventory.serving) != 1 or request.again:
        return False
    tags = inventory.serving[0].tags
    if request.instance:
        return tags.get(RESTORE_ASKED) == request.asked
    return tags.get(RESTORED_FROM) == request.asked


def choose_restore_point(inventory: DatabaseInventory, request: RestoreRequest) -> RestorePoint:
    """The restore point that a request means. Raises `StackError`, with all restore points, when it does not exist."""
    if request.snapshot:
        found = _find_snapshot(inventory, request.snapshot)
        return RestorePoint(found.taken, snapshot=found.id)
    if request.time == LATEST:
        origin = next((one for one in (*inventory.serving, *inventory.kept) if one.latest), None)
        if origin is None or origin.latest is None:
            raise StackError(_describe_missing_point(inventory, "it keeps no backups of its own"))
        # Tags have whole seconds, and a later run must find the same point in them.
        latest = origin.latest.replace(microsecond=0) - BEFORE_LATEST
        return RestorePoint(max(latest, _find_earliest(origin)), origin=origin)
    when = parse_time(request.time or "")
    for one in (*inventory.serving, *inventory.kept):
        if one.latest and _find_earliest(one) <= when <= one.latest:
            return RestorePoint(when, origin=one)
    raise StackError(_describe_missing_point(inventory, f"there is nothing of {format_time(when)}"))


def _find_earliest(one: Instance) -> datetime:
    """The first point in time of an instance, in whole seconds as messages and requests have it."""
    return one.created.replace(microsecond=0)


def _find_snapshot(inventory: DatabaseInventory, name: str) -> Snapshot:
    if name == NEWEST:
        if not inventory.usable:
            raise StackError(_describe_missing_point(inventory, "it has no snapshot"))
        return inventory.usable[0]
    found = next((one for one in inventory.snapshots if one.id == name), None)
    if found is None or found.status != "available":
        raise StackError(
            _describe_missing_point(inventory, f"snapshot {name} {f'is {found.status}' if found else 'does not exist'}")
        )
    return found


def _describe_missing_point(inventory: DatabaseInventory, why: str) -> str:
    windows = [restorable_window(one) for one in (*inventory.serving, *inventory.kept) if one.latest]
    times = "; ".join(f"{one['instance']} from {one['from']} to {one['to']}" for one in windows)
    taken = ", ".join(one.id for one in inventory.usable[:10])
    return (
        f"{inventory.target.address}: {why}. Nothing was changed. It has the snapshots {taken or '(none)'}, "
        f"and can be restored to the times {times or '(none)'}"
    )


def find_snapshot_mismatch(found: Snapshot, desired: Mapping[str, Any]) -> str | None:
    """Why a snapshot cannot become the database of the document, None when it can."""
    raw = found.raw
    actual = returned_members(raw, {"engine": "Engine", "username": "MasterUsername", "storage.encrypted": "Encrypted"})
    differences = [
        f"{name} is {value}, and {desired[name]} in the document"
        for name, value in actual.items()
        if value != desired[name]
    ]
    return f"snapshot {found.id}: {'; '.join(differences)}" if differences else None
