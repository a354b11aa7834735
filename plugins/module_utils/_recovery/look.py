# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What there is of a database: what serves or stands beside, and what can be restored; one list call for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._aws.answer import missing
from .._aws.tags import BESIDE
from .words import Instance, Snapshot, Target, instance, iso, snapshot, spoken

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class Holdings:
    """All that there is of one database. ``live`` bear its address (two while they change places); ``beside`` belong
    to it; ``everybody`` are those of the account by identifier. Snapshots come newest first."""

    target: Target
    live: tuple[Instance, ...]
    beside: tuple[Instance, ...]
    everybody: Mapping[str, Instance]
    snapshots: tuple[Snapshot, ...]

    @property
    def kept(self) -> list[Instance]:
        """Those which do not serve, the newest first."""
        serving = {one.resource for one in self.live}
        return [one for one in self.beside if one.resource not in serving]

    @property
    def usable(self) -> list[Snapshot]:
        """The snapshots that something can be made of."""
        return [one for one in self.snapshots if one.status == "available"]

    @property
    def newest_point(self) -> datetime | None:
        """The state of the data, of all that can be restored, that is the newest."""
        moments = [one.taken for one in self.usable[:1]]
        moments += [one.latest for one in self.live if one.latest]
        return max(moments, default=None)


def instances(clients: ClientOf) -> list[Instance]:
    pages = clients("rds").pages("describe_db_instances", {})
    return [instance(item) for page in pages for item in page["DBInstances"]]


def snapshots(clients: ClientOf) -> list[Snapshot]:
    pages = clients("rds").pages("describe_db_snapshots", {})
    return [snapshot(item) for page in pages for item in page["DBSnapshots"]]


def holdings(target: Target, found: Sequence[Instance], taken: Sequence[Snapshot] = ()) -> Holdings:
    """What of the lists belongs to a database."""
    unknown = next((one for one in found if one.id == target.identifier and not one.tags_known), None)
    if unknown:
        raise missing(unknown.raw, f"TagList of {unknown.id}")
    newest = sorted(found, key=lambda one: (one.created, one.id), reverse=True)
    return Holdings(
        target=target,
        live=tuple(one for one in newest if target.owns(one.tags)),
        beside=tuple(one for one in newest if one.tags.get(BESIDE) == target.mark),
        everybody={one.id: one for one in found},
        snapshots=tuple(
            sorted((one for one in taken if target.owns(one.tags)), key=lambda one: (one.taken, one.id), reverse=True)
        ),
    )


def complaint(held: Holdings, now: datetime) -> str | None:
    """What is to be said when more would be lost than may be, were the database lost now."""
    newest, allowed = held.newest_point, held.target.rpo
    if newest is None:
        return f"{held.target.address}: nothing can be restored, there are neither backups nor snapshots"
    age = (now - newest).total_seconds()
    if age <= allowed:
        return None
    return (
        f"{held.target.address}: the newest point that can be restored is {iso(newest)}, {spoken(age)} ago; "
        f"its objective (rpo) is {spoken(allowed)}"
    )


def told(held: Holdings, now: datetime) -> dict[str, Any]:
    """All of it for a person, as the modules return it."""
    newest = held.newest_point
    return {
        "instance": held.live[0].id if held.live else None,
        "status": held.live[0].status if held.live else None,
        "newest_point": iso(newest) if newest else None,
        "age_seconds": round((now - newest).total_seconds()) if newest else None,
        "objectives": {"rpo_seconds": round(held.target.rpo), "rto_seconds": round(held.target.rto)},
        "restorable": [window(one) for one in (*held.live, *held.kept) if one.latest],
        "snapshots": [
            {"id": one.id, "status": one.status, "taken": iso(one.taken), "size_gib": one.size, "ours": one.ours}
            for one in held.snapshots
        ],
        "kept": [_beside(one) for one in held.kept],
    }


def window(one: Instance) -> dict[str, str]:
    """The points in time to which an instance can be restored. It may have begun later than ``from`` says: backups are
    kept for as many days as the document has it."""
    return {"instance": one.id, "from": iso(one.created), "to": iso(one.latest) if one.latest else ""}


def _beside(one: Instance) -> Mapping[str, Any]:
    return {"id": one.id, "status": one.status, "replaced": one.is_replaced, "created": iso(one.created)}
