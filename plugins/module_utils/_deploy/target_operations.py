# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the modules `target` and `target_info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.client import Clients
from .._engine.scope import Scope
from . import targets
from .stack_options import run_stack_query


def change_target(options: Mapping[str, Any], check: bool) -> dict[str, Any]:
    """Run the module `target`; a failure is in ``failed`` and ``msg`` of the result."""
    request = targets.TargetRequest(
        options["state"],
        options["instance"],
        options["minimum_healthy"],
        options["timeout"],
        frozenset(options["leaving"]),
    )

    def change(clients: Clients, scope: Scope) -> dict[str, Any]:
        group = targets.find_target_group(clients, scope.stack, scope.region, options["service"])
        changed, target, why = targets.move_target(group, request, check)
        return {
            "changed": changed,
            "target_group": group.name,
            "target": {"state": target.state, "why": why or target.why},
        }

    return run_stack_query(options, change)


def read_target_info(options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the states of all targets of a stack; a failure is in ``failed`` and ``msg`` of the result."""

    def read(clients: Clients, scope: Scope) -> dict[str, Any]:
        found = targets.read_health(clients, scope.stack, scope.region)
        states = {
            service: {id: {"state": one.state, "why": one.why} for id, one in group.items()}
            for service, group in found.items()
        }
        return {"targets": states}

    return run_stack_query(options, read)
