# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the modules `stack` and `stack_info` do with their options: document in, result out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, tell
from .._aws.options import Connection, split_texts
from .._aws.sdk import FAILURES
from .._topology.compile import compile_stack
from .._topology.document import TopologyError, load
from . import drift, engine, render
from .progress import Report, discard
from .wanted import WantedStack

Outcome = dict[str, Any]


def bring(options: Mapping[str, Any], check: bool, report: Report = discard) -> Outcome:
    """The module `stack`: the result with ``warnings``, and ``failed`` and ``msg`` when it went wrong."""
    try:
        clients, stack = _open(options)
        if options["state"] == "absent":
            stack = replace(stack, resources=(), outputs={}, known=stack.resources)
        result = engine.run(clients, stack, _engine_options(options, check, report))
        return _result(clients, stack, result, check)
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}


def inform(options: Mapping[str, Any]) -> Outcome:
    """The module `stack_info`."""
    try:
        clients, stack = _open(options)
        plan = engine.glance(clients, stack, engine.Options(check=True))
        return {
            "changed": False,
            "stack": stack.name,
            "outputs": engine.outputs(stack, plan.kept),
            "resources": engine.attributes(plan.kept),
            "drift": drift.of(plan),
            "plan": render.listed(plan.changes),
            "calls": clients.calls,
            "warnings": engine.notices(plan.kept),
        }
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": tell(error)}


def _open(options: Mapping[str, Any]) -> tuple[Clients, WantedStack]:
    document = load(options["topology"], [options["overrides"]] if options["overrides"] else [])
    stack = compile_stack(document)
    connection = Connection.of(options)
    if connection.region not in (None, stack.region):
        raise StackError(
            f"region: {connection.region} is not the region of the topology ({stack.region}). Nothing was changed. "
            f"Set it with an override: {{region: {connection.region}}}, the network's zones with it"
        )
    clients = Clients(connection.for_account(document["account"]), stack.region)
    clients.check_caller()
    return clients, stack


def _engine_options(options: Mapping[str, Any], check: bool, report: Report) -> engine.Options:
    names = ("prune", "only", "traffic", "allow_destroy", "adopt", "lock_wait", "lock_ttl", "parallel")
    given = {name: options[name] for name in names if options.get(name) is not None}
    given |= {name: split_texts(given[name]) for name in ("only", "allow_destroy") if name in given}
    if options["state"] == "absent":
        given["prune"] = True
    return engine.Options(check=check, report=report, **given)


def _result(clients: Clients, stack: WantedStack, result: engine.Result, check: bool) -> Outcome:
    outcome: Outcome = {
        "changed": bool(result.plan.changes) if check else result.applied,
        "stack": stack.name,
        "plan": render.listed(result.plan.changes),
        "left": render.listed(result.plan.left),
        "outputs": engine.outputs(stack, result.live),
        "resources": engine.attributes(result.live),
        "calls": clients.calls,
        "diff": render.diff(result.plan),
        "warnings": [*engine.notices(result.live), *result.warnings],
    }
    return {**outcome, "failed": True, "msg": result.failure} if result.failure else outcome
