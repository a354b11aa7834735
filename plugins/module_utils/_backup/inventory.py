# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The instances and snapshots of a database, read with one list call for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._aws.answer import missing_member
from .._aws.errors import StackError
from .._aws.tags import RESTORE_ASKED, RESTORE_BEGAN, RESTORED_FROM, RESTORED_TO, STANDBY
from .._resources.rds.db_instance import find_unfinished_switch
from .records import (
    Instance,
    Snapshot,
    Target,
    format_age,
    format_duration,
    format_time,
    parse_instance,
    parse_snapshot,
    parse_time,
)

ClientOf = Callable[[str], Any]


@dataclass(frozen=True)
class DatabaseInventory:
    """The instances and snapshots of one database.

    ``serving`` are the instances with its tags (two during a switch over), ``standbys`` those that were restored for it
    or replaced, and ``all_instances`` all of the account by identifier. Snapshots come newest first.
    """

    target: Target
    serving: tuple[Instance, ...]
    standbys: tuple[Instance, ...]
    all_instances: Mapping[str, Instance]
    snapshots: tuple[Snapshot, ...]

    @property
    def kept(self) -> list[Instance]:
        """The standbys that do not serve, the newest first."""
        serving = {one.resource for one in self.serving}
        return [one for one in self.standbys if one.resource not in serving]

    @property
    def usable(self) -> list[Snapshot]:
        """The snapshots that can be restored."""
        return [one for one in self.snapshots if one.status == "available"]

    @property
    def newest_point(self) -> datetime | None:
        """The newest point in time that can be restored."""
        moments = [one.taken for one in self.usable[:1]]
        moments += [one.latest for one in self.serving if one.latest]
        return max(moments, default=None)


def find_unfinished(inventory: DatabaseInventory) -> str | None:
    """Why no single instance serves for now: a switch over has not finished; None where none has."""
    problems = (find_unfinished_switch(one.id, one.tags) for one in inventory.serving)
    problem = next((text for text in problems if text), None)
    return f"{inventory.target.address}: {problem}" if problem else None


def read_instances(clients: ClientOf) -> list[Instance]:
    pages = clients("rds").pages("describe_db_instances", {})
    return [parse_instance(item) for page in pages for item in page["DBInstances"]]


def read_snapshots(clients: ClientOf) -> list[Snapshot]:
    pages = clients("rds").pages("describe_db_snapshots", {})
    return [parse_snapshot(item) for page in pages for item in page["DBSnapshots"]]


def collect_inventory(
    target: Target, instances: Sequence[Instance], snapshots: Sequence[Snapshot] = ()
) -> DatabaseInventory:
    """Select from the lists of the account what belongs to a database."""
    unknown = next((one for one in instances if one.id == target.identifier and not one.tags_known), None)
    if unknown:
        raise missing_member(unknown.raw, f"TagList of {unknown.id}")
    newest_first = sorted(instances, key=lambda one: (one.created, one.id), reverse=True)
    owned = [one for one in snapshots if target.owns(one.tags)]
    return DatabaseInventory(
        target=target,
        serving=tuple(one for one in newest_first if target.owns(one.tags)),
        standbys=tuple(one for one in newest_first if one.tags.get(STANDBY) == target.mark),
        all_instances={one.id: one for one in instances},
        snapshots=tuple(sorted(owned, key=lambda one: (one.taken, one.id), reverse=True)),
    )


def find_missed_objective(inventory: DatabaseInventory, now: datetime) -> str | None:
    """A warning when losing the database now would lose more data than its objective allows; None otherwise."""
    newest, allowed = inventory.newest_point, inventory.target.rpo
    if newest is None:
        state = "nothing can be restored" if inventory.serving else "it does not exist, and nothing can be restored"
        return f"{inventory.target.address}: {state}: there are neither backups nor snapshots"
    age = (now - newest).total_seconds()
    if age <= allowed:
        return None
    return (
        f"{inventory.target.address}: the newest point that can be restored is {format_time(newest)}, "
        f"{format_duration(age)} ago; "
        f"its objective (rpo) is {format_duration(allowed)}"
    )


def describe_inventory(inventory: DatabaseInventory, now: datetime) -> dict[str, Any]:
    """The inventory as the modules return it. AWS's clock may be ahead, so an age is never less than zero."""
    newest = inventory.newest_point
    return {
        "instance": inventory.serving[0].id if inventory.serving else None,
        "status": inventory.serving[0].status if inventory.serving else None,
        "newest_point": format_time(newest) if newest else None,
        "age_seconds": max(0, round((now - newest).total_seconds())) if newest else None,
        "objectives": {"rpo_seconds": round(inventory.target.rpo), "rto_seconds": round(inventory.target.rto)},
        "restorable": [restorable_window(one) for one in (*inventory.serving, *inventory.kept) if one.latest],
        "snapshots": [
            {
                "id": one.id,
                "status": one.status,
                "taken": format_time(one.taken),
                "size_gib": one.size,
                "ours": one.is_own,
            }
            for one in inventory.snapshots
        ],
        "kept": [_describe_standby(one, now) for one in inventory.kept],
    }


def restorable_window(one: Instance) -> dict[str, str]:
    """The points in time to which an instance can be restored.

    The window may begin later than ``from``, because backups are kept for the number of days in the document.
    """
    return {"instance": one.id, "from": format_time(one.created), "to": format_time(one.latest) if one.latest else ""}


def _describe_standby(one: Instance, now: datetime) -> Mapping[str, Any]:
    data_of = _read_time_tag(one, RESTORED_TO)
    return {
        "id": one.id,
        "status": one.status,
        "replaced": one.is_replaced,
        "created": format_time(one.created),
        "restored_from": one.tags.get(RESTORED_FROM),
        "data_of": format_time(data_of) if data_of else None,
        "age_seconds": max(0, round((now - (data_of or one.created)).total_seconds())),
    }


def describe_origin(one: Instance, now: datetime) -> str:
    """The source of a standby, and how old its restore and its data are."""
    source = one.tags.get(RESTORED_FROM) or one.tags.get(RESTORE_ASKED, "")
    began = _read_time_tag(one, RESTORE_BEGAN) or one.created
    origin = f"from {source}" if source else "by hand"
    text = f"it was restored {origin} at {format_time(began)}, {format_age(now - began)}"
    data_of = _read_time_tag(one, RESTORED_TO)
    return f"{text}, and its data are of {format_time(data_of)}, {format_age(now - data_of)}" if data_of else text


def _read_time_tag(one: Instance, key: str) -> datetime | None:
    """The time in a tag; None where the tag is missing, or was changed to something else."""
    try:
        return parse_time(one.tags[key]) if key in one.tags else None
    except StackError:
        return None
