# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules `database_snapshot`, `database_restore` and `database_recovery_info` do with their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, tell
from .._aws.lock import Lock
from .._aws.options import Connection, split_texts
from .._aws.sdk import FAILURES
from .._aws.tags import RESTORE_BEGAN, RESTORED_TO
from .._service.living import living
from .._stack.plan import tags_of
from .._stack.progress import Progress, Report, discard
from .._stack.references import references, resolve
from .._stack.resource import Order, Scope
from .._stack.resources.db_instance import TYPE
from .._stack.wanted import Wanted as WantedResource
from .._stack.wanted import WantedStack
from .._topology.compile import compile_stack
from .._topology.document import TopologyError, load
from . import look
from .backups import Backups, plans
from .points import Wish
from .restoring import Found, Restoration, Wanted, beside_name, find, find_begun
from .run import Run
from .switching import Move, moves
from .words import OBJECTIVES, Instance, Target, iso, moment, seconds

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Opened:
    """A document, and the account that it is about."""

    document: Mapping[str, Any]
    stack: WantedStack
    clients: Clients
    report: Report = discard

    @property
    def run(self) -> Run:
        return Run(self.clients, Progress(self.stack.name, self.report))

    def databases(self) -> dict[str, WantedResource]:
        return {one.name: one for one in self.stack.resources if one.type == TYPE.name}

    def target(self, name: str) -> Target:
        scope = Scope(self.stack.name, self.stack.region)
        of_document = self.document["databases"].get(name, {}).get("objectives") or OBJECTIVES
        goals = {key: seconds(of_document[key]) for key in OBJECTIVES}
        return Target(self.stack.name, name, TYPE.physical(scope, name), **goals)

    def chosen(self, names: Sequence[str]) -> list[Target]:
        """The databases of those names, or all."""
        names = split_texts(names)
        known = self.databases()
        unknown = [name for name in names if name not in known]
        if unknown or not known:
            has = f"the databases {', '.join(known)}" if known else "no database"
            raise StackError(f"{', '.join(unknown) or 'databases'}: {self.stack.name} has {has}. Nothing was changed")
        return [self.target(name) for name in names or known]

    def only(self, name: str | None) -> Target:
        """The database of that name; without one there must be one alone."""
        found = self.chosen([name] if name else [])
        if len(found) > 1:
            raise StackError(f"database: missing; name one of {', '.join(one.name for one in found)}")
        return found[0]


def _opened(options: Mapping[str, Any], work: Callable[[Opened], Outcome], report: Report = discard) -> Outcome:
    try:
        document = load(options["topology"], [options["overrides"]] if options["overrides"] else [])
        stack, connection = compile_stack(document), Connection.of(options)
        if connection.region not in (None, stack.region):
            raise StackError(f"region: {connection.region} is not the region of the topology ({stack.region})")
        clients = Clients(connection.for_account(document["account"]), stack.region)
        clients.check_caller()
        return {"changed": False, **work(Opened(document, stack, clients, report))}
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def inform(options: Mapping[str, Any]) -> Outcome:
    """The module `database_recovery_info`."""

    def read(opened: Opened) -> Outcome:
        named = split_texts(options["databases"])
        targets = opened.chosen(named) if opened.databases() or named else []
        found = look.instances(opened.clients) if targets else []
        taken = look.snapshots(opened.clients) if targets else []
        held = [look.holdings(target, found, taken) for target in targets]
        return {
            "databases": {one.target.name: look.told(one, _now()) for one in held},
            "warnings": [text for one in held if (text := look.complaint(one, _now()))],
        }

    return _opened(options, read)


def take(options: Mapping[str, Any], check: bool, report: Report = discard) -> Outcome:
    """The module `database_snapshot`."""

    def back_up(opened: Opened) -> Outcome:
        targets, keep = opened.chosen(options["databases"]), options["keep"]
        if keep < 1:
            raise StackError("keep: one snapshot at least is kept")
        if check:
            todo, warnings = plans(opened.run, targets, keep, _now())
            told = {
                one.target.name: {"snapshot": one.name, "deleted": [spare.id for spare in one.surplus]} for one in todo
            }
            return {"changed": True, "snapshots": told, "warnings": warnings, "diff": _diff(told)}
        with _lock(opened, options) as lock:
            run = replace(opened.run, lost=lock.lost)
            todo, warnings = plans(run, targets, keep, _now())
            told = Backups(run).take(todo, _now())
        return {"changed": True, "snapshots": told, "warnings": [*warnings, *lock.warnings], "diff": _diff(told)}

    return _opened(options, back_up, report)


def _lock(opened: Opened, options: Mapping[str, Any]) -> Lock:
    return Lock(opened.clients("ssm"), opened.stack.name, options["lock_ttl"], options["lock_wait"])


def _diff(told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "before_header": name,
            "after_header": name,
            "before": "".join(f"{one}\n" for one in entry["deleted"]),
            "after": f"{entry['snapshot']}\n",
        }
        for name, entry in told.items()
    ]


def restore(options: Mapping[str, Any], check: bool, report: Report = discard) -> Outcome:
    """The module `database_restore`."""

    def work(opened: Opened) -> Outcome:
        target = opened.only(options["database"])
        wanted = _wanted(opened, target)
        act = {"restored": _restored, "switched": _switched, "absent": _absent}[options["state"]]
        wish = Wish(options["snapshot"], options["time"], options["instance"], options["again"])
        if check:
            return act(opened.run, wanted, wish, True)
        with _lock(opened, options) as lock:
            outcome = act(replace(opened.run, lost=lock.lost), wanted, wish, False)
        return {**outcome, "warnings": [*outcome.get("warnings", ()), *lock.warnings]}

    return _opened(options, work, report)


def _wanted(opened: Opened, target: Target) -> Wanted:
    """The database of the document; what it refers to must exist."""
    resource, scope = opened.databases()[target.name], Scope(opened.stack.name, opened.stack.region)
    # Its log groups are said for the order of a run of `stack` alone: RDS makes those that are not there.
    given = {name: value for name, value in resource.properties.items() if name != "log_groups"}
    there = living(opened.clients, scope, [ref.address for ref in references(given)])
    properties = TYPE.desired(resolve(given, lambda ref: there[ref.address].attributes.get(ref.attribute)))
    tags = tags_of(opened.stack, resource, TYPE)
    return Wanted(target, properties, Order(target.address, target.identifier, properties, tags, scope))


def _restored(run: Run, wanted: Wanted, wish: Wish, check: bool) -> Outcome:
    found, now = find(run, wanted, wish), _now()
    if found.is_done or (check and found.chosen):
        return _about(wanted, found, wish, found.chosen, changed=not found.is_done)
    if check:
        name = beside_name(found.held, wish.asked)
        source = found.point.source if found.point else ""
        diff = {"before": "", "after": f"{name}: restored from {source}\n"}
        return {**_about(wanted, found, wish, None, changed=True), "instance": name, "source": source, "diff": diff}
    run.progress.tell("start", wanted.target.address, "restore")
    made = Restoration(run, wanted).beside(found, wish, now)
    took = round((_now() - now).total_seconds(), 1)
    run.progress.tell("done", wanted.target.address, "restore", seconds=took)
    diff = {"before": "", "after": f"{made.id}\n"}
    return {**_about(wanted, found, wish, made, changed=not found.chosen), "diff": diff}


def _switched(run: Run, wanted: Wanted, wish: Wish, check: bool) -> Outcome:
    found, now = find_begun(run, wanted, wish), _now()
    if found.chosen is None:
        raise StackError(f"{wanted.target.address}: nothing of that kind stands beside it. Nothing was changed")
    if found.is_done:
        return _about(wanted, found, wish, found.chosen, changed=False)
    todo = moves(found.held, found.chosen, wish.asked, wanted.order.tags, now)
    steps = {"steps": [str(move) for move in todo], "diff": _steps(todo)}
    if not check:
        Restoration(run, wanted).switch(found.held, found.chosen, wish.asked, now)
        fresh = look.holdings(wanted.target, look.instances(run.clients))
        found = replace(found, held=fresh, chosen=fresh.live[0])
    return {**_about(wanted, found, wish, found.chosen, changed=bool(todo)), **steps}


def _steps(todo: Sequence[Move]) -> dict[str, str]:
    return {"before": "", "after": "".join(f"{move}\n" for move in todo)}


def _absent(run: Run, wanted: Wanted, wish: Wish, check: bool) -> Outcome:
    held = look.holdings(wanted.target, look.instances(run.clients))
    if not wish.instance:
        raise StackError("instance: missing; name the one that is to be deleted")
    one = next((one for one in held.kept if one.id == wish.instance), None)
    if one is None:
        serving = any(live.id == wish.instance for live in held.live)
        if serving:
            raise StackError(f"{wish.instance} serves: it is not deleted here. Nothing was changed")
        return {"instance": wish.instance}
    final = None if check else Restoration(run, wanted).forget(one)
    return {"changed": True, "instance": one.id, "snapshot": final, "diff": {"before": f"{one.id}\n", "after": ""}}


def _about(wanted: Wanted, found: Found, wish: Wish, one: Instance | None, changed: bool) -> Outcome:
    """What is told of a restoration, and how it compares with its objectives."""
    target = wanted.target
    told: Outcome = {
        "changed": changed,
        "database": target.name,
        "stack": target.stack,
        "done": found.is_done,
        "instance": one.id if one else None,
        "kept": [beside.id for beside in found.held.kept if one is None or beside.resource != one.resource],
        "objectives": {"rpo_seconds": round(target.rpo), "rto_seconds": round(target.rto)},
    }
    # One that is brought back was restored another time, if ever.
    if one is None or wish.instance or RESTORE_BEGAN not in one.tags:
        return told
    began, data = moment(one.tags[RESTORE_BEGAN]), moment(one.tags[RESTORED_TO])
    return {**told, "began": iso(began), "data_of": iso(data), "rpo_seconds": round((began - data).total_seconds())}
