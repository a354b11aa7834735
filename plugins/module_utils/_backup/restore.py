# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restore a database as a standby, and switch over to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .._aws.backoff import Backoff, call_with_retries
from .._aws.errors import LostResponseError, StackError, error_code, is_not_found
from .._aws.sdk import ClientError
from .._aws.tags import PROTECT, RESTORE_ASKED, RESTORE_BEGAN, RESTORED_FROM, RESTORED_TO, STANDBY, tags_to_list
from .._engine.condition import Condition, Waiter
from .._engine.resource_type import ResolvedResource, ResourceUpdate
from .._engine.scope import shorten_name
from .._resources.rds import common as rds
from .._resources.rds import database_changes as changes
from .._resources.rds.database_changes import NOT_NOW, READY
from .._resources.rds.db_instance import TYPE
from .inventory import DatabaseInventory, collect_inventory, read_instances, read_snapshots
from .records import Instance, Target, format_time, parse_instance
from .restore_points import (
    RestorePoint,
    RestoreRequest,
    choose_restore_point,
    describe_leftover,
    find_begun_instance,
    find_snapshot_mismatch,
    is_done,
    is_restored_from,
    resolve_request,
)
from .session import LOST_RESPONSE, BackupSession, Steps
from .switch_over import LONGEST_IDENTIFIER, Move, plan_moves, standby_tags

SECRET_READY = Waiter(
    Condition("given a password that RDS keeps", "MasterUserSecret.SecretStatus", ("active",)), timeout=2700
)
# Parameters of both restore calls in botocore 1.35, the oldest supported, by property of the document. All others are
# set afterwards: BackupRetentionPeriod and PreferredBackupWindow are unknown to botocore before 1.42.46.
RESTORE_PARAMETERS = {
    "class": "DBInstanceClass",
    "port": "Port",
    "subnet_group": "DBSubnetGroupName",
    "security_groups": "VpcSecurityGroupIds",
    "multi_az": "MultiAZ",
    "publicly_accessible": "PubliclyAccessible",
    "minor_upgrades": "AutoMinorVersionUpgrade",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "deletion_protection": "DeletionProtection",
    "ca_certificate": "CACertificateIdentifier",
    "parameter_group": "DBParameterGroupName",
    "logs": "EnableCloudwatchLogsExports",
    "zone": "AvailabilityZone",
}
RENAME_SECONDS = 1800.0
# RDS knows the name of a new instance before its list shows it.
VISIBILITY = Backoff(attempts=6, first=0.5, factor=2.0)
# An instance that is still being changed cannot be deleted.
BUSY = Backoff(attempts=5, first=1.0, factor=2.0)


@dataclass(frozen=True)
class DesiredDatabase:
    """The database of the document: its properties with resolved references, and all its tags."""

    target: Target
    properties: Mapping[str, Any]
    order: ResolvedResource


@dataclass(frozen=True)
class RestorePlan:
    """What a resolved request needs: an instance that exists already, or the point to restore, or nothing."""

    inventory: DatabaseInventory
    request: RestoreRequest
    chosen: Instance | None = None
    point: RestorePoint | None = None
    is_done: bool = False


def plan_restore(
    session: BackupSession, desired: DesiredDatabase, request: RestoreRequest, now: datetime
) -> RestorePlan:
    """Read the existing databases and plan the restore; changes nothing."""
    target = desired.target
    inventory = collect_inventory(target, read_instances(session.clients), read_snapshots(session.clients))
    request = resolve_request(inventory, request)
    chosen = find_begun_instance(inventory, request, now)
    if chosen:
        return RestorePlan(inventory, request, chosen)
    if is_done(inventory, request):
        return RestorePlan(inventory, request, inventory.serving[0], is_done=True)
    if request.instance:
        names = ", ".join(one.id for one in inventory.kept) or "none"
        raise StackError(
            f"{target.address}: {request.instance} is not one of its standbys ({names}). Nothing was changed"
        )
    point = choose_restore_point(inventory, request)
    problem = next(
        (find_snapshot_mismatch(one, desired.properties) for one in inventory.snapshots if one.id == point.snapshot),
        None,
    )
    if problem:
        raise StackError(f"{target.address}: {problem}. Nothing was changed")
    return RestorePlan(inventory, request, point=point)


def plan_begun_restore(
    session: BackupSession, desired: DesiredDatabase, request: RestoreRequest, now: datetime
) -> RestorePlan:
    """Find the standby to switch over to; or it serves already, when an earlier run died after its last step."""
    snapshots = read_snapshots(session.clients) if request.keyword else []
    inventory = collect_inventory(desired.target, read_instances(session.clients), snapshots)
    request = resolve_request(inventory, request)
    chosen = find_begun_instance(inventory, request, now)
    if chosen:
        return RestorePlan(inventory, request, chosen)
    serving = next((one for one in inventory.serving if one.tags.get(RESTORE_ASKED) == request.asked), None)
    return RestorePlan(inventory, request, serving, is_done=True)


class Restoration:
    """Restores and switches over, one call after the other; a later run can repeat each call."""

    def __init__(self, session: BackupSession, desired: DesiredDatabase) -> None:
        self._session = session
        self._desired = desired
        self._rds = session.clients("rds")

    def restore(self, plan: RestorePlan, now: datetime) -> Instance:
        """Return the standby, available and with the settings of the document."""
        name = plan.chosen.id if plan.chosen else name_standby(plan.inventory, plan.request.asked)
        standby = plan.chosen
        names = [f"wait until {name} is available", "give it the settings of the document", "wait for its password"]
        names = names if standby else [f"restore {name}", *names]
        kind, _colon, value = plan.request.asked.partition(":")
        advice = f"The serving database was not changed. Run again with {kind}={value}: it goes on from here"
        steps = Steps(self._session, names, advice)
        if standby is None:
            if plan.point is None:
                raise AssertionError("the plan has neither an instance nor a restore point")
            with steps.run_next():
                standby = self._create(plan.inventory, plan.point, plan.request, now)
        with steps.run_next():
            self._start_if_stopped(standby)
            standby = self._session.wait_until_ready(standby.resource)
        with steps.run_next():
            standby = self._apply_settings(standby)
        with steps.run_next():
            problem = f"{standby.id} is not {SECRET_READY.condition.name}"
            self._session.wait_until(problem, lambda: self._has_secret(standby), SECRET_READY.timeout)
        return standby

    def _start_if_stopped(self, one: Instance) -> None:
        """Start an instance that was stopped to save its cost: RDS does not modify a stopped instance."""
        if one.status in ("stopping", "stopped"):
            self._session.require_lock()
            actual = TYPE.to_actual(one.raw, self._desired.target.name)
            update = ResourceUpdate(actual, self._desired.order, frozenset({"state"}))
            self._session.follow_waits(changes.start(self._rds, update))

    def _create(
        self, inventory: DatabaseInventory, point: RestorePoint, request: RestoreRequest, now: datetime
    ) -> Instance:
        name = name_standby(inventory, request.asked)
        history = {RESTORED_FROM: point.source, RESTORED_TO: format_time(point.to), RESTORE_BEGAN: format_time(now)}
        tags = standby_tags(inventory, request.asked, history, self._desired.order.tags)
        parameters = {
            **self._build_parameters(_find_version(inventory, point)),
            "Tags": tags_to_list({**tags, "Name": name}),
        }

        def create_once() -> Instance:
            self._session.require_lock()
            return self._restore(name, point, parameters)

        try:
            return call_with_retries(create_once, _choose_backoff_for_lost, self._session.clock)
        except ClientError as error:
            if error_code(error) not in ("DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault"):
                raise
            return self._find_created(inventory, name, request, now, error)

    def _restore(self, name: str, point: RestorePoint, parameters: Mapping[str, Any]) -> Instance:
        if point.snapshot:
            answer = self._rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=name, DBSnapshotIdentifier=point.snapshot, **parameters
            )
        else:
            origin = point.origin.id if point.origin else ""
            answer = self._rds.restore_db_instance_to_point_in_time(
                SourceDBInstanceIdentifier=origin, TargetDBInstanceIdentifier=name, RestoreTime=point.to, **parameters
            )
        return parse_instance(answer["DBInstance"])

    def _find_created(
        self, inventory: DatabaseInventory, name: str, request: RestoreRequest, now: datetime, error: ClientError
    ) -> Instance:
        """The instance of that name, created by a call whose answer was lost or by a run that died.

        Lists may show it late, so it is looked for several times before it counts as another owner's.
        """
        found = None
        for _attempt in VISIBILITY.repeat(self._session.clock):
            found = next((one for one in read_instances(self._session.clients) if one.id == name), None)
            if found is not None:
                break
        if found is None or found.tags.get(STANDBY) != self._desired.target.mark:
            raise StackError(
                f"a database {name} exists and does not belong to this stack. Nothing was changed. Rename or delete it"
            ) from error
        if not is_restored_from(found, request):
            raise StackError(describe_leftover(inventory, found, request.asked, now)) from error
        return found

    def _build_parameters(self, version: str) -> dict[str, Any]:
        """The parameters of a restore. Data of an older version start with it; the upgrade comes afterwards."""
        properties = dict(self._desired.properties)
        if not rds.runs(properties["version"], version):
            properties["parameter_group"] = None
        given = {parameter: properties[name] for name, parameter in RESTORE_PARAMETERS.items()}
        return {parameter: value for parameter, value in given.items() if value not in (None, [])}

    def _apply_settings(self, standby: Instance) -> Instance:
        """Set what a restore does not take, such as the password that RDS keeps."""
        order = replace(self._desired.order, name=standby.id)
        actual = TYPE.to_actual(standby.raw, self._desired.target.name)
        changed = TYPE.find_differences(order.properties, actual.properties)
        fixed = TYPE.find_replacing(changed, actual.properties)
        if fixed:
            raise StackError(
                f"{standby.id} was restored, and its {', '.join(sorted(fixed))} cannot become what the document says. "
                "Correct the document, or delete the standby"
            )
        if changed:
            self._session.require_lock()
            self._session.follow_waits(changes.modify(self._rds, ResourceUpdate(actual, order, changed)))
            standby = self._session.wait_until_ready(standby.resource)
        return standby

    def _has_secret(self, standby: Instance) -> bool | None:
        secret = self._session.require_instance(standby.resource).raw.get("MasterUserSecret", {})
        return True if secret.get("SecretStatus") == "active" else None

    def switch_over(self, inventory: DatabaseInventory, chosen: Instance, asked: str, now: datetime) -> list[Move]:
        """Make the chosen instance serve; returns the steps."""
        moves = plan_moves(inventory, chosen, asked, self._desired.order.tags, now)
        names = [*map(str, moves), "wait until it is available"]
        steps = Steps(self._session, names, "Run again: it goes on from here")
        for move in moves:
            with steps.run_next():
                self._make(move)
        with steps.run_next():
            self._session.wait_until_ready(chosen.resource)
        return moves

    def _make(self, move: Move) -> None:
        found = self._session.find_instance(move.resource)
        if found is None:
            raise StackError(f"{move.id} is gone: another client has deleted it")
        if move.rename:
            self._rename(found, move)
        elif move.untag:
            self._rds.remove_tags_from_resource(ResourceName=found.arn, TagKeys=list(move.untag))
        else:
            self._rds.add_tags_to_resource(ResourceName=found.arn, Tags=tags_to_list(move.tags))

    def _rename(self, found: Instance, move: Move) -> None:
        """Rename an instance, and wait until the list shows the new name: only then the old one is free."""
        protection = {"DeletionProtection": True} if move.keep else {}

        def read_renamed() -> bool | None:
            current = self._session.require_instance(move.resource)
            if current.id == move.rename:
                return True
            if _can_be_renamed(current):
                self._request_rename(current.id, move.rename, protection)
            return None

        self._start_if_stopped(found)
        with self._session.report_change(found.id, "rename"):
            self._session.wait_until(f"{found.id} is not {move.rename}", read_renamed, RENAME_SECONDS)

    def _request_rename(self, name: str, new_name: str, protection: Mapping[str, Any]) -> None:
        temporary = (*NOT_NOW, "DBInstanceAlreadyExists", "DBInstanceNotFound")
        try:
            self._rds.modify_db_instance(
                DBInstanceIdentifier=name, NewDBInstanceIdentifier=new_name, ApplyImmediately=True, **protection
            )
        except ClientError as error:
            # A name is free some time after a rename, and an instance is not found by its old name.
            if error_code(error) not in temporary:
                raise


def delete_standby(session: BackupSession, target: Target, standby: Instance) -> str | None:
    """Delete a standby; returns the name of its final snapshot."""
    advice = "The serving database was not changed. Run again: it goes on from here"
    steps = Steps(session, [f"delete {standby.id} after a final snapshot"], advice)
    with steps.run_next():
        _delete(session, target, standby)
    final = f"{standby.id}-final-{standby.resource.lower()}"
    return final if standby.status not in changes.WITHOUT_SNAPSHOTS else None


def _delete(session: BackupSession, target: Target, standby: Instance) -> None:
    """Delete an instance and wait until it is gone.

    A call that botocore repeated, because its answer was lost, finds the instance in deletion and is busy.
    """

    def delete_once() -> None:
        session.require_lock()
        found = session.find_instance(standby.resource)
        if found is None:
            return
        actual = TYPE.to_actual(found.raw, target.name)
        protected = replace(actual, tags={**found.tags, PROTECT: "true"})
        try:
            session.follow_waits(changes.remove(session.clients("rds"), protected))
        except ClientError as error:
            if not is_not_found(error):
                raise

    call_with_retries(delete_once, _choose_backoff_for_busy, session.clock)


def _choose_backoff_for_lost(error: Exception) -> Backoff | None:
    return LOST_RESPONSE if isinstance(error, LostResponseError) else None


def _choose_backoff_for_busy(error: Exception) -> Backoff | None:
    return BUSY if error_code(error) in NOT_NOW else None


def _can_be_renamed(one: Instance) -> bool:
    """Whether an instance can be renamed now. Raises `StackError` when it never can."""
    if one.status in READY.condition.failed:
        raise StackError(
            f"{one.id} is {one.status} and cannot be renamed. Delete it, and keep its automated backups: "
            "then run again, it goes on from here"
        )
    return one.status in READY.condition.ready and not one.raw.get("PendingModifiedValues")


def _find_version(inventory: DatabaseInventory, point: RestorePoint) -> str:
    """The engine version of the data of a restore point."""
    raws = [one.raw for one in inventory.snapshots if one.id == point.snapshot] if point.snapshot else []
    raws += [point.origin.raw] if point.origin else []
    return str(raws[0].get("EngineVersion", "")) if raws else ""


def name_standby(inventory: DatabaseInventory, asked: str) -> str:
    """The identifier of a restored standby: the same for every attempt, and another one after it serves."""
    parts = [asked, *sorted(one.resource for one in (*inventory.serving, *inventory.standbys))]
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]
    return shorten_name(f"{inventory.target.identifier}-restored-{digest}", LONGEST_IDENTIFIER)
