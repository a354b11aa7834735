# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the modules `database_snapshot`, `database_restore` and `database_recovery_info`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, describe_error
from .._aws.lock import Lock
from .._aws.options import split_texts
from .._aws.permissions import BACK_UP, RESTORE
from .._aws.sdk import FAILURES
from .._aws.tags import RESTORE_BEGAN, RESTORED_TO
from .._engine.model import DesiredResource, DesiredStack
from .._engine.planner import desired_tags
from .._engine.progress import ProgressReporter, Report, discard_event
from .._engine.references import find_references, resolve_references
from .._engine.resource_type import ResolvedResource
from .._engine.scope import Scope
from .._resources.lookup import require_resources
from .._resources.rds.db_instance import TYPE
from .._topology.document.problems import TopologyError
from .inventory import (
    collect_inventory,
    describe_inventory,
    find_missed_objective,
    find_unfinished,
    read_instances,
    read_snapshots,
)
from .opened_stack import open_stack
from .records import OBJECTIVES, Instance, Target, format_time, parse_duration, parse_time
from .restore import (
    DesiredDatabase,
    Restoration,
    RestorePlan,
    delete_standby,
    name_standby,
    plan_begun_restore,
    plan_restore,
)
from .restore_points import RestoreRequest
from .session import BackupSession
from .snapshots import SnapshotTaker, plan_snapshots
from .switch_over import LONGEST_IDENTIFIER, plan_moves

Outcome = dict[str, Any]
# The identifiers of RDS (API reference, CreateDBInstance), in which capital letters become small ones.
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")


@dataclass(frozen=True)
class StackContext:
    """A document, and the clients of its account."""

    document: Mapping[str, Any]
    stack: DesiredStack
    clients: Clients
    report: Report = discard_event

    def open_session(self, lost: Callable[[], str | None] = lambda: None) -> BackupSession:
        return BackupSession(self.clients, ProgressReporter(self.stack.name, self.report), lost)

    def list_databases(self) -> dict[str, DesiredResource]:
        return {one.name: one for one in self.stack.resources if one.type == TYPE.name}

    def build_target(self, name: str) -> Target:
        scope = Scope(self.stack.name, self.stack.region)
        texts = self.document["databases"].get(name, {}).get("objectives") or OBJECTIVES
        objectives = {key: parse_duration(texts[key]) for key in OBJECTIVES}
        return Target(self.stack.name, name, TYPE.physical_name(scope, name), **objectives)

    def select_targets(self, names: Sequence[str], option: str = "databases") -> list[Target]:
        """The databases of those names, or all. ``option`` is the module option that has the names."""
        names = split_texts(names)
        known = self.list_databases()
        if not known:
            raise StackError(
                f"the stack {self.stack.name} has no database, under databases in its document or as a resource. "
                "Nothing was changed"
            )
        unknown = [name for name in names if name not in known]
        if unknown:
            known_names = f"the stack {self.stack.name} has the databases {', '.join(known)}"
            raise StackError(f"{option}: there is no {', '.join(unknown)}; {known_names}. Nothing was changed")
        return [self.build_target(name) for name in names or known]

    def select_one(self, name: str | None) -> Target:
        """The database of that name; without a name the stack must have exactly one."""
        found = self.select_targets([name] if name else [], "database")
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise StackError(f"database: missing; name one of {names}. Nothing was changed")
        return found[0]


def _run_with_context(
    options: Mapping[str, Any],
    work: Callable[[StackContext], Outcome],
    report: Report = discard_event,
    warnings: Sequence[str] = (),
    task: str = "",
) -> Outcome:
    """Run the work of a module and return its result; ``warnings`` are returned when it fails.

    ``task`` is the policy that the module needs (permissions.py).
    """
    try:
        opened = open_stack(options, task)
        context = StackContext(opened.document, opened.desired, opened.clients, report)
        return {"changed": False, **work(context)}
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": describe_error(error), "warnings": [*warnings]}


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def read_recovery_info(options: Mapping[str, Any]) -> Outcome:
    """The module `database_recovery_info`."""

    def read(context: StackContext) -> Outcome:
        names = split_texts(options["databases"])
        targets = context.select_targets(names) if context.list_databases() or names else []
        instances = read_instances(context.clients) if targets else []
        snapshots = read_snapshots(context.clients) if targets else []
        inventories = [collect_inventory(target, instances, snapshots) for target in targets]
        missed = [find_missed_objective(one, _now()) for one in inventories]
        unfinished = [find_unfinished(one) for one in inventories]
        return {
            "databases": {one.target.name: describe_inventory(one, _now()) for one in inventories},
            "warnings": [text for text in (*unfinished, *missed) if text],
        }

    return _run_with_context(options, read)


def take_snapshots(options: Mapping[str, Any], check: bool, report: Report = discard_event) -> Outcome:
    """The module `database_snapshot`."""
    run_warnings: list[str] = []

    def back_up(context: StackContext) -> Outcome:
        targets, keep = context.select_targets(options["databases"]), options["keep"]
        if keep < 1:
            raise StackError(f"keep: {keep} is not 1 or more: at least one snapshot is kept. Nothing was changed")
        # Before the lock is taken, so that a stack without its database gets none.
        plans, warnings = plan_snapshots(context.open_session(), targets, keep, _now())
        if check:
            planned = {
                one.target.name: {"snapshot": one.name, "deleted": [spare.id for spare in one.surplus]} for one in plans
            }
            return {"changed": True, "snapshots": planned, "warnings": warnings, "diff": _diff(planned)}
        with _lock(context, options, run_warnings) as lock:
            session = context.open_session(lock.lost)
            plans, warnings = plan_snapshots(session, targets, keep, _now())
            run_warnings.extend(warnings)
            taken = SnapshotTaker(session).take(plans, _now())
        return {"changed": True, "snapshots": taken, "warnings": run_warnings, "diff": _diff(taken)}

    return _run_with_context(options, back_up, report, run_warnings, BACK_UP)


def _lock(context: StackContext, options: Mapping[str, Any], warnings: list[str]) -> Lock:
    return Lock(context.clients("ssm"), context.stack.name, options["lock_ttl"], options["lock_wait"], warnings)


def _diff(snapshots: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "before_header": name,
            "after_header": name,
            "before": "".join(f"{one}\n" for one in entry["deleted"]),
            "after": f"{entry['snapshot']}\n",
        }
        for name, entry in snapshots.items()
    ]


def restore_database(options: Mapping[str, Any], check: bool, report: Report = discard_event) -> Outcome:
    """The module `database_restore`."""
    warnings: list[str] = []

    def work(context: StackContext) -> Outcome:
        act = _choose_action(context, options)
        lock = _lock(context, options, warnings)
        # Before the lock is taken, so that a run with nothing to do takes none.
        planned = act(context.open_session(), True)
        if check:
            return planned
        if planned.get("changed"):
            with lock:
                outcome = act(context.open_session(lock.lost), False)
        else:
            outcome = planned
            # A run that was killed after its last change left its lock.
            remove_left_lock = lock.find_expired()
            remove_left_lock()
        return {**outcome, "warnings": [*outcome.get("warnings", ()), *warnings]}

    return _run_with_context(options, work, report, warnings, RESTORE)


def _choose_action(context: StackContext, options: Mapping[str, Any]) -> Callable[[BackupSession, bool], Outcome]:
    """What the module does for its ``state``: a function of the session, and of whether it only plans."""
    target = context.select_one(options["database"])
    request = RestoreRequest(options["snapshot"], options["time"], options["instance"], options["again"])
    if options["state"] == "absent":
        return lambda session, check: _delete_standby(session, target, request, check)
    desired = _resolve_database(context, target)
    act = {"restored": _restore, "switched": _switch_over}[options["state"]]
    return lambda session, check: act(session, desired, request, check)


def _resolve_database(context: StackContext, target: Target) -> DesiredDatabase:
    """The database of the document; all resources to which it refers must exist."""
    resource, scope = context.list_databases()[target.name], Scope(context.stack.name, context.stack.region)
    # The document names log groups only to order the changes of `stack`: RDS creates missing ones.
    given = {name: value for name, value in resource.properties.items() if name != "log_groups"}
    existing = require_resources(context.clients, scope, [ref.address for ref in find_references(given)])
    resolved = resolve_references(given, lambda ref: existing[ref.address].attributes.get(ref.attribute))
    properties = TYPE.schema.with_defaults(resolved)
    tags = desired_tags(context.stack, resource, TYPE)
    return DesiredDatabase(
        target, properties, ResolvedResource(target.address, target.identifier, properties, tags, scope)
    )


def _restore(session: BackupSession, desired: DesiredDatabase, request: RestoreRequest, check: bool) -> Outcome:
    now = _now()
    plan = plan_restore(session, desired, request, now)
    if plan.is_done or (check and plan.chosen):
        return _describe_restore(desired, plan, plan.chosen, changed=not plan.is_done)
    if check:
        name = name_standby(plan.inventory, plan.request.asked)
        source = plan.point.source if plan.point else ""
        diff = {"before": "", "after": f"{name}: restored from {source}\n"}
        return {
            **_describe_restore(desired, plan, None, changed=True),
            "instance": name,
            "source": source,
            "diff": diff,
        }
    with session.report_change(desired.target.address, "restore"):
        standby = Restoration(session, desired).restore(plan, now)
    diff = {"before": "", "after": f"{standby.id}\n"}
    return {**_describe_restore(desired, plan, standby, changed=not plan.chosen), "diff": diff}


def _switch_over(session: BackupSession, desired: DesiredDatabase, request: RestoreRequest, check: bool) -> Outcome:
    now = _now()
    plan = plan_begun_restore(session, desired, request, now)
    if plan.chosen is None:
        raise StackError(
            f"{desired.target.address}: no standby was restored by that request ({plan.request.asked}). Nothing was "
            "changed. Restore it first: run with state=restored and a snapshot or a time"
        )
    if plan.is_done:
        return _describe_restore(desired, plan, plan.chosen, changed=False)
    asked = plan.request.asked
    moves = plan_moves(plan.inventory, plan.chosen, asked, desired.order.tags, now)
    lines = [str(move) for move in moves]
    steps = {"steps": lines, "diff": {"before": "", "after": "".join(f"{line}\n" for line in lines)}}
    if not check:
        Restoration(session, desired).switch_over(plan.inventory, plan.chosen, asked, now)
        inventory = collect_inventory(desired.target, read_instances(session.clients))
        plan = replace(plan, inventory=inventory, chosen=inventory.serving[0])
    return {**_describe_restore(desired, plan, plan.chosen, changed=bool(moves)), **steps}


def _delete_standby(session: BackupSession, target: Target, request: RestoreRequest, check: bool) -> Outcome:
    if not request.instance:
        raise StackError("instance: missing; name the standby to delete. Nothing was changed")
    if not IDENTIFIER.fullmatch(request.instance) or len(request.instance) > LONGEST_IDENTIFIER:
        raise StackError(
            f"instance: {request.instance} cannot be the name of an instance: RDS allows up to {LONGEST_IDENTIFIER} "
            "letters, digits and single hyphens, a letter first and no hyphen last. Nothing was changed"
        )
    inventory = collect_inventory(target, read_instances(session.clients))
    name = request.instance.lower()
    standby = next((one for one in inventory.kept if one.id == name), None)
    if standby is None:
        if any(one.id == name for one in inventory.serving):
            raise StackError(f"{name} serves: it is not deleted here. Nothing was changed")
        names = ", ".join(one.id for one in inventory.kept) or "none"
        warning = f"{target.address} has no standby {name}: nothing was deleted. Its standbys: {names}"
        return {"instance": name, "warnings": [warning]}
    final: str | None = None
    if not check:
        with session.report_change(standby.id, "delete"):
            final = delete_standby(session, target, standby)
    diff = {"before": f"{standby.id}\n", "after": ""}
    return {"changed": True, "instance": standby.id, "snapshot": final, "diff": diff}


def _describe_restore(desired: DesiredDatabase, plan: RestorePlan, one: Instance | None, changed: bool) -> Outcome:
    """The result of a restore, with what is needed to compare it with the objectives."""
    target, request = desired.target, plan.request
    resolved = {"snapshot": request.snapshot, "time": request.time, "instance": request.instance}
    outcome: Outcome = {
        "changed": changed,
        "database": target.name,
        "stack": target.stack,
        "done": plan.is_done,
        "resolved": {key: value for key, value in resolved.items() if value},
        "instance": one.id if one else None,
        "kept": [kept.id for kept in plan.inventory.kept if one is None or kept.resource != one.resource],
        "objectives": {"rpo_seconds": round(target.rpo), "rto_seconds": round(target.rto)},
    }
    # A standby that serves again was restored at another time, or never.
    if one is None or request.instance or RESTORE_BEGAN not in one.tags:
        return outcome
    began, data = parse_time(one.tags[RESTORE_BEGAN]), parse_time(one.tags[RESTORED_TO])
    return {
        **outcome,
        "began": format_time(began),
        "data_of": format_time(data),
        # The data have AWS's time, which may be ahead of this machine's.
        "rpo_seconds": max(0, round((began - data).total_seconds())),
    }
