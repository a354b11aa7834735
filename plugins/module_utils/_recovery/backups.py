# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups: snapshots that are taken, waited for, and taken away again when there are enough newer ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._aws.errors import LostResponseError, StackError, code_of, is_not_found
from .._aws.sdk import ClientError
from .._aws.tags import BACKUP, RESOURCE, STACK, as_list
from .._stack.database_changes import NOT_NOW
from .look import Holdings, complaint, holdings, instances, snapshots
from .run import Run
from .words import Instance, Snapshot, Target, iso, stamp

FAILED = "failed"
WAIT = 7200.0


@dataclass(frozen=True)
class Backup:
    """What is to be done for one database: a snapshot to take, or one that a run which died has asked for to wait for,
    and those to delete when it is there."""

    target: Target
    instance: Instance
    name: str
    is_under_way: bool
    surplus: tuple[Snapshot, ...]


def plan(held: Holdings, keep: int, now: datetime) -> Backup:
    """What a backup of a database does. StackError where there is no database to take one of."""
    target = held.target
    if len(held.live) != 1:
        state = (
            "does not exist. Run the playbook provision.yml"
            if not held.live
            else ("is changing places with another. Run the playbook restore.yml again")
        )
        raise StackError(f"{target.address} of stack {target.stack} {state}")
    coming = next((one for one in held.snapshots if one.ours and one.status == "creating"), None)
    name = coming.id if coming else f"{held.live[0].id}-{stamp(now)}"
    return Backup(target, held.live[0], name, coming is not None, surplus(held.snapshots, keep))


def surplus(found: Sequence[Snapshot], keep: int) -> tuple[Snapshot, ...]:
    """Of ours, those that go once there is one more: all but the newest, and what AWS failed to make."""
    ours = [one for one in found if one.ours]
    good = [one for one in ours if one.status == "available"]
    return (*good[max(0, keep - 1) :], *(one for one in ours if one.status == FAILED))


class Backups:
    """Does what is planned, for all databases at the same time."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rds = run.clients("rds")

    def take(self, plans: Sequence[Backup], now: datetime) -> dict[str, dict[str, Any]]:
        """The snapshots by database, once all of them are there."""
        began = time.monotonic()
        for one in plans:
            self._run.progress.tell("start", one.target.address, "snapshot")
            if not one.is_under_way:
                self._ask(one, now)
        done = {one.target.name: self._wait(one, began) for one in plans}
        for one in plans:
            done[one.target.name]["deleted"] = self._prune(one)
        return done

    def _ask(self, backup: Backup, now: datetime) -> None:
        target = backup.target
        tags = {STACK: target.stack, RESOURCE: target.address, BACKUP: iso(now)}
        while True:
            self._run.go_on()
            try:
                self._rds.create_db_snapshot(
                    DBInstanceIdentifier=backup.instance.id, DBSnapshotIdentifier=backup.name, Tags=as_list(tags)
                )
                return
            except LostResponseError:
                # The next attempt says that there is one of this name: nobody else gives it.
                time.sleep(1.0)
            except ClientError as error:
                if code_of(error) == "DBSnapshotAlreadyExists":
                    return
                if code_of(error) not in NOT_NOW:
                    raise
                self._run.until_ready(backup.instance.resource)

    def _wait(self, backup: Backup, began: float) -> dict[str, Any]:
        seen = False

        def there() -> Snapshot | None:
            nonlocal seen
            found = next((one for one in snapshots(self._run.clients) if one.id == backup.name), None)
            if found is None and seen:
                raise StackError(f"{backup.target.address}: somebody else has deleted the snapshot {backup.name}")
            seen = seen or found is not None
            if found and found.status not in ("available", "creating"):
                raise StackError(f"{backup.target.address}: the snapshot {backup.name} is {found.status}")
            return found if found and found.status == "available" else None

        made = self._run.until(f"the snapshot {backup.name} is not available", there, WAIT)
        seconds = round(time.monotonic() - began, 1)
        self._run.progress.tell("done", backup.target.address, "snapshot", seconds=seconds)
        return {"snapshot": made.id, "size_gib": made.size, "taken": iso(made.taken), "seconds": seconds}

    def _prune(self, backup: Backup) -> list[str]:
        for one in backup.surplus:
            self._run.go_on()
            try:
                self._rds.delete_db_snapshot(DBSnapshotIdentifier=one.id)
            except ClientError as error:
                if not is_not_found(error):
                    raise
        return [one.id for one in backup.surplus]


def plans(run: Run, targets: Sequence[Target], keep: int, now: datetime) -> tuple[list[Backup], list[str]]:
    """What to do for each database, and what is to be said of them."""
    found, taken = instances(run.clients), snapshots(run.clients)
    held = [holdings(target, found, taken) for target in targets]
    return [plan(one, keep, now) for one in held], [text for one in held if (text := complaint(one, now))]
