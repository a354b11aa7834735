# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to restore from: a wish of a person's, and the snapshot or the instance that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._aws.errors import StackError
from .._aws.tags import RESTORE_ASKED, RESTORED_FROM
from .._stack.resource import returned
from .look import Holdings, window
from .words import Instance, Snapshot, iso, moment

NEWEST, LATEST = "newest", "latest"


@dataclass(frozen=True)
class Wish:
    """What a database is to become: a ``snapshot`` (an id, or the newest), a ``time`` (or the latest), or another
    ``instance`` that there is. With ``again`` also when it was made of that before."""

    snapshot: str | None = None
    time: str | None = None
    instance: str | None = None
    again: bool = False

    @property
    def asked(self) -> str:
        """The wish as a tag keeps it, by which a run knows what an earlier one has begun."""
        if self.instance:
            return f"instance:{self.instance}"
        if self.snapshot:
            return f"snapshot:{self.snapshot}"
        return f"time:{LATEST if self.time == LATEST else iso(moment(self.time or ''))}"


@dataclass(frozen=True)
class Point:
    """What a database can be made of: a snapshot, or what an instance was at a moment; its data are of ``to``."""

    to: datetime
    snapshot: str = ""
    origin: Instance | None = None
    is_latest: bool = False

    @property
    def source(self) -> str:
        """As a tag keeps it. The latest state is another one each time."""
        return f"snapshot:{self.snapshot}" if self.snapshot else f"time:{iso(self.to)}"


def begun(held: Holdings, wish: Wish) -> Instance | None:
    """The instance that an earlier run has begun to restore, or to put in the place of the one that serves."""
    same = [one for one in held.beside if one.tags.get(RESTORE_ASKED) == wish.asked]
    if wish.instance:
        return next((one for one in (*same, *held.kept) if one in same or one.id == wish.instance), None)
    # What has had its time is none: it may have been asked for in the same words.
    under_way = [one for one in held.beside if not one.is_replaced]
    other = next((one for one in under_way if one not in same), None)
    if other:
        raise StackError(
            f"{held.target.address}: {other.id} is being restored ({other.tags.get(RESTORE_ASKED, 'by hand')}), and "
            f"not yet in its place. Nothing was changed. Ask for the same again to go on, or for the instance "
            f"{other.id}, or delete that"
        )
    return under_way[0] if under_way else None


def is_done(held: Holdings, wish: Wish, point: Point | None) -> bool:
    """Whether the database that serves is what is wished for. The latest state never is: it moves on."""
    if len(held.live) != 1 or wish.again:
        return False
    tags = held.live[0].tags
    if wish.instance:
        return tags.get(RESTORE_ASKED) == wish.asked
    return point is not None and not point.is_latest and tags.get(RESTORED_FROM) == point.source


def choose(held: Holdings, wish: Wish) -> Point:
    """What a wish stands for. StackError with all that there is, where there is no such thing."""
    if wish.snapshot:
        found = _snapshot(held, wish.snapshot)
        return Point(found.taken, snapshot=found.id)
    if wish.time == LATEST:
        live = next((one for one in (*held.live, *held.kept) if one.latest), None)
        if live is None or live.latest is None:
            raise StackError(_nothing(held, "it keeps no backups of its own"))
        return Point(live.latest, origin=live, is_latest=True)
    when = moment(wish.time or "")
    for one in (*held.live, *held.kept):
        if one.latest and one.created <= when <= one.latest:
            return Point(when, origin=one)
    raise StackError(_nothing(held, f"there is nothing of {iso(when)}"))


def _snapshot(held: Holdings, name: str) -> Snapshot:
    if name == NEWEST:
        if not held.usable:
            raise StackError(_nothing(held, "there is no snapshot of it"))
        return held.usable[0]
    found = next((one for one in held.snapshots if one.id == name), None)
    if found is None or found.status != "available":
        raise StackError(_nothing(held, f"snapshot {name} {f'is {found.status}' if found else 'is none of it'}"))
    return found


def _nothing(held: Holdings, why: str) -> str:
    windows = [window(one) for one in (*held.live, *held.kept) if one.latest]
    times = "; ".join(f"{one['instance']} from {one['from']} to {one['to']}" for one in windows)
    taken = ", ".join(one.id for one in held.usable[:10])
    return (
        f"{held.target.address}: {why}. Nothing was changed. There are the snapshots {taken or '(none)'}, "
        f"and the times {times or '(none)'}"
    )


def misfit(found: Snapshot, wanted: Mapping[str, Any]) -> str | None:
    """Why a snapshot cannot become the database of the document, None when it can."""
    raw = found.raw
    there = returned(raw, {"engine": "Engine", "username": "MasterUsername", "storage.encrypted": "Encrypted"})
    wrong = [
        f"{name} is {value}, and {wanted[name]} in the document"
        for name, value in there.items()
        if value != wanted[name]
    ]
    return f"snapshot {found.id}: {'; '.join(wrong)}" if wrong else None
