# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restoring a database beside the one that serves, and having the two change places."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .._aws.errors import LostResponseError, StackError, code_of
from .._aws.sdk import ClientError
from .._aws.tags import BESIDE, PROTECT, RESTORE_ASKED, RESTORE_BEGAN, RESTORED_FROM, RESTORED_TO, as_list
from .._stack import database_changes as changes
from .._stack import rds
from .._stack.database_changes import NOT_NOW, READY
from .._stack.live import to_live
from .._stack.resource import Edit, Order, Waiter, shortened
from .._stack.resources.db_instance import TYPE
from .look import Holdings, holdings, instances, snapshots
from .points import Point, Wish, begun, choose, is_done, misfit
from .run import Run
from .switching import LONGEST, Move, moves, tags_beside
from .words import Instance, Target, instance, iso

SECRET = Waiter("given a password that RDS keeps", "MasterUserSecret.SecretStatus", ("active",), timeout=2700)
# What both calls that restore take since botocore 1.35, the oldest supported, by the property of the document. All else
# is brought in afterwards: BackupRetentionPeriod and PreferredBackupWindow are unknown to botocore before 1.42.46.
GIVEN = {
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
RENAMED = 1800.0


@dataclass(frozen=True)
class Wanted:
    """The database of the document: its properties with every reference resolved, and all its tags."""

    target: Target
    properties: Mapping[str, Any]
    order: Order


@dataclass(frozen=True)
class Found:
    """What a wish comes to: an instance that there is, the point of which one is to be made, or nothing to do."""

    held: Holdings
    chosen: Instance | None = None
    point: Point | None = None
    is_done: bool = False


def find(run: Run, wanted: Wanted, wish: Wish) -> Found:
    """Read what there is, and decide what is to be done about it; changes nothing."""
    target = wanted.target
    held = holdings(target, instances(run.clients), snapshots(run.clients))
    chosen = begun(held, wish)
    if chosen:
        return Found(held, chosen)
    if wish.instance:
        if is_done(held, wish, None):
            return Found(held, held.live[0], is_done=True)
        names = ", ".join(one.id for one in held.kept) or "none"
        raise StackError(
            f"{target.address}: {wish.instance} does not stand beside it. Nothing was changed. There are {names}"
        )
    point = choose(held, wish)
    if is_done(held, wish, point):
        return Found(held, held.live[0], point, is_done=True)
    problem = next((misfit(one, wanted.properties) for one in held.snapshots if one.id == point.snapshot), None)
    if problem:
        raise StackError(f"{target.address}: {problem}. Nothing was changed")
    return Found(held, point=point)


def find_begun(run: Run, wanted: Wanted, wish: Wish) -> Found:
    """What stands beside and is to serve; or serves already, when an earlier run has died after its last step."""
    held = holdings(wanted.target, instances(run.clients))
    chosen = begun(held, wish)
    if chosen:
        return Found(held, chosen)
    serving = next((one for one in held.live if one.tags.get(RESTORE_ASKED) == wish.asked), None)
    return Found(held, serving, is_done=True)


class Restoration:
    """Does it, one call after the other; each can be made again after a run that died at it."""

    def __init__(self, run: Run, wanted: Wanted) -> None:
        self._run = run
        self._wanted = wanted
        self._rds = run.clients("rds")

    def beside(self, found: Found, wish: Wish, now: datetime) -> Instance:
        """The instance that is wished for, up and as the document has it."""
        made = found.chosen
        if made is None:
            if found.point is None:
                raise AssertionError("there is neither an instance nor a point to make one of")
            made = self._make(found.held, found.point, wish, now)
        self._start(made)
        return self._as_documented(self._run.until_ready(made.resource))

    def _start(self, one: Instance) -> None:
        """What somebody has stopped, to save its cost, takes no changes."""
        if one.status in ("stopping", "stopped"):
            self._run.go_on()
            live = to_live(TYPE, one.raw, self._wanted.target.name)
            self._run.follow(changes.start(self._rds, Edit(live, self._wanted.order, frozenset({"state"}))))

    def _make(self, held: Holdings, point: Point, wish: Wish, now: datetime) -> Instance:
        name = beside_name(held, wish.asked)
        history = {RESTORED_FROM: point.source, RESTORED_TO: iso(point.to), RESTORE_BEGAN: iso(now)}
        tags = tags_beside(held, wish.asked, history, self._wanted.order.tags)
        request = {**self._request(_version(held, point)), "Tags": as_list({**tags, "Name": name})}
        for attempt in range(1, 5):
            self._run.go_on()
            try:
                return self._restore(name, point, request)
            except LostResponseError:
                if attempt == 4:
                    raise
                time.sleep(1.0)
            except ClientError as error:
                if code_of(error) not in ("DBInstanceAlreadyExists", "DBInstanceAlreadyExistsFault"):
                    raise
                return self._made(name, error)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _restore(self, name: str, point: Point, request: Mapping[str, Any]) -> Instance:
        if point.snapshot:
            answer = self._rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=name, DBSnapshotIdentifier=point.snapshot, **request
            )
        else:
            origin = point.origin.id if point.origin else ""
            when = {"UseLatestRestorableTime": True} if point.is_latest else {"RestoreTime": point.to}
            answer = self._rds.restore_db_instance_to_point_in_time(
                SourceDBInstanceIdentifier=origin, TargetDBInstanceIdentifier=name, **when, **request
            )
        return instance(answer["DBInstance"])

    def _made(self, name: str, error: ClientError) -> Instance:
        """What has the name already: made by the call that was not answered, or by a run that died."""
        found = next((one for one in instances(self._run.clients) if one.id == name), None)
        if found is None or found.tags.get(BESIDE) != self._wanted.target.mark:
            raise StackError(f"there is a database {name}, which is none of this stack's: rename it") from error
        return found

    def _request(self, version: str) -> dict[str, Any]:
        """Data of an older version come up with that, and are brought to the document's together with its settings."""
        properties = dict(self._wanted.properties)
        if not rds.runs(properties["version"], version):
            properties["parameter_group"] = None
        given = {word: properties[name] for name, word in GIVEN.items()}
        return {word: value for word, value in given.items() if value not in (None, [])}

    def _as_documented(self, made: Instance) -> Instance:
        """Bring in what a restoration does not take: the password that RDS keeps, for one."""
        order = replace(self._wanted.order, name=made.id)
        live = to_live(TYPE, made.raw, self._wanted.target.name)
        changed = TYPE.different(order.properties, live.properties)
        fixed = TYPE.replaces(changed, live.properties)
        if fixed:
            raise StackError(
                f"{made.id} was restored, and its {', '.join(sorted(fixed))} cannot become what the document says. "
                "Make the document say what is there, or delete it"
            )
        if changed:
            self._run.go_on()
            self._run.follow(changes.modify(self._rds, Edit(live, order, changed)))
            made = self._run.until_ready(made.resource)
        self._run.until(f"{made.id} is not {SECRET.what}", lambda: self._has_secret(made), SECRET.timeout)
        return made

    def _has_secret(self, made: Instance) -> bool | None:
        secret = self._run.require(made.resource).raw.get("MasterUserSecret", {})
        return True if secret.get("SecretStatus") == "active" else None

    def switch(self, held: Holdings, chosen: Instance, asked: str, now: datetime) -> list[Move]:
        """Have the chosen one serve; returns what was done."""
        done = moves(held, chosen, asked, self._wanted.order.tags, now)
        for move in done:
            self._run.go_on()
            self._do(move)
        self._run.until_ready(chosen.resource)
        return done

    def _do(self, move: Move) -> None:
        found = self._run.find(move.resource)
        if found is None:
            raise StackError(f"{move.id} is gone")
        if move.rename:
            self._rename(found, move)
        elif move.untag:
            self._rds.remove_tags_from_resource(ResourceName=found.arn, TagKeys=list(move.untag))
        else:
            self._rds.add_tags_to_resource(ResourceName=found.arn, Tags=as_list(move.tags))

    def _rename(self, found: Instance, move: Move) -> None:
        """Until it is listed under its new name: the old one is free from then on."""
        more = {"DeletionProtection": True} if move.keep else {}

        def renamed() -> bool | None:
            now = self._run.require(move.resource)
            if now.id == move.rename:
                return True
            if _takes_a_name(now):
                self._ask(now.id, move.rename, more)
            return None

        self._start(found)
        self._run.progress.tell("start", found.id, "rename")
        began = time.monotonic()
        self._run.until(f"{found.id} is not {move.rename}", renamed, RENAMED)
        self._run.progress.tell("done", found.id, "rename", seconds=round(time.monotonic() - began, 1))

    def _ask(self, name: str, other: str, more: Mapping[str, Any]) -> None:
        passing = (*NOT_NOW, "DBInstanceAlreadyExists", "DBInstanceNotFound")
        try:
            self._rds.modify_db_instance(
                DBInstanceIdentifier=name, NewDBInstanceIdentifier=other, ApplyImmediately=True, **more
            )
        except ClientError as error:
            # The name is free a moment after its bearer has another, and one that was renamed is not found.
            if code_of(error) not in passing:
                raise

    def forget(self, one: Instance) -> str | None:
        """Delete what stands beside; returns the name of its last snapshot."""
        live = replace(to_live(TYPE, one.raw, self._wanted.target.name), tags={**one.tags, PROTECT: "true"})
        self._run.go_on()
        self._run.follow(changes.remove(self._rds, live))
        final = f"{one.id}-final-{one.resource.lower()}"
        return final if one.status not in changes.PAST_SNAPSHOTS else None


def _takes_a_name(one: Instance) -> bool:
    """Whether an instance can be renamed now. StackError when it never can."""
    if one.status in READY.failed:
        raise StackError(
            f"{one.id} is {one.status}, and takes no other name. Delete it, and keep its automated backups: "
            "then run again, it goes on from here"
        )
    return one.status in READY.ready and not one.raw.get("PendingModifiedValues")


def _version(held: Holdings, point: Point) -> str:
    """The version of the engine that the data are of."""
    raws = [one.raw for one in held.snapshots if one.id == point.snapshot] if point.snapshot else []
    raws += [point.origin.raw] if point.origin else []
    return str(raws[0].get("EngineVersion", "")) if raws else ""


def beside_name(held: Holdings, asked: str) -> str:
    """The name of what is restored: the same for every attempt, and another one after it has come into its place."""
    parts = [asked, *sorted(one.resource for one in (*held.live, *held.beside))]
    digest = hashlib.sha256("|".join(parts).encode()).hexdigest()[:8]
    return shortened(f"{held.target.identifier}-restored-{digest}", LONGEST)
