# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the modules `stack` and `stack_info`: from their options to their result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._aws.client import Clients
from .._aws.errors import StackError, describe_error
from .._aws.lock import LockToken
from .._aws.options import split_texts
from .._aws.sdk import FAILURES
from .._backup.opened_stack import open_stack
from .._deploy.rollout.ledger_store import LedgerStore
from .._engine import drift, render
from .._engine import run as engine
from .._engine.model import DesiredStack
from .._engine.progress import Report, discard_event
from .._resources import REGISTRY
from .._topology.document.problems import TopologyError
from .adoption import find_adopt_problems
from .cache_tokens import require_tokens
from .newest_images import choose_newest_images

Outcome = dict[str, Any]


def apply_stack(options: Mapping[str, Any], check: bool, report: Report = discard_event) -> Outcome:
    """Run the module `stack`; a failure has ``failed`` and ``msg`` in the result."""
    warnings: list[str] = []
    try:
        opened = open_stack(options)
        clients, stack = opened.clients, opened.desired
        if options["state"] == "absent":
            stack = replace(stack, resources=(), outputs={}, known=stack.resources)
        once = {
            **require_tokens(stack, split_texts(options.get("require_auth") or [])),
            **choose_newest_images(clients, stack, split_texts(options.get("refresh") or [])),
        }
        options_of_run = replace(_engine_options(options, check, report), once=once)
        # The records of rollouts go with their stack.
        ledger = LedgerStore(clients("ssm"), stack.name, warnings) if options["state"] == "absent" else None
        result = engine.Engine(clients, stack, REGISTRY, options_of_run, warnings, leftovers=ledger).run()
        return _build_outcome(clients, stack, result, warnings, check)
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": describe_error(error), "warnings": warnings}


def read_stack_info(options: Mapping[str, Any]) -> Outcome:
    """Run the module `stack_info`."""
    try:
        opened = open_stack(options)
        clients, stack = opened.clients, opened.desired
        once = choose_newest_images(clients, stack, split_texts(options.get("refresh") or []))
        engine_options = engine.Options(check=True, once=once)
        discovered, plan = engine.Engine(clients, stack, REGISTRY, engine_options).discover_and_plan()
        return {
            "changed": False,
            "stack": stack.name,
            "exists": bool(discovered.alive),
            "outputs": engine.compute_outputs(stack, plan.kept),
            "resources": engine.collect_attributes(plan.kept),
            "drift": drift.find_drift(plan),
            "plan": render.describe_changes(plan.changes),
            "calls": clients.calls,
            "warnings": [*plan.problems, *plan.find_obstacles(), *engine.collect_notices(plan.kept, REGISTRY)],
        }
    except (StackError, TopologyError, *FAILURES) as error:
        return {"failed": True, "changed": False, "msg": describe_error(error)}


def _engine_options(options: Mapping[str, Any], check: bool, report: Report) -> engine.Options:
    names = ("prune", "only", "traffic", "allow_destroy", "adopt", "lock_wait", "lock_ttl", "parallel")
    given = {name: options[name] for name in names if options.get(name) is not None}
    problems = list(find_adopt_problems(given.get("adopt")))
    if problems:
        raise StackError("\n".join([*problems, "Nothing was changed."]))
    given |= {name: split_texts(given[name]) for name in ("only", "allow_destroy") if name in given}
    if options["state"] == "absent":
        given["prune"] = True
    held = options.get("lock")
    held_lock = LockToken(int(held["number"]), held["nonce"]) if held else None
    return engine.Options(check=check, report=report, held_lock=held_lock, **given)


def _build_outcome(
    clients: Clients, stack: DesiredStack, result: engine.Result, warnings: list[str], check: bool
) -> Outcome:
    outcome: Outcome = {
        "changed": bool(result.plan.changes) if check else result.applied,
        "stack": stack.name,
        "plan": render.describe_changes(result.plan.changes),
        "left": render.describe_changes(result.plan.unselected),
        "outputs": engine.compute_outputs(stack, result.actual),
        "resources": engine.collect_attributes(result.actual),
        "calls": clients.calls,
        "diff": render.describe_diffs(result.plan),
        "warnings": [*engine.collect_notices(result.actual, REGISTRY), *warnings],
    }
    return {**outcome, "failed": True, "msg": result.failure} if result.failure else outcome
