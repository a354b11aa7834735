# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups: take snapshots, wait for them, and delete the oldest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._aws.backoff import Backoff, call_with_retries
from .._aws.errors import LostResponseError, StackError, describe_error, error_code, is_not_found
from .._aws.sdk import FAILURES, ClientError
from .._aws.tags import BACKUP, RESOURCE, STACK, tags_to_list
from .._resources.rds.database_changes import NOT_NOW, READY
from .inventory import (
    DatabaseInventory,
    collect_inventory,
    find_missed_objective,
    find_unfinished,
    read_instances,
    read_snapshots,
)
from .records import Instance, Snapshot, Target, format_time, format_timestamp
from .session import LOST_RESPONSE, BackupSession, Presence, UnfinishedError

FAILED = "failed"
SNAPSHOT_SECONDS = 7200.0
# An instance that takes no snapshot now, such as one that is being modified.
BUSY = Backoff(READY.timeout, first=1.0, longest=20.0)


@dataclass(frozen=True)
class SnapshotPlan:
    """The backup of one database: a snapshot to create, or to wait for when a run that died has created it, and the
    snapshots to delete when it is available."""

    target: Target
    instance: Instance
    name: str
    is_in_progress: bool
    surplus: tuple[Snapshot, ...]


def plan_snapshot(inventory: DatabaseInventory, keep: int, now: datetime) -> SnapshotPlan:
    """Plan the backup of a database. Raises `StackError` when there is not exactly one to back up."""
    target, unfinished = inventory.target, find_unfinished(inventory)
    if unfinished:
        raise StackError(f"{unfinished}. Nothing was changed")
    if len(inventory.serving) != 1:
        problem = "is being replaced by a restored one. Nothing was changed. Run the playbook restore.yml again"
        if not inventory.serving:
            problem = "does not exist, so that there is nothing to back up. Nothing was changed. "
            problem += (
                "It has snapshots: restore it with the playbook restore.yml, because provision.yml would "
                "create an empty one"
                if inventory.snapshots
                else "Create it with the playbook provision.yml"
            )
        raise StackError(f"{target.address} of stack {target.stack} {problem}")
    own = [one for one in inventory.snapshots if one.is_own]
    creating = next((one for one in own if one.status == "creating"), None)
    name = creating.id if creating else f"{inventory.serving[0].id}-{format_timestamp(now)}"
    return SnapshotPlan(
        target, inventory.serving[0], name, creating is not None, select_surplus(inventory.snapshots, keep)
    )


def select_surplus(snapshots: Sequence[Snapshot], keep: int) -> tuple[Snapshot, ...]:
    """The snapshots of backups to delete after the next one: all but the newest, and those that failed in AWS."""
    own = [one for one in snapshots if one.is_own]
    available = [one for one in own if one.status == "available"]
    failed = [one for one in own if one.status == FAILED]
    return (*available[max(0, keep - 1) :], *failed)


@dataclass
class Report:
    """The result of a backup for each database."""

    created: list[SnapshotPlan] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    not_started: list[str] = field(default_factory=list)

    def add_failure(self, one: SnapshotPlan, error: BaseException, stopped: bool) -> None:
        """Add a database whose backup failed; AWS may still complete a snapshot that was created."""
        if stopped and one not in self.created:
            self.not_started.append(one.target.address)
        elif isinstance(error, UnfinishedError) and one in self.created:
            self.unfinished.append(f"{one.target.address} (snapshot {one.name}): {describe_error(error)}")
        else:
            self.failed.append(f"{one.target.address}: {describe_error(error)}")

    def describe(self, number: int, stopped: str | None) -> str:
        """The text for a person."""
        lines = [f"{len(self.done)} of {number} snapshots taken, {len(self.failed)} failed"]
        lines += [f"failed: {text}" for text in self.failed]
        lines += [stopped] if stopped else []
        lines += [f"done: {', '.join(self.done)}"] if self.done else []
        lines += [f"still in progress: {text}" for text in self.unfinished]
        lines += [f"not started: {', '.join(self.not_started)}"] if self.not_started else []
        return "\n".join([*lines, "Correct the cause and run again: it waits for the snapshots that are in progress."])


class SnapshotTaker:
    """Takes the planned snapshots, those of all databases at the same time."""

    def __init__(self, session: BackupSession) -> None:
        self._session = session
        self._rds = session.clients("rds")

    def take(self, plans: Sequence[SnapshotPlan], now: datetime) -> dict[str, dict[str, Any]]:
        """Return the snapshots by database, once all of them are available.

        A database that fails does not stop the backup of the others; the `StackError` has the result of each.
        """
        started = self._session.clock.now()
        report = Report()
        for one in plans:
            if self._session.lost():
                report.not_started.append(one.target.address)
                continue
            self._session.progress.send("start", one.target.address, "snapshot")
            with self._collect_failure(one, report, started):
                if not one.is_in_progress:
                    self._create(one, now)
                report.created.append(one)
        done: dict[str, dict[str, Any]] = {}
        for one in report.created:
            with self._collect_failure(one, report, started):
                done[one.target.name] = self._wait(one, started)
                report.done.append(f"{one.target.address} (snapshot {one.name})")
                done[one.target.name]["deleted"] = self._prune(one)
        if report.failed or report.unfinished or report.not_started:
            raise StackError(report.describe(len(plans), self._session.lost()))
        return done

    @contextmanager
    def _collect_failure(self, one: SnapshotPlan, report: Report, started: float) -> Iterator[None]:
        """Report the failure of a database, and continue with the others."""
        try:
            yield
        except (StackError, *FAILURES) as error:
            report.add_failure(one, error, stopped=bool(self._session.lost()))
            seconds = round(self._session.clock.now() - started, 1)
            self._session.progress.send(
                "failed", one.target.address, "snapshot", message=describe_error(error), seconds=seconds
            )

    def _create(self, plan: SnapshotPlan, now: datetime) -> None:
        target = plan.target
        tags = {STACK: target.stack, RESOURCE: target.address, BACKUP: format_time(now)}
        is_busy = False

        def create_once() -> None:
            nonlocal is_busy
            self._session.require_lock()
            if is_busy:
                self._session.wait_until_ready(plan.instance.resource)
            try:
                self._rds.create_db_snapshot(
                    DBInstanceIdentifier=plan.instance.id, DBSnapshotIdentifier=plan.name, Tags=tags_to_list(tags)
                )
            except ClientError as error:
                # No other program gives this name: an attempt whose answer was lost has created it.
                if error_code(error) == "DBSnapshotAlreadyExists":
                    return
                is_busy = error_code(error) in NOT_NOW
                raise

        call_with_retries(create_once, _choose_backoff, self._session.clock)

    def _wait(self, plan: SnapshotPlan, started: float) -> dict[str, Any]:
        presence = Presence(self._session.clock)

        def read_available() -> Snapshot | None:
            found = next((one for one in read_snapshots(self._session.clients) if one.id == plan.name), None)
            if presence.is_gone(found):
                raise StackError(f"{plan.target.address}: another client has deleted the snapshot {plan.name}")
            if found and found.status not in ("available", "creating"):
                raise StackError(f"{plan.target.address}: the snapshot {plan.name} is {found.status}")
            return found if found and found.status == "available" else None

        problem = f"the snapshot {plan.name} is not available"
        snapshot = self._session.wait_until(problem, read_available, SNAPSHOT_SECONDS)
        seconds = round(self._session.clock.now() - started, 1)
        self._session.progress.send("done", plan.target.address, "snapshot", seconds=seconds)
        return {
            "snapshot": snapshot.id,
            "size_gib": snapshot.size,
            "taken": format_time(snapshot.taken),
            "seconds": seconds,
        }

    def _prune(self, plan: SnapshotPlan) -> list[str]:
        for one in plan.surplus:
            self._session.require_lock()
            try:
                self._rds.delete_db_snapshot(DBSnapshotIdentifier=one.id)
            except ClientError as error:
                if not is_not_found(error):
                    raise
        return [one.id for one in plan.surplus]


def _choose_backoff(error: Exception) -> Backoff | None:
    if isinstance(error, LostResponseError):
        return LOST_RESPONSE
    return BUSY if error_code(error) in NOT_NOW else None


def plan_snapshots(
    session: BackupSession, targets: Sequence[Target], keep: int, now: datetime
) -> tuple[list[SnapshotPlan], list[str]]:
    """Plan the backup of each database; also returns the warnings about objectives that are missed."""
    instances, snapshots = read_instances(session.clients), read_snapshots(session.clients)
    inventories = [collect_inventory(target, instances, snapshots) for target in targets]
    missed = [find_missed_objective(one, now) for one in inventories]
    return [plan_snapshot(one, keep, now) for one in inventories], [text for text in missed if text]
